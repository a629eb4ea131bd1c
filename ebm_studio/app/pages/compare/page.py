"""The Compare page: two models, or two settings, from the same start noise under one playhead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QComboBox, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from ebm_studio.app.look.painting import guarded
from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.compare.exports import of_comparison
from ebm_studio.app.pages.compare.state import CompareState, Side
from ebm_studio.app.pages.page import Page
from ebm_studio.app.studio.exportable import Exportable
from ebm_studio.app.studio.parameters import NOISE_SCALE, STEP_SIZE, STEPS
from ebm_studio.app.studio.session import Part
from ebm_studio.app.studio.studio import Studio
from ebm_studio.app.studio.wishes import CompareModel
from ebm_studio.app.widgets.actions import act
from ebm_studio.app.widgets.banner import Banner
from ebm_studio.app.widgets.captions import Caption
from ebm_studio.app.widgets.chains_fields import ChainsFields
from ebm_studio.app.widgets.fields import Choice, button, label, number_field
from ebm_studio.app.widgets.images import to_image
from ebm_studio.app.widgets.long_run_bar import LongRunBar
from ebm_studio.app.widgets.model_chooser import ModelChooser
from ebm_studio.app.widgets.names import NameLabel
from ebm_studio.app.widgets.page_header import PageHeader
from ebm_studio.app.widgets.pixel_snapping import draw_picture
from ebm_studio.app.widgets.splitter import splitter
from ebm_studio.app.widgets.timeline import Timeline, act_playback
from ebm_studio.app.widgets.viewport import grid_tiles
from ebm_studio.app.widgets.waiting import paint_waiting, progress_text
from ebm_studio.data.exports.recipe import ComparisonRecipe

if TYPE_CHECKING:
    from ebm_studio.engine.jobs.exports import Opened

HIGH = 9 * UNIT
"""Of a side's controls in two rows."""
TWO_ROWS, ONE_ROW = 48 * UNIT, 72 * UNIT
"""How wide a side's controls are at least, and when they stand in one row, with a long name of a model."""
DIFFERENCE_TIP = "the root mean square difference of the pictures of both sides at this step, in [−1, 1]."
NUMBERS = (STEPS, STEP_SIZE, NOISE_SCALE)
"""What each side has of its own."""


class Pane(QWidget):
    """The chains of one side. A chain that is pointed at or chosen is framed on both sides."""

    def __init__(self, theme: Theme, state: CompareState, side: Side) -> None:
        super().__init__()
        self.setObjectName("canvas")
        self.setAccessibleName(f"{side.name} chains")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 120)
        self.setToolTip("Click a chain to select it on both sides and draw its curves.")
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._theme = theme
        self._state = state
        self._side = side
        self._images: list[QImage] = []
        for signal in (state.pair_changed, state.playback.position_changed, state.view_changed):
            signal.connect(self._load)
        state.link.progress_changed.connect(self._show_waiting)
        for signal in (state.selection_changed, theme.changed, side.model_changed, state.parameters_changed):
            signal.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(480, 480)

    def _load(self) -> None:
        pixels = self._state.pixels(self._side)
        self._images = [] if pixels is None else [to_image(chain) for chain in pixels]
        self.update()

    def _show_waiting(self) -> None:
        if not self._images:
            self.update()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._theme.tokens.canvas))
        tiles = self.tiles()
        if not self._images:
            for tile in tiles:
                painter.fillRect(tile, QColor(self._theme.tokens.surface))
            progress = self._state.link.progress
            text = progress_text(progress) if progress else "No chains yet."
            paint_waiting(painter, self.rect(), self._theme, text)
            return
        for image, tile in zip(self._images, tiles, strict=True):
            draw_picture(painter, tile, image)
        chosen = self._state.selected
        if chosen is not None and chosen < len(tiles):
            painter.setPen(QPen(QColor(self._theme.tokens.accent), 2))
            painter.drawRect(tiles[chosen].adjusted(-2, -2, 2, 2))

    def tiles(self) -> list[QRectF]:
        """Where each chain's picture is."""
        if self._images:
            width, height, count = self._images[0].width(), self._images[0].height(), len(self._images)
        else:
            shape = self._side.model.card.net.shape if self._side.model else (1, 32, 32)
            width, height, count = shape[2], shape[1], self._state.parameters.count
        return grid_tiles(self, count, width, height)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._images:
            chain = self._chain_at(event.position())
            self._state.select(None if chain == self._state.selected else chain)
        super().mousePressEvent(event)

    def _chain_at(self, point: QPointF) -> int | None:
        return next((i for i, tile in enumerate(self.tiles()) if tile.contains(point)), None)


