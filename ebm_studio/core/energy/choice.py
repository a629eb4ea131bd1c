"""Which backend `auto` is, and why: decided by what the CPU and the library can do, since timing on a busy machine is
unreliable. A measurement can only veto. It counts this thread's own processor time, compares within rounds, and rules a
backend out only where it is far behind plain float32 in several consecutive rounds.
"""

from __future__ import annotations

import logging
import os
import platform
import time
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ebm_studio.core.energy.backends import available, make_gradient
from ebm_studio.core.energy.crew import alone
from ebm_studio.core.energy.gradients import Gradient
from ebm_studio.core.energy.nets import ConvNet, EnergyNet
from ebm_studio.core.energy.winograd import WIDE

log = logging.getLogger(__name__)

CAPPED = ("SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX512_CORE", "AVX512_CORE_VNNI")
"""Values of `ONEDNN_MAX_CPU_ISA` that leave no bfloat16 instructions."""
MANY = 4096  # chains times n_f from which on Winograd's fewer products outweigh its longer way
IMAGES = 8  # images to try a backend with: one block
TIMES = 1.5  # times as long as fp32: such a backend is ruled out
AGREE = 3  # consecutive rounds that must agree
ROUNDS = 9  # at most
TURN = 0.03  # seconds of processor time in each turn of a round
WITHIN = {
    "winograd": 1e-2,
    "bf16": 0.5,
    "graph": 1e-2,
    "graph-bf16": 0.5,
}  # of fp32's gradient; wrong numbers are off by 1 or more


@dataclass(frozen=True, slots=True)
class Choice:
    """A backend, and the reason for it in a few words."""

    backend: str
    why: str


def choose_backend(net: EnergyNet, chains: int, known: MutableMapping[str, Choice]) -> Choice:
    """The best backend for so many chains of the net, from `known` or by a check that goes there if it is sure."""
    device = next(net.parameters()).device
    if len(candidates := preferred(net, chains)) == 1:
        return candidates[0]
    key = _key(net, chains, device)
    if key not in known or known[key].backend not in available(device):
        choice, sure = _choose(net, candidates, device)
        log.info("%s for %s, %d chains: %s.", choice.backend, net.spec, chains, choice.why)
        if not sure:
            return choice
        known[key] = choice
    return known[key]


def preferred(net: EnergyNet, chains: int) -> list[Choice]:
    """The backends that suit the net and its device, the best first and fp32 last."""
    device, plain = next(net.parameters()).device, Choice("fp32", "it works on every machine")
    if not isinstance(net, ConvNet):
        return [Choice("fp32", "the others are for convolutional networks")]
    if device.type == "cuda":
        choices = [Choice("graph", "the GPU runs a whole step as one launch"), plain]
        if "graph-bf16" in available(device):
            choices.insert(0, Choice("graph-bf16", "this GPU multiplies bfloat16, and runs a whole step as one launch"))
        return choices
    if device.type != "cpu":
        return [plain]
    choices = []
    if "bf16" in available(device) and multiplies_bf16():
        choices.append(Choice("bf16", "this processor multiplies bfloat16"))
    if net.spec.width >= WIDE and net.spec.width * chains >= MANY:
        choices.append(Choice("winograd", "wide layers and many chains need fewer multiplications with it"))
    return [*choices, plain]


def multiplies_bf16() -> bool:
    """Whether the CPU has instructions for bfloat16 products, and the library may use them."""
    cap = os.environ.get("ONEDNN_MAX_CPU_ISA") or os.environ.get("DNNL_MAX_CPU_ISA") or "ALL"
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return True  # there, torch's own answer in `available` is for the instructions
    return bool(torch.cpu._is_avx512_bf16_supported()) and cap.upper() not in CAPPED


def _key(net: EnergyNet, chains: int, device: torch.device) -> str:
    unit = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    cap = os.environ.get("ONEDNN_MAX_CPU_ISA", "ALL")
    simd = f"{torch.backends.cpu.get_cpu_capability()}, bf16 {multiplies_bf16()}, up to {cap}"
    return f"torch {torch.__version__}, {unit}, {simd}, {net.spec}, {chains} chains"


def _choose(net: EnergyNet, candidates: list[Choice], device: torch.device) -> tuple[Choice, bool]:
    """The first that is right and not far too slow, else the last; and whether that is sure."""
    *fast, plain = candidates
    images = torch.rand(IMAGES, *net.spec.shape, generator=torch.Generator().manual_seed(0)).to(device) * 2 - 1
    exact = make_gradient(net, "fp32")
    sure, reasons = True, []
    for choice in fast:
        gradient = _sound(net, choice.backend, images, exact)
        if gradient is None:
            reasons.append(f"{choice.backend} gives wrong numbers here")
            continue
        slower, certain = _is_far_slower(gradient, exact, images)
        sure = sure and certain
        if not slower:
            return choice, sure
        reasons.append(f"{choice.backend} is much slower here")
    return replace(plain, why=", ".join(reasons)), sure


def _sound(net: EnergyNet, backend: str, images: Tensor, exact: Gradient) -> Gradient | None:
    """The gradient by a backend, unless it fails or its numbers are not near fp32's."""
    try:
        gradient = make_gradient(net, backend)
        found, wanted = gradient(images)[1], exact(images)[1]
    except (RuntimeError, NotImplementedError, AttributeError) as error:  # an operator may raise anything
        log.warning("The backend %s fails here: %s", backend, error)
        return None
    if not (found - wanted).norm() <= WITHIN[backend] * wanted.norm():
        log.warning("The backend %s gives wrong numbers here.", backend)
        return None
    return gradient


def _is_far_slower(gradient: Gradient, exact: Gradient, images: Tensor) -> tuple[bool, bool]:
    """Whether it takes far longer than fp32, and whether enough rounds on end agree about it."""
    verdicts: list[bool] = []
    for ratio in _ratios(gradient, exact, images):
        verdicts.append(ratio > TIMES)
        if len(verdicts) >= AGREE and len({*verdicts[-AGREE:]}) == 1:
            return verdicts[-1], True
        if len(verdicts) == ROUNDS:
            break
    return False, False


def _ratios(gradient: Gradient, exact: Gradient, images: Tensor) -> Iterator[float]:
    """Time over fp32's time, a round after another; each has two turns in a round."""
    while True:
        turns = [_seconds(which, images) for which in (exact, gradient, exact, gradient)]
        yield (turns[1] + turns[3]) / (turns[0] + turns[2])


def _seconds(gradient: Gradient, images: Tensor) -> float:
    """Seconds of this thread's processor time for one call. Other programs hardly affect it."""
    clock = time.thread_time if images.device.type == "cpu" else time.perf_counter
    with alone():
        began, calls = clock(), 0
        while (spent := clock() - began) < TURN:
            gradient(images)[0].sum().item()
            calls += 1
    return spent / calls
