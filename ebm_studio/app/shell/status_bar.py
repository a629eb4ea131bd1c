"""The line at the bottom: the device, its speed, and the current job."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QWidget

from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.studio.open_model import OpenModel
from ebm_studio.app.widgets.fields import label
from ebm_studio.app.widgets.names import NameLabel, cut, in_tip
from ebm_studio.app.widgets.waiting import progress_text

NAMES = {"cpu": "CPU", "cuda": "CUDA", "mps": "MPS"}


class Status(QWidget):
    """Model, device and speed on the left; job, progress and Cancel on the right."""

    def __init__(self, open_model: OpenModel, titles: Mapping[str, str]) -> None:
        """`titles` of the pages by their keys: the job of a page that is hidden is told with its title."""
        super().__init__()
        self._titles = titles
        self.setObjectName("status")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(4 * UNIT)
        self._open = open_model
        self._rate = 0.0
        self._measured = self._told = open_model.model  # on its device
        self.where = NameLabel("small")
        self.note = NameLabel("small")
        """What a key would do now, as long as that is not obvious."""
        self.job = label("", "small")
        self.job.setAccessibleName("Job")
        self.bar = QProgressBar(textVisible=False)
        self.bar.setFixedWidth(15 * UNIT)
        self.bar.setAccessibleName("Progress")
        self.cancel = QPushButton("Cancel")
        self.cancel.setObjectName("quiet")
        self.cancel.setToolTip("Stop; the finished steps stay (Esc).")
        self.cancel.clicked.connect(self._cancel)
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(2 * UNIT, 0, UNIT, 0)
        row.setSpacing(UNIT)
        row.addWidget(self.where)
        row.addStretch(1)
        row.addWidget(self.note)
        row.addStretch(1)
        for widget in (self.job, self.bar, self.cancel):
            row.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)
        open_model.link.progress_changed.connect(self._measure)
        open_model.model_changed.connect(self._forget)
        self._show()

    def add(self, widget: QWidget) -> None:
        """Put something behind what computes."""
        self._row.insertWidget(1, widget, 0, Qt.AlignmentFlag.AlignVCenter)

    def _cancel(self) -> None:
        progress = self._open.link.progress
        if progress is not None and progress.request.background:
            self._open.link.cancel(progress.request)
        else:
            self._open.cancel(progress.request.page if progress is not None else None)

    def _forget(self) -> None:
        """Another model, or another device, is as fast as it will turn out to be."""
        if self._open.model != self._measured:
            self._measured, self._rate = self._open.model, 0.0
        self._show()

    def _measure(self) -> None:
        progress = self._open.link.progress
        if progress and progress.rate and not progress.request.lane:  # pages count other things
            self._rate = progress.rate
        self._show()

    def _show(self) -> None:
        progress = self._open.link.progress
        facts, model = "  ·  ".join(self._facts()), self._open.model
        if facts != self.where.text() or model != self._told:
            self.where.setText(facts)
            tip = f"{facts}. Backend {model.backend}: {model.backend_reason}." if model is not None else facts
            self.where.setToolTip(in_tip(tip))
            self._told = model
        for widget in (self.job, self.bar, self.cancel):
            widget.setVisible(progress is not None)
        if progress is not None:
            self.bar.setRange(0, progress.total)
            if progress.total:  # without one the bar only moves, and each value would have it painted at once
                self.bar.setValue(progress.done)
            page = progress.request.page
            is_hidden = page in self._titles and page != self._open.link.engine.front
            self.job.setText(
                f"{self._titles[page]}: {progress_text(progress)}" if is_hidden else progress_text(progress)
            )

    def _facts(self) -> list[str]:
        model = self._open.model
        if model is None:
            return ["No model"]
        kind = model.device.split(":")[0]
        threads = f", {model.threads} thread{'s' if model.threads > 1 else ''}" if kind == "cpu" else ""
        facts = [cut(model.card.name), f"{NAMES.get(kind, model.device)} {model.backend}{threads}"]
        return [*facts, f"{self._rate:.0f} steps/s"] if self._rate else facts
