"""The export dialog: a live preview with its true size, and all that makes a file."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QCloseEvent, QDesktopServices, QGuiApplication, QKeyEvent, QKeySequence, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.export.caption_panel import CaptionPanel
from ebm_studio.app.pages.export.colour_fields import ColourFields
from ebm_studio.app.pages.export.drag_handle import DragHandle
from ebm_studio.app.pages.export.parts import fill, named, size_text, switch, titled
from ebm_studio.app.pages.export.presets import PresetButtons
from ebm_studio.app.pages.export.preview import Decoded, Drawn, PreviewPlayer
from ebm_studio.app.pages.export.state import FORMATS, ExportState
from ebm_studio.app.studio.exportable import Exportable
from ebm_studio.app.widgets.banner import Banner
from ebm_studio.app.widgets.fields import Choice, RealField, WholeField, button, label
from ebm_studio.data.exports.encoders import MOVING
from ebm_studio.data.exports.frames import MAX_GAP, MAX_HOLD, MAX_SCALE, Look, Reel

MIME = {"gif": "image/gif", "webp": "image/webp", "apng": "image/png", "png": "image/png"}


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
        self._played: Exportable | None = None
        self.facts = label("", "muted")
        self.size_of_file = label("", "large")
        self.size_of_file.setAccessibleName("Size of the file")
        self._make_fields()
        self._make_foot()
        self._lay_out()
        self._connect()
        room = self.screen().availableSize()
        self.resize(min(960, room.width() - 4 * UNIT), min(760, room.height() - 6 * UNIT))

    def offer(self, things: list[Exportable]) -> None:
        """Open in front, on these things."""
        self.state.offer(things)
        self.show()
        self.raise_()
        self.activateWindow()

    # Fields

    def _make_fields(self) -> None:
        self.thing = QComboBox()
        self.thing.setAccessibleName("What to export")
        self.kind = QComboBox()
        self.kind.setAccessibleName("Format")
        self.missing = label("", "muted")
        self.missing.setWordWrap(True)
        self.missing.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.fit = QPushButton("Make it fit")
        self.fit.setToolTip("Rearrange and shrink it until it can be written.")
        self.fit.setAutoDefault(False)
        self.fit.clicked.connect(self.state.fit)
        self.colours = ColourFields(self.state)
        self.scale = WholeField(1, MAX_SCALE, "Scale", "Draw each model pixel as N × N.")
        self.smooth = Choice(
            [
                ("crisp", "Crisp", "Pixels stay square."),
                ("smooth", "Lanczos", "Enlarge smoothly."),
            ],
            "Enlargement",
        )
        self.columns_ = WholeField(1, 256, "Images per row", "The number of images in a row of a grid or sheet.")
        self.every = WholeField(1, 1000, "Every n-th frame", "2 skips every other frame. The last frame always stays.")
        self.fps = RealField(0.1, 100, "Frames per second", "The playback speed.")
        self.hold_first = RealField(0, MAX_HOLD, "Hold on the first frame", "Seconds.")
        self.hold_last = RealField(0, MAX_HOLD, "Hold on the last frame", "Seconds.")
        self.loop = switch("Loop", "Play once, or loop.", "Loop", "Play once")
        self.ping_pong = switch("Ping-pong", "Forward only, or forward and back.", "Forward and back", "Forward")
        self.gap = WholeField(0, MAX_GAP, "Gap between images", "Pixels of the model between the images of a grid.")
        self.curve = switch(
            "Energy curve", "The energy under the film, with a mark at each frame.", "Energy curve", "No curve"
        )

    def _make_foot(self) -> None:
        state, theme = self.state, self._theme
        self.place = QLineEdit()
        self.place.setAccessibleName("File")
        self.place.setToolTip("Where the file goes. Its ending chooses the format.")
        self.browse = button(theme, "open", "Choose a folder and name", "Choose a folder and name…", self._ask)
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
        self.handle = DragHandle(theme, state, lambda: self.player.image)
        self.where = label("", "muted")
        self.show_folder = QPushButton("Show in folder")
        self.show_folder.setToolTip("Open the folder that the file is in.")
        self.show_folder.setAutoDefault(False)
        self.show_folder.clicked.connect(self._show_in_folder)

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
        self._what = titled("What", self.thing)
        self._format = titled("Format", self.kind, self.missing, self.fit)
        self._format.column.addWidget(self.colours)
        self._size = titled("Size", named(("Scale", self.scale)), self.smooth)
        self._columns = named(("Images per row", self.columns_), ("Gap", self.gap))
        self._size.column.addWidget(self._columns)
        self._every = named(("Every n-th frame", self.every))
        self._size.column.addWidget(self._every)
        self._film = titled(
            "Film",
            named(
                ("Frames per second", self.fps),
                ("Hold first frame (s)", self.hold_first),
                ("Hold last frame (s)", self.hold_last),
            ),
            self.ping_pong,
            self.loop,
            self.curve,
        )
        self.caption = CaptionPanel(self.state)
        self.presets = PresetButtons(self.state)
        for panel in (self._what, self.presets, self._format, self._size, self._film, self.caption):
            column.addWidget(panel)
        column.addStretch(1)
        area = QScrollArea()
        area.setObjectName("inspector")
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setFixedWidth(42 * UNIT)
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
        line.addWidget(self.show_folder)
        for outcome in (running, finished):
            self._outcome.addWidget(outcome)
        rows.addLayout(first)
        rows.addWidget(self._outcome)
        return foot

    def _connect(self) -> None:
        state = self.state
        self.thing.activated.connect(state.choose)
        self.kind.activated.connect(lambda index: state.set_kind(self.kind.itemData(index)))
        self.smooth.chosen.connect(lambda value: state.change(smooth=value == "smooth"))
        for name, choice in self._switches.items():
            choice.chosen.connect(lambda value, name=name: state.change(**{name: value == "on"}))
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
        return {"loop": self.loop, "ping_pong": self.ping_pong, "curve": self.curve}

    @property
    def _numbers(self) -> dict[str, WholeField | RealField]:
        return {
            "scale": self.scale,
            "columns": self.columns_,
            "gap": self.gap,
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
        fill(self.thing, [(thing.title, index) for index, thing in enumerate(state.things)], state.chosen)
        names = [("Picture" if kind == "png" and state.is_still else FORMATS[kind][0], kind) for kind in state.kinds]
        fill(self.kind, names, state.kind)
        self.missing.setText(state.remark)
        self.missing.setVisible(bool(state.remark))
        self.missing.setProperty("role", "warning" if state.problem else "muted")
        self.missing.style().polish(self.missing)
        self.fit.setVisible(state.fitted is not None)
        self._show_look(state.look)
        is_film = state.kind in MOVING and not state.is_still
        pictures = len(state.thing.frames[0].panels[0])
        self._film.setVisible(is_film)
        self._every.setVisible(not state.is_still)
        self._columns.setVisible(pictures > 1 or (state.kind == "png" and not state.is_still))
        self.curve.setVisible(all(frame.energies for frame in state.thing.frames))
        if not self.place.isModified():
            self.place.setText(str(state.path))
        self._show_outcome()

    def _show_look(self, look: Look) -> None:
        self.smooth.set_value("smooth" if look.smooth else "crisp")
        for name, choice in self._switches.items():
            choice.set_value("on" if getattr(look, name) else "off")
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
        self.size_of_file.setText(size_text(encoded.size) if encoded else "" if state.problem else "…")
        self.size_of_file.setToolTip(f"{encoded.size:,} bytes" if encoded else "")
        if state.problem:
            self.player.note = state.missing or "It is too large to be shown."
            self.player.stop()
            self._played = None
        elif encoded is None and state.thing is not self._played:  # never the picture of another thing or page
            self.player.note = "Making the preview…"
            self.player.stop()
        elif encoded is not None and state.thing is not None:
            self._played = state.thing
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
        self.start.setEnabled(share is None and state.thing is not None and not state.problem)
        self.start.setText("Replace" if state.replaces else "Export")
        replaces = f"{state.path.name} already exists." if state.replaces else ""
        self.start.setToolTip(state.problem or replaces)
        self.copy.setEnabled(state.thing is not None)
        if state.exported:
            self.handle.show_path(state.exported.path)
            self.where.setText(f"{size_text(state.exported.size)}, in {state.exported.path.parent}")

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

    def _show_in_folder(self) -> None:
        if (exported := self.state.exported) is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(exported.path.parent)))

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