class SideHeader(QWidget):
    """Model and short run of one side."""

    def __init__(self, theme: Theme, state: CompareState, side: Side) -> None:
        super().__init__()
        self.setObjectName("header")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._state = state
        self._side = side
        name = side.name
        self.model = ModelChooser(theme, side)
        self.model.setAccessibleName(f"{name} model")
        self._numbers = {number: number_field(number, f"{name} {number.label}") for number in NUMBERS}
        self.steps, self.step_size, self.noise_scale = self._numbers.values()
        self.start = QComboBox()
        self.start.setAccessibleName(f"{name} start distribution")
        self.start.setToolTip("p₀, the distribution of the start noise z: uniform on [−1, 1], or standard normal.")
        self.start.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.start.setMinimumContentsLength(6)
        for value in ("uniform", "gaussian"):
            self.start.addItem(value.capitalize(), value)
        self.reset = button(theme, "reset", f"Reset {name.lower()}", "Reset to the model's own short run.", side.reset)
        for number, field in self._numbers.items():
            field.valueChanged.connect(lambda value, name=number.name: side.change(**{name: value}))
        self.start.activated.connect(lambda _: side.change(start=self.start.currentData()))
        self._lay_out()
        side.run_changed.connect(self._show)
        self._show()

    def _lay_out(self) -> None:
        self._rows = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._rows.setContentsMargins(2 * UNIT, 0, UNIT, 0)
        self._rows.setSpacing(UNIT // 2)
        who, row = QHBoxLayout(), QHBoxLayout()
        who.addWidget(label(self._side.name, "left" if self._side.is_left else "right"))
        who.addWidget(self.model)
        who.addStretch(1)
        self._rows.addLayout(who, 1)
        self._rows.addLayout(row)
        row.setSpacing(UNIT // 4)
        for number, field in self._numbers.items():
            field.setFixedWidth((5 if number is STEPS else 6) * UNIT + UNIT // 2)
            row.addWidget(label(number.symbol, "muted"))
            row.addWidget(field)
            row.addSpacing(UNIT // 2)
        row.addWidget(self.start)
        row.addStretch(1)
        row.addWidget(self.reset)
        self.setMinimumWidth(TWO_ROWS)
        self.setFixedHeight(6 * UNIT)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        fits = self.width() >= ONE_ROW
        self._rows.setDirection(QBoxLayout.Direction.LeftToRight if fits else QBoxLayout.Direction.TopToBottom)
        self.setFixedHeight(6 * UNIT if fits else HIGH)

    def _show(self) -> None:
        run = self._side.run
        for number, field in self._numbers.items():
            field.blockSignals(True)
            field.setValue(getattr(run, number.name))
            field.blockSignals(False)
        self.start.setCurrentIndex(self.start.findData(run.start))
        self.reset.setEnabled(self._side.model is not None and run != self._side.model.card.short_run)


class Common(PageHeader):
    """Above both sides: what they share, and how far apart they are."""

    def __init__(self, theme: Theme, state: CompareState) -> None:
        super().__init__()
        self._state = state
        self.difference = NameLabel("muted")
        self.difference.setElideMode(Qt.TextElideMode.ElideRight)
        self.difference.setAccessibleName("Difference")
        self.chains = ChainsFields(
            theme, state, "Chain i of a seed starts from the same noise z on both sides.",
            "N, the number of chains on each side.",
        )  # fmt: skip
        self.seed, self.count = self.chains.seed, self.chains.count
        self.swap = button(
            theme, "swap", "Swap left and right", "Left becomes right and right becomes left (X).", state.swap
        )
        self.view = Choice(
            [
                ("state", "As sampled", "x, the state of the chain."),
                ("mean", "Last noise removed", "x without the noise u of the last step."),
            ],
            "View",
        )
        self.view.chosen.connect(state.set_view)
        self._lay_out()
        state.view_changed.connect(self._show)
        for signal in (state.playback.position_changed, state.pair_changed, state.view_changed):
            signal.connect(self._show_difference)
        self._show()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * UNIT, 0, 2 * UNIT, 0)
        row.setSpacing(UNIT // 2)
        row.addWidget(self.difference)
        row.addStretch(1)
        row.addWidget(self.view)
        row.addSpacing(UNIT)
        row.addWidget(self.swap)
        row.addSpacing(UNIT)
        row.addWidget(self.chains)

    def _show(self) -> None:
        self.view.set_value(self._state.view)

    def _show_difference(self) -> None:
        difference = self._state.difference
        text = "" if difference is None else f"Difference  {difference:.3f}"
        if self._state.pair is not None and not self._state.same_noise:
            text += (
                "  ·  the start noise differs"
                if text
                else "The pictures differ in size, so their start noise differs too"
            )
        self.difference.setText(text)
        self.difference.setToolTip(f"{text}: {DIFFERENCE_TIP}" if difference is not None else text)


class PairTimeline(Timeline):
    """The timeline of both, with their curves over each other."""

    def __init__(self, theme: Theme, state: CompareState) -> None:
        self._sides = state
        super().__init__(theme, state)

    def make_plots(self) -> QWidget:
        """See `Timeline.make_plots`."""
        from ebm_studio.app.pages.compare.plots import PairPlots

        return PairPlots(self._theme, self._sides)


class ComparePage(Page):
    """Two canvases side by side over one timeline."""

    key = "compare"
    title = "Compare"
    tip = "Compare: two models or two settings from the same noise."
    wishes = (CompareModel,)
    restores = (ComparisonRecipe,)

    def __init__(self, studio: Studio, theme: Theme) -> None:
        super().__init__(studio, theme)
        self.state = state = CompareState(studio.open, self)
        self.common = Common(theme, state)
        self.headers = [SideHeader(theme, state, side) for side in state.sides]
        self.panes = [Pane(theme, state, side) for side in state.sides]
        self.timeline = PairTimeline(theme, state)
        self._has_plots = False
        top = QWidget()
        column = QVBoxLayout(top)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.common)
        self.stage = QWidget()
        self.long = LongRunBar(theme, state.long, lambda: self.headers[0].steps)
        for strip in (self.long, Banner(theme, state)):
            strip.lie_over(self.stage, HIGH)
        row = QHBoxLayout(self.stage)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(1)
        for header, pane in zip(self.headers, self.panes, strict=True):
            half = QVBoxLayout()
            half.setSpacing(0)
            half.addWidget(header)
            half.addWidget(pane, 1)
            row.addLayout(half, 1)
        column.addWidget(self.stage, 1)
        split = splitter(Qt.Orientation.Vertical, top, self.timeline, (600, 20 * UNIT))
        self.splitters = {"split": split}
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(split)
        self._add_actions()
        state.follow(studio.preferences)
        studio.open.model_changed.connect(self.ask)

    def _add_actions(self) -> None:
        state = self.state
        act_playback(self, state.playback)
        act(self, "Random seed", state.random_seed, Qt.Key.Key_R)
        act(self, "Swap left and right", state.swap, Qt.Key.Key_X)
        act(self, "Fold or unfold the plots", self.timeline.fold_plots, Qt.Key.Key_P)
        act(self, "Cancel", state.cancel, Qt.Key.Key_Escape)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._has_plots:
            self._has_plots = True
            self.timeline.add_plots()
        self.ask()

    def ask(self) -> None:
        """See that there is something to compare, while the page is shown."""
        if self.isVisible() and not self.state.open():
            self.receive(CompareModel())

    def receive(self, wish: object) -> None:
        """Put what the Generate page runs on the left, and beside it the same, or another model, on the right."""
        ready, set_there = self.studio.open.model, self.studio.open.parameters
        if isinstance(wish, CompareModel) and ready is not None:
            self.state.begin(ready, set_there.seed, set_there.run)
            if wish.name is not None and wish.name != ready.name:
                self.state.sides[1].open_model(wish.name)

    def captions(self) -> tuple[Caption, ...]:
        left = "A: chains from the same start noise as on the other side."
        right = "B: another model or another short run. What differs comes from that alone."
        return (Caption(self.panes[0], left, ("z",)), Caption(self.panes[1], right, ("E", "K")))

    def restore_recipe(self, opened: Opened) -> None:
        assert isinstance(opened.recipe, ComparisonRecipe)
        self.state.restore(opened.recipe, opened.models, opened.path.name)

    def models_in_use(self) -> list[str]:
        return [side.model.name for side in self.state.sides if side.model is not None]

    def session_parts(self) -> tuple[Part, ...]:
        state = self.state
        changes = (state.parameters_changed, state.view_changed, state.selection_changed)
        return (Part(self.key, state.to_dict, state.from_dict, changes),)

    def shut(self) -> None:
        self.state.close()

    def exportables(self) -> list[Exportable]:
        return of_comparison(self.state)

    def focus_first(self) -> None:
        self.panes[0].setFocus()
