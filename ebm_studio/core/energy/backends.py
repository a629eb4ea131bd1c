"""The ways to compute an energy's gradient.

fp32      plain float32, on any device, for any net: by hand where this program knows how, else by autograd
winograd  float32 with 25/64 of the wide layers' multiplications, on the CPU
bf16      bfloat16 from copies of the weights, on the CPU laid out in advance
graph     fp32 as a CUDA graph that is replayed

All but fp32 are for the paper's convolutional nets.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ebm_studio.core.energy.bf16_cpu import PackedGradient, is_packable
from ebm_studio.core.energy.gradients import (
    AutogradGradient,
    EnergyGradient,
    Gradient,
    ParameterGradient,
    WinogradGradient,
)
from ebm_studio.core.energy.nets import ConvNet, EnergyNet, PointNet
from ebm_studio.core.energy.point_gradient import PointGradient
from ebm_studio.core.errors import SettingsError

BACKENDS = ("auto", "fp32", "winograd", "bf16", "graph")


def available(device: torch.device) -> tuple[str, ...]:
    """The backends that run on the device, fp32 first."""
    if device.type == "cuda":
        return ("fp32", "graph", *(("bf16",) if torch.cuda.is_bf16_supported() else ()))
    if device.type == "mps":
        return ("fp32", "bf16")
    # By its own instructions or emulated; where neither, far too slow.
    native = getattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False)()
    return ("fp32", "winograd", *(("bf16",) if native else ()))


def make_gradient(net: EnergyNet, backend: str) -> Gradient:
    """The gradient of a net by that backend. Raises `SettingsError` when the net's device cannot run it."""
    device = next(net.parameters()).device
    if backend not in BACKENDS or backend == "auto":
        raise SettingsError(f"There is no backend {backend}: use one of {', '.join(BACKENDS)}.")
    if not isinstance(net, ConvNet):
        if backend != "fp32":
            raise SettingsError(f"The backend {backend} is for convolutional nets: use auto or fp32.")
        return make_parameter_gradient(net, backend)
    if backend not in (*available(device), "bf16"):
        raise SettingsError(f"The backend {backend} does not run on {device.type}: use auto or fp32.")
    if backend == "winograd":
        return WinogradGradient(net)
    if backend == "graph":
        return GraphGradient(net)
    if backend == "bf16" and device.type == "cpu" and is_packable():
        return PackedGradient(net)
    return EnergyGradient(net, torch.bfloat16 if backend == "bf16" else torch.float32)


def make_parameter_gradient(net: EnergyNet, backend: str) -> ParameterGradient:
    """What an update of training with that backend differentiates the weights by, in its precision."""
    if isinstance(net, PointNet):
        return PointGradient(net)
    if not isinstance(net, ConvNet):
        return AutogradGradient(net)
    return EnergyGradient(net, torch.bfloat16 if backend == "bf16" else torch.float32)


class GraphGradient:
    """`EnergyGradient` on CUDA without its launch costs: captured once for a batch's shape, then replayed."""

    def __init__(self, net: ConvNet) -> None:
        self.spec = net.spec
        self._direct = EnergyGradient(net)
        self._graphs: dict[torch.Size, tuple[torch.cuda.CUDAGraph, Tensor, tuple[Tensor, Tensor]]] = {}

    def refresh(self) -> None:
        """Nothing is to be done: the graph reads the net's own weights."""

    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Energies (N,) and dE/dx (N, C, H, W), in float32, both new."""
        if images.shape not in self._graphs:
            self._graphs[images.shape] = self._capture(images)
        graph, source, (energy, slope) = self._graphs[images.shape]
        source.copy_(images)
        graph.replay()
        return energy.clone(), slope.clone()

    def _capture(self, images: Tensor) -> tuple[torch.cuda.CUDAGraph, Tensor, tuple[Tensor, Tensor]]:
        source = images.clone()
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):  # cuDNN picks its algorithms before the capture
            for _ in range(3):
                self._direct(source)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            result = self._direct(source)
        return graph, source, result
