"""The export dialog: a live preview with its true size, and all that makes a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QMimeData, QPointF, QSize, Qt, QUrl
from PySide6.QtGui import QCloseEvent, QDrag, QGuiApplication, QKeyEvent, QKeySequence, QMouseEvent, QPixmap, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.export.preview import Decoded, Drawn, PreviewPlayer
from ebm_studio.app.pages.export.state import FORMATS, ExportState
from ebm_studio.app.widgets.banner import Banner
from ebm_studio.app.widgets.fields import Choice, RealField, WholeField, button, label
from ebm_studio.app.widgets.names import printable
from ebm_studio.app.widgets.panels import Panel
from ebm_studio.data.exports.encoders import MOVING
from ebm_studio.data.exports.frames import MAX_HOLD, MAX_SCALE, Look, Reel

CARRIED = 96  # pixels of the picture under the pointer in a drag
MIME = {"gif": "image/gif", "webp": "image/webp", "apng": "image/png", "png": "image/png"}


class DragHandle(QFrame):
    """The finished file, to be dragged into another program."""

    def __init__(self, theme: Theme, state: ExportState) -> None:
        super().__init__()
        self.setObjectName("handle")
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self.setToolTip("Drag the file into another program.")
        self._state = state
        self._pressed: QPointF | None = None
        self.name = label("")
        grip = QLabel()
        grip.setPixmap(theme.icon("grip").pixmap(QSize(20, 20)))
        theme.changed.connect(lambda: grip.setPixmap(theme.icon("grip").pixmap(QSize(20, 20))))
        row = QHBoxLayout(self)
        row.setContentsMargins(UNIT // 2, 0, UNIT, 0)
        row.setSpacing(UNIT // 2)
        row.addWidget(grip)
        row.addWidget(self.name)

    def show_path(self, path: Path) -> None:
        """Show which file it is."""
        self.setAccessibleName(f"Drag {path.name}")
        self.name.setText(printable(path.name))

    def mime(self) -> QMimeData:
        """What another program gets."""
        data = QMimeData()
        if self._state.exported is not None:
            data.setUrls([QUrl.fromLocalFile(str(self._state.exported.path))])
        return data

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.position()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pressed = None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            return
        if (event.position() - self._pressed).manhattanLength() >= QApplication.startDragDistance():
            self._pressed = None
            drag = QDrag(self)
            drag.setMimeData(self.mime())
            window = self.window()
            if isinstance(window, ExportDialog) and window.player.image is not None:
                image = window.player.image.scaled(CARRIED, CARRIED, Qt.AspectRatioMode.KeepAspectRatio)
                drag.setPixmap(QPixmap.fromImage(image))
            drag.exec(Qt.DropAction.CopyAction)


class ExportDialog(QDialog):
    """Beside the window, never in its way."""

    def __init__(self, theme: Theme, state: ExportState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("export")
        self.setWindowTitle("Export")
        self.setModal(False)
        self._theme = theme
        self.state = state
        self.banner = Banner(theme, state)
        self.player = PreviewPlayer(theme)
        self.facts = label("", "muted")
        self.size_of_file = label("", "large")
        self.size_of_file.setAccessibleName("Size of the file")
        self._make_fields()
        self._lay_out()
        self._connect()
        self.resize(960, 760)

    # Fields

    def _make_fields(self) -> None:
        state, theme = self.state, self._theme
        self.thing = QComboBox()
        self.thing.setAccessibleName("What to export")
        self.kind = QComboBox()
        self.kind.setAccessibleName("Format")
        self.missing = label("", "muted")
        self.missing.setWordWrap(True)
        self.missing.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.palette_ = Choice(
            [
                ("shared", "Shared palette", "256 colours for all frames: still parts stay still, the file is small."),
                ("own", "One palette per frame", "256 colours for each frame: truer for films of a single picture."),
            ],
            "Palette",
        )
        self.dither = Choice(
            [
                ("none", "None", "The nearest colour."),
                ("ordered", "Ordered", "A fixed pattern, which does not flicker."),
                ("diffusion", "Diffusion", "The finest in a still; flickers a little in a film."),
            ],
            "Dithering",
        )
        self.scale = WholeField(1, MAX_SCALE, "Scale", "Draw each model pixel as N × N.")
        self.smooth = Choice(
            [
                ("crisp", "Crisp", "Each pixel stays a square."),
                ("smooth", "Lanczos", "Enlarged smoothly."),
            ],
            "Enlargement",
        )
        self.columns_ = WholeField(1, 256, "Images per row", "Of a grid, or of the sheet.")
        self.every = WholeField(1, 1000, "Every n-th frame", "2 leaves out every other frame. The last one stays.")
        self.fps = RealField(0.1, 100, "Frames a second", "How fast it plays.")
        self.hold_first = RealField(0, MAX_HOLD, "Hold on the first frame", "Seconds.")
        self.hold_last = RealField(0, MAX_HOLD, "Hold on the last frame", "Seconds.")
        self.loop = _switch("Loop", "Play once, or again and again.", "Loop", "Play once")
        self.ping_pong = _switch("Ping-pong", "Forward only, or forward and back.", "Forward and back", "Forward")
        self.captions = _switch("Captions", "Step, energy or ρ under each frame.", "Step, E, ρ", "None")
        self.place = QLineEdit()
        self.place.setAccessibleName("File")
        self.place.setToolTip("Where the file goes. Its ending chooses the format.")
        self.browse = button(theme, "open", "Choose the place", "Choose the place…", self._ask)
        self.progress = QProgressBar(textVisible=False)
        self.progress.setRange(0, 1000)
        self.progress.setAccessibleName("Progress of the export")
        self.cancel = QPushButton("Cancel")
        self.cancel.clicked.connect(state.cancel)
        self.start = QPushButton("Export")
        self.start.setObjectName("primary")
        self.start.setDefault(True)
        self.start.clicked.connect(self._export)
        self.copy = button(theme, "copy", "Copy", "Copy to the clipboard.", self._copy)
        self.handle = DragHandle(theme, state)
        self.where = label("", "muted")

    def _lay_out(self) -> None:
        preview = QWidget()
        left = QVBoxLayout(preview)
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(0)
        left.addWidget(self.player, 1)
        below = QHBoxLayout()
        below.setContentsMargins(2 * UNIT, UNIT, 2 * UNIT, UNIT)
        below.addWidget(self.facts)
        below.addStretch(1)
        below.addWidget(self.size_of_file)
        left.addLayout(below)

        middle = QHBoxLayout()
        middle.setContentsMargins(0, 0, 0, 0)
        middle.setSpacing(0)
        middle.addWidget(preview, 1)
        middle.addWidget(self._settings())
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.banner)
        whole.addLayout(middle, 1)
        whole.addWidget(self._foot())

    def _settings(self) -> QScrollArea:
        body = QWidget()
        body.setObjectName("inspector_body")
        column = QVBoxLayout(body)
        column.setContentsMargins(2 * UNIT, 2 * UNIT, 2 * UNIT, 2 * UNIT)
        column.setSpacing(3 * UNIT)
        self._what = _panel("What", self.thing)
        self._format = _panel("Format", self.kind, self.missing)
        self._gif = _lines(("Palette", self.palette_), ("Dithering", self.dither), below=True)
        self._format.column.addWidget(self._gif)
        self._size = _panel("Size", _lines(("Scale", self.scale)), self.smooth)
        self._columns = _lines(("Images per row", self.columns_))
        self._size.column.addWidget(self._columns)
        self._film = _panel(
            "Film",
            _lines(
                ("Frames a second", self.fps),
                ("Every n-th frame", self.every),
                ("Hold first, s", self.hold_first),
                ("Hold last frame (s)", self.hold_last),
            ),
            self.ping_pong,
            self.loop,
        )
        self._captions = _panel("Captions", self.captions)
        for panel in (self._what, self._format, self._size, self._film, self._captions):
            column.addWidget(panel)
        column.addStretch(1)
        area = QScrollArea()
        area.setObjectName("inspector")
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setFixedWidth(36 * UNIT)
        area.setWidget(body)
        return area

    def _foot(self) -> QWidget:
        foot = QWidget()
        foot.setObjectName("status")
        foot.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        rows = QVBoxLayout(foot)
        rows.setContentsMargins(2 * UNIT, UNIT, 2 * UNIT, UNIT)
        rows.setSpacing(UNIT)
        first = QHBoxLayout()
        first.setSpacing(UNIT)
        for widget in (label("File", "muted"), self.place, self.browse, self.copy, self.start):
            first.addWidget(widget, 1 if widget is self.place else 0)
        # In the same place: the progress, or the finished file.
        self._outcome = QStackedWidget()
        self._outcome.setSizePolicy(self.place.sizePolicy())
        running, finished = QWidget(), QWidget()
        line = QHBoxLayout(running)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.progress, 1)
        line.addWidget(self.cancel)
        line = QHBoxLayout(finished)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.handle)
        line.addWidget(self.where)
        line.addStretch(1)
        for outcome in (running, finished):
            self._outcome.addWidget(outcome)
        rows.addLayout(first)
        rows.addWidget(self._outcome)
        return foot

    def _connect(self) -> None:
        state = self.state
        self.thing.activated.connect(state.choose)
        self.kind.activated.connect(lambda index: state.set_kind(self.kind.itemData(index)))
        self.palette_.chosen.connect(lambda value: state.change(palette=value))
        self.dither.chosen.connect(lambda value: state.change(dither=value))
        self.smooth.chosen.connect(lambda value: state.change(smooth=value == "smooth"))
        for name, switch in self._switches.items():
            switch.chosen.connect(lambda value, name=name: state.change(**{name: value == "on"}))
        for name, field in self._numbers.items():
            field.valueChanged.connect(lambda value, name=name: state.change(**{name: value}))
        self.place.editingFinished.connect(self._take_place)
        state.changed.connect(self._show)
        state.preview_changed.connect(self._show_preview)
        state.progress_changed.connect(self._show_outcome)
        state.finished.connect(self._show_outcome)
        self._theme.changed.connect(self.update)

    @property
    def _switches(self) -> dict[str, Choice]:
        return {"loop": self.loop, "ping_pong": self.ping_pong, "captions": self.captions}

    @property
    def _numbers(self) -> dict[str, WholeField | RealField]:
        return {
            "scale": self.scale,
            "columns": self.columns_,
            "every": self.every,
            "fps": self.fps,
            "hold_first": self.hold_first,
            "hold_last": self.hold_last,
        }

    # What is shown

    def _show(self) -> None:
        state = self.state
        if state.thing is None:
            return
        _fill(self.thing, [(thing.title, index) for index, thing in enumerate(state.things)], state.chosen)
        names = [("Picture" if kind == "png" and state.is_still else FORMATS[kind][0], kind) for kind in state.kinds]
        _fill(self.kind, names, state.kind)
        self.missing.setText(state.remark)
        self.missing.setVisible(bool(state.remark))
        self._show_look(state.look)
        is_film = state.kind in MOVING and not state.is_still
        pictures = len(state.thing.frames[0].pixels)
        self._gif.setVisible(state.kind == "gif")
        self._film.setVisible(is_film)
        self._columns.setVisible(pictures > 1 or (state.kind == "png" and not state.is_still))
        self._captions.setVisible(any(frame.caption for frame in state.thing.frames))
        if not self.place.isModified():
            self.place.setText(str(state.path))
        self._show_outcome()

    def _show_look(self, look: Look) -> None:
        self.palette_.set_value(look.palette)
        self.dither.set_value(look.dither)
        self.smooth.set_value("smooth" if look.smooth else "crisp")
        for name, switch in self._switches.items():
            switch.set_value("on" if getattr(look, name) else "off")
        for name, field in self._numbers.items():
            field.blockSignals(True)
            field.setValue(getattr(look, name))
            field.blockSignals(False)

    def _show_preview(self) -> None:
        state = self.state
        facts = state.facts
        text = []
        if facts is not None:
            (width, height), count, seconds = facts
            text = [f"{width} × {height} pixels"]
            if count > 1:
                text.append(f"{count} frames" + (f", {seconds:.1f} s" if seconds else ""))
        self.facts.setText("   ".join(text))
        encoded = state.encoded
        self.size_of_file.setText(_bytes(encoded.size) if encoded else "" if state.missing else "…")
        self.size_of_file.setToolTip(f"{encoded.size:,} bytes".replace(",", " ") if encoded else "")
        if state.missing:
            self.player.note = state.missing
            self.player.stop()
        elif encoded is not None and state.thing is not None:
            if state.kind in ("mp4", "folder"):
                look = state.look if state.kind == "mp4" else Look(**{**state.look.to_dict(), "ping_pong": False})
                self.player.play(Drawn(Reel(state.thing.frames, state.look), look), state.look.loop)
            else:
                self.player.play(Decoded(encoded.content), state.look.loop)

    def _show_outcome(self) -> None:
        state, share = self.state, self.state.share
        self._outcome.setVisible(share is not None or state.exported is not None)
        self._outcome.setCurrentIndex(0 if share is not None else 1)
        self.progress.setValue(round(1000 * (share or 0)))
        self.start.setEnabled(share is None and state.thing is not None and not state.missing)
        self.start.setText("Replace" if state.replaces else "Export")
        self.start.setToolTip(f"{state.path.name} is there already." if state.replaces else "")
        self.copy.setEnabled(state.thing is not None)
        if state.exported:
            self.handle.show_path(state.exported.path)
            self.where.setText(f"{_bytes(state.exported.size)}, in {state.exported.path.parent}")

    # What a person does

    def _take_place(self) -> None:
        text = self.place.text().strip()
        if text and text != str(self.state.path):
            path = Path(text).expanduser()
            self.state.set_path(path if path.is_absolute() else self.state.folder / path)
        self.place.setText(str(self.state.path))

    def _export(self) -> None:
        announced = self.start.text() == "Replace"
        self._take_place()
        self._show_outcome()
        if announced or not self.state.replaces:  # else the button now says that it replaces a file
            self.state.export()

    def _ask(self) -> None:
        if self.state.kind == "folder":
            name, _ = QFileDialog.getSaveFileName(self, "Export into a new folder", str(self.state.path))
        else:
            title, suffix = FORMATS[self.state.kind]
            name, _ = QFileDialog.getSaveFileName(self, "Export", str(self.state.path), f"{title} (*{suffix})")
        if name:
            self.state.set_path(Path(name))
            self.place.setText(str(self.state.path))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setMimeData(self.clip())

    def clip(self) -> QMimeData:
        """What goes to the clipboard: the finished file, its bytes, and the picture that is seen."""
        data = self.handle.mime()
        encoded = self.state.encoded
        if encoded is not None and encoded.content and self.state.kind in MIME:
            data.setData(MIME[self.state.kind], encoded.content)
        if self.player.image is not None:
            data.setImageData(self.player.image)
        return data

    def keyPressEvent(self, event: QKeyEvent) -> None:
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if event.matches(QKeySequence.StandardKey.Copy):
            self._copy()
        elif is_enter and self.place.hasFocus() and self.state.replaces:
            self.start.setFocus()  # which says so; a name that is typed replaces nothing by its own Enter
        else:
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show()
        self._show_preview()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.state.leave()
        event.accept()  # QDialog's own would call `reject`, find the dialog still open, and keep it so

    def reject(self) -> None:
        self.close()


def _switch(name: str, tip: str, on: str, off: str) -> Choice:
    return Choice([("off", off, tip), ("on", on, tip)], name)


def _panel(title: str, *widgets: QWidget) -> Panel:
    panel = Panel(title)
    for widget in widgets:
        panel.column.addWidget(widget)
    return panel


def _lines(*lines: tuple[str, QWidget], below: bool = False) -> QWidget:
    """Named controls one under another: at the right of their names, or below them."""
    widget = QWidget()
    grid = QGridLayout(widget)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setVerticalSpacing(UNIT)
    for line, (name, control) in enumerate(lines):
        if isinstance(control, QSpinBox | QDoubleSpinBox):
            control.setFixedWidth(11 * UNIT)
        grid.addWidget(label(name, "muted"), 2 * line, 0)
        grid.addWidget(control, 2 * line + below, 0 if below else 1)
    grid.setColumnStretch(0, 1)
    return widget


def _fill(box: QComboBox, items: Sequence[tuple[str, object]], current: object) -> None:
    if [(box.itemText(i), box.itemData(i)) for i in range(box.count())] != list(items):
        box.clear()
        for text, data in items:
            box.addItem(text, data)
    box.setCurrentIndex([data for _, data in items].index(current))


def _bytes(size: int) -> str:
    """A size as a person says it."""
    if size < 1000:
        return f"{size} bytes"
    value, unit = (size / 1000, "KB") if size < 1_000_000 else (size / 1_000_000, "MB")
    return f"{value:.0f} {unit}" if value >= 100 else f"{value:.1f} {unit}"
