"""`auto` hangs on what the processor can do, not on what else it does."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from ebm_studio.core.energy import bf16_cpu, choice
from ebm_studio.core.energy.backends import available, make_gradient
from ebm_studio.core.energy.choice import Choice, choose_backend, multiplies_bf16, preferred
from ebm_studio.core.energy.nets import EnergyNet, make_net
from ebm_studio.core.specs import NetSpec

CPU = torch.device("cpu")
needs_bf16 = pytest.mark.skipif(
    "bf16" not in available(CPU) or not multiplies_bf16(), reason="this processor multiplies no bfloat16"
)


def drawn_net(width: int = 8) -> EnergyNet:
    return make_net(NetSpec(size=16, width=width), torch.Generator().manual_seed(3)).requires_grad_(False)


class Slow:
    """fp32 that takes some times as long: `factors`, one a call and then the last."""

    def __init__(self, net: EnergyNet, *factors: float) -> None:
        self.spec = net.spec
        self._gradient = make_gradient(net, "fp32")
        self._factors = list(factors)

    def refresh(self) -> None:
        self._gradient.refresh()

    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        factor = self._factors.pop(0) if len(self._factors) > 1 else self._factors[0]
        began = time.thread_time()
        result = self._gradient(images)
        end = time.thread_time() + (time.thread_time() - began + choice.TURN) * (factor - 1)
        while time.thread_time() < end:
            pass
        return result


@pytest.fixture
def busy() -> Iterator[None]:
    """Two loops that want a core each."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    yield
    for loop in loops:
        loop.kill()
        loop.wait()


def test_a_busy_machine_changes_nothing(busy: None) -> None:
    net = drawn_net()
    choices = {choose_backend(net, 16, {}) for _ in range(5)}
    assert choices == {preferred(net, 16)[0]}


@pytest.mark.parametrize(("factor", "out"), [(1.0, False), (4.0, True)])
def test_only_what_is_far_slower_is_ruled_out(factor: float, out: bool) -> None:
    net = drawn_net()
    images = torch.rand(8, *net.spec.shape)
    assert choice._is_far_slower(Slow(net, factor), make_gradient(net, "fp32"), images) == (out, True)


def test_rounds_that_disagree_rule_nothing_out_and_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    ratios = iter([3.0, 1.0, 3.0, 3.0, 1.0, 1.0, 3.0, 3.0, 1.0])
    monkeypatch.setattr(choice, "_ratios", lambda *_: ratios)
    monkeypatch.setattr(choice, "preferred", lambda *_: [Choice("winograd", "a test"), Choice("fp32", "a test")])
    known: dict[str, Choice] = {}
    assert choose_backend(drawn_net(), 16, known).backend == "winograd"
    assert not known


def test_a_known_choice_is_not_checked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "preferred", lambda *_: [Choice("winograd", "a test"), Choice("fp32", "a test")])
    known: dict[str, Choice] = {}
    chosen = choose_backend(drawn_net(), 16, known)
    (key,) = known
    assert known == {key: chosen}
    other = Choice("fp32", "as it was kept")
    assert choose_backend(drawn_net(), 16, {key: other}) == other
    assert choose_backend(drawn_net(), 16, {key: Choice("gone", "of another version")}) == chosen


@needs_bf16
def test_an_operator_that_gives_wrong_numbers_is_noticed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    right = bf16_cpu.PackedConvolution.backward
    monkeypatch.setattr(bf16_cpu.PackedConvolution, "backward", lambda self, g: -right(self, g))
    caplog.set_level(logging.INFO)
    assert choose_backend(drawn_net(), 16, {}) == Choice("fp32", "bf16 gives wrong numbers here")
    assert "The backend bf16 gives wrong numbers here." in caplog.text


@needs_bf16
def test_an_operator_that_fails_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(self: object, g: Tensor) -> Tensor:
        raise RuntimeError("could not create a primitive")

    monkeypatch.setattr(bf16_cpu.PackedConvolution, "backward", failing)
    assert choose_backend(drawn_net(), 16, {}).backend == "fp32"


@pytest.mark.parametrize("cap", ["AVX2", "avx512_core"])
def test_a_library_that_may_not_use_bfloat16_is_not_asked_to(monkeypatch: pytest.MonkeyPatch, cap: str) -> None:
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", cap)
    assert "bf16" not in [each.backend for each in preferred(drawn_net(), 16)] or not sys.platform.startswith("linux")


def test_bf16_can_be_asked_for_where_the_processor_has_no_instructions_for_it() -> None:
    code = """
import torch
from ebm_studio.core.energy.backends import make_gradient
from ebm_studio.core.energy.nets import make_net
from ebm_studio.core.specs import NetSpec
net = make_net(NetSpec(size=16, width=8), torch.Generator().manual_seed(3)).requires_grad_(False)
images = torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(5)) * 2 - 1
wanted, found = (make_gradient(net, backend)(images)[1] for backend in ("fp32", "bf16"))
assert (found - wanted).norm() < 0.1 * wanted.norm()
"""
    environment = {**os.environ, "ONEDNN_MAX_CPU_ISA": "AVX2"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
