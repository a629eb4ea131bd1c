"""The right column of the Landscape page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QWidget,
)

from ebm_studio.app.look.theme import Theme
from ebm_studio.app.look.tokens import UNIT
from ebm_studio.app.pages.landscape.setup import PAST, READY
from ebm_studio.app.pages.landscape.state import LandscapeState
from ebm_studio.app.pages.landscape.views import Views
from ebm_studio.app.studio.parameters import NOISE_SCALE, STEP_SIZE, STEPS, Number
from ebm_studio.app.widgets.fields import Choice, Parameter, RealField, Scale, SeedField, WholeField, label
from ebm_studio.app.widgets.formatting import activation_choices, figure
from ebm_studio.app.widgets.panels import Panel, PanelColumn, figure_line
from ebm_studio.core.specs import FAMILIES, MAX_CHAINS, MAX_SEED
from ebm_studio.data.points.scene import Scene
from ebm_studio.data.points.shapes import SHAPES, FromShape
from ebm_studio.data.points.sources import POINT_FILES, TEXT

OWN = "own"


RUN = (
    STEPS,
    replace(STEP_SIZE, slider=(1e-5, 1.0)),  # small shapes need steep energies, and those need small steps
    replace(NOISE_SCALE, slider=(1e-3, 1.0)),
    Number(
        name="start_range", text="Range of p₀", low=0.01, high=100, slider=(0.1, 5), whole=False,
        tip="Half the side of the square that chains start in, or the standard deviation of a normal start.",
    ),
)  # fmt: skip
TRAINING = (
    Number(name="learning_rate", text="Learning rate", tip="Adam's learning rate.", low=1e-8, high=1,
           slider=(1e-5, 0.1), whole=False),
    Number(name="data_noise", text="Data noise", symbol="σ", low=0, high=2, slider=(1e-3, 0.5), whole=False, zero=True,
           tip="σ, the standard deviation of the noise on the data."),
    Number(name="chains", text="Chains per update", tip="Short runs in an update.", low=1, high=MAX_CHAINS,
           slider=(10, 2000)),
    Number(name="images", text="Points per update", tip="Data points in an update.", low=1, high=65536,
           slider=(10, 5000)),
)  # fmt: skip
NET = (Number(name="width", text="Width", tip="Units in a layer.", low=1, high=256, slider=(4, 256)),)


class Knobs:
    """The numbers of a part of the scene in a column; each can be reset to the scene's first value."""

    def __init__(
        self, theme: Theme, state: LandscapeState, panel: Panel, part: str, numbers: tuple[Number, ...]
    ) -> None:
        self._state = state
        self._part = part
        self.fields = {number.name: self._field(theme, number) for number in numbers}
        for field in self.fields.values():
            panel.column.addWidget(field)
        state.setup_changed.connect(self._show)
        self._show()

    def _field(self, theme: Theme, number: Number) -> Parameter:
        parameter = Parameter.of(theme, number, "scene")

        def change(value: float) -> None:
            new = round(value) if number.whole else float(value)
            self._state.change_part(self._part, f"{number.label} {new:g}", **{number.name: new})

        parameter.edited.connect(change)
        return parameter

    def _show(self) -> None:
        own, now = (getattr(scene, self._part) for scene in (Scene(), self._state.setup.scene))
        for name, field in self.fields.items():
            field.set_value(getattr(now, name), getattr(own, name))


