"""What a person should know at the first launch, in three steps, until they hide it."""

from __future__ import annotations

import re

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy

from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.widgets.fields import label
from ebm_studio.data.storage.settings import Settings

STEPS = (
    "<b>1</b>&nbsp; Watch noise become images; <b>Space</b> plays, <b>←</b> and <b>→</b> step.",
    "<b>2</b>&nbsp; Change the short run on the right; it runs again.",
    "<b>3</b>&nbsp; <b>?</b> shows all keys, <b>Ctrl+K</b> finds every command.",
)
TAG = re.compile(r"<[^>]*>|&nbsp;")


class Hint(QFrame):
    """A strip that covers nothing."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.setObjectName("hint")
        self.setAccessibleName("First steps")
        self._settings = settings
        self.done = QPushButton("Got it")
        self.done.setObjectName("quiet")
        self.done.setToolTip("Hide this for good.")
        self.done.clicked.connect(self._put_away)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * UNIT, UNIT // 2, UNIT, UNIT // 2)
        row.setSpacing(3 * UNIT)
        for text in STEPS:
            step = label(text)
            step.setTextFormat(Qt.TextFormat.RichText)
            step.setWordWrap(True)
            step.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # by its share of letters
            row.addWidget(step, len(TAG.sub("", text)))
        row.addWidget(self.done)
        self.setVisible(settings.text("hint") != "seen")

    def _put_away(self) -> None:
        self._settings.set("hint", "seen")
        self.hide()
