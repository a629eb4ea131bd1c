"""A network is one class: everything that the program does with the paper's net, it does with any other."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from ebm_studio.core.energy.backends import available, make_gradient, make_parameter_gradient
from ebm_studio.core.energy.choice import choose_backend
from ebm_studio.core.energy.growing import grown
from ebm_studio.core.energy.nets import NETS, EnergyNet, initialise, make_net
from ebm_studio.core.errors import CheckpointError, SettingsError
from ebm_studio.core.learning.learner import Learner
from ebm_studio.core.specs import (
    FAMILIES,
    Family,
    Interpolation,
    Learning,
    NetSpec,
    Reconstruction,
    ShortRun,
    point_net,
)
from ebm_studio.data.models.card import Card
from ebm_studio.data.models.model import Model, load_model, save_model

RUN = ShortRun(steps=5, step_size=0.5)
CPU = torch.device("cpu")


class ResidualNet(EnergyNet):
    """Blocks x + conv(act(conv(x))) between a stem and a mean over the picture."""

    def __init__(self, spec: NetSpec, generator: torch.Generator | None = None) -> None:
        super().__init__(spec)
        self.stem = nn.Conv2d(spec.channels, spec.width, 4, 4)
        self.blocks = nn.ModuleList(
            nn.ModuleList(nn.Conv2d(spec.width, spec.width, 3, 1, 1) for _ in range(2)) for _ in range(spec.depth)
        )
        self.head = nn.Linear(spec.width, 1)
        initialise((m for m in self.modules() if isinstance(m, nn.Conv2d | nn.Linear)), generator)

    def forward(self, images: Tensor) -> Tensor:
        act = nn.functional.silu if self.spec.activation == "silu" else nn.functional.relu
        h = self.stem(images)
        for first, second in self.blocks:
            h = h + second(act(first(act(h))))
        energy: Tensor = self.head(act(h).mean((2, 3)))
        return 30 * energy.flatten()


@pytest.fixture
def residual(monkeypatch):
    monkeypatch.setitem(FAMILIES, "residual", Family(activations=("silu", "leaky_relu"), depths=range(1, 4)))
    monkeypatch.setitem(NETS, "residual", ResidualNet)
    return NetSpec(family="residual", size=16, channels=1, width=6, depth=2, activation="silu")


def test_a_new_network_samples_trains_reconstructs_and_interpolates(residual, tmp_path):
    pictures = torch.randint(256, (20, 1, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    learner = Learner(residual, RUN, Learning(chains=4, images=8), pictures)
    before = [parameter.clone() for parameter in learner.net.parameters()]
    assert learner.update(0.0).v > 0
    moved = [not torch.equal(old, new) for old, new in zip(before, learner.net.parameters(), strict=True)]
    assert all(moved[:-1])
    assert not moved[-1]  # the last bias shifts E(data) and E(samples) alike

    save_model(tmp_path / "r.safetensors", learner.net, Card(name="r", net=residual, short_run=RUN))
    model = load_model(tmp_path / "r.safetensors", "cpu")
    assert (model.card.net, model.backend) == (residual, "fp32")
    assert torch.equal(model.sample(3, seed=1), Model(learner.net, model.card).sample(3, seed=1))

    photos = model.sample(2, seed=5, run=replace(RUN, noise_scale=0.0))
    found = list(model.reconstruct(photos, Reconstruction(iterations=12), run=replace(RUN, noise_scale=0.0)))
    assert found[-1].best_error.max() < 1e-3

    frames = model.interpolate([model.latent(0), model.latent(1)], Interpolation(frames=5)).images
    first, last = model.sample(1, seed=0)[0], model.sample(1, seed=1)[0]
    assert torch.allclose(frames[0], first, atol=1e-5)
    assert torch.allclose(frames[-1], last, atol=1e-5)


def test_a_network_that_cannot_grow_says_so(residual):
    with pytest.raises(SettingsError, match="can grow"):
        grown(make_net(residual), residual.width, torch.Generator())


def test_a_network_of_another_family_has_one_backend(residual):
    net = make_net(residual)
    assert choose_backend(net, 4, known := {}).backend == "fp32"
    assert not known
    with pytest.raises(SettingsError, match="convolutional networks"):
        make_gradient(net, next(name for name in available(CPU) if name != "fp32"))


@pytest.mark.parametrize("activation", FAMILIES["mlp"].activations)
@pytest.mark.parametrize("depth", [2, 4])
def test_a_net_of_points_has_the_gradients_of_autograd(activation, depth):
    net = make_net(point_net(8, depth, activation), torch.Generator().manual_seed(0))
    points = torch.rand(50, 2, generator=torch.Generator().manual_seed(1)) * 2 - 1
    factors = torch.linspace(-1, 1, 50)
    x = points.clone().requires_grad_()
    (slope,) = torch.autograd.grad(net(x).sum(), x)
    weights = torch.autograd.grad((factors * net(points)).sum(), list(net.parameters()))

    energy, ours = make_gradient(net, "fp32")(points)
    assert torch.allclose(energy, net(points), atol=1e-6)
    assert torch.allclose(ours, slope, atol=1e-6)
    energy, ours = make_parameter_gradient(net, "fp32").of_parameters(points, factors)
    assert torch.allclose(energy, net(points), atol=1e-6)
    for mine, true in zip(ours, weights, strict=True):
        assert torch.allclose(mine, true, atol=1e-5)


def test_the_learner_trains_a_net_of_points():
    points = torch.rand(100, 2, generator=torch.Generator().manual_seed(0)) * 0.2
    run = ShortRun(steps=20, step_size=0.003, noise_scale=0.05)
    learner = Learner(point_net(16), run, Learning(chains=50, images=50, learning_rate=3e-3), points)
    for _ in range(200):
        learner.update(0.0)
    assert learner.samples is not None
    assert learner.samples.shape == (50, 2)
    assert (learner.samples - 0.1).abs().mean() < 0.15  # from noise, whose mean distance is 0.5


def test_a_model_of_points_is_refused_where_pictures_are_drawn(tmp_path):
    spec = point_net()
    save_model(tmp_path / "p.safetensors", make_net(spec), Card(name="p", net=spec, short_run=RUN))
    with pytest.raises(CheckpointError, match="landscape"):
        load_model(tmp_path / "p.safetensors", "cpu")
