"""A plot of a finding, drawn as in its report, in the theme's colours."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QRectF, QSize
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ebm_studio.app.look.guard import guarded
from ebm_studio.app.look.theme import Theme
from ebm_studio.app.widgets.copying import Table, offer_copies
from ebm_studio.core.evaluation.findings import Plot
from ebm_studio.data.exports.svg_plot import HEIGHT, WIDTH, svg, values_at


class PlotView(QWidget):
    """Keeps the plot's proportions."""

    def __init__(self, theme: Theme, plot: Plot) -> None:
        super().__init__()
        self._theme = theme
        self.plot = plot
        self._renderer = QSvgRenderer(self)
        self.setAccessibleName(plot.title)
        self.setMouseTracking(True)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setMinimumSize(WIDTH // 2, HEIGHT // 2)
        self.setMaximumSize(WIDTH * 5 // 4, HEIGHT * 5 // 4)
        offer_copies(self, self.table)
        theme.changed.connect(self._draw)
        self._draw()

    def sizeHint(self) -> QSize:
        return QSize(WIDTH, HEIGHT)

    def heightForWidth(self, width: int) -> int:
        return round(width * HEIGHT / WIDTH)

    def table(self) -> Table:
        """Every point of every series."""
        rows = [
            (series.name, x, y, sd)
            for series in self.plot.series
            for x, y, sd in zip(series.x, series.y, series.sd or ("",) * len(series.x), strict=True)
        ]
        return Table(("series", self.plot.x_label or "x", self.plot.y_label or "y", "standard error"), rows)

    def _draw(self) -> None:
        tokens = self._theme.tokens
        text = svg(self.plot, tokens.series).replace("currentColor", tokens.text)
        self._renderer.load(QByteArray(text.encode()))
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        at = event.position() / self._scale
        # It vanishes by itself once the pointer leaves the plot.
        QToolTip.showText(event.globalPosition().toPoint(), values_at(self.plot, at.x(), at.y()), self)

    @property
    def _scale(self) -> float:
        return min(self.width() / WIDTH, self.height() / HEIGHT)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        scale = self._scale
        self._renderer.render(painter, QRectF(0, 0, WIDTH * scale, HEIGHT * scale))
