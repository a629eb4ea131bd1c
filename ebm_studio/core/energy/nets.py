"""The energy networks: E(x); lower is more likely. The paper's f is -E.

A network is a class here and a row of `NETS`; its allowed settings are a row of `core.specs.FAMILIES`. Nothing else
needs to know it: `core.energy.backends` differentiates any of them, the sampler and the trainer ask for nothing more.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from ebm_studio.core.errors import SettingsError
from ebm_studio.core.specs import Activation, NetSpec

SHARPNESS = 4.0  # of a net of points' first layer: data have details far smaller than the square they lie in


class EnergyNet(nn.Module):
    """A network from what its spec's `shape` says to energies (N,), with weights from a generator if it gets one."""

    def __init__(self, spec: NetSpec, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.spec = spec

    @property
    def is_piecewise_linear(self) -> bool:
        """Whether the second derivative is 0 wherever it exists: then a chain undoes itself, and its Jacobian is 1."""
        return self.spec.is_leaky


class ConvNet(EnergyNet):
    """The paper's net: images (N, C, H, W) in [-1, 1] to energies (N,)."""

    def __init__(self, spec: NetSpec, generator: torch.Generator | None = None) -> None:
        super().__init__(spec)
        widths = spec.widths
        layers: list[nn.Module] = [nn.Conv2d(spec.channels, widths[0], 3, 1, 1), _activation(spec)]
        for before, after in itertools.pairwise(widths):
            layers += [nn.Conv2d(before, after, 4, 2, 1), _activation(spec)]
        layers.append(nn.Conv2d(widths[-1], 1, 4, 1, 0))
        self.f = nn.Sequential(*layers)
        initialise(self.convolutions, generator)

    def forward(self, images: Tensor) -> Tensor:
        """Energies, shape (N,)."""
        energy: Tensor = self.f(images)
        return energy.flatten()

    @property
    def convolutions(self) -> list[nn.Conv2d]:
        """The convolutions, first to last."""
        return [layer for layer in self.f if isinstance(layer, nn.Conv2d)]


class PointNet(EnergyNet):
    """A multilayer perceptron: points (N, 2) to energies (N,)."""

    def __init__(self, spec: NetSpec, generator: torch.Generator | None = None) -> None:
        super().__init__(spec)
        widths = [spec.channels, *[spec.width] * spec.depth]
        layers: list[nn.Module] = []
        for before, after in itertools.pairwise(widths):
            layers += [nn.Linear(before, after), _activation(spec)]
        layers.append(nn.Linear(spec.width, 1))
        self.f = nn.Sequential(*layers)
        initialise(self.layers, generator)
        with torch.no_grad():
            for parameter in self.layers[0].parameters():
                parameter.mul_(SHARPNESS)

    def forward(self, points: Tensor) -> Tensor:
        """Energies, shape (N,)."""
        energy: Tensor = self.f(points)
        return energy.flatten()

    @property
    def layers(self) -> list[nn.Linear]:
        """The linear layers, first to last."""
        return [layer for layer in self.f if isinstance(layer, nn.Linear)]


NETS: dict[str, type[EnergyNet]] = {"conv": ConvNet, "mlp": PointNet}
"""The class of each family. Each is made from a spec and a generator, like `EnergyNet`."""


def make_net(spec: NetSpec, generator: torch.Generator | None = None) -> EnergyNet:
    """The net that a spec describes, with random weights from the generator, or from torch's own without one.

    Raises `SettingsError` for a family without a class.
    """
    if spec.family not in NETS:
        raise SettingsError(f"There is no network {spec.family}: use one of {', '.join(NETS)}.")
    return NETS[spec.family](spec, generator)


def initialise(layers: Iterable[nn.Conv2d | nn.Linear], generator: torch.Generator | None) -> None:
    """Give the layers random weights from the generator; without one they keep those that they have."""
    if generator is None:
        return
    # Torch's own default, U(-b, b) with b = fan_in^-1/2, from a stream of our own.
    for layer in layers:
        bound = layer.weight[0].numel() ** -0.5
        for parameter in (layer.weight, layer.bias):
            assert parameter is not None
            with torch.no_grad():
                parameter.uniform_(-bound, bound, generator=generator)


def _activation(spec: NetSpec) -> nn.Module:
    kinds: dict[Activation, Callable[[], nn.Module]] = {
        "leaky_relu": lambda: nn.LeakyReLU(spec.leak), "silu": nn.SiLU, "gelu": nn.GELU, "tanh": nn.Tanh,
        "softplus": nn.Softplus,
    }  # fmt: skip
    return kinds[spec.activation]()
