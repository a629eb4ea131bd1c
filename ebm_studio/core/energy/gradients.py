"""E(x) and dE/dx in one call, by hand: where a Langevin step spends its time.

Autograd would keep a graph and read the parameters' flags at each of the K steps. The paper's nets
are plain sequences, so the gradient is a second walk through the same convolutions, with the
activations of the first walk kept in place. Any other net gets its gradient by autograd.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from ebm_studio.core.energy.blocks import LARGEST, Block, Blocks
from ebm_studio.core.energy.crew import share_out
from ebm_studio.core.energy.nets import ConvNet, EnergyNet
from ebm_studio.core.energy.walks import Walked, lengths
from ebm_studio.core.specs import NetSpec

MOST = 256  # images that walk together on a GPU; more cost memory
PART = 32  # images of an update that walk together on a CPU

_aten = torch.ops.aten


class Gradient(Protocol):
    """The energy and its gradient for a net's weights, in some precision and by some algorithm."""

    spec: NetSpec

    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Energies (N,) and dE/dx (N, C, H, W), in float32, both new."""

    def refresh(self) -> None:
        """Use the net's current weights; call it when they have changed."""


class ParameterGradient(Gradient, Protocol):
    """A `Gradient` that also gives the gradient at the net's weights, which a training update needs."""

    def of_parameters(self, images: Tensor, factors: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Energies E (N,) and the gradient of sum(factors * E) at each of the net's parameters, in float32."""


class BlockGradient:
    """A `Gradient` that walks through the net with a block of images at a time. A class of its own says how."""

    def __init__(
        self, spec: NetSpec, dtype: torch.dtype = torch.float32, largest: int = LARGEST, together: bool = False
    ) -> None:
        self.spec = spec
        self._blocks = Blocks(
            type(self).__name__, self._walk, spec.shape, dtype=dtype, largest=largest, together=together
        )

    @torch.no_grad()
    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Energies (N,) and dE/dx (N, C, H, W), in float32, both new. On a CPU each row depends on its image alone."""
        if images.device.type != "cpu":
            energies, slopes = zip(*map(self._walk, torch.split(images, MOST)), strict=True)
            return torch.cat(energies), torch.cat(slopes).float()
        energy, slope = images.new_empty(len(images)), torch.empty_like(images)
        self._blocks.fill([images], [energy, slope])
        return energy, slope

    @torch.no_grad()
    def walk(self, x: Tensor, sizes: list[float], scales: list[float], noises: list[Tensor]) -> Walked:
        """Langevin steps from images (N, C, H, W), of these sizes and noise scales; the first of them with the `noises`
        (N, C, H, W) given.

        On a CPU each block is taken through all of them at once: its thread need not wait for the others between them.
        """
        walked = Walked.empty(x, len(sizes), len(noises))

        def work(block: Block) -> None:
            rows, images = block.rows, x[block.rows]
            for k, size in enumerate(sizes):
                energy, slope = self._blocks.of([images], block)
                walked.energies[k][rows] = energy
                # Products are rounded before they are added: fused, they would be rounded otherwise at a tensor's end.
                mean = walked.means[k][rows].copy_(slope).mul_(size)
                walked.lengths[k][rows] = lengths(mean)
                images = torch.sub(images, mean, out=mean)
                if k < len(noises):
                    state = torch.mul(noises[k][rows], scales[k], out=walked.states[k][rows])
                    images = state.add_(mean)

        self._blocks.each(len(x), work)
        return walked

    def refresh(self) -> None:
        """Use the net's current weights; call it when they have changed."""
        raise NotImplementedError

    def _walk(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Energies (N,) and dE/dx (N, C, H, W)."""
        raise NotImplementedError


class AutogradGradient(BlockGradient):
    """The gradient by torch's autograd, in float32, for any net."""

    def __init__(self, net: EnergyNet) -> None:
        super().__init__(net.spec)
        self._net = net

    def refresh(self) -> None:
        """There is nothing to do: it reads the net's own weights."""

    @torch.enable_grad()
    def _walk(self, images: Tensor) -> tuple[Tensor, Tensor]:
        x = images.detach().requires_grad_()
        energy = self._net(x)
        (slope,) = torch.autograd.grad(energy.sum(), x)
        return energy.detach(), slope

    @torch.enable_grad()
    def of_parameters(self, images: Tensor, factors: Tensor) -> tuple[Tensor, list[Tensor]]:
        """See `ParameterGradient.of_parameters`."""
        energy = self._net(images)
        gradients = torch.autograd.grad((factors * energy).sum(), list(self._net.parameters()))
        return energy.detach(), list(gradients)


class EnergyGradient(BlockGradient):
    """The direct convolutions, in float32 from the net's own weights or in another precision from copies."""

    def __init__(self, net: ConvNet, dtype: torch.dtype = torch.float32, channels: int = 0) -> None:
        """With more `channels` than the pictures have, empty ones are added: for hardware that wants so many."""
        super().__init__(net.spec, dtype)
        self._net = net
        self._dtype = dtype
        self._added = max(0, channels - net.spec.channels)
        for layer in net.convolutions:
            layer.weight.data = layer.weight.data.contiguous(memory_format=torch.channels_last)
        self._layers = self._taken_up()

    def refresh(self) -> None:
        """Use the net's current weights. In float32 they are shared, and there is nothing to do."""
        before, self._layers = self._layers, self._taken_up()
        if self._dtype != torch.float32 or self._added:
            # A recording reads them where they were.
            for kept, new in zip(before, self._layers, strict=True):
                kept[1].copy_(new[1]), kept[2].copy_(new[2])
            self._layers = before

    def _taken_up(self) -> list[tuple[nn.Conv2d, Tensor, Tensor]]:
        layers = [
            (layer, layer.weight.detach().to(self._dtype), bias_of(layer).detach().to(self._dtype))
            for layer in self._net.convolutions
        ]
        first, weight, bias = layers[0]
        return [(first, self._filled_up(weight), bias), *layers[1:]]

    def of_parameters(self, images: Tensor, factors: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Energies E (N,) and the gradient of sum(factors * E) at each of the net's parameters, in float32.

        Each part of the images takes some from all along them: in the difference of two means, what the
        means share cancels in each part, before it is rounded.
        """
        energy = images.new_empty(len(images))
        count = -(-len(images) // PART) if images.device.type == "cpu" else 1
        gradients: list[list[Tensor]] = [[] for _ in range(count)]

        def work(part: int) -> None:
            energy[part::count], gradients[part] = self._pass(images[part::count], factors[part::count])

        share_out(work, range(count))
        total, *others = gradients
        for more in others:
            torch._foreach_add_(total, more)
        return energy, total

    def _pass(self, images: Tensor, factors: Tensor) -> tuple[Tensor, list[Tensor]]:
        inputs, kept, h = self._forward(images)
        *hidden, (_, weight, bias) = self._layers
        energy = self._energy(h, weight, bias)
        h = h.float()
        gradients = [(factors @ h.flatten(1)).view_as(weight), factors.sum().view(1)]

        g = weight * factors.to(self._dtype)[:, None, None, None]
        g = g.contiguous(memory_format=torch.channels_last)
        for (layer, w, b), x, a in zip(reversed(hidden), reversed(inputs), reversed(kept), strict=True):
            chain_rule(self.spec, g, a, out=g)
            first = layer is hidden[0][0]
            g, of_weight, of_bias = _aten.convolution_backward(
                g, x, w, [len(b)], layer.stride, layer.padding, (1, 1), False, (0, 0), 1, (not first, True, True)
            )
            gradients = [of_weight[:, : layer.in_channels].float(), of_bias.float(), *gradients]
        return energy, gradients

    def _forward(self, images: Tensor) -> tuple[list[Tensor], list[Tensor], Tensor]:
        """What each hidden layer got, what its activation's derivative needs, and the last activation."""
        inputs, kept = [], []
        h = self._filled_up(images.to(self._dtype).contiguous(memory_format=torch.channels_last))
        for layer, w, b in self._layers[:-1]:
            inputs.append(h)
            h = torch.conv2d(h, w, b, layer.stride, layer.padding)
            kept.append(h)
            # LeakyReLU keeps the sign, so its result serves as its own mask and may overwrite h.
            h = functional.leaky_relu_(h, self.spec.leak) if self.spec.is_leaky else functional.silu(h)
        return inputs, kept, h

    @staticmethod
    def _energy(h: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        # The last layer sees the whole 4x4 picture: a dot product, whose gradient is its weight.
        return (h * weight).sum((1, 2, 3), dtype=torch.float32) + bias.float()

    def _walk(self, images: Tensor) -> tuple[Tensor, Tensor]:
        inputs, kept, h = self._forward(images)
        *hidden, (_, weight, bias) = self._layers
        energy = self._energy(h, weight, bias)

        g = torch.empty_like(h).copy_(weight)  # a copy even for one image: it will be written to
        first = hidden[0][0] if g.device.type == "cpu" and g.dtype == torch.float32 else None
        for (layer, w, _), x, a in zip(reversed(hidden), reversed(inputs), reversed(kept), strict=True):
            chain_rule(self.spec, g, a, out=g)
            if layer is first:
                g = first_backward(g.permute(0, 2, 3, 1), w)
            else:
                g = _aten.convolution_backward(
                    g, x, w, None, layer.stride, layer.padding, (1, 1), False, (0, 0), 1, (True, False, False)
                )[0]
        return energy, g[:, : self.spec.channels] if self._added else g

    def _filled_up(self, x: Tensor) -> Tensor:
        """Images or weights (N, C, H, W) with empty channels after their own."""
        if not self._added:
            return x
        filled = functional.pad(x, (0, 0, 0, 0, 0, self._added))
        return filled.contiguous(memory_format=torch.channels_last)


def bias_of(layer: nn.Conv2d) -> Tensor:
    """A layer's bias, (channels,): all of ours have one."""
    assert layer.bias is not None
    return layer.bias


def activate(spec: NetSpec, a: Tensor, out: Tensor) -> None:
    """The net's activation of a into out, both of any shape."""
    if spec.is_leaky:
        _aten.leaky_relu.out(a, spec.leak, out=out)
    else:
        _aten.silu.out(a, out=out)


def chain_rule(spec: NetSpec, g: Tensor, a: Tensor, out: Tensor) -> None:
    """The gradient at an activation's result to that at its argument a (or, with the same sign, its result)."""
    if spec.is_leaky:
        _aten.leaky_relu_backward.grad_input(g, a, spec.leak, False, grad_input=out)
    else:
        _aten.silu_backward.grad_input(g, a, grad_input=out)


def first_backward(g: Tensor, weight: Tensor) -> Tensor:
    """The 3x3 convolution's input gradient (N, C, H, W) from g (N, H, W, width): one product, then nine shifted sums.

    With three channels out, a convolution would spend its time on moving memory.
    """
    n, height, width, _ = g.shape
    channels = weight.shape[1]
    taps = weight.permute(2, 3, 1, 0).reshape(9 * channels, -1) @ g.reshape(n * height * width, -1).T
    taps = taps.view(9, channels, n, height, width)
    framed = g.new_zeros(channels, n, height + 2, width + 2)
    places = [framed[:, :, i : i + height, j : j + width] for i in range(3) for j in range(3)]
    # One after another, but in one call: threads that make many short calls wait for each other between them.
    torch._foreach_add_(places, list(taps))
    return framed[:, :, 1:-1, 1:-1].transpose(0, 1)
