"""Winograd's gradient, which all threads compute together, on CPUs of several kinds."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
import torch

from ebm_studio.core.energy import crew, winograd
from ebm_studio.core.energy.nets import ConvNet
from ebm_studio.core.energy.winograd_gradient import WinogradGradient
from ebm_studio.core.specs import NetSpec

SPEC = NetSpec(size=16, width=64, activation="silu")  # with layers that the threads share by point


@pytest.fixture(autouse=True)
def _threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(crew, "_chosen", 0)
    before = torch.get_num_threads()
    yield
    crew.dismiss()
    torch.set_num_threads(before)


@pytest.mark.parametrize("rows", [0, winograd.STEP], ids="rows {}".format)
def test_an_image_is_the_same_in_any_batch_with_any_threads(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(winograd, "fixed_rows", lambda: rows)
    net = ConvNet(SPEC, torch.Generator().manual_seed(3)).requires_grad_(False)
    images = torch.rand(70, *SPEC.shape, generator=torch.Generator().manual_seed(1)) * 2 - 1
    crew.use_threads(1)
    energy, slope = WinogradGradient(net)(images)
    for threads in (1, 2, 3):
        crew.use_threads(threads)
        gradient = WinogradGradient(net)
        for count in (1, 2, 5, 16, 17, 33, 64, 70):
            some = gradient(images[:count])
            assert torch.equal(some[0], energy[:count])
            assert torch.equal(some[1], slope[:count])

    images = images[:6].requires_grad_()
    (wanted,) = torch.autograd.grad(net(images).sum(), images)
    assert (slope[:6] - wanted).norm() <= 2e-5 * wanted.norm()


CHECK = """
import torch
from ebm_studio.core.energy import crew, winograd
from ebm_studio.core.energy.nets import ConvNet
from ebm_studio.core.energy.winograd_gradient import WinogradGradient
from ebm_studio.core.specs import NetSpec
crew.use_threads(2)
gradient = WinogradGradient(ConvNet(NetSpec(width=64), torch.Generator()).requires_grad_(False))
print(gradient._blocks.plan(16), gradient._blocks.plan(64))
crew.dismiss()
"""


@pytest.mark.skipif(not torch.backends.mkl.is_available(), reason="this torch multiplies without MKL")
@pytest.mark.parametrize("instructions", ["AVX2", "AVX512"])
def test_blocks_stay_large_with_the_kernels_of_other_processors(instructions: str) -> None:
    """MKL's kernels for AVX2 round the last rows of a product differently: products of one shape are used there."""
    environment = {**os.environ, "MKL_ENABLE_INSTRUCTIONS": instructions}
    done = subprocess.run([sys.executable, "-c", CHECK], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[0] == "[16] [64]"
