"""The training pictures of a new run: some of them, their number, and what was left out."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.train.setup.state import TrainSetup
from ebm_studio.app.widgets.fields import label
from ebm_studio.app.widgets.formatting import thousands
from ebm_studio.app.widgets.mosaic import Mosaic
from ebm_studio.app.widgets.names import without_folders
from ebm_studio.data.models.card_text import set_title
from ebm_studio.data.pictures.named_sets import NAMED
from ebm_studio.data.pictures.preview import Preview
from ebm_studio.data.storage.download import MB


class DataStage(QWidget):
    """A grid of pictures as the net will see them, and a line below it."""

    def __init__(self, theme: Theme, setup: TrainSetup) -> None:
        super().__init__()
        self._setup = setup
        self.mosaic = Mosaic(theme, "Preview of the data")
        self.mosaic.setToolTip("Some of the pictures, spread evenly over the set, as the network will see them.")
        self.fetch = QPushButton("Download and preview")
        self.fetch.setToolTip("Download this data set into the program's cache, and preview it.")
        self.fetch.clicked.connect(lambda: setup.look(fetch=True))
        self.caption = label("")
        self.caption.setAccessibleName("About the data")
        self.skipped = QPushButton("")
        self.skipped.setObjectName("quiet")
        self.skipped.setCheckable(True)
        self.skipped.setToolTip("Which files were left out, and why.")
        self.reasons = QPlainTextEdit()
        self.reasons.setReadOnly(True)
        self.reasons.setAccessibleName("Left out")
        self.reasons.setFixedHeight(12 * UNIT)
        self.reasons.hide()
        self.skipped.toggled.connect(self.reasons.setVisible)
        self._lay_out()
        setup.preview_changed.connect(self._show)
        setup.changed.connect(self._show)
        self._show()

    def _lay_out(self) -> None:
        foot = QWidget()
        foot.setObjectName("timeline")
        foot.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        line = QHBoxLayout()
        line.setSpacing(UNIT)
        line.addWidget(self.caption)
        line.addStretch(1)
        line.addWidget(self.skipped)
        line.addWidget(self.fetch)
        inner = QVBoxLayout(foot)
        inner.setContentsMargins(2 * UNIT, UNIT, 2 * UNIT, UNIT)
        inner.addLayout(line)
        inner.addWidget(self.reasons)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.mosaic, 1)
        column.addWidget(foot)

    def _show(self) -> None:
        setup, preview = self._setup, self._setup.preview
        self.fetch.setVisible(setup.must_fetch and preview is None)
        self.fetch.setEnabled(not setup.looking)
        self.mosaic.show_pixels(preview.pixels if preview else None, _hint(setup))
        net = setup.plan.net
        shape = f"{net.size} × {net.size} {'grey' if net.channels == 1 else 'colour'}"
        if preview is None:
            self.caption.setText(f"Pictures will be {shape}")
        else:
            licence = preview.licence or setup.plan.licence or "licence not stated"
            self.caption.setText(f"{thousands(preview.count)} pictures · {shape} · {licence}")
        left_out = _left_out(preview) if preview else ""
        self.skipped.setVisible(bool(left_out))
        self.skipped.setText(left_out)
        if not left_out:
            self.skipped.setChecked(False)
        others = [f"{name} does not have the name of a picture." for name in preview.others] if preview else []
        self.reasons.setPlainText("\n".join([*(preview.skipped if preview else []), *others]))


def _left_out(preview: Preview) -> str:
    looked_at, bad, others = len(preview.skipped) + len(preview.pixels), len(preview.skipped), len(preview.others)
    all_or_some = f"{bad} of {looked_at}" if looked_at == preview.count else f"{bad} of {looked_at} checked"
    words = [f"{all_or_some} cannot be used"] if bad else []
    return " · ".join([*words, *([f"{thousands(others)} other file{'s' * (others > 1)}"] if others else [])])


def _hint(setup: TrainSetup) -> str:
    if setup.data_problem:
        return without_folders(setup.data_problem)
    if setup.must_fetch:
        source = setup.plan.source
        if setup.looking:
            return f"Downloading {set_title(source)}…"
        return (
            f"{set_title(source)} ({NAMED[source].size // MB} MB) are downloaded when training starts. "
            "Download them now for a preview."
        )
    return "Checking the pictures…"
