"""The ways to compute an energy's gradient, and which is fastest here: measured, since a CPU's flags do not tell.

fp32      plain float32, on any device, for any net: direct convolutions, or autograd
winograd  float32 with 25/64 of the wide layers' multiplications, on the CPU
bf16      bfloat16 from copies of the weights, on the CPU laid out in advance
graph     fp32 as a CUDA graph that is replayed

All but fp32 are for the paper's convolutional nets.
"""

from __future__ import annotations

import time
from collections.abc import MutableMapping

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
from ebm_studio.core.energy.nets import ConvNet, EnergyNet
from ebm_studio.core.errors import SettingsError

BACKENDS = ("auto", "fp32", "winograd", "bf16", "graph")
PATIENCE = 0.3  # seconds of measuring for each backend
ROUNDS = range(4, 30)
WORTH = {"bf16": 0.8}  # what costs accuracy must save at least a fifth of the time


def available(device: torch.device) -> tuple[str, ...]:
    """The backends that run well enough on the device to be tried, fp32 first."""
    if device.type == "cuda":
        return ("fp32", "graph", *(("bf16",) if torch.cuda.is_bf16_supported() else ()))
    if device.type == "mps":
        return ("fp32", "bf16")
    # Where the CPU has no such instruction, bfloat16 is emulated: too slow even to be measured.
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
        return AutogradGradient(net)
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
    if not isinstance(net, ConvNet):
        return AutogradGradient(net)
    return EnergyGradient(net, torch.bfloat16 if backend == "bf16" else torch.float32)


def choose_backend(net: EnergyNet, chains: int, known: MutableMapping[str, str]) -> str:
    """The fastest backend for so many chains of the net, from `known` or by a measurement that goes there."""
    device = next(net.parameters()).device
    spec = net.spec
    if not isinstance(net, ConvNet):
        return "fp32"
    unit = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    key = (
        f"torch {torch.__version__}, {unit}, {torch.get_num_threads()} threads, "
        f"{spec.size}x{spec.size}x{spec.channels}, n_f {spec.width}, {spec.activation}, {chains} chains"
    )
    if known.get(key) not in available(device):
        known[key] = _fastest(net, chains, device)
    return known[key]


def _fastest(net: EnergyNet, chains: int, device: torch.device) -> str:
    images = torch.rand(chains, *net.spec.shape, device=device) * 2 - 1
    gradients = {name: make_gradient(net, name) for name in available(device)}
    seconds = dict.fromkeys(gradients, float("inf"))
    began_all = time.perf_counter()
    for done in range(ROUNDS.stop):
        if done >= ROUNDS.start and time.perf_counter() - began_all > PATIENCE * len(gradients):
            break
        # What else the machine does can only lengthen a round, so the shortest counts.
        for name, gradient in gradients.items():
            began = time.perf_counter()
            gradient(images)[0].sum().item()
            seconds[name] = min(seconds[name], time.perf_counter() - began)
    return min(seconds, key=lambda name: seconds[name] / WORTH.get(name, 1))


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
