"""What a picture that is not there yet waits for."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.studio.chains import ChainsState
from ebm_studio.core.durations import duration
from ebm_studio.engine.requests import Progress

IDLE = "No chains yet. Click to run them."


def progress_text(progress: Progress) -> str:
    """How far a job is, as a person reads it: Sampling 27 / 50, 3 min 25 s left."""
    left = progress.seconds_left
    count = f" {progress.done} / {progress.total}" if progress.total else "…"
    late = f", {duration(left)} left" if left is not None and left >= 2 else ""
    return progress.text + count + late


def waiting_text(state: ChainsState) -> str:
    """What the chains of a page wait for: an answer, a job of their own, or a click. Other pages' jobs are not it."""
    if state.long.waiting:
        return "Waiting for your answer above."
    progress = state.link.progress
    if progress is not None and progress.request.page in ("", state.page):
        return progress_text(progress)
    return "Starting…" if state.waiting or state.link.engine.awaits(state.page) else IDLE


def is_idle(state: ChainsState) -> bool:
    """Whether the chains of a page run only when their room is clicked."""
    return waiting_text(state) == IDLE


def paint_waiting(painter: QPainter, room: QRect, theme: Theme, text: str) -> None:
    """Write a text on a plate in the middle of a room, so that it can be read over anything."""
    wide = (
        painter.fontMetrics()
        .boundingRect(room, Qt.TextFlag.TextWordWrap, text)
        .adjusted(-2 * UNIT, -UNIT, 2 * UNIT, UNIT)
    )
    wide.moveCenter(room.center())
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme.tokens.raised))
    painter.drawRoundedRect(QRectF(wide), UNIT, UNIT)
    painter.setPen(QColor(theme.tokens.text))
    painter.drawText(wide, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, text)
