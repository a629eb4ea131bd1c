"""Updates whose work is recorded, against plain ones. On the CPU, `in_one_place` takes the recorder's place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from ebm_studio.core.energy.graph import GraphGradient
from ebm_studio.core.learning.captured_work import Found
from ebm_studio.core.learning.learner import Learner
from ebm_studio.core.specs import Learning, NetSpec, ShortRun
from tests.recording import in_one_place

SPEC = NetSpec(size=16, channels=1, width=4)
RUN = ShortRun(steps=5)
Work = Callable[[], Found]


def learner(device: str = "cpu", backend: str = "fp32", **changes: Any) -> Learner:
    images = torch.randint(0, 256, (10, *SPEC.shape), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    settings = {"chains": 4, "images": 6, "learning_rate": 1e-3, "mirror": 0.5, "trim": 0.25, "data_contrast": 0.9}
    return Learner(SPEC, RUN, Learning(decay_share=1.0, **settings | changes), images, device, backend)


def captured(record: Callable[[Work], Work], **changes: Any) -> Learner:
    one = learner(**changes)
    gradient = GraphGradient(one.net, record=lambda work: work)  # type: ignore[arg-type]
    one._gradient = gradient
    one._capture(gradient, record)
    return one


def weights(one: Learner) -> Tensor:
    return torch.cat([parameter.detach().cpu().flatten() for parameter in one.net.parameters()])


@pytest.mark.parametrize("changes", [{}, {"chains_from": "data"}, {"chains_from": "chains"}], ids=str)
def test_recorded_updates_are_plain_updates(changes: dict[str, Any]) -> None:
    plain, ours = learner(**changes), captured(in_one_place, **changes)
    for update in range(6):  # sigma and the learning rate fall from one to the next
        wanted, found = plain.update(update / 6), ours.update(update / 6)
        assert found.v == pytest.approx(wanted.v, rel=1e-4)
        assert found.data_noise == wanted.data_noise
    assert plain.samples is not None
    assert ours.samples is not None
    torch.testing.assert_close(ours.samples, plain.samples, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(weights(ours), weights(plain), rtol=1e-4, atol=1e-5)


def test_an_update_is_recorded_once_for_its_settings() -> None:
    recorded: list[Work] = []

    def recorder(work: Work) -> Work:
        recorded.append(work)
        return work

    one = captured(recorder)
    for expected in (0, 1, 1, 1):
        one.update(0.0)
        assert len(recorded) == expected
    one.learning = replace(one.learning, chains=8)
    for expected in (1, 2, 2):
        one.update(0.0)
        assert len(recorded) == expected
        assert one.samples is not None
        assert len(one.samples) == 8


def test_chains_that_go_on_are_not_recorded() -> None:
    recorded: list[Work] = []

    def recorder(work: Work) -> Work:
        recorded.append(work)
        return work

    one = captured(recorder, chains_from="chains")
    for _ in range(3):
        one.update(0.0)
    assert not recorded


def test_an_update_that_cannot_be_recorded_trains_the_same() -> None:
    def failing(work: Work) -> Work:
        raise RuntimeError("no recording today")

    ours, other = captured(in_one_place), captured(failing)
    for _ in range(4):
        ours.update(0.0)
        other.update(0.0)
    assert torch.equal(weights(ours), weights(other))


def test_gradients_stay_where_a_recording_writes_them() -> None:
    one = learner()
    one.update(0.0)
    places = [parameter.grad.data_ptr() for parameter in one.net.parameters() if parameter.grad is not None]
    one.update(0.0)
    assert places
    assert places == [parameter.grad.data_ptr() for parameter in one.net.parameters() if parameter.grad is not None]


def test_samples_are_not_overwritten_by_the_next_update() -> None:
    one = captured(in_one_place)
    for _ in range(2):  # from then on it is replayed
        one.update(0.0)
    assert one.samples is not None
    samples, kept = one.samples, one.samples.clone()
    one.update(0.0)
    assert torch.equal(samples, kept)


@pytest.mark.device
@pytest.mark.parametrize("backend", ["graph", "graph-bf16"])
def test_recorded_updates_on_a_gpu_are_plain_updates(backend: str) -> None:
    plain, ours = (learner("cuda", backend) for _ in range(2))
    plain._captured = None
    for update in range(6):
        wanted, found = plain.update(update / 6), ours.update(update / 6)
        assert found.v == pytest.approx(wanted.v, rel=0.05)
    assert ours._captured
    recorded = ours._captured._recorded
    assert recorded._replay is not recorded._work, "it was not recorded"
    torch.testing.assert_close(weights(ours), weights(plain), rtol=0.05, atol=2e-3)
