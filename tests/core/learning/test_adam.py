import pytest
import torch

from ebm_studio.core.learning.adam import Adam


def nets(like=torch.contiguous_format):
    for _ in range(2):
        yield torch.nn.Conv2d(3, 5, 3).to(memory_format=like)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_it_is_torchs_own_to_the_bit(layout):
    random = torch.Generator().manual_seed(0)
    ours, theirs = nets(layout)
    theirs.load_state_dict(ours.state_dict())
    rates = [1e-2, 3e-3, 1e-3, 5e-4]
    mine, own = (
        Adam(ours.parameters(), (0.5, 0.99)),
        torch.optim.Adam(theirs.parameters(), betas=(0.5, 0.99), fused=True),
    )
    for rate in rates:
        for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
            one.grad = torch.empty_like(one).normal_(generator=random)
            other.grad = one.grad.clone()
        mine.step(rate)
        own.param_groups[0]["lr"] = rate
        own.step()
    for moments, one, other in zip(mine.moments, ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(one, other)
        assert all(torch.equal(moments[name], own.state[other][name]) for name in moments)


def test_moments_that_are_missing_begin_anew():
    net, _ = nets()
    adam = Adam(net.parameters(), (0.9, 0.999))
    for parameter in net.parameters():
        parameter.grad = torch.ones_like(parameter)
    adam.step(1e-3)
    adam.load([{}, {"step": torch.tensor(7.0)}])
    assert [float(moments["step"]) for moments in adam.moments] == [0, 7]
    assert not any(moments["exp_avg"].any() for moments in adam.moments)
