"""Every backend against plain float32 autograd, and the promise that a batch's make-up changes nothing."""

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from ebm_studio.core.energy.backends import available, make_gradient
from ebm_studio.core.energy.gradients import EnergyGradient
from ebm_studio.core.energy.nets import ConvNet
from ebm_studio.core.errors import SettingsError
from ebm_studio.core.sampling.langevin import ChainStreams, sample, short_run
from ebm_studio.core.specs import Activation, NetSpec, ShortRun

DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")),
    pytest.param("mps", marks=pytest.mark.skipif(not torch.backends.mps.is_available(), reason="no MPS device")),
]
BACKENDS = ["fp32", "winograd", "bf16", "graph"]
WITHIN = {"fp32": 2e-5, "winograd": 2e-5, "graph": 2e-5, "bf16": 0.1}
SPECS = [
    NetSpec(size=size, width=width, channels=channels, activation=activation)
    for size, width, channels in ((16, 6, 3), (32, 32, 3), (64, 16, 1))
    for activation in ("leaky_relu", "silu")
] + [NetSpec(size=16, width=6, leak=0.05), NetSpec(size=32, width=32, leak=0)]


def drawn_net(spec: NetSpec, device: str = "cpu") -> ConvNet:
    net = ConvNet(spec, torch.Generator().manual_seed(3)).to(device)
    for layer in net.convolutions:
        layer.weight.data *= 3
    return net.requires_grad_(False)


def by_autograd(net: ConvNet, images: Tensor) -> tuple[Tensor, Tensor]:
    images = images.clone().requires_grad_()
    energy = net(images)
    (slope,) = torch.autograd.grad(energy.sum(), images)
    return energy.detach(), slope


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_a_backend_is_autograd(device: str, backend: str, spec: NetSpec) -> None:
    if backend not in (*available(torch.device(device)), "bf16"):
        pytest.skip(f"no {backend} on {device}")
    net = drawn_net(spec, device)
    images = torch.rand(6, *spec.shape, generator=torch.Generator().manual_seed(1)).to(device) * 2 - 1
    energy, slope = make_gradient(net, backend)(images)
    expected_energy, expected_slope = by_autograd(net, images)

    assert slope.dtype == energy.dtype == torch.float32
    assert (energy - expected_energy).norm() <= WITHIN[backend] * expected_energy.norm()
    # An activation that rounds to the other side of zero changes the slope by a jump: few do.
    errors = (slope - expected_slope).flatten(1).norm(dim=1) / expected_slope.flatten(1).norm(dim=1)
    assert errors.median() <= WITHIN[backend]
    assert errors.max() <= (0.2 if backend == "bf16" else 5e-3)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_backend_follows_the_weights(backend: str) -> None:
    if backend not in (*available(torch.device("cpu")), "bf16"):
        pytest.skip(f"no {backend} on the CPU")
    net = drawn_net(NetSpec(size=16, width=4, activation="silu"))
    gradient = make_gradient(net, backend)
    images = torch.rand(2, *net.spec.shape, generator=torch.Generator().manual_seed(1)) * 2 - 1
    before = gradient(images)[1]
    for layer in net.convolutions:
        layer.weight.data *= 1.5
    gradient.refresh()
    after = gradient(images)[1]
    assert not torch.allclose(before, after, rtol=0.1)
    assert (after - by_autograd(net, images)[1]).norm() <= WITHIN[backend] * after.norm()


@pytest.mark.parametrize("backend", ["fp32", "winograd", "bf16"])
@pytest.mark.parametrize("width", [16, 32, 64])
def test_a_chain_is_the_same_in_any_batch(backend: str, width: int) -> None:
    if backend not in available(torch.device("cpu")):
        pytest.skip(f"no {backend} on this CPU")
    net = drawn_net(NetSpec(width=width))
    gradient = make_gradient(net, backend)
    run = ShortRun(steps=2)

    def ends(count: int) -> Tensor:
        streams = ChainStreams(7, range(count), net.spec.shape)
        return sample(gradient, streams.start(run), run, streams.noise)[0]

    batches = [ends(count) for count in (1, 2, 3, 5, 7, 16, 17, 33, 70)]
    for fewer, more in pairwise(batches):
        assert torch.equal(fewer, more[: len(fewer)])


@pytest.mark.parametrize("backend", ["fp32", "winograd", "bf16"])
@pytest.mark.parametrize("activation", ["leaky_relu", "silu"])
def test_short_run_and_sample_make_the_same_pixels(backend: str, activation: Activation) -> None:
    net = drawn_net(NetSpec(size=16, width=8, activation=activation))
    gradient = make_gradient(net, backend)
    run = ShortRun(steps=5)

    def streams() -> ChainStreams:
        return ChainStreams(7, range(4), net.spec.shape)

    *_, last = short_run(gradient, streams().start(run), run, streams().noise)
    assert torch.equal(last.images, sample(gradient, streams().start(run), run, streams().noise)[0])


def test_results_are_not_overwritten_by_the_next_call() -> None:
    net = drawn_net(NetSpec(size=16, width=8))
    gradient = make_gradient(net, "winograd")
    images = torch.rand(2, *net.spec.shape)
    energy, slope = gradient(images)
    kept = energy.clone(), slope.clone()
    gradient(images + 0.5)
    assert torch.equal(energy, kept[0])
    assert torch.equal(slope, kept[1])


@pytest.mark.parametrize("name", ["graph", "fast", "auto"])
def test_a_backend_that_cannot_run_here_is_an_error(name: str) -> None:
    with pytest.raises(SettingsError, match="backend"):
        make_gradient(drawn_net(NetSpec(size=16, width=4)), name)


@pytest.mark.parametrize("backend", ["fp32", "winograd", "bf16"])
@pytest.mark.parametrize("activation", ["leaky_relu", "silu"])
def test_one_image_is_enough_and_leaves_the_weights_alone(backend: str, activation: Activation) -> None:
    net = drawn_net(NetSpec(size=16, width=8, channels=1, activation=activation))
    before = [parameter.clone() for parameter in net.parameters()]
    gradient = make_gradient(net, backend)
    images = torch.rand(1, *net.spec.shape, generator=torch.Generator().manual_seed(1)) * 2 - 1
    first, again = gradient(images), gradient(images)
    assert all(map(torch.equal, before, net.parameters()))
    assert torch.equal(first[1], again[1])
    assert (first[1] - by_autograd(net, images)[1]).norm() <= WITHIN[backend] * first[1].norm()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_the_gradient_of_the_parameters_is_autograds(dtype: torch.dtype, spec: NetSpec) -> None:
    net = drawn_net(spec).requires_grad_()
    images = torch.rand(6, *spec.shape, generator=torch.Generator().manual_seed(1)) * 2 - 1
    factors = torch.tensor([0.5, 0.25, 0.25, -0.5, -0.2, -0.3])
    energy, gradients = EnergyGradient(net, dtype).of_parameters(images, factors)

    expected_energy = net(images)
    expected = torch.autograd.grad(expected_energy @ factors, list(net.parameters()))
    within = 2e-5 if dtype == torch.float32 else 0.1
    assert (energy - expected_energy).norm() <= within * expected_energy.norm()
    for ours, theirs in zip(gradients, expected, strict=True):
        assert ours.shape == theirs.shape
        # What the factors leave of six pictures' gradients is small beside their rounding in bfloat16.
        assert (ours - theirs).norm() <= 2 * within * theirs.norm() + 1e-6
