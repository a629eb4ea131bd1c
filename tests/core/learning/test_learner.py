import pytest
import torch

from ebm_studio.core.errors import DivergedError, SettingsError
from ebm_studio.core.learning.learner import Learner
from ebm_studio.core.specs import Learning, NetSpec, ShortRun

SPEC = NetSpec(size=16, channels=1, width=4)
RUN = ShortRun(steps=5)


def learner(**changes):
    images = torch.zeros(10, 1, 16, 16, dtype=torch.uint8)
    images[:, :, 4:12, 4:12] = 255
    return Learner(SPEC, RUN, Learning(**{"chains": 4, "images": 6, "learning_rate": 1e-3, **changes}), images)


def weights(one):
    return torch.cat([p.detach().flatten() for p in one.net.parameters()])


def test_learning_lowers_the_energy_of_data_against_noise():
    one = learner(updates=30)
    torch.manual_seed(0)
    noise = torch.rand(16, 1, 16, 16) * 2 - 1
    data = (one._images.float() / 127.5 - 1)[:1]
    for _ in range(30):
        one.update(0.0)
    with torch.no_grad():
        assert float(one.net(data).mean()) < float(one.net(noise).mean()) - 0.1


def test_same_seed_same_weights_and_another_seed_others():
    one, same, other = learner(), learner(), learner(seed=1)
    for each in (one, same, other):
        for _ in range(3):
            metrics = each.update(0.0)
    assert torch.equal(weights(one), weights(same))
    assert not torch.equal(weights(one), weights(other))
    assert metrics.update == 3
    assert metrics.d == metrics.energy_data - metrics.energy_samples


def test_a_resumed_learner_goes_on_exactly():
    unbroken, first, second = learner(), learner(), learner()
    for _ in range(6):
        unbroken.update(0.0)
    for _ in range(3):
        first.update(0.0)
    second.load(first.state(), first.updates)
    for _ in range(3):
        second.update(0.0)
    assert torch.equal(weights(unbroken), weights(second))
    for mine, theirs in zip(unbroken.average.parameters(), second.average.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_mirrored_images_are_seen_both_ways():
    seen = []
    for mirror in (0.0, 0.5, 1.0):
        one = learner(images=64, mirror=mirror)
        one._images = torch.zeros(1, 1, 16, 16, dtype=torch.uint8)
        one._images[..., :4] = 255  # bright at the left
        one._random.manual_seed(0)
        data = one._draw_data(sigma=0.0)
        seen.append(int((data[:, 0, 0, -1] > 0).sum()))
    assert seen[0] == 0
    assert 16 < seen[1] < 48
    assert seen[2] == 64


def test_images_can_be_seen_with_less_contrast():
    plain, flat = (learner(images=8, data_contrast=contrast) for contrast in (1.0, 0.5))
    wanted, found = (one._draw_data(sigma=0.0) for one in (plain, flat))
    torch.testing.assert_close(found, 0.5 * wanted)
    for contrast in (0.0, 1.5):
        with pytest.raises(SettingsError, match="data_contrast must be from"):
            Learning(data_contrast=contrast)


def test_trimmed_chains_are_those_of_the_highest_energy():
    one = learner(chains=8, trim=0.25)
    samples = torch.rand(8, 1, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    energy, _ = one._gradient(samples)
    kept = one._arrived(samples, one._gradient)
    order = energy.argsort()
    assert torch.equal(kept, samples[order[:6].sort().values])
    metrics = one.update(0.0)
    assert metrics.energy_samples < one.net(one.samples).mean().item()  # the mean is of those that count


def test_the_average_follows_the_weights():
    one = learner(ema=0.0)
    one.update(0.0)
    for mine, theirs in zip(one.average.parameters(), one.net.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs.detach())

    one = learner(ema=0.9)
    for _ in range(3):
        one.update(0.0)
    assert any(
        not torch.equal(mine, theirs)
        for mine, theirs in zip(one.average.parameters(), one.net.parameters(), strict=True)
    )


def test_divergence_is_told_and_changes_no_weight():
    one = learner()
    one.update(0.0)
    with torch.no_grad():
        one.net.f[-1].bias.fill_(float("nan"))
    before = weights(one)
    with pytest.raises(DivergedError, match="update 2 the energy"):
        one.update(0.0)
    assert torch.equal(before.nan_to_num(), weights(one).nan_to_num())
    assert one.updates == 1
