import pytest
import torch
from torch.nn.functional import avg_pool2d, interpolate

from ebm_studio.core.energy.growing import grown
from ebm_studio.core.energy.nets import ConvNet
from ebm_studio.core.errors import SettingsError
from ebm_studio.core.specs import NetSpec


@pytest.mark.parametrize(
    ("size", "channels", "width", "leak"), [(16, 1, 8, 0.2), (32, 3, 24, 0.2), (32, 1, 8, 0.2), (16, 1, 8, 0.05)]
)
def test_a_grown_net_begins_as_the_smaller_one(size: int, channels: int, width: int, leak: float) -> None:
    generator = torch.Generator().manual_seed(0)
    net = ConvNet(NetSpec(size=size, channels=channels, width=width, leak=leak), generator)
    bigger = grown(net, generator)
    assert bigger.spec == NetSpec(size=2 * size, channels=channels, width=width, leak=leak)
    x = (torch.rand(3, channels, 2 * size, 2 * size, generator=generator) * 2 - 1).requires_grad_()
    torch.testing.assert_close(bigger(x), 4 * net(avg_pool2d(x, 2)), rtol=1e-4, atol=1e-5)

    (slope,) = torch.autograd.grad(bigger(x).sum(), x)
    small = avg_pool2d(x.detach(), 2).requires_grad_()
    (smaller,) = torch.autograd.grad(net(small).sum(), small)
    torch.testing.assert_close(slope, interpolate(smaller, scale_factor=2), rtol=1e-4, atol=1e-6)


def test_what_is_new_in_a_grown_net_can_be_learned() -> None:
    generator = torch.Generator().manual_seed(0)
    bigger = grown(ConvNet(NetSpec(size=16, channels=1, width=10), generator), generator)
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


@pytest.mark.parametrize("spec", [NetSpec(width=8), NetSpec(width=32, activation="silu"), NetSpec(size=128)])
def test_a_net_that_cannot_grow(spec: NetSpec) -> None:
    with pytest.raises(SettingsError):
        grown(ConvNet(spec), torch.Generator())
