"""The right column of the Reconstruct page."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.reconstruct.morph import Morph
from ebm_studio.app.pages.reconstruct.results import Floats
from ebm_studio.app.pages.reconstruct.state import ReconstructState
from ebm_studio.app.studio.shelf import SLOTS
from ebm_studio.app.widgets.fields import Choice, Parameter, RealField, Scale, SeedField, WholeField, button, label
from ebm_studio.app.widgets.formatting import figure
from ebm_studio.app.widgets.panels import Panel, PanelColumn, figure_line
from ebm_studio.core.durations import duration
from ebm_studio.core.specs import MAX_ITERATIONS, MAX_SEED, Mode, Reconstruction, ShortRun
from ebm_studio.engine.jobs.reconstruction import Saved

if TYPE_CHECKING:
    from ebm_studio.core.sampling.latent_statistics import Typicality

USUAL = Reconstruction()
SETTLED = 0.95
"""Of the least error halfway: a search that ends above has found what it can find."""
PLOT_HEIGHT = 12 * UNIT
ROUGHLY = "Roughly the photo. More iterations may bring it closer."
STUCK = "Roughly the photo, and no longer closer: it may not be a picture of this model's kind."
VERDICTS = (
    (30.0, "Very close to the photo."),
    (24.0, "Close to the photo; fine details differ."),
    (18.0, ROUGHLY),
    (-math.inf, "Far from the photo: it is not a picture of this model's kind."),
)
"""From so many dB on, PSNR against the photo as the model was shown it."""


class SearchPanel(Panel):
    """Where z may go, for how long, and when a photo is done."""

    def __init__(self, theme: Theme, state: ReconstructState) -> None:
        super().__init__("Find the start noise")
        self._state = state
        self.mode = Choice(
            [
                ("free", "Closest match", "No limit on z, as in the paper. Most accurate."),
                (
                    "support",
                    "Within noise range",
                    "z stays where p₀ can draw: mostly [−1, 1], for uniform noise.",
                ),
                ("typical", "Noise-like (best for morphs)", "z stays within the range and looks like noise."),
            ],
            "Mode",
            stacked=True,
        )
        self.mode.chosen.connect(lambda mode: state.set(mode=mode))
        self.iterations = Parameter(
            theme, "Iterations",
            WholeField(1, MAX_ITERATIONS, "Iterations", "Maximum short runs. More is slower but more accurate."),
            Scale(10, 1000, ratio=True),
        )  # fmt: skip
        self.tolerance = Parameter(
            theme, "Stop at error",
            RealField(
                0, 4, "Stop at error",
                "Stop below this error. To denoise a photo, enter its noise variance.",
            ),
            Scale(1e-6, 0.1, ratio=True, zero=True),
        )  # fmt: skip
        for parameter in (self.iterations, self.tolerance):
            parameter.reset.setToolTip("Reset to the default.")
        self.iterations.edited.connect(lambda value: state.set(iterations=round(value)))
        self.tolerance.edited.connect(lambda value: state.set(tolerance=float(value)))
        self.only = QPushButton("Only this photo")
        self.only.setToolTip("Search for the chosen photo alone (Shift+Enter).")
        self.only.clicked.connect(lambda: state.start(state.current))
        for widget in (self.mode, self.iterations, self.tolerance, self.only):
            self.column.addWidget(widget)
        for signal in (
            state.settings_changed, state.photos_changed, state.selection_changed, state.search_changed,
            state.open.model_changed,
        ):  # fmt: skip
            signal.connect(self._show)
        self._show()

    def _show(self) -> None:
        missing = self._state.missing
        self.only.setVisible(len(self._state.photos) > 1)
        self.only.setEnabled(self._state.current in missing and not self._state.searching)
        settings = self._state.settings
        self.mode.set_value(settings.mode)
        self.iterations.set_value(settings.iterations, USUAL.iterations)
        self.tolerance.set_value(settings.tolerance, USUAL.tolerance)


class MaskPanel(Panel):
    """The brush, and the noise that fills what it painted."""

    def __init__(self, theme: Theme, state: ReconstructState) -> None:
        super().__init__("Mask")
        self._state = state
        self.tool = Choice(
            [
                ("brush", "Brush", "Paint over the parts to fill in."),
                ("eraser", "Eraser", "Erase the mask where you paint."),
            ],
            "Tool",
        )
        self.tool.chosen.connect(lambda tool: state.set_brush(erases=tool == "eraser"))
        self.diameter = Parameter(
            theme, "Size",
            WholeField(1, 128, "Brush size", "The brush's diameter in pixels of the model ([ and ])."),
            Scale(1, 32),
        )  # fmt: skip
        self.diameter.edited.connect(lambda size: state.set_brush(round(size)))
        self.clear = QPushButton("Clear the mask")
        self.clear.setToolTip("Remove the whole mask.")
        self.clear.clicked.connect(state.clear_mask)
        self.seed = SeedField(MAX_SEED, "Seed of the fill", "A different seed gives a different fill.")
        self.seed.edited.connect(state.set_seed)
        self.random = button(
            theme, "dice", "Random seed", "Fill in differently (random seed).", lambda: state.set_seed()
        )
        row = QHBoxLayout()
        row.setSpacing(UNIT // 2)
        row.addWidget(label("Seed", "muted"), 1)
        row.addWidget(self.random)
        row.addWidget(self.seed)
        for widget in (self.tool, self.diameter):
            self.column.addWidget(widget)
        self.column.addLayout(row)
        self.column.addWidget(self.clear)
        for signal in (state.view_changed, state.brush_changed, state.settings_changed):
            signal.connect(self._show)
        for signal in (state.photos_changed, state.selection_changed):
            signal.connect(self._enable)
        self._show()
        self._enable()

    def _show(self) -> None:
        self.setVisible(self._state.view == "mask")
        self.tool.set_value("eraser" if self._state.erases else "brush")
        self.diameter.set_value(round(self._state.brush), None)
        self.seed.set_value(self._state.seed)

    def _enable(self) -> None:
        photo = self._state.current
        self.clear.setEnabled(photo is not None and photo.unknown is not None)


class ResultPanel(Panel):
    """How the search goes, and what it found for the photo that is looked at."""

    def __init__(self, theme: Theme, state: ReconstructState) -> None:
        super().__init__("Result")
        self._theme = theme
        self._state = state
        self.verdict = label("")
        self.verdict.setWordWrap(True)
        self.verdict.setAccessibleName("Verdict")
        self.column.addWidget(self.verdict)
        self.column.addWidget(label("Mean squared error", "small"))
        self._room = QWidget()  # kept for the plot
        self._room.setFixedHeight(PLOT_HEIGHT)
        self.column.addWidget(self._room)
        lines = QVBoxLayout()
        lines.setSpacing(UNIT // 2)
        self.iteration = figure_line(lines, "Iteration", "Short runs so far, the maximum, and the time left.")
        self.error = figure_line(lines, "Error", "Mean squared error per known pixel and channel, images in [−1, 1].")
        self.psnr = figure_line(
            lines, "PSNR", "Peak signal-to-noise ratio: 30 dB is good; 40 dB is hard to tell from the original."
        )
        self.ssim = figure_line(lines, "SSIM", "Structural similarity: 1 is the same picture.")
        self.column.addLayout(lines)
        self.more = QPushButton("Continue the search")
        self.more.clicked.connect(state.continue_search)
        self.column.addWidget(self.more)
        self.words = label("", "muted")
        self.words.setWordWrap(True)
        self.words.setAccessibleName("Typicality")
        self.column.addWidget(self.words)
        for signal in (state.search_changed, state.selection_changed, state.photos_changed, state.settings_changed):
            signal.connect(self._show)
        self._show()

    def add_plot(self) -> None:
        """Load pyqtgraph and put the curve in its place."""
        from ebm_studio.app.pages.reconstruct.error_plot import ErrorPlot

        self.plot = ErrorPlot(self._theme, self._state)
        self.plot.setFixedHeight(PLOT_HEIGHT)
        self.column.replaceWidget(self._room, self.plot)
        self._room.deleteLater()

    def _show(self) -> None:
        state, photo = self._state, self._state.current
        course = state.course_of(photo) if photo is not None else None
        self.setVisible(bool(state.courses) or state.searching)
        outcome, progress = state.outcome, state.open.link.progress
        is_live = photo is not None and state.searching and state.live(photo) is not None
        left = progress.seconds_left if progress is not None and is_live else None
        late = "" if left is None else f", {duration(left)} left"
        done = course is not None and len(course.least) > 0
        self.iteration.setText(f"{len(course.least)} / {course.iterations}{late}" if course is not None else "–")
        self.error.setText(figure(float(course.least[-1])) if course is not None and done else "–")
        for line, value in ((self.psnr, "{0.psnr:.1f} dB"), (self.ssim, "{0.ssim:.3f}")):
            line.setText(value.format(outcome.result) if outcome else "–")
        for text in (self.more, self.words):
            text.setVisible(outcome is not None)
        self.verdict.setVisible(outcome is not None or is_live)
        self.verdict.setText("Searching…" if outcome is None else verdict(outcome.result.psnr, outcome.least))
        self.more.setEnabled(state.can_continue)
        self.more.setToolTip(
            f"Up to {state.settings.iterations} more iterations for this photo, from the z that was found. "
            "The result changes only if it gets closer."
        )
        if outcome is not None:
            settings, result = outcome.key.settings, outcome.result
            mode = settings.mode if settings is not None else None
            self.words.setText(in_words(result.typicality, result.latent.short_run, mode))


class MorphPanel(Panel):
    """Seen while there are two photos: the way from them to a film."""

    def __init__(self, state: ReconstructState) -> None:
        super().__init__("Two photos")
        self._state = state
        self.morph = Morph(state, self)
        self.start = QPushButton("Morph these two photos")
        self.start.setObjectName("primary")
        self.start.setToolTip("Find noise-like start noise for both, then play the path between them.")
        self.start.clicked.connect(self.morph.start)
        self.then = label("When both are found, the path between them plays.", "muted")
        self.then.setWordWrap(True)
        for widget in (self.start, self.then):
            self.column.addWidget(widget)
        for signal in (state.photos_changed, state.search_changed, state.open.model_changed):
            signal.connect(self._show)
        self._show()

    def _show(self) -> None:
        self.setVisible(len(self._state.photos) == len(SLOTS))
        self.start.setEnabled(self.morph.ready)
        self.then.setVisible(self.morph.under_way)


class SendPanel(Panel):
    """Where the found latents go."""

    def __init__(self, state: ReconstructState) -> None:
        super().__init__("Send z to")
        self._state = state
        self.keep = _push("Shelf", "Keep z on the shelf (K).", lambda: state.keep())
        self.a = _push("A", "Use z as A (A).", lambda: state.use_as("A"))
        self.b = _push("B", "Use z as B (B).", lambda: state.use_as("B"))
        row = QHBoxLayout()
        row.setSpacing(UNIT // 2)
        self.save = _push("Save all…", "Write the pictures, the latents and a report to a folder (Ctrl+Shift+S).")
        for widget, stretch in ((self.keep, 3), (self.a, 2), (self.b, 2), (self.save, 4)):
            row.addWidget(widget, stretch)
        self.column.addLayout(row)
        self.saved = label("", "small")
        self.saved.setWordWrap(True)
        self.saved.setAccessibleName("Saved")
        self.saved.hide()
        self.column.addWidget(self.saved)
        state.saved.connect(self._tell)
        for signal in (state.search_changed, state.selection_changed, state.photos_changed):
            signal.connect(self._show)
        self._show()

    def _show(self) -> None:
        self.setVisible(bool(self._state.results))
        if not self._state.results:
            self.saved.hide()
        for widget in (self.keep, self.a, self.b):
            widget.setEnabled(self._state.outcome is not None)

    def _tell(self, saved: Saved) -> None:
        self.saved.setText(f"Saved to {saved.folder}.")
        self.saved.show()


def _push(text: str, tip: str, do: Callable[[], object] | None = None) -> QPushButton:
    widget = QPushButton(text)
    widget.setObjectName("send")
    widget.setToolTip(tip)
    if do is not None:
        widget.clicked.connect(lambda: do())
    return widget


def in_words(typical: Typicality, run: ShortRun, mode: Mode | None) -> str:
    """How far a latent is from being noise of p0, in a sentence or two; `mode` is that of the search, if known."""
    edge = 1.0 if run.start == "uniform" else 5.0
    strange = []
    if typical.range > 1.001 * edge:
        strange.append(f"values to ±{run.start_range * typical.range:.1f} instead of ±{run.start_range * edge:.2g}")
    if not 0.75 < typical.variance < 1.33:
        strange.append(f"{typical.variance:.2g} times the variance")
    if abs(typical.correlation) > 0.1:
        strange.append("similar neighbouring pixels")
    if typical.flatness < 0.85:
        strange.append("visible edges of the photo")
    if not strange:
        return "This is ordinary noise: the model could well have drawn it. Good for morphs."
    more = "" if mode == "typical" else " Try Noise-like."
    return f"This is not ordinary noise ({', '.join(strange)}), so morphs will look like cross-fades.{more}"


def verdict(psnr: float, least: Floats) -> str:
    """How close a reconstruction is, in a sentence; `psnr` in dB, `least` (n,) the least error up to each iteration."""
    words = next(words for bound, words in VERDICTS if psnr >= bound)
    has_settled = len(least) > 1 and least[-1] > SETTLED * least[len(least) // 2]
    return STUCK if words == ROUGHLY and has_settled else words


class ReconstructInspector(PanelColumn):
    """The Reconstruct page's panels."""

    def __init__(self, theme: Theme, state: ReconstructState) -> None:
        super().__init__()
        self.setObjectName("inspector")
        self.setMinimumWidth(30 * UNIT)
        self.morph = MorphPanel(state)
        self.search = SearchPanel(theme, state)
        self.brush = MaskPanel(theme, state)
        self.result = ResultPanel(theme, state)
        self.send = SendPanel(state)
        self.stack(self.morph, self.search, self.brush, self.result, self.send)
