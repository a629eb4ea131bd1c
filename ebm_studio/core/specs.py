"""The settings of a network, a short run, training and the rest: plain, frozen, checked, free of torch.

The window and the command line build these before torch is loaded; a checkpoint contains them.
"""

from __future__ import annotations

import math
from dataclasses import Field, asdict, dataclass, fields, replace
from typing import Any, ClassVar, Literal, Self, get_args

from ebm_studio.core.checks import is_number, is_one_of, is_whole, require

Activation = Literal["leaky_relu", "silu", "gelu", "tanh", "softplus"]
ACTIVATIONS: dict[Activation, str] = {
    "leaky_relu": "LeakyReLU", "silu": "SiLU", "gelu": "GELU", "tanh": "tanh", "softplus": "softplus",
}  # fmt: skip
"""How each is written."""
Start = Literal["uniform", "gaussian"]
ChainsFrom = Literal["noise", "data", "chains"]
Features = Literal["lite0", "inception"]
Mode = Literal["free", "support", "typical"]

SIZES = (16, 32, 64, 128)
STEM = 8  # channels of a grown net's first layer for each one of a picture: four shifts, of either sign
MAX_STEPS = 100_000
PHOTO_STEP = 0.5  # of the step size, to find photos with: docs/reconstruction.md has the figures
MAX_CHAINS = 4096
MAX_IMAGES = 100_000
MAX_UPDATES = 10_000_000
MAX_SEED = 2**63 - 1
MAX_ITERATIONS = 10_000


def check_seed(seed: int) -> int:
    """The seed itself, if it is a whole number from 0 to 2**63 - 1; else `SettingsError`."""
    require(is_whole(seed, 0, MAX_SEED), f"The seed must be a whole number from 0 to {MAX_SEED}, not {seed}.")
    return seed


def check_count(count: int, most: int = MAX_CHAINS) -> int:
    """The number of chains itself, if it is from 1 to `most`; else `SettingsError`."""
    require(is_whole(count, 1, most), f"The number of chains must be from 1 to {most}, not {count}.")
    return count


class Spec:
    """To and from plain data, for cards and recipes."""

    __slots__ = ()
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    called: ClassVar[str] = "spec"

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain data, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: object) -> Self:
        """The spec that `to_dict` wrote. Raises `SettingsError` for unknown, missing or bad fields."""
        require(isinstance(data, dict), f"The {cls.called} is not a table of settings.")
        assert isinstance(data, dict)
        known = {f.name for f in fields(cls)}
        unknown = sorted(str(key) for key in data if key not in known)
        require(not unknown, f"The {cls.called} has settings that this program does not know: {', '.join(unknown)}.")
        return cls(**data)


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """What a kind of network accepts: everything that is known about it without torch. `core.energy.nets` has its
    class.
    """

    activations: tuple[Activation, ...]
    depths: range | None = None
    """The numbers of hidden layers to choose from; None where they follow from the size."""
    of_points: bool = False
    """Whether it takes points of the plane instead of pictures."""


