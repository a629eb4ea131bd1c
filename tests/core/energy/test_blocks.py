"""What becomes of an image depends on nothing around it, even where the library's kernels do."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from ebm_studio.core.energy import crew
from ebm_studio.core.energy.blocks import LARGEST, SIZES, Blocks
from ebm_studio.core.energy.crew import use_threads

SHAPE = (1, 16, 16)
Function = Callable[[Tensor], tuple[Tensor]]


@pytest.fixture(params=[1, 2, 3], ids="{} threads".format)
def workers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(crew, "_chosen", 0)
    torchs = torch.get_num_threads()
    use_threads(request.param)
    yield request.param
    crew.dismiss()
    torch.set_num_threads(torchs)


def steady(images: Tensor) -> tuple[Tensor]:
    return (images.sin(),)


def by_place(images: Tensor) -> tuple[Tensor]:
    return (images.sin() + torch.arange(len(images)).div(4, rounding_mode="floor").view(-1, 1, 1, 1),)


def by_neighbours(images: Tensor) -> tuple[Tensor]:
    return (images.sin() + images.sum(),)


def by_small_sizes(images: Tensor) -> tuple[Tensor]:
    return (images.sin() + (len(images) < 4),)


def by_luck(images: Tensor) -> tuple[Tensor]:
    return (images.sin() + (len(images) == 1 and images.flatten()[0] > 0),)


@pytest.mark.parametrize(
    ("function", "good"),
    [
        (steady, [1, 2, 4, 8, 16, 32]),
        (by_place, [1, 2, 4]),
        (by_neighbours, [1]),
        (by_small_sizes, [4, 8, 16, 32]),
        (by_luck, [2, 4, 8, 16, 32]),
    ],
)
def test_sizes_that_change_an_image_are_found_and_left_out(
    function: Function, good: list[int], workers: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    blocks = Blocks("some gradient", function, SHAPE)
    images = torch.rand(70, *SHAPE)
    results = []
    for count in (1, 2, 3, 5, 7, 16, 17, 33, 70):
        result = torch.empty_like(images[:count])
        blocks.fill([images[:count]], [result])
        results.append(result)
        assert set(blocks.plan(count)) <= set(good)
    assert all(torch.equal(fewer, more[: len(fewer)]) for fewer, more in pairwise(results))
    sizes = {size for size in SIZES if size <= LARGEST}
    assert [size for size in sorted(sizes) if blocks.agrees(size)] == good
    for size in sizes - {*good}:
        assert f"some gradient: rounding depends on the place in blocks of {size} here" in caplog.text


def test_the_strides_of_the_images_make_no_difference(workers: int) -> None:
    seen = set()

    def function(images: Tensor) -> tuple[Tensor]:
        seen.add(images.stride())
        return (images.sin(),)

    blocks = Blocks("gradient", function, SHAPE, largest=4)
    images = torch.rand(4, *SHAPE)
    for laid_out in (
        images,
        images.contiguous(memory_format=torch.channels_last),
        images.mT,
        images[:1].expand(4, -1, -1, -1),
    ):
        result = torch.empty_like(images)
        blocks.fill([laid_out], [result])
        assert torch.equal(result, laid_out.sin())
    assert len(seen) == 1


def test_one_image_does_not_pay_for_a_whole_block(workers: int) -> None:
    assert Blocks("gradient", steady, SHAPE).plan(1) == [1]


def test_work_is_spread_over_the_threads(workers: int) -> None:
    blocks = Blocks("gradient", steady, SHAPE)
    assert blocks.plan(16) == {1: [16], 2: [8, 8], 3: [8, 8]}[workers]


def test_blocks_that_all_threads_share_are_large_and_come_one_after_another(workers: int) -> None:
    callers = set()

    def function(images: Tensor) -> tuple[Tensor]:
        callers.add(threading.current_thread())
        return steady(images)

    blocks = Blocks("gradient", function, SHAPE, largest=64, together=True)
    assert blocks.plan(64) == [64]
    images = torch.rand(130, *SHAPE)
    result = torch.empty_like(images)
    blocks.fill([images], [result])
    assert torch.equal(result, images.sin())
    assert callers == {threading.current_thread()}


def test_a_size_is_checked_again_with_another_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "_chosen", 1)

    def function(images: Tensor) -> tuple[Tensor]:
        return (images.sin() + (crew.threads() == 2 and len(images) == 16),)

    blocks = Blocks("gradient", function, SHAPE, together=True)
    assert blocks.plan(16) == [16]
    monkeypatch.setattr(crew, "_chosen", 2)
    assert blocks.plan(16) == [8, 8]


def test_an_error_in_a_helper_comes_back_and_helpers_work_on(workers: int) -> None:
    done: list[int] = []

    def work(piece: int) -> None:
        if piece == 5:
            raise ValueError("five")
        done.append(piece)

    with pytest.raises(ValueError, match="five"):
        crew.share_out(work, range(6))
    done.clear()
    crew.share_out(work, range(5))
    assert sorted(done) == [0, 1, 2, 3, 4]


def test_pieces_run_in_one_thread_each_and_torch_is_as_before() -> None:
    torch.set_num_threads(2)
    seen: list[tuple[int, bool]] = []
    try:
        crew.share_out(lambda _: seen.append((torch.get_num_threads(), torch.is_grad_enabled())), range(8))
        assert set(seen) == {(1, False)}
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
        crew.dismiss()
