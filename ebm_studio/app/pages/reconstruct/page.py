"""The Reconstruct page: photos in, and back through the dynamics."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QGuiApplication, QShowEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.page import Page
from ebm_studio.app.pages.reconstruct import crop_view
from ebm_studio.app.pages.reconstruct.absent_list import AbsentList
from ebm_studio.app.pages.reconstruct.batches import expected_seconds
from ebm_studio.app.pages.reconstruct.crop_view import CropView
from ebm_studio.app.pages.reconstruct.exports import of_reconstructions
from ebm_studio.app.pages.reconstruct.mask_view import MaskView
from ebm_studio.app.pages.reconstruct.page_session import session_part
from ebm_studio.app.pages.reconstruct.panels import ReconstructInspector
from ebm_studio.app.pages.reconstruct.photo_list import PhotoList
from ebm_studio.app.pages.reconstruct.sample_photos import sample_photos
from ebm_studio.app.pages.reconstruct.split_view import CompareView
from ebm_studio.app.pages.reconstruct.state import VIEWS, ReconstructState, View
from ebm_studio.app.pages.reconstruct.welcome import Welcome
from ebm_studio.app.studio.exportable import Exportable
from ebm_studio.app.studio.keyed_files import Drawer
from ebm_studio.app.studio.openers import Opener, local_files
from ebm_studio.app.studio.session import Part
from ebm_studio.app.studio.studio import Studio
from ebm_studio.app.studio.tour_stop import Stop
from ebm_studio.app.studio.wishes import FindPhotos, PlayPath
from ebm_studio.app.widgets.actions import act
from ebm_studio.app.widgets.banner import Banner
from ebm_studio.app.widgets.captions import Caption
from ebm_studio.app.widgets.fields import Choice, button
from ebm_studio.app.widgets.images import as_png
from ebm_studio.app.widgets.long_run_bar import LongRunBar
from ebm_studio.app.widgets.model_chooser import ModelChooser
from ebm_studio.app.widgets.page_header import PageHeader
from ebm_studio.app.widgets.splitter import splitter
from ebm_studio.app.widgets.timeline import Timeline, act_playback
from ebm_studio.core.durations import duration
from ebm_studio.data.exports.recipe import ReconstructionRecipe
from ebm_studio.data.models.card import is_model_file
from ebm_studio.data.pictures.pictures import READ_SUFFIXES, is_picture
from ebm_studio.engine.jobs.exports import Opened, OpenedPhotos
from ebm_studio.engine.requests import Fault

PHOTOS = f"Photos ({' '.join(f'*{suffix}' for suffix in sorted(READ_SUFFIXES))});;All files (*)"
SPLIT_STEP = 0.05


class ReconstructHeader(PageHeader):
    """Model, what is shown, where photos come from, and the start."""

    def __init__(self, theme: Theme, state: ReconstructState, page: ReconstructPage) -> None:
        super().__init__()
        self._state = state
        self.model = ModelChooser(theme, state.open)
        self.view = Choice(
            [
                ("crop", "Crop", "Choose the square of the photo that the model sees."),
                ("mask", "Mask", "Paint over the parts to fill in."),
                ("split", "Split", "Photo and reconstruction under a split slider."),
                ("difference", "Difference", "How far the reconstruction is from the photo."),
            ],
            "View",
        )
        self.view.setMinimumWidth(33 * UNIT)
        self.view.setMaximumWidth(42 * UNIT)
        self.view.chosen.connect(state.set_view)
        self.open = button(theme, "open", "Open photos", "Choose photos (Ctrl+O).", page.choose_files)
        self.paste = button(theme, "paste", "Paste", "Paste the picture from the clipboard (Ctrl+V).", page.paste)
        self.start = QPushButton("Reconstruct")
        self.start.setObjectName("primary")
        self.start.setFixedWidth(15 * UNIT)
        self.start.clicked.connect(page.start_or_cancel)
        row = QHBoxLayout(self)
        row.setContentsMargins(UNIT, 0, 2 * UNIT, 0)
        row.setSpacing(UNIT // 2)
        row.addWidget(self.model)
        row.addStretch(1)
        row.addWidget(self.view, 4)
        row.addStretch(1)
        for widget in (self.open, self.paste):
            row.addWidget(widget)
        row.addSpacing(UNIT)
        row.addWidget(self.start)
        for signal in (state.view_changed, state.photos_changed, state.search_changed, state.settings_changed):
            signal.connect(self._show)
        state.open.model_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        state = self._state
        has_photos = bool(state.photos)
        self.view.set_value(state.view)
        self.view.setVisible(has_photos)
        self.start.setVisible(has_photos)
        self.start.setText("Cancel" if state.searching else "Reconstruct")
        name = "plain" if state.searching else "primary"
        if name != self.start.objectName():
            self.start.setObjectName(name)
            self.start.style().polish(self.start)
        self.start.setEnabled(state.ready or state.searching)
        self.start.setToolTip(self._tip())

    def _tip(self) -> str:
        state = self._state
        if state.searching:
            return "Stop, and keep the best so far (Esc)."
        count = len(state.missing)
        if not count:
            return "Every photo has a reconstruction with this model and these settings."
        what = "the photo that has" if count == 1 else f"the {count} photos that have"
        model, pace = state.model, state.open.link.pace
        seconds = expected_seconds(state.missing, model, state.settings, pace) if model is not None else None
        late = f" It takes up to {duration(seconds)}." if seconds is not None else ""
        return f"Search for {what} no finished reconstruction with this model and these settings.{late}"


class ReconstructPage(Page):
    """Photos at the left, the one that is looked at in the middle, inspector on the right, timeline below."""

    key = "reconstruct"
    title = "Reconstruct"
    tip = "Reconstruct: the start noise whose chain ends at a photo."
    controls = (("on the crop", crop_view.HELP),)
    wishes = (FindPhotos,)
    restores = (ReconstructionRecipe,)

    def __init__(self, studio: Studio, theme: Theme) -> None:
        super().__init__(studio, theme)
        self.state = state = ReconstructState(studio.open, studio.shelf, self)
        self._photos = Drawer(studio.session.folder / "photos")
        self.header = ReconstructHeader(theme, state, self)
        self.banner = Banner(theme, state)
        self.list = PhotoList(theme, state)
        self.absent = AbsentList(state.absent)
        self.welcome = Welcome(theme, state, self.choose_files, self.paste)
        self.crop_view = CropView(theme, state)
        self.mask_view = MaskView(theme, state)
        self.compare_view = CompareView(theme, state)
        self.timeline = Timeline(theme, state)
        self.inspector = ReconstructInspector(theme, state)
        self.long = LongRunBar(theme, state.long, lambda: self.inspector.search.iterations.field)
        self.inspector.morph.morph.done.connect(self._play_path)
        self.inspector.send.save.clicked.connect(self.choose_folder)
        self._is_plotted = False
        self._lay_out()
        self._add_actions()
        state.photos_changed.connect(self._show)
        state.view_changed.connect(self._show)
        state.follow(studio.preferences)
        app = QGuiApplication.instance()
        assert isinstance(app, QGuiApplication)
        app.applicationStateChanged.connect(self._look_again)
        self._show()

    def _lay_out(self) -> None:
        self.stage = self.views = QStackedWidget()
        self.views.setMinimumSize(320, 160)
        for widget in (self.welcome, self.crop_view, self.mask_view, self.compare_view):
            self.views.addWidget(widget)
        middle = QWidget()
        row = QHBoxLayout(middle)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        photos = QVBoxLayout()
        photos.setSpacing(0)
        photos.addWidget(self.list, 1)
        photos.addWidget(self.absent, 0, Qt.AlignmentFlag.AlignBottom)
        row.addLayout(photos)
        row.addWidget(self.views, 1)
        top = QWidget()
        column = QVBoxLayout(top)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        self.long.lie_over(self.views)
        self.banner.lie_over(self.views)
        column.addWidget(middle, 1)
        left = splitter(Qt.Orientation.Vertical, top, self.timeline, (600, 20 * UNIT))
        whole = splitter(Qt.Orientation.Horizontal, left, self.inspector, (960, 36 * UNIT))
        outer = QHBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(whole)
        self.splitters = {"left": left, "whole": whole}

    def _add_actions(self) -> None:
        state = self.state
        act(self, "Fold or unfold the plots", self.timeline.fold_plots, Qt.Key.Key_P)
        act(self, "Open photos…", self.choose_files, "Ctrl+O")
        act(self, "Paste a picture", self.paste, "Ctrl+V")
        act(self, "Open the sample photos", lambda: state.open_files(sample_photos()))
        act(self, "Reconstruct", lambda: state.start(), Qt.Key.Key_Return, Qt.Key.Key_Enter)
        act(self, "Reconstruct only this photo", lambda: state.start(state.current), "Shift+Return")
        act(self, "Continue the search for this photo", state.continue_search)
        act(self, "Cancel, and keep the best so far", state.cancel, Qt.Key.Key_Escape)
        act(self, "Remove the photo", self._remove, Qt.Key.Key_Delete, Qt.Key.Key_Backspace)
        act(self, "Remove all photos", state.clear)
        act(self, "Delete the reconstruction", self._delete_result, "Shift+Delete")
        act(self, "Rotate the photo by 90°", state.turn, Qt.Key.Key_T)
        act(self, "Centre the crop", state.centre, Qt.Key.Key_C)
        act(self, "Smaller brush", lambda: state.set_brush(state.brush - 1), "[")
        act(self, "Larger brush", lambda: state.set_brush(state.brush + 1), "]")
        act(self, "Brush or eraser", lambda: state.set_brush(erases=not state.erases), Qt.Key.Key_E)
        act(self, "Clear the mask", state.clear_mask)
        for number, view in enumerate(VIEWS, 1):
            act(self, f"Show the {view}", partial(state.set_view, view), str(number))
        act(self, "Split to the left", lambda: self._move_split(-SPLIT_STEP), "Shift+Left")
        act(self, "Split to the right", lambda: self._move_split(SPLIT_STEP), "Shift+Right")
        act_playback(self, state.playback)
        act(self, "Keep z on the shelf", state.keep, Qt.Key.Key_K)
        act(self, "Use z as A", lambda: state.use_as("A"), Qt.Key.Key_A)
        act(self, "Use z as B", lambda: state.use_as("B"), Qt.Key.Key_B)
        act(self, "Save pictures, latents and report…", self.choose_folder, "Ctrl+Shift+S")

    def openers(self) -> tuple[Opener, ...]:
        return (Opener(self._takes, self.state.open_files, "Reconstruct the photos", self.key),)

    def captions(self) -> tuple[Caption, ...]:
        search = (
            "A photo, and the start noise z whose short run ends there. The search runs the chain again and again, and "
            "corrects z by what is still missing."
        )
        modes = (
            "Closest match lets z take any values, and fits best. Within noise range keeps z where p₀ could have drawn "
            "it. Noise-like also keeps it looking like noise."
        )
        return (
            Caption(self.views, search, ("z", "M", "L")),
            Caption(self.inspector, modes, ("support", "z")),
        )

    def tour_stops(self) -> tuple[Stop, ...]:
        photo = "Drop a photo here, or take one of the samples. The model has never seen it."
        z = (
            "The search looks for the start noise z whose short run ends at the photo. If the chain forgot z, there "
            "would be nothing to find."
        )
        return (
            Stop(5, "Your photo", photo, self._open_sample),
            Stop(6, "The start noise z", z, lambda: self.state.start()),
        )

    def _open_sample(self) -> None:
        if not self.state.photos:
            self.state.open_files(sample_photos()[:1])

    def restore_recipe(self, opened: Opened) -> None:
        assert isinstance(opened, OpenedPhotos)
        self.state.restore(opened)

    def session_parts(self) -> tuple[Part, ...]:
        return (session_part(self.state, self._photos),)

    def shut(self) -> None:
        self.state.close()

    def _takes(self, path: Path) -> bool:
        # While the page is shown it also takes what is no picture, and says so in its own words.
        return is_picture(path) or path.is_dir() or (self.isVisible() and not is_model_file(path))

    def choose_files(self) -> None:
        """Ask for photos and open them."""
        names, _ = QFileDialog.getOpenFileNames(self, "Open photos", "", PHOTOS)
        if names:
            self.state.open_files([Path(name) for name in names])

    def choose_folder(self) -> None:
        """Ask for a folder and save there."""
        if self.state.results:
            name = QFileDialog.getExistingDirectory(self, "Save pictures, latents and report in a folder")
            if name:
                self.state.save(Path(name))

    def paste(self) -> None:
        """Take files or a picture from the clipboard."""
        clipboard = QGuiApplication.clipboard()
        data: QMimeData | None = clipboard.mimeData()  # of an empty clipboard, on some systems, none
        if data and (files := local_files(data)):
            self.state.open_files(files)
        elif not (image := clipboard.image()).isNull():  # also of a pixmap, as *Copy as picture* puts there
            self.state.open_content(as_png(image), "pasted.png")
        else:
            self.state.show(Fault("There is no picture on the clipboard: copy one first."))

    def _play_path(self) -> None:
        """Show the path, unless somebody has gone to another page meanwhile: A and B are set all the same."""
        if self.isVisible():
            self.studio.wish(PlayPath())

    def start_or_cancel(self) -> None:
        """What the button does."""
        if self.state.searching:
            self.state.cancel()
        else:
            self.state.start()

    def exportables(self) -> list[Exportable]:
        return of_reconstructions(self.state)

    def focus_first(self) -> None:
        (self.views.currentWidget() or self).setFocus()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.state.absent.look_again()
        if not self._is_plotted:  # not before it is needed: the launch waits for nothing of this page
            self._is_plotted = True
            self.timeline.add_plots()
            self.inspector.result.add_plot()

    def _show(self) -> None:
        views: dict[View, QWidget] = {"crop": self.crop_view, "mask": self.mask_view}
        shown = views.get(self.state.view, self.compare_view) if self.state.photos else self.welcome
        before = self.views.currentWidget()
        self.views.setCurrentWidget(shown)
        if before is not None and before.hasFocus():
            shown.setFocus()
        self.list.setVisible(bool(self.state.photos))
        self.timeline.setVisible(shown is self.compare_view)

    def _look_again(self, state: Qt.ApplicationState) -> None:
        if state == Qt.ApplicationState.ApplicationActive:  # perhaps back from plugging a stick in
            self.state.absent.look_again()

    def _remove(self) -> None:
        if self.state.current is not None:
            self.state.remove(self.state.current)

    def _delete_result(self) -> None:
        if self.state.current is not None:
            self.state.delete_result(self.state.current)

    def _move_split(self, by: float) -> None:
        self.compare_view.move_split(self.compare_view.split + by)
