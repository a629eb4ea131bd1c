"""Dark and light, by the system or by choice: palette, style sheet, icons."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from PySide6.QtCore import QByteArray, QObject, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QIcon, QIconEngine, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from ebm_studio.app.look.guard import guarded
from ebm_studio.app.look.stylesheet import style_sheet
from ebm_studio.app.look.tokens import BODY, DARK, LIGHT, Tokens
from ebm_studio.data.storage.bundle import RESOURCES
from ebm_studio.data.storage.settings import Settings

SCHEMES = {"system": Qt.ColorScheme.Unknown, "dark": Qt.ColorScheme.Dark, "light": Qt.ColorScheme.Light}


class Theme(QObject):
    """The look of the whole application. Widgets that paint themselves ask it for `tokens` and listen to `changed`."""

    changed = Signal()

    def __init__(self, app: QApplication, settings: Settings) -> None:
        super().__init__(app)
        self._app = app
        self._settings = settings
        self._folder = TemporaryDirectory(prefix="ebm-studio-")  # style sheets take images from files only
        self.tokens = DARK
        with _no_widget_ends():
            app.setFont(_font(app.font()))
        self.scheme = settings.text("scheme", "system")
        if self.scheme not in SCHEMES:
            self.scheme = "system"
        hints = QGuiApplication.styleHints()
        hints.setColorScheme(SCHEMES[self.scheme])
        hints.colorSchemeChanged.connect(self._apply)
        self._apply()

    def choose(self, scheme: str) -> None:
        """Follow the `system`, or be `dark` or `light`."""
        self.scheme = scheme
        self._settings.set("scheme", scheme)
        QGuiApplication.styleHints().setColorScheme(SCHEMES[scheme])
        self._apply()

    @contextmanager
    def building(self) -> Iterator[None]:
        """Without the style sheet while many widgets are made: Qt would apply it again for each that gets a parent."""
        sheet = self._app.styleSheet()
        with _no_widget_ends():
            self._app.setStyleSheet("")
        try:
            yield
        finally:
            with _no_widget_ends():
                self._app.setStyleSheet(sheet)

    def close(self) -> None:
        """Listen to the system no longer, and remove what was written for the style sheet."""
        QGuiApplication.styleHints().colorSchemeChanged.disconnect(self._apply)
        self._folder.cleanup()

    def _apply(self) -> None:
        scheme = SCHEMES[self.scheme]
        if scheme == Qt.ColorScheme.Unknown:
            scheme = QGuiApplication.styleHints().colorScheme()
        self.tokens = LIGHT if scheme == Qt.ColorScheme.Light else DARK
        arrow = f"{self._folder.name}/down-{'light' if self.tokens is LIGHT else 'dark'}.svg"
        with open(arrow, "wb") as file:
            file.write(svg("down", self.tokens.muted))
        with _no_widget_ends():
            self._app.setPalette(_palette(self.tokens))
            self._app.setStyleSheet(style_sheet(self.tokens, arrow.replace("\\", "/")))
        self.changed.emit()

    def icon(self, name: str) -> QIcon:
        """The line icon of that name, in the theme's colour at any time and any scale."""
        return QIcon(_LineIcon(self, name))


@contextmanager
def _no_widget_ends() -> Iterator[None]:
    """While Qt walks through all widgets and tells each of its new look, Python collects none of them.

    A collection, which any handler can set off, deletes the widgets that only hold each other, such as pyqtgraph's
    menus. Qt then steps on a widget that is no longer there, and the program ends.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _LineIcon(QIconEngine):
    """Draws the SVG when it is needed, so that a change of theme or screen needs no new icon."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme = theme
        self._name = name

    @guarded
    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        tokens = self._theme.tokens
        color = tokens.text
        if mode == QIcon.Mode.Disabled:
            color = tokens.faint
        elif state == QIcon.State.On:
            color = tokens.accent
        QSvgRenderer(QByteArray(svg(self._name, color))).render(painter, QRectF(rect))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, pixmap.rect(), mode, state)
        painter.end()
        return pixmap

    def clone(self) -> _LineIcon:
        return _LineIcon(self._theme, self._name)


def svg(name: str, color: str) -> bytes:
    """The SVG of an icon in a colour."""
    text = (RESOURCES / "icons" / f"{name}.svg").read_text()
    return text.replace("#000", color).encode()


def _font(font: QFont) -> QFont:
    font.setPixelSize(BODY)
    font.setFeature(QFont.Tag("tnum"), 1)  # figures of equal width, so that running numbers stand still
    return font


def _palette(tokens: Tokens) -> QPalette:
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: tokens.surface,
        QPalette.ColorRole.WindowText: tokens.text,
        QPalette.ColorRole.Base: tokens.raised,
        QPalette.ColorRole.AlternateBase: tokens.surface,
        QPalette.ColorRole.Text: tokens.text,
        QPalette.ColorRole.Button: tokens.raised,
        QPalette.ColorRole.ButtonText: tokens.text,
        QPalette.ColorRole.ToolTipBase: tokens.raised,
        QPalette.ColorRole.ToolTipText: tokens.text,
        QPalette.ColorRole.PlaceholderText: tokens.faint,
        QPalette.ColorRole.Link: tokens.accent,
        QPalette.ColorRole.Highlight: tokens.accent,
        QPalette.ColorRole.HighlightedText: tokens.on_accent,
    }
    for role, color in roles.items():
        palette.setColor(role, QColor(color))
    return palette
