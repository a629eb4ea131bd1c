import pytest
import torch
from torch import Tensor

from ebm_studio.core.energy.adjoint import HessianProduct, hessian_product, pull_back
from ebm_studio.core.energy.gradients import EnergyGradient
from ebm_studio.core.energy.nets import ConvNet
from ebm_studio.core.sampling.langevin import short_run
from ebm_studio.core.specs import Activation, NetSpec, ShortRun

BOTH = pytest.mark.parametrize("activation", ["leaky_relu", "silu"])
K = 8


def curved_net(activation: Activation) -> ConvNet:
    net = ConvNet(NetSpec(size=16, width=4, activation=activation), torch.Generator().manual_seed(3))
    for layer in net.convolutions:
        layer.weight.data *= 4  # a freshly drawn net is almost flat, and would pass with no Hessian at all
    return net.requires_grad_(False)


def by_autograd(net: ConvNet, z: Tensor, target: Tensor, run: ShortRun) -> tuple[Tensor, Tensor]:
    z = z.clone().requires_grad_()
    x = z
    for index in range(run.steps):
        if not x.requires_grad:
            x.requires_grad_()
        (slope,) = torch.autograd.grad(net(x).sum(), x, create_graph=True)
        x = x - run.step_size * run.pace(index) * slope
    (gradient,) = torch.autograd.grad((x - target).square().sum(), z)
    return gradient, x.detach()


@BOTH
def test_pull_back_is_autograd_through_every_step(activation: Activation) -> None:
    net = curved_net(activation)
    run = ShortRun(steps=K, step_size=0.02, settle=3)
    random = torch.Generator().manual_seed(1)
    z = torch.rand(3, 3, 16, 16, generator=random) * 2 - 1
    target = torch.rand(3, 3, 16, 16, generator=random) * 2 - 1

    expected, end = by_autograd(net, z, target, run)
    images = [step.images for step in short_run(EnergyGradient(net), z, run)]
    assert len(images) == K + 1
    torch.testing.assert_close(images[-1], end, rtol=1e-4, atol=1e-5)
    cotangent = 2 * (images[-1] - target)
    found = pull_back(hessian_product(net), images, cotangent, run)

    assert (found - expected).norm() / expected.norm() < 1e-5
    if activation == "leaky_relu":
        assert torch.equal(found, cotangent)
    else:  # the chain must bend, or the test says nothing
        assert (cotangent - expected).norm() / expected.norm() > 0.05


@BOTH
def test_the_hessian_product_is_double_backward(activation: Activation) -> None:
    net = curved_net(activation)
    random = torch.Generator().manual_seed(2)
    x = torch.rand(5, 3, 16, 16, generator=random).requires_grad_()
    v = torch.randn(5, 3, 16, 16, generator=random)
    (slope,) = torch.autograd.grad(net(x).sum(), x, create_graph=True)
    (expected,) = torch.autograd.grad(slope, x, v, allow_unused=True)
    found = HessianProduct(net)(x.detach(), v)
    if activation == "leaky_relu":
        assert not expected.any()
        assert not found.any()
    else:
        assert (found - expected).norm() / expected.norm() < 1e-5


@pytest.mark.parametrize("width", [8, 64])
def test_the_hessian_product_holds_in_nets_with_wide_layers(width: int) -> None:
    net = ConvNet(NetSpec(width=width, activation="silu"), torch.Generator().manual_seed(3)).requires_grad_(False)
    x = torch.rand(2, 3, 32, 32).requires_grad_()
    v = torch.randn(2, 3, 32, 32)
    (slope,) = torch.autograd.grad(net(x).sum(), x, create_graph=True)
    (expected,) = torch.autograd.grad(slope, x, v)
    assert (HessianProduct(net)(x.detach(), v) - expected).norm() / expected.norm() < 2e-5
