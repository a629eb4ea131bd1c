"""The ways to compute an energy's gradient.

fp32        plain float32, on any device, for any net: by hand where this program knows how, else by autograd
winograd    float32 with 25/64 of the wide layers' multiplications, on the CPU
bf16        bfloat16 from copies of the weights, on the CPU laid out in advance
graph       fp32 as a CUDA graph that is replayed
graph-bf16  bf16 as a CUDA graph

All but fp32 are for the paper's convolutional nets.
"""

from __future__ import annotations

import torch

from ebm_studio.core.energy.bf16_cpu import PackedGradient, is_packable
from ebm_studio.core.energy.gradients import (
    AutogradGradient,
    EnergyGradient,
    Gradient,
    ParameterGradient,
)
from ebm_studio.core.energy.graph import GraphGradient
from ebm_studio.core.energy.nets import ConvNet, EnergyNet, PointNet
from ebm_studio.core.energy.point_gradient import PointGradient
from ebm_studio.core.energy.winograd_gradient import WinogradGradient
from ebm_studio.core.errors import SettingsError

BACKENDS = ("auto", "fp32", "winograd", "bf16", "graph", "graph-bf16")
BF16_SINCE = (8, 0)  # NVIDIA's compute capability
IN_BF16 = ("bf16", "graph-bf16")


def available(device: torch.device) -> tuple[str, ...]:
    """The backends that run on the device, fp32 first."""
    if device.type == "cuda":
        # Older GPUs emulate bfloat16, far slower than they compute in float32.
        native = torch.cuda.get_device_capability(device) >= BF16_SINCE
        return ("fp32", "graph", *(IN_BF16 if native else ()))
    if device.type == "mps":
        return ("fp32", "bf16")
    # With its own instructions or emulated; without either it is far too slow.
    native = getattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False)()
    return ("fp32", "winograd", *(("bf16",) if native else ()))


def make_gradient(net: EnergyNet, backend: str) -> Gradient:
    """The gradient of a net by that backend. Raises `SettingsError` when the net's device cannot run it."""
    device = next(net.parameters()).device
    if backend not in BACKENDS or backend == "auto":
        raise SettingsError(f"There is no backend {backend}: use one of {', '.join(BACKENDS)}.")
    if not isinstance(net, ConvNet):
        if backend != "fp32":
            raise SettingsError(f"The backend {backend} is for convolutional networks: use auto or fp32.")
        return make_parameter_gradient(net, backend)
    if backend not in (*available(device), "bf16"):
        raise SettingsError(f"The backend {backend} does not run on {device.type}: use auto or fp32.")
    if backend == "winograd":
        return WinogradGradient(net)
    dtype = torch.bfloat16 if backend in IN_BF16 else torch.float32
    if backend.startswith("graph"):
        return GraphGradient(net, dtype)
    if backend == "bf16" and device.type == "cpu" and is_packable() and backend in available(device):
        return PackedGradient(net)
    return EnergyGradient(net, dtype)


def make_parameter_gradient(net: EnergyNet, backend: str) -> ParameterGradient:
    """What a training update uses to differentiate by the weights, in that backend's precision."""
    if isinstance(net, PointNet):
        return PointGradient(net)
    if not isinstance(net, ConvNet):
        return AutogradGradient(net)
    return EnergyGradient(net, torch.bfloat16 if backend in IN_BF16 else torch.float32)
