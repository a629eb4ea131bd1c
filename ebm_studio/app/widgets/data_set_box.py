"""Which set of pictures: one by name, a folder, or a zip."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFileDialog, QWidget

from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.widgets.fields import elided
from ebm_studio.data.models.card import DataCard
from ebm_studio.data.models.card_text import data_title, set_title
from ebm_studio.data.pictures.named_sets import NAMED

FOLDER, ZIP = "a folder", "a zip"
NAME_WIDTH = 20 * UNIT


def choose_folder(parent: QWidget, title: str) -> str:
    """Ask for a folder; empty when the person thought better of it."""
    return QFileDialog.getExistingDirectory(parent, title)


def choose_zip(parent: QWidget, title: str) -> str:
    """Ask for a zip; empty when the person thought better of it."""
    name, _ = QFileDialog.getOpenFileName(parent, title, "", "Zips (*.zip)")
    return name


def may_be_data_set(path: Path) -> bool:
    """Whether a dropped path is a folder or a zip, which may hold pictures."""
    return path.is_dir() or path.suffix.lower() == ".zip"


class SourceBox(QComboBox):
    """The sets by name, what was chosen besides, and the ways to choose; `chosen` is by hand only."""

    chosen = Signal(object)
    changed = Signal()
    """Another source, whoever chose it."""

    def __init__(self, title: str, tip: str) -> None:
        """`title` is the title of the dialogs. The first set is chosen."""
        super().__init__()
        self._title = title
        self.setAccessibleName("Data set")
        self.setToolTip(tip)
        for name in NAMED:
            if not name.endswith("-test"):
                self.addItem(set_title(name), name)
        self.insertSeparator(self.count())
        self.addItem("Choose a folder…", FOLDER)
        self.addItem("Choose a zip…", ZIP)
        self._source = str(self.currentData())
        self.activated.connect(self._choose)

    def ask_for(self, data: DataCard) -> None:
        """While none is chosen, ask for the pictures that a model was trained on."""
        name = "its pictures" if data.name == "unknown" else data_title(data)
        self.setPlaceholderText(elided(self, f"Choose {name}…", NAME_WIDTH))

    @property
    def source(self) -> str:
        """The name or path; empty when none is chosen."""
        return self._source

    def set_source(self, source: str) -> None:
        """Show another set, or the placeholder for none."""
        self._source = source
        if source and self.findData(source) < 0:
            self.insertItem(0, elided(self, Path(source).name, NAME_WIDTH), source)
            self.setItemData(0, source, Qt.ItemDataRole.ToolTipRole)
        self.setCurrentIndex(self.findData(source))
        self.changed.emit()

    def _choose(self, index: int) -> None:
        chosen = str(self.itemData(index))
        ask = {FOLDER: choose_folder, ZIP: choose_zip}.get(chosen)
        source = ask(self, self._title) if ask else chosen
        if source:
            self.set_source(source)
            self.chosen.emit(source)
        else:
            self.set_source(self._source)
