from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d

from ebm_studio.core.energy.gradients import EnergyGradient
from ebm_studio.core.energy.growing import SMOOTHING, fitted, grown, widened
from ebm_studio.core.energy.nets import ConvNet, make_net
from ebm_studio.core.errors import SettingsError
from ebm_studio.core.sampling.langevin import ChainStreams, sample
from ebm_studio.core.specs import NetSpec, ShortRun
from ebm_studio.data.training.plan import begun_run


def differences(x: Tensor) -> Tensor:
    """d of images (N, C, H, W): the differences within cells of 2 x 2 pixels, less those that a straight line through
    the means of the cells beside them has, (N, C, 3, H / 2, W / 2).
    """
    mean, slope = torch.tensor([0, 0, 8, 8, 0, 0]) / 16, torch.tensor([-1, -1, 8, -8, 1, 1]) / 16
    kernels = torch.stack([torch.outer(mean, slope), torch.outer(slope, mean), torch.outer(slope, slope)])
    d = conv2d(x.flatten(0, 1)[:, None], kernels[:, None], stride=2, padding=2)
    return d.reshape(*x.shape[:2], *d.shape[1:])


def smoothing(x: Tensor) -> Tensor:
    """c Σ|d| of images (N, C, H, W)."""
    return SMOOTHING * differences(x).abs().flatten(1).sum(1)


def test_a_slope_has_no_differences() -> None:
    slope = torch.linspace(-1, 1, 16) + torch.linspace(-0.5, 0.5, 16)[:, None]
    assert differences(slope[None, None])[..., 1:-1, 1:-1].abs().max() < 1e-6  # all but those at the edge


@pytest.mark.parametrize(
    ("size", "channels", "width", "leak"), [(16, 1, 8, 0.2), (16, 3, 24, 0.2), (32, 1, 8, 0.2), (16, 1, 8, 0.05)]
)
def test_a_grown_net_begins_as_the_smaller_one(size: int, channels: int, width: int, leak: float) -> None:
    generator = torch.Generator().manual_seed(0)
    net = ConvNet(NetSpec(size=size, channels=channels, width=width, leak=leak), generator)
    with torch.no_grad():
        hidden = net.convolutions[-2].weight
        hidden[1] = hidden[0]  # two that can be joined where there is no room
        net.convolutions[-2].bias[1] = net.convolutions[-2].bias[0]
    bigger = grown(net, width, generator)
    assert bigger.spec == NetSpec(size=2 * size, channels=channels, width=width, leak=leak)
    x = torch.rand(3, channels, 2 * size, 2 * size, generator=generator) * 2 - 1
    torch.testing.assert_close(bigger(x), 4 * net(avg_pool2d(x, 2)) + smoothing(x), rtol=1e-4, atol=1e-4)


def test_a_grown_net_draws_the_smaller_ones_pictures_from_the_first_update_on() -> None:
    generator = torch.Generator().manual_seed(0)
    net = ConvNet(NetSpec(size=16, channels=1, width=8), generator)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(2)
    run = ShortRun(steps=50, noise_scale=0.0, settle=10)
    wide = begun_run(run, net.spec, replace(net.spec, size=32))
    z = ChainStreams(0, range(4), (1, 32, 32)).start(wide)
    small, _ = sample(EnergyGradient(net.requires_grad_(False)), avg_pool2d(z, 2), run)
    large, _ = sample(EnergyGradient(grown(net, 8, generator).requires_grad_(False)), z, wide)
    # The second term pushes the means of cells too, but less.
    assert (avg_pool2d(large, 2) - small).abs().mean() < 0.3 * (small - avg_pool2d(z, 2)).abs().mean()
    assert smoothing(large).max() < 0.05 * smoothing(z).min()


@pytest.mark.parametrize("size", [16, 32, 64])
def test_a_net_grows_to_half_the_width(size: int) -> None:
    generator = torch.Generator().manual_seed(0)
    # A net that was widened twice, so that the channels that must be joined are copies, in the same place or moved.
    net = widened(widened(ConvNet(NetSpec(size=size, channels=1, width=4), generator), generator), generator)
    with torch.no_grad():
        last, after = net.convolutions[-2:]
        moved = torch.randperm(len(last.weight), generator=generator)
        last.weight.copy_(last.weight[moved])
        last.bias.copy_(last.bias[moved])
        after.weight.copy_(after.weight[:, moved])
        scale = torch.rand(len(last.weight), generator=generator) + 0.5  # and of any size
        last.weight *= scale[:, None, None, None]
        last.bias *= scale
        after.weight /= scale[:, None, None]
    bigger = fitted(net, NetSpec(size=2 * size, channels=1, width=8), generator)
    assert bigger.spec.width == 8
    x = torch.rand(3, 1, 2 * size, 2 * size, generator=generator) * 2 - 1
    torch.testing.assert_close(bigger(x), 4 * net(avg_pool2d(x, 2)) + smoothing(x), rtol=1e-4, atol=1e-4)


