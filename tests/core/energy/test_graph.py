"""What decides around a recording: when it is made, for how many images, and what happens when it fails.

On the CPU nothing can be recorded; there, `in_one_place` takes the recorder's place. Tests marked `device` record.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor

from ebm_studio.core.energy.backends import available
from ebm_studio.core.energy.capture import Recorded, record
from ebm_studio.core.energy.choice import choose_backend
from ebm_studio.core.energy.gradients import MOST, EnergyGradient
from ebm_studio.core.energy.graph import FEW, SIZES, USUAL, GraphGradient
from ebm_studio.core.energy.nets import ConvNet
from ebm_studio.core.specs import NetSpec
from tests.recording import in_one_place

SPEC = NetSpec(size=16, width=4)
DTYPES = [torch.float32, torch.bfloat16]


def drawn_net(spec: NetSpec = SPEC, device: str = "cpu") -> ConvNet:
    return ConvNet(spec, torch.Generator().manual_seed(3)).to(device).requires_grad_(False)


def pictures(count: int, spec: NetSpec = SPEC, device: str = "cpu") -> Tensor:
    return (torch.rand(count, *spec.shape, generator=torch.Generator().manual_seed(1)) * 2 - 1).to(device)


def test_work_is_done_once_as_it_stands_then_recorded_once_then_replayed() -> None:
    done: list[str] = []

    def recorder(work: Callable[[], int]) -> Callable[[], int]:
        done.append("recorded")
        return lambda: done.append("replayed") or 2

    work = Recorded("It", lambda: done.append("worked") or 1, recorder)
    assert [work(), work(), work()] == [1, 2, 2]
    assert done == ["worked", "recorded", "replayed", "replayed"]


def test_work_that_cannot_be_recorded_goes_on_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    def recorder(work: Callable[[], int]) -> Callable[[], int]:
        raise RuntimeError("operation not permitted when stream is capturing\nand more")

    count = 0

    def once_more() -> int:
        nonlocal count
        count += 1
        return count

    with caplog.at_level(logging.WARNING):
        work = Recorded("A short run", once_more, recorder)
        assert [work() for _ in range(4)] == [1, 2, 3, 4]
    (line,) = caplog.messages
    assert line.startswith("A short run cannot be recorded here")
    assert "and more" not in line


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_the_images_of_a_filled_up_graph_come_out_as_alone(dtype: torch.dtype) -> None:
    net = drawn_net()
    gradient, plain = (
        GraphGradient(net, dtype, in_one_place),
        EnergyGradient(net, dtype, FEW if dtype != torch.float32 else 0),
    )
    images = pictures(70)
    wanted = plain(images)
    for _ in range(3):  # as it stands, recorded, replayed
        for count in (1, 3, 16, 17, 70):
            found = gradient(images[:count])
            assert all(torch.equal(ours, all_[:count]) for ours, all_ in zip(found, wanted, strict=True))


def test_results_are_not_overwritten_by_the_next_call() -> None:
    gradient = GraphGradient(drawn_net(), record=in_one_place)
    images = pictures(2)
    for _ in range(2):  # from then on it is replayed
        energy, slope = gradient(images)
    kept = energy.clone(), slope.clone()
    gradient(images + 0.5)
    assert torch.equal(energy, kept[0])
    assert torch.equal(slope, kept[1])


def test_a_graph_is_of_the_smallest_size_that_holds_the_images() -> None:
    gradient = GraphGradient(drawn_net(), record=in_one_place)
    assert [gradient.size(count) for count in (1, 2, 16, 17, 64, 65, 256, 1000)] == [1, 4, 16, 64, 64, 256, 256, 256]


def test_a_size_with_other_rounding_is_not_used(caplog: pytest.LogCaptureFixture) -> None:
    gradient = GraphGradient(drawn_net(), record=in_one_place)
    direct = gradient.direct

    def other_in_small_and_large_ones(images: Tensor) -> tuple[Tensor, Tensor]:
        energy, slope = direct(images)
        return energy, slope + (1e-6 if len(images) in (1, 4, MOST) else 0)

    gradient.direct = other_in_small_and_large_ones  # type: ignore[assignment]
    with caplog.at_level(logging.INFO):
        assert [gradient.size(count) for count in (1, 4, 16, 64, 65, 300)] == [16, 16, 16, 64, USUAL, USUAL]
        gradient.size(1)
    # On some processors torch's own rounding is told, too.
    assert sum(text.startswith("Rounding in graphs") for text in caplog.messages) == 3
    assert torch.equal(gradient(pictures(300))[1], direct(pictures(300))[1])


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_new_weights_are_taken_up_where_the_old_ones_were(dtype: torch.dtype) -> None:
    net = drawn_net()
    gradient = GraphGradient(net, dtype, in_one_place)
    images = pictures(2)
    gradient(images)
    before = [(weight.data_ptr(), bias.data_ptr()) for _, weight, bias in gradient.direct._layers]
    with torch.no_grad():
        for layer in net.convolutions:
            layer.weight *= 1.5
    gradient.refresh()
    assert before == [(weight.data_ptr(), bias.data_ptr()) for _, weight, bias in gradient.direct._layers]
    fresh = GraphGradient(net, dtype, in_one_place)
    assert torch.equal(gradient(images)[1], fresh(images)[1])


@pytest.mark.parametrize("activation", ["leaky_relu", "silu"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_added_channels_change_nothing(dtype: torch.dtype, channels: int, activation: str) -> None:
    net = drawn_net(NetSpec(size=16, width=4, channels=channels, activation=activation))  # type: ignore[arg-type]
    images, factors = pictures(6, net.spec), torch.linspace(-1, 1, 6)
    plain, filled = EnergyGradient(net, dtype), EnergyGradient(net, dtype, FEW)
    filled.refresh()
    within = {"rtol": 1e-5, "atol": 1e-6} if dtype == torch.float32 else {"rtol": 0.05, "atol": 1e-2}
    for ours, wanted in zip(filled(images), plain(images), strict=True):
        assert ours.shape == wanted.shape
        torch.testing.assert_close(ours, wanted, **within)
    for ours, wanted in zip(
        filled.of_parameters(images, factors)[1], plain.of_parameters(images, factors)[1], strict=True
    ):
        assert ours.shape == wanted.shape
        torch.testing.assert_close(ours, wanted, **within)


@pytest.mark.device
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_a_recorded_gradient_is_the_plain_one(dtype: torch.dtype) -> None:
    net = drawn_net(NetSpec(width=32), "cuda")
    gradient, images = GraphGradient(net, dtype), pictures(USUAL, net.spec, "cuda")
    first, *others = [gradient(images) for _ in range(3)]
    wanted = EnergyGradient(net)(images)
    assert (first[1] - wanted[1]).norm() <= (2e-5 if dtype == torch.float32 else 0.2) * wanted[1].norm()
    assert gradient._graphs[USUAL][1]._replay is not gradient._graphs[USUAL][1]._work, "it was not recorded"
    for other in others:
        assert torch.equal(other[1], first[1])


@pytest.mark.device
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_an_image_comes_out_the_same_in_any_batch_on_a_gpu(dtype: torch.dtype) -> None:
    gradient = GraphGradient(drawn_net(NetSpec(width=32), "cuda"), dtype)
    images = pictures(300, gradient.spec, "cuda")
    everything = gradient(images)[1]
    for count in (1, 2, 3, 5, 16, 17, 33, 64, 65, 256, 257):
        assert torch.equal(gradient(images[:count])[1], everything[:count]), count


@pytest.mark.device
def test_what_cannot_be_recorded_goes_on_on_a_gpu() -> None:
    x = torch.ones(3, device="cuda")
    work = Recorded("A sum", lambda: float(x.sum()), record)  # waits for the GPU, which a recording cannot
    assert [work() for _ in range(3)] == [3.0] * 3
    assert float((x + 1).sum()) == 6


@pytest.mark.device
def test_after_a_recording_that_failed_the_stream_and_the_generator_are_as_before() -> None:
    random, stream = torch.Generator("cuda"), torch.cuda.current_stream()

    def draw() -> float:
        return float(torch.rand(1, generator=random, device="cuda"))

    work = Recorded("A number", draw, partial(record, generators=[random]))
    wanted = [draw() for _ in range(3) if random.manual_seed(3)]
    assert [work() for _ in range(3) if random.manual_seed(3)] == wanted
    assert torch.cuda.current_stream() == stream


def test_the_sizes_go_up_and_the_usual_one_is_among_them() -> None:
    assert sorted(SIZES) == list(SIZES)
    assert USUAL in SIZES
    assert SIZES[-1] == MOST


@pytest.mark.parametrize(("capability", "native"), [((7, 5), False), ((8, 0), True), ((9, 0), True)])
def test_bfloat16_is_for_gpus_that_multiply_it(
    capability: tuple[int, int], native: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    found = available(torch.device("cuda"))
    assert found[:2] == ("fp32", "graph")
    assert ("graph-bf16" in found) is ("bf16" in found) is native


@pytest.mark.device
def test_auto_is_a_graph_on_a_gpu() -> None:
    assert choose_backend(drawn_net(NetSpec(width=32), "cuda"), 16, {}).backend.startswith("graph")