FAMILIES = {
    "conv": Family(activations=("leaky_relu", "silu")),
    "mlp": Family(activations=get_args(Activation), depths=range(2, 5), of_points=True),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class NetSpec(Spec):
    """An energy net. The default family, `conv`, is the paper's (section 5 and the authors' code).

    A 3x3 convolution to `width` channels, then 4x4 convolutions of stride 2 that halve the picture
    and double the channels (up to 8 x width) until 4x4 is left, then one 4x4 convolution to the energy.
    The family `mlp` takes points of the plane through `depth` layers of `width` units; see `point_net`.
    """

    called: ClassVar[str] = "net"

    family: str = "conv"
    """A name in `FAMILIES`."""
    size: int = 32
    """Side of the picture in pixels: 16, 32, 64 or 128; 0 for points."""
    channels: int = 3
    """1 for grey pictures, 3 for colour; 2, the coordinates, for points."""
    width: int = 32
    """n_f, the channels of the first layer."""
    depth: int = 0
    """Hidden layers, in families that leave the choice; else 0."""
    activation: Activation = "leaky_relu"
    """LeakyReLU, as in the paper, or a smooth one."""
    leak: float = 0.2
    """The slope of LeakyReLU below 0; the paper's is 0.2. The others have none."""

    def __post_init__(self) -> None:
        known = f"The network must be one of {', '.join(FAMILIES)}, not {str(self.family)[:40]}."
        require(isinstance(self.family, str) and self.family in FAMILIES, known)
        family = FAMILIES[self.family]
        if family.of_points:
            is_plane = is_one_of(self.size, (0,)) and is_one_of(self.channels, (2,))
            require(is_plane, "A network of points has size 0 and 2 channels.")
        else:
            require(is_one_of(self.size, SIZES), f"The picture size must be one of {SIZES}, not {self.size}.")
            require(is_one_of(self.channels, (1, 3)), f"A picture must have 1 or 3 channels, not {self.channels}.")
        require(is_whole(self.width, 1, 512), f"The width n_f must be from 1 to 512, not {self.width}.")
        depths = family.depths or (0,)
        require(
            is_whole(self.depth, 0, 512) and self.depth in depths,
            f"The depth must be one of {', '.join(map(str, depths))}, not {self.depth}.",
        )
        known = f"The activation must be one of {', '.join(family.activations)}, not {self.activation}."
        require(self.activation in family.activations, known)
        require(is_number(self.leak, 0, 1), f"The leak of LeakyReLU must be from 0 to 1, not {self.leak}.")

    @property
    def is_leaky(self) -> bool:
        """Whether its activation is LeakyReLU, which has a leak and is piecewise linear."""
        return self.activation == "leaky_relu"

    @property
    def shape(self) -> tuple[int, ...]:
        """Of what the net takes: channels, height and width of a picture, or (2,) for a point."""
        return (self.channels, self.size, self.size) if self.size else (self.channels,)

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels after each hidden layer: the 3x3 layer, then one for each halving."""
        halvings = int(math.log2(self.size // 4))
        return tuple(self.width * min(2**i, 8) for i in range(halvings + 1))


def point_net(width: int = 64, depth: int = 3, activation: Activation = "silu") -> NetSpec:
    """The spec of an `mlp`, a net for points of the plane. Raises `SettingsError`."""
    return NetSpec(family="mlp", size=0, channels=2, width=width, depth=depth, activation=activation)


@dataclass(frozen=True, kw_only=True, slots=True)
class ShortRun(Spec):
    """A short Langevin run from noise: x <- x - step_size * dE/dx + noise_scale * u, K times (eq. 4).

    The defaults for step size and noise scale are those of the authors' code.
    """

    called: ClassVar[str] = "short run"
    steps: int = 50
    """K, the number of Langevin steps."""
    step_size: float = 1.0
    """The factor before the energy's gradient."""
    noise_scale: float = 0.01
    """The standard deviation of the noise that each step adds."""
    start: Start = "uniform"
    """p0, where a chain starts: uniform on [-1, 1], or standard normal."""
    start_range: float = 1.0
    """How wide p0 is: half the side of the uniform one, or the standard deviation of the normal one."""
    noise_steps: int | None = None
    """Only this many first steps add noise, so that the end of a chain settles; None for all steps."""
    settle: int = 0
    """So many last steps become ever shorter and add ever less noise, so that a chain comes to rest."""

    def __post_init__(self) -> None:
        known = f"K must be a whole number from 1 to {MAX_STEPS}, not {self.steps}."
        require(is_whole(self.steps, 1, MAX_STEPS), known)
        known = f"The step size must be from 0.000001 to 1000, not {self.step_size}."
        require(is_number(self.step_size, 1e-6, 1e3), known)
        require(is_number(self.noise_scale, 0, 10), f"The noise scale must be from 0 to 10, not {self.noise_scale}.")
        known = f"A chain must start from {_listed(get_args(Start))} noise, not {self.start}."
        require(self.start in get_args(Start), known)
        known = f"The scale of the start noise must be from 0.01 to 100, not {self.start_range}."
        require(is_number(self.start_range, 0.01, 100), known)
        noisy = self.steps if self.noise_steps is None else self.noise_steps
        for what, steps in (("with noise", noisy), ("to shorten", self.settle)):
            known = f"The steps {what} must be a whole number from 0 to {MAX_STEPS}, not {steps}."
            require(is_whole(steps, 0, MAX_STEPS), known)

    def pace(self, index: int) -> float:
        """The factor of size and noise in the step from `index`: 1, then evenly down to 1 / (settle + 1)."""
        return min(1.0, max(1, self.steps - index) / (self.settle + 1))

    def is_noisy(self, index: int) -> bool:
        """Whether the step from `index` to the next adds noise."""
        return self.noise_scale > 0 and (self.noise_steps is None or index < self.noise_steps)

    def for_photos(self, masked: bool = False) -> ShortRun:
        """The short run for photos. Shorter steps can reach any photo; longer ones draw what the model was trained on,
        which the unknown part of a masked photo needs. docs/reconstruction.md has the measurements.
        """
        return self if masked else replace(self, step_size=max(PHOTO_STEP * self.step_size, 1e-6))

    @property
    def start_variance(self) -> float:
        """The variance of a value of p0."""
        return self.start_range**2 * (1 / 3 if self.start == "uniform" else 1.0)

    @property
    def temperature(self) -> float:
        """The temperature T for which the step is Langevin dynamics on E / T: noise_scale^2 / (2 step_size)."""
        return self.noise_scale**2 / (2 * self.step_size)


@dataclass(frozen=True, kw_only=True, slots=True)
class Learning(Spec):
    """How Algorithm 1 runs. The defaults train well in little time; those of the paper are named below."""

    called: ClassVar[str] = "training"
    updates: int = 5000
    """The total number of updates (the paper: 200,000)."""
    chains: int = 64
    """m, the short runs of one update."""
    images: int = 128
    """Training images of one update (the paper: m). They cost one pass, not K, so more are cheap."""
    learning_rate: float = 1e-4
    """Adam's rate before the decay."""
    beta1: float = 0.9
    """Adam's first-moment decay."""
    beta2: float = 0.999
    """Adam's second-moment decay."""
    data_noise: float = 0.03
    """Sigma, the standard deviation of the noise added to training images."""
    ema: float = 0.999
    """Decay of the running average of the weights, which becomes the model; 0 keeps the last weights."""
    decay_share: float = 0.25
    """The last share of the run in which the rate and sigma fall."""
    final_rate: float = 0.1
    """The rate at the very end, as a factor of `learning_rate`."""
    final_noise: float = 1.0
    """Sigma at the very end, as a factor of `data_noise`."""
    mirror: float = 0.0
    """The share of training images that are mirrored left to right: 0.5 doubles a small set."""
    trim: float = 0.0
    """The share of each update's chains to leave out: those with the highest energy, which have not arrived yet."""
    data_contrast: float = 1.0
    """The factor of training images' values, for samples that are drawn with longer steps, which raise contrast."""
    chains_from: ChainsFrom = "noise"
    """Where the chains of an update start: from p0's noise, as in the paper; from the data (contrastive
    divergence); or where those of the update before ended (persistent chains, PCD). For comparison."""
    seed: int = 0
    """The seed of all random numbers of the run."""

    def __post_init__(self) -> None:
        require(is_whole(self.updates, 1, MAX_UPDATES), f"Updates must be from 1 to {MAX_UPDATES}, not {self.updates}.")
        known = f"The chain batch must be from 1 to {MAX_CHAINS}, not {self.chains}."
        require(is_whole(self.chains, 1, MAX_CHAINS), known)
        require(is_whole(self.images, 1, 65536), f"The data batch must be from 1 to 65536, not {self.images}.")
        known = f"The learning rate must be in (0, 1], not {self.learning_rate}."
        require(is_number(self.learning_rate, 1e-8, 1), known)
        for name in ("beta1", "beta2", "ema"):
            value = getattr(self, name)
            require(is_number(value, 0, 0.999999), f"{name} must be at least 0 and below 1, not {value}.")
        require(is_number(self.data_noise, 0, 2), f"The data noise must be from 0 to 2, not {self.data_noise}.")
        bounds = {"trim": (0, 0.5), "data_contrast": (0.1, 1)}
        for name in ("decay_share", "final_rate", "final_noise", "mirror", *bounds):
            value, (low, high) = getattr(self, name), bounds.get(name, (0, 1))
            require(is_number(value, low, high), f"{name} must be from {low} to {high}, not {value}.")
        require(
            self.chains_from in get_args(ChainsFrom),
            f"Chains must start from {_listed(get_args(ChainsFrom))}, not {self.chains_from}.",
        )
        check_seed(self.seed)

    def decay(self, progress: float) -> tuple[float, float]:
        """The learning rate and sigma when `progress` (0 to 1) of the run is done: flat, then geometric."""
        start = 1 - self.decay_share
        done = 0.0 if progress <= start else min(1.0, (progress - start) / self.decay_share)
        return (
            self.learning_rate * max(self.final_rate, 1e-3) ** done,
            self.data_noise * max(self.final_noise, 1e-3) ** done,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation(Spec):
    """How a model's samples are compared with real pictures."""

    called: ClassVar[str] = "evaluation"
    count: int = 5000
    """Samples, and at most as many training and held-out images."""
    features: Features = "lite0"
    """The feature network: EfficientNet-Lite0, or the Inception net of published FIDs."""
    held_out: int | None = None
    """Held-out images, the last ones of each folder; by default as the card says."""
    seed: int = 0
    """Of the samples, and of every draw."""

    def __post_init__(self) -> None:
        require(is_whole(self.count, 16, MAX_IMAGES), f"Compare 16 to {MAX_IMAGES} images, not {self.count}.")
        require(
            self.features in get_args(Features),
            f"The features must be {' or '.join(get_args(Features))}, not {self.features}.",
        )
        require(
            self.held_out is None or is_whole(self.held_out, 1, MAX_IMAGES),
            f"Held-out images must be from 1 to {MAX_IMAGES}, not {self.held_out}.",
        )
        check_seed(self.seed)


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnosing(Spec):
    """How the claims of the paper are measured on a model."""

    count: int = 512
    """Samples, and at most as many real pictures. Costly measurements use a share of them."""
    seed: int = 0
    """Of the samples, and of every draw."""

    def __post_init__(self) -> None:
        require(is_whole(self.count, 16, MAX_CHAINS), f"Diagnose with 16 to {MAX_CHAINS} samples, not {self.count}.")
        check_seed(self.seed)

    def share(self, part: int) -> int:
        """One part of the count, for what is costly, but at least 8."""
        return max(8, self.count // part)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reconstruction(Spec):
    """The search for the start noise whose noise-free short run ends at a photo."""

    called: ClassVar[str] = "reconstruction"
    iterations: int = 60
    """Short runs at most; the step falls over them, so that more of them also search wider."""
    mode: Mode = "free"
    """The limit on z: none (the paper), p0's support, or also a spectrum like that of p0's noise."""
    tolerance: float = 1e-5
    """The mean squared error at which a photo is done; for a noisy photo, give the variance of its noise."""

    def __post_init__(self) -> None:
        require(
            is_whole(self.iterations, 1, MAX_ITERATIONS),
            f"Iterations must be a whole number from 1 to {MAX_ITERATIONS}, not {self.iterations}.",
        )
        require(self.mode in get_args(Mode), f"The mode must be one of {', '.join(get_args(Mode))}, not {self.mode}.")
        require(is_number(self.tolerance, 0, 4), f"The tolerance must be from 0 to 4, not {self.tolerance}.")


ON_PATHS = Reconstruction(mode="support")
"""How a path searches for its photos: between latents outside of p0's range there are few clear pictures."""
PathKind = Literal["paper", "slerp", "linear"]
Spacing = Literal["angle", "image", "rho"]
PathNoise = Literal["own", "first", "off"]
MAX_STOPS = 16
MAX_FRAMES = 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Interpolation(Spec):
    """A path over two or more latents, and how it is cut into frames."""

    called: ClassVar[str] = "path"
    path: PathKind = "paper"
    """z_rho = rho z1 + sqrt(1 - rho^2) z2, or the great circle (slerp), or the straight line."""
    spacing: Spacing = "angle"
    """Frames evenly in the angle, in the change of the image as measured, or in rho (as in the paper)."""
    frames: int = 33
    """The total number of frames, over all legs."""
    noise: PathNoise = "own"
    """The noise of the steps: each stop's own, mixed like the start noise; that of the first stop; or none.
    A reconstruction's own noise is none."""
    closed: bool = False
    """Whether the path continues from the last stop to the first, as a loop."""

    def __post_init__(self) -> None:
        for name, choices in (("path", PathKind), ("spacing", Spacing), ("noise", PathNoise)):
            value = getattr(self, name)
            require(value in get_args(choices), f"The {name} must be {_listed(get_args(choices))}, not {value}.")
        require(is_whole(self.frames, 2, MAX_FRAMES), f"A path must have 2 to {MAX_FRAMES} frames, not {self.frames}.")
        require(isinstance(self.closed, bool), f"closed must be true or false, not {self.closed}.")


def _listed(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"


def check_stops(count: int, closed: bool = False) -> int:
    """The number of stops itself, if a path can go over so many; else `SettingsError`."""
    least = 3 if closed else 2
    require(
        least <= count <= MAX_STOPS,
        f"A {'loop' if closed else 'path'} goes over {least} to {MAX_STOPS} latents, not {count}.",
    )
    return count
