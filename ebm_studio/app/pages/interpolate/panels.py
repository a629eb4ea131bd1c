"""The right column of the Interpolate page."""

from __future__ import annotations

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.interpolate.state import PathState
from ebm_studio.app.studio.parameters import Number
from ebm_studio.app.widgets.fields import Choice, Parameter, label
from ebm_studio.app.widgets.panels import Panel, PanelColumn, figure_line
from ebm_studio.app.widgets.short_run_panel import ShortRunPanel
from ebm_studio.core.specs import MAX_FRAMES, Interpolation

FRAMES = Number(
    name="frames",
    text="Frames",
    tip="The total number of frames, over all legs.",
    low=2,
    high=MAX_FRAMES,
    slider=(2, 129),
)
PATHS = [
    ("paper", "Paper", "z = ρ z₁ + √(1 − ρ²) z₂, as in the paper. It keeps the variance."),
    ("slerp", "Slerp", "The great circle through both latents."),
    ("linear", "Linear", "The straight line. The middle has less variance than the ends."),
]
ENDS = [
    ("open", "Open", "From the first stop to the last."),
    ("closed", "Loop", "Continue from the last stop to the first. Needs three stops."),
]
SPACINGS = [
    ("angle", "Angle", "Frames evenly spaced in the angle between the latents."),
    ("image", "Look", "Frames evenly spaced in how much the image changes. Takes several runs."),
    ("rho", "ρ", "Frames evenly spaced in ρ, as in the paper."),
]
NOISES = [
    ("own", "Blended", "Each stop's own noise of the steps, mixed like the start noise."),
    ("first", "Same for all", "The noise of the first stop for all frames."),
    ("off", "None", "Steps without noise."),
]


class PathPanel(Panel):
    """The kind of path, and how it is cut into frames."""

    def __init__(self, theme: Theme, state: PathState) -> None:
        super().__init__("Path")
        self._state = state
        self.path = Choice(PATHS, "Path")
        self.closed = Choice(ENDS, "Ends")
        self.spacing = Choice(SPACINGS, "Spacing")
        self.noise = Choice(NOISES, "Noise of the steps")
        self.frames = Parameter.of(theme, FRAMES)
        self.path.chosen.connect(lambda value: state.change(path=value))
        self.closed.chosen.connect(lambda value: state.change(closed=value == "closed"))
        self.spacing.chosen.connect(lambda value: state.change(spacing=value))
        self.noise.chosen.connect(lambda value: state.change(noise=value))
        self.frames.edited.connect(lambda value: state.change(frames=round(value)))
        for name, widget in (
            ("", self.path),
            ("", self.closed),
            ("Frame spacing: even in", self.spacing),
            ("Step noise", self.noise),
        ):
            if name:
                self.column.addWidget(label(name, "muted"))
            self.column.addWidget(widget)
        self.column.addWidget(self.frames)
        state.parameters_changed.connect(self._show)
        state.stops_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        spec = self._state.parameters.spec
        self.path.set_value(spec.path)
        self.closed.set_value("closed" if spec.closed else "open")
        self.closed.setEnabled(len(self._state.stops) > 2 or spec.closed)
        self.spacing.set_value(spec.spacing)
        self.noise.set_value(spec.noise)
        self.frames.set_value(spec.frames, Interpolation().frames)


class SmoothnessPanel(Panel):
    """How even the path is, as measured at the step that is shown."""

    def __init__(self, state: PathState) -> None:
        super().__init__("Smoothness")
        self._state = state
        self.unevenness = figure_line(
            self.column,
            "Unevenness (1 = even)",
            "The largest distance between neighbouring frames, divided by the mean. 1 = perfectly even.",
        )
        self.length = figure_line(self.column, "Length", "The sum of all distances between neighbouring frames.")
        self.energy = figure_line(self.column, "Energy E", "The energy of the picture shown.")
        for signal in (state.surface_changed, state.grew, state.moved):
            signal.connect(self._show)

    def _show(self) -> None:
        surface, energy = self._state.surface, self._state.energy()
        self.energy.setText("–" if energy is None else f"{energy:.2f}".replace("-", "−"))
        if surface is not None and surface.chain.rows:
            row = self._state.row
            self.unevenness.setText(f"{surface.unevenness(row):.2f}")
            self.length.setText(f"{surface.distances(row).sum():.2f}")


class PathInspector(PanelColumn):
    """The Interpolate page's panels."""

    def __init__(self, theme: Theme, state: PathState) -> None:
        super().__init__()
        self.setObjectName("inspector")
        self.setMinimumWidth(30 * UNIT)
        self.path = PathPanel(theme, state)
        self.smoothness = SmoothnessPanel(state)
        self.short_run = ShortRunPanel(theme, state)
        self.stack(self.path, self.smoothness, self.short_run)