def test_channels_that_give_nothing_can_be_merged() -> None:
    generator = torch.Generator().manual_seed(0)
    net = ConvNet(NetSpec(size=16, channels=1, width=16), generator)
    with torch.no_grad():
        net.convolutions[0].weight.zero_()
        net.convolutions[0].bias.zero_()
    bigger = fitted(net, NetSpec(size=32, channels=1, width=8), generator)
    x = torch.rand(3, 1, 32, 32, generator=generator) * 2 - 1
    assert bigger(x).isfinite().all()


def test_what_is_new_in_a_grown_net_can_be_learned() -> None:
    generator = torch.Generator().manual_seed(0)
    bigger = grown(ConvNet(NetSpec(size=16, channels=1, width=10), generator), 10, generator)
    before = [layer.weight.clone() for layer in bigger.convolutions]
    rate = 1e-2
    for _ in range(3):
        bigger.zero_grad()
        bigger(torch.rand(4, 1, 32, 32, generator=generator)).sum().backward()
        with torch.no_grad():
            for layer in bigger.convolutions:
                assert layer.weight.grad is not None
                layer.weight -= rate * layer.weight.grad
    for layer, weight in zip(bigger.convolutions, before, strict=True):
        assert (layer.weight != weight).flatten(1).any(1).all()


@pytest.mark.parametrize(
    "spec",
    [
        NetSpec(size=16, channels=1, width=5),
        NetSpec(size=32, width=4, activation="silu"),
        NetSpec(family="mlp", size=0, channels=2, width=6, depth=3, activation="silu"),
    ],
)
def test_a_widened_net_begins_with_the_same_energy(spec: NetSpec) -> None:
    generator = torch.Generator().manual_seed(0)
    net = make_net(spec, generator)
    wide = widened(net, generator)
    assert wide.spec == replace(spec, width=2 * spec.width)
    x = (torch.rand(3, *spec.shape, generator=generator) * 2 - 1).requires_grad_()
    torch.testing.assert_close(wide(x), net(x), rtol=1e-4, atol=1e-5)
    slopes = [torch.autograd.grad(each(x).sum(), x)[0] for each in (wide, net)]
    torch.testing.assert_close(*slopes, rtol=1e-4, atol=1e-6)


def test_the_two_copies_of_a_channel_are_taught_differently() -> None:
    generator = torch.Generator().manual_seed(0)
    spec = NetSpec(size=16, channels=1, width=6)
    wide = widened(make_net(spec, generator), generator)
    wide(torch.rand(4, *spec.shape, generator=generator)).sum().backward()
    for index, layer in enumerate(wide.convolutions[:-1]):
        first, second = layer.weight.grad.chunk(2)
        assert (first != second).flatten(1).any(1).all(), index


def test_a_net_grows_in_size_and_width_at_once() -> None:
    generator = torch.Generator().manual_seed(0)
    net = make_net(NetSpec(size=16, channels=1, width=6), generator)  # too narrow to grow only
    both = fitted(net, NetSpec(size=32, channels=1, width=12), generator)
    x = torch.rand(3, 1, 32, 32, generator=generator) * 2 - 1
    torch.testing.assert_close(both(x), 4 * net(avg_pool2d(x, 2)) + smoothing(x), rtol=1e-4, atol=1e-4)
    for spec in (
        NetSpec(size=64, channels=1, width=6),
        NetSpec(size=16, channels=3, width=6),
        NetSpec(size=16, width=3),
    ):
        with pytest.raises(SettingsError, match="cannot start"):
            fitted(net, spec, generator)


@pytest.mark.parametrize(
    "spec", [NetSpec(width=8), NetSpec(width=32, activation="silu"), NetSpec(width=32, leak=1.0), NetSpec(size=128)]
)
def test_a_net_that_cannot_grow(spec: NetSpec) -> None:
    with pytest.raises(SettingsError):
        grown(ConvNet(spec), spec.width, torch.Generator())


@pytest.mark.parametrize("width", [8, 12, 24, 64])
def test_a_width_that_a_net_cannot_grow_to(width: int) -> None:
    net = ConvNet(NetSpec(size=16, channels=1, width=32))
    with pytest.raises(SettingsError, match="cannot grow to one of"):
        grown(net, width, torch.Generator())
