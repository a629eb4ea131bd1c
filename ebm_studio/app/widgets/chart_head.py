"""What stands over a chart: its title and its figure."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtWidgets import QSizePolicy, QWidget

from ebm_studio.app.look.guard import guarded
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.widgets.fields import elided, label


class ChartHead(QWidget):
    """The title over the axis, or as near as it is whole, and the figure at the right, before which it gives way.

    A title with a symbol, such as Energy E or TV by update, gives way to the symbol until there is other room:
    it does not come and go with the digits of the figure.

    Both are placed by hand. The figure changes with every step shown: in a layout, Qt would lay out the whole window
    anew each time, and a longer figure would make the window wider.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._is_short = False
        self.title = label(name, "small")
        self.value = label("", "value")
        self.value.setAlignment(Qt.AlignmentFlag.AlignRight)
        for widget in (self.title, self.value):
            widget.setParent(self)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(0, max(self.title.sizeHint().height(), self.value.sizeHint().height()))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    @guarded
    def event(self, event: QEvent) -> bool:
        """Whenever there is other room, or another figure, of which Qt does not tell while this is hidden."""
        if event.type() == QEvent.Type.Resize:
            self._is_short = False
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest, QEvent.Type.Show):
            self._place()
        return super().event(event)

    def _wide(self, text: str) -> int:
        return self.title.fontMetrics().horizontalAdvance(text) + 1  # which is rounded, and down as well

    def _place(self) -> None:
        width, height = self.width() - UNIT, self.height()
        figure = min(self.value.sizeHint().width(), width)
        room = width - UNIT - figure
        name, wide = self._name, self._wide
        symbol = symbol_of(name)
        self._is_short |= bool(symbol) and wide(name) > room
        if self._is_short:
            name = symbol
        left = min(max(room - wide(name), 0), 5 * UNIT)
        title = elided(self.title, name, max(room - left, 0))
        self.title.setVisible(bool(title.strip("…")))
        self.title.setText(title)
        self.title.setGeometry(left, 0, max(room - left, 0), height)
        self.value.setGeometry(width - figure, 0, figure, height)


def symbol_of(title: str) -> str:
    """What of a title says enough: E of Energy E, TV of TV by update; nothing where there is no symbol."""
    what, by, _ = title.partition(" by ")
    last = title.rpartition(" ")[2]
    return what if by else last if len(last) == 1 else ""
