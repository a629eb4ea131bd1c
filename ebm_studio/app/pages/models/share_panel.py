"""On a model's card: where on the Hugging Face hub to put it, and where it is then."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.models.state import Entry, Zoo
from ebm_studio.app.widgets.fields import label
from ebm_studio.data.storage.hub import PREFIX, is_hub_name


class SharePanel(QWidget):
    """Closed until asked for."""

    def __init__(self, zoo: Zoo, entry: Entry, parent: QWidget) -> None:
        super().__init__(parent)
        self._zoo = zoo
        self._name = entry.name
        self.place = QLineEdit()
        self.place.setObjectName("text")
        self.place.setAccessibleName("Repository on the hub")
        self.place.setPlaceholderText("hf:owner/name")
        self.place.setToolTip("The repository on the Hugging Face hub. It is created if it does not exist.")
        self.place.textChanged.connect(self.show_state)
        self.place.returnPressed.connect(self._push)
        self.private = QCheckBox("Only for me")
        self.private.setToolTip("Make a new repository private.")
        self.push = QPushButton("Push")
        self.push.setToolTip("Upload the model with its card and samples. Sign in first with `hf auth login`.")
        self.push.clicked.connect(self._push)
        self.told = label("", "muted")
        self.told.setTextFormat(Qt.TextFormat.PlainText)
        self.told.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.told.setWordWrap(True)
        line = QHBoxLayout()
        line.setSpacing(UNIT)
        line.addWidget(self.private)
        line.addStretch(1)
        line.addWidget(self.push)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT)
        column.addWidget(self.place)
        column.addLayout(line)
        column.addWidget(self.told)
        self.hide()
        self.show_state()

    def set_open(self, is_open: bool) -> None:
        """Show or hide it."""
        self.setVisible(is_open)
        if is_open:
            self.place.setFocus()

    def show_state(self) -> None:
        """Whether it is under way, and where it went."""
        working = self._name in self._zoo.pushing
        self.push.setEnabled(bool(self.place.text().strip()) and not working)
        self.push.setText("Pushing…" if working else "Push")
        address = self._zoo.pushed.get(self._name, "")
        self.told.setText(f"Uploaded to {address}" if address else "")
        self.told.setVisible(bool(address))

    def _push(self) -> None:
        place = self.place.text().strip()
        if place and self._name not in self._zoo.pushing:
            self._zoo.push(self._name, place if is_hub_name(place) else PREFIX + place, self.private.isChecked())
