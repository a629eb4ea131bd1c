"""Under the filmstrip: the way along the path and the way along the chain, and the curves."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QVBoxLayout

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.interpolate.film_playback import RATES
from ebm_studio.app.pages.interpolate.state import PathState
from ebm_studio.app.widgets.fields import RealField, WholeField, label
from ebm_studio.app.widgets.scrub_bar import ScrubBar
from ebm_studio.app.widgets.timeline import ContinueButton, OverPlots
from ebm_studio.app.widgets.transport import Key, Transport
from ebm_studio.core.specs import MAX_FRAMES
from ebm_studio.data.exports.frames import letter

FINE = 500  # places of the slider a leg


class PathTimeline(OverPlots):
    """Drives the position and the step, and shows where they are."""

    bar_height = 14 * UNIT
    least_height = 16 * UNIT

    def __init__(self, theme: Theme, state: PathState) -> None:
        super().__init__()
        self.setObjectName("timeline")
        self._theme = theme
        self._state = state
        keys = (
            Key("First frame", "To the first stop (Home).", lambda: state.go_frame(0)),
            Key("Previous frame", "One frame back (←).", lambda: state.go_frame(state.frame - 1)),
            Key("Play", "Play or pause (Space).", state.toggle),
            Key("Next frame", "One frame forward (→).", lambda: state.go_frame(state.frame + 1)),
            Key("Last frame", "To the last stop (End).", lambda: state.go_frame(MAX_FRAMES)),
        )
        self.transport = Transport(theme, state.playback, keys, ("Loop.", "Loop forward and back."))
        self.along = ScrubBar(theme)
        self.along.setAccessibleName("Position on the path")
        self.along.setToolTip("The position on the path. Positions between two frames are computed at once.")
        self.along.valueChanged.connect(lambda value: state.go(value / FINE))
        self.leg = label("", "muted")
        self.rho = RealField(0, 1, "ρ", "ρ: 1 at the leg's first stop, 0 at its second. Type one to go there.")
        self.rho.setFixedWidth(9 * UNIT)
        self.rho.valueChanged.connect(state.go_rho)
        self.step = ScrubBar(theme)
        self.step.setAccessibleName("Step of the chains")
        self.step.valueChanged.connect(state.go_step)
        self.at_step = WholeField(0, 0, "Step", "The step shown, for all chains; type one to go there.")
        self.at_step.setFixedWidth(9 * UNIT)
        self.at_step.valueChanged.connect(state.go_step)
        self.go_on = ContinueButton(self.step, state.run)
        self.rate = self._rates()
        self._lay_out()
        state.surface_changed.connect(self._load)
        state.stops_changed.connect(self._load)
        state.parameters_changed.connect(self._load)
        state.view_changed.connect(self._load)
        state.grew.connect(self._move)
        state.moved.connect(self._move)
        self._load()

    def _rates(self) -> QComboBox:
        playback, box = self._state.playback, QComboBox()
        box.setToolTip("Frames per second.")
        box.setAccessibleName("Frames per second")
        for rate in RATES:
            box.addItem(f"{rate} fps", rate)
        box.setCurrentIndex(RATES.index(playback.fps))
        box.currentIndexChanged.connect(lambda index: setattr(playback, "fps", RATES[index]))
        return box

    def _lay_out(self) -> None:
        bar = QHBoxLayout()
        bar.setSpacing(UNIT // 2)
        bar.addWidget(self.transport)
        bar.addStretch(1)
        bar.addWidget(self.go_on)
        bar.addWidget(self.rate)
        ways = QGridLayout()
        ways.setHorizontalSpacing(UNIT)
        ways.setVerticalSpacing(UNIT // 2)
        for line, (name, scrub, field, more) in enumerate(
            (("ρ", self.along, self.rho, self.leg), ("Step", self.step, self.at_step, label("", "muted")))
        ):
            ways.addWidget(label(name, "muted"), line, 0)
            ways.addWidget(scrub, line, 1)
            ways.addWidget(field, line, 2)
            ways.addWidget(more, line, 3)
        self.leg.setFixedWidth(6 * UNIT)
        ways.setColumnStretch(1, 1)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(UNIT, UNIT, 2 * UNIT, UNIT)
        self._column.setSpacing(UNIT // 2)
        self._column.addLayout(bar)
        inset = QHBoxLayout()
        inset.setContentsMargins(UNIT, 0, 0, 0)
        inset.addLayout(ways)
        self._column.addLayout(inset)
        self.keep_room()

    def add_plots(self) -> None:
        """Load pyqtgraph and put the curves in their place."""
        from ebm_studio.app.pages.interpolate.plots import PathPlots

        self.put_plots(PathPlots(self._theme, self._state))

    def _load(self) -> None:
        state = self._state
        steps = state.surface.chain.run.steps if state.surface else state.parameters.run.steps
        is_path = state.surface is not None and state.view != "pad"
        for control in (*self.transport.ways, self.along, self.rho):
            control.setEnabled(is_path)
        for along_chain in (self.step, self.at_step):
            along_chain.setEnabled(state.surface is not None)
        for widget, most in ((self.along, state.legs * FINE), (self.step, steps), (self.at_step, steps)):
            with QSignalBlocker(widget):
                widget.setRange(0, most)
        self.along.set_filled(state.legs * FINE)
        self._move()

    def _move(self) -> None:
        state = self._state
        steps = self.step.maximum()
        filled = state.surface.chain.newest if state.surface else 0
        self.step.set_filled(filled)
        self.go_on.watch(state.surface.chain if state.surface else None)
        step = steps if state.step is None else state.step
        for widget, value in ((self.along, round(state.position * FINE)), (self.step, step), (self.at_step, step)):
            with QSignalBlocker(widget):
                widget.setValue(value)
        with QSignalBlocker(self.rho):
            self.rho.setValue(round(state.rho, 3))
        leg = min(int(state.position), state.legs - 1)
        self.leg.setText(f"{letter(leg)} → {letter((leg + 1) % max(len(state.stops), 1))}")