class ScenesPanel(Panel):
    """Six ready-made scenes, each with what to look for."""

    def __init__(self, state: LandscapeState) -> None:
        super().__init__("Scenes")
        self.buttons = {}
        grid = QGridLayout()
        grid.setSpacing(UNIT // 2)
        self.column.addLayout(grid)
        for number, ready in enumerate(READY):
            choose = QPushButton(ready.name)
            choose.setToolTip(ready.text)
            choose.clicked.connect(lambda _=False, ready=ready: state.choose(ready))
            self.buttons[ready.name] = choose
            grid.addWidget(choose, number // 2, number % 2)
        self.text = label("Each scene sets everything, trains, and says here what to look for.", "muted")
        self.text.setWordWrap(True)
        self.column.addWidget(self.text)
        state.scene_chosen.connect(self.text.setText)


class DataPanel(Panel):
    """The source of the data, and the tools to draw it."""

    def __init__(self, state: LandscapeState, views: Views) -> None:
        super().__init__("Data")
        self._state = state
        self._views = views
        self.shape = QComboBox()
        self.shape.setAccessibleName("Data")
        self.shape.setToolTip("What the energy is trained on. A table of points or a picture can be dropped, too.")
        for name in SHAPES:
            self.shape.addItem(name.replace("-", " ").capitalize(), name)
        self.shape.activated.connect(lambda _: self._choose())
        self.text = QLineEdit()
        self.text.setPlaceholderText("or letters, as data")
        self.text.setAccessibleName("Letters as data")
        self.text.setMaxLength(24)
        self.text.setObjectName("text")
        self.text.setToolTip("Type letters and press Enter: their shape is the data.")
        self.text.returnPressed.connect(lambda: state.open_data(TEXT + self.text.text()))
        self.open = QPushButton("Open a file…")
        self.open.setToolTip("A .csv or .npy file of points, or a picture, whose darkness is the density.")
        self.open.clicked.connect(self._open)
        self.tool = Choice(
            [
                ("look", "Look", "Point at chains."),
                ("draw", "Draw", "Draw points on the energy with the mouse."),
                ("erase", "Erase", "Remove points with the mouse."),
            ],
            "Mouse",
        )
        self.tool.set_value("look")
        self.tool.chosen.connect(views.set_tool)
        self.clear = QPushButton("Clear")
        self.clear.setToolTip("Remove all points, and draw new ones.")
        self.clear.clicked.connect(self._clear)
        for widget in (self.shape, self.text, self.open, self.tool, self.clear):
            self.column.addWidget(widget)
        state.setup_changed.connect(self._show)
        self._show()

    def _choose(self) -> None:
        if self.shape.currentData() in SHAPES:
            self._state.set_data(SHAPES[self.shape.currentData()])

    def _open(self) -> None:
        kinds = " ".join(f"*{suffix}" for suffix in POINT_FILES)
        name, _ = QFileDialog.getOpenFileName(self, "Data", "", f"Points and pictures ({kinds} *.png *.jpg *.jpeg)")
        if name:
            self._state.read_points([Path(name)])

    def _clear(self) -> None:
        self.tool.set_value("draw")
        self._views.set_tool("draw")
        self._views.clear()

    def _show(self) -> None:
        data = self._state.setup.scene.data
        others = self.shape.findData(OWN)
        if others >= 0:
            self.shape.removeItem(others)
        if self.shape.findData(data.name) < 0 or not isinstance(data.origin, FromShape):
            self.shape.addItem(data.name, OWN)
            self.shape.setCurrentIndex(self.shape.findData(OWN))
        else:
            self.shape.setCurrentIndex(self.shape.findData(data.name))


class NetPanel(Panel):
    """The architecture of the network."""

    def __init__(self, theme: Theme, state: LandscapeState) -> None:
        super().__init__("Network")
        self._state = state
        self.knobs = Knobs(theme, state, self, "net", NET)
        self.layers = Choice(
            [(str(d), str(d), f"{d} hidden layers.") for d in FAMILIES["mlp"].depths or ()], "Hidden layers"
        )
        self.layers.chosen.connect(lambda depth: state.change_part("net", f"{depth} layers", depth=int(depth)))
        self.activation = QComboBox()
        self.activation.setAccessibleName("Activation")
        self.activation.setToolTip("The activation of every hidden layer.")
        for name, text, _ in activation_choices("mlp"):
            self.activation.addItem(text, name)
        self.activation.activated.connect(
            lambda _: state.change_part("net", self.activation.currentText(), activation=self.activation.currentData())
        )
        self.column.addWidget(_line("Hidden layers", self.layers))
        self.column.addWidget(_line("Activation", self.activation))
        note = label("A change of the network starts training over.", "small")
        note.setWordWrap(True)
        self.column.addWidget(note)
        state.setup_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        net = self._state.setup.scene.net
        self.layers.set_value(str(net.depth))
        self.activation.setCurrentIndex(self.activation.findData(net.activation))


class RunPanel(Panel):
    """The short run, and how many times K steps are shown."""

    def __init__(self, theme: Theme, state: LandscapeState) -> None:
        super().__init__("Short run")
        self._state = state
        self.past = Parameter(
            theme, "Run past K",
            RealField(*PAST, "Run past K", "Run this many times K steps: the chains leave the data for exp(−E / T)."),
            Scale(1, PAST[1], ratio=True), "short run",
        )  # fmt: skip
        self.past.edited.connect(lambda value: state.change_shown(f"Run {value:.3g} K", past=float(value)))
        self.column.addWidget(self.past)
        self.knobs = Knobs(theme, state, self, "short_run", RUN)
        self.start = Choice(
            [
                ("uniform", "Uniform", "Chains start evenly in a square."),
                ("gaussian", "Gaussian", "Chains start from normal noise."),
            ],
            "Start noise",
        )
        self.start.chosen.connect(lambda start: state.change_part("short_run", f"Start {start}", start=start))
        self.column.addWidget(self.start)
        self.temperature = figure_line(
            self.column, "Temperature T", "T = τ² / 2s, at which the steps are Langevin dynamics on E / T."
        )
        state.setup_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        setup = self._state.setup
        self.past.set_value(setup.past, 1.0)
        self.start.set_value(setup.run.start)
        self.temperature.setText(figure(setup.run.temperature))


class TrainingPanel(Panel):
    """Training by Algorithm 1, or by the methods that it is compared with."""

    def __init__(self, theme: Theme, state: LandscapeState) -> None:
        super().__init__("Training")
        self._state = state
        self.knobs = Knobs(theme, state, self, "learning", TRAINING)
        self.column.addWidget(label("Chains start from", "muted"))
        self.chains_from = Choice(
            [
                ("noise", "Noise", "The short run of the paper."),
                ("data", "Data", "Contrastive divergence (CD): not the paper's way."),
                ("chains", "Chains", "Persistent chains (PCD) continue from where they ended: not the paper's way."),
            ],
            "Chains start from",
        )
        self.chains_from.chosen.connect(
            lambda where: state.change_part("learning", f"Chains from {where}", chains_from=where)
        )
        self.column.addWidget(self.chains_from)
        state.setup_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        self.chains_from.set_value(self._state.setup.scene.learning.chains_from)


class ViewPanel(Panel):
    """What is drawn on the energy."""

    def __init__(self, theme: Theme, state: LandscapeState, views: Views) -> None:
        super().__init__("View")
        self._state = state
        energy = views.energy
        self.boxes = {}
        for text, tip, name in (
            ("Data", "Some of the data, as dark dots.", "shows_data"),
            ("Chains", "The chains at the playhead.", "shows_chains"),
            ("Trails", "The last steps of each chain.", "shows_trails"),
            ("Arrows", "Downhill, against the energy's gradient.", "shows_arrows"),
        ):
            box = QCheckBox(text)
            box.setToolTip(tip)
            box.setChecked(getattr(energy, name))

            def show(on: bool, name: str = name) -> None:
                setattr(energy, name, on)
                energy.renew()

            box.toggled.connect(show)
            self.boxes[text] = box
            self.column.addWidget(box)
        self.count = Parameter(
            theme, "Chains shown", WholeField(1, MAX_CHAINS, "Chains shown", "How many chains are shown."),
            Scale(10, 2000, ratio=True), "page",
        )  # fmt: skip
        self.count.edited.connect(lambda value: state.change_shown(f"{round(value)} chains", count=round(value)))
        self.seed = SeedField(MAX_SEED, "Seed of the chains", "The same seed gives the same chains.")
        self.seed.edited.connect(lambda seed: state.change_shown(f"Seed {seed}", seed=seed))
        self.column.addWidget(self.count)
        self.column.addWidget(_line("Seed", self.seed))
        state.setup_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        self.count.set_value(self._state.setup.count, 500)
        self.seed.set_value(self._state.setup.seed)


class Inspector(PanelColumn):
    """All panels."""

    def __init__(self, theme: Theme, state: LandscapeState, views: Views) -> None:
        super().__init__()
        self.scenes = ScenesPanel(state)
        self.data = DataPanel(state, views)
        self.net = NetPanel(theme, state)
        self.run = RunPanel(theme, state)
        self.training = TrainingPanel(theme, state)
        self.view = ViewPanel(theme, state, views)
        self.stack(self.scenes, self.data, self.run, self.training, self.net, self.view)
        self.setMinimumWidth(30 * UNIT)


def _line(text: str, widget: QWidget) -> QWidget:
    line = QWidget()
    row = QHBoxLayout(line)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(label(text, "muted"))
    row.addStretch(1)
    row.addWidget(widget)
    return line
