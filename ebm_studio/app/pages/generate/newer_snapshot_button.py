"""A button on the Generate page, for the model of a run that is still training: it loads the newer model."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QPushButton

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.studio.open_model import OpenModel
from ebm_studio.app.widgets.formatting import thousands
from ebm_studio.core.errors import CheckpointError
from ebm_studio.data.models.card import read_card
from ebm_studio.data.training.run_folder import default_root


class SnapshotButton(QPushButton):
    """Shown when the file of the open model was written again since."""

    def __init__(self, theme: Theme, open_model: OpenModel) -> None:
        super().__init__(theme.icon("reset"), "Newer snapshot")
        self.setObjectName("quiet")
        self._open = open_model
        self._known: tuple[str, float] = ("", 0.0)  # the file that was looked into, and when it was written
        self.clicked.connect(open_model.reload)
        theme.changed.connect(self.update)
        open_model.written.connect(self._look)
        open_model.model_changed.connect(self.hide)
        self.hide()

    def _look(self) -> None:
        model = self._open.model
        if model is None or default_root() not in (path := Path(model.name)).parents:
            return
        try:
            seen = (model.name, path.stat().st_mtime)
            if seen == self._known:
                return
            updates = read_card(path).updates
        except (OSError, CheckpointError):
            return
        self._known = seen
        self.setVisible(updates > model.card.updates)
        self.setToolTip(
            f"This run has trained further. Open its model at update {thousands(updates)} instead of the one at "
            f"update {thousands(model.card.updates)}."
        )
