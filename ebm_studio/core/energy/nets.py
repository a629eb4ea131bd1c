"""The energy nets: E(x), lower is likelier. The paper's f is -E."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from ebm_studio.core.specs import NetSpec


class EnergyNet(nn.Module):
    """The paper's net: images (N, C, H, W) in [-1, 1] to energies (N,)."""

    def __init__(self, spec: NetSpec, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.spec = spec
        widths = spec.widths
        layers: list[nn.Module] = [nn.Conv2d(spec.channels, widths[0], 3, 1, 1), _activation(spec)]
        for before, after in itertools.pairwise(widths):
            layers += [nn.Conv2d(before, after, 4, 2, 1), _activation(spec)]
        layers.append(nn.Conv2d(widths[-1], 1, 4, 1, 0))
        self.f = nn.Sequential(*layers)
        if generator is not None:
            self._initialise(generator)

    def forward(self, images: Tensor) -> Tensor:
        """Energies, shape (N,)."""
        energy: Tensor = self.f(images)
        return energy.flatten()

    @property
    def convolutions(self) -> list[nn.Conv2d]:
        """The convolutions, first to last."""
        return [layer for layer in self.f if isinstance(layer, nn.Conv2d)]

    def _initialise(self, generator: torch.Generator) -> None:
        # torch's own default for convolutions, U(-b, b) with b = fan_in^-1/2, from a stream of our own.
        for layer in self.convolutions:
            bound = layer.weight[0].numel() ** -0.5
            for parameter in (layer.weight, layer.bias):
                assert parameter is not None
                with torch.no_grad():
                    parameter.uniform_(-bound, bound, generator=generator)


def _activation(spec: NetSpec) -> nn.Module:
    return nn.LeakyReLU(spec.leak) if spec.activation == "leaky_relu" else nn.SiLU()
