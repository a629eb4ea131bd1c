"""Philox against its published vectors, its normals against theirs, and its streams against one another."""

from itertools import combinations

import pytest
import torch
from torch import Tensor

from ebm_studio.core.sampling.langevin import seed_from
from ebm_studio.core.sampling.philox import AHEAD, StepNoise, keys_of, normals, philox

KNOWN = [  # Random123's kat_vectors, philox4x32 10
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


def words(text: str, copies: int) -> tuple[Tensor, ...]:
    return tuple(torch.full((copies,), int(word, 16)) for word in text.split())


def keys(chains: range, seed: int = 3) -> Tensor:
    return keys_of([seed_from("steps", seed, chain) for chain in chains])


@pytest.mark.parametrize("copies", [1, 3, 37])  # one by one, and in the processor's vectors
@pytest.mark.parametrize(("counter", "key", "wanted"), KNOWN)
def test_the_words_are_those_of_random123(counter: str, key: str, wanted: str, copies: int) -> None:
    found = philox(words(counter, copies), words(key, copies))  # type: ignore[arg-type]
    for word, expected in zip(found, words(wanted, copies), strict=True):
        assert torch.equal(word, expected)


def test_the_normals_have_the_moments_of_normals() -> None:
    u = normals(keys(range(32)), torch.arange(8), (3, 32, 32)).double()
    count = u.numel()
    # Each within five standard errors of its own.
    for power, moment, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96), (6, 15, 10170)):
        assert abs(float(u.pow(power).mean()) - moment) < 5 * (variance / count) ** 0.5
    assert abs(float((u.abs() > 3).double().mean()) - 0.0026998) < 5 * (0.0027 / count) ** 0.5
    assert torch.isfinite(u).all()


def test_neighbouring_chains_steps_and_pixels_are_independent() -> None:
    u = normals(keys(range(8)), torch.arange(6), (1, 32, 32))
    rows = u.flatten(2).flatten(0, 1)
    for one, other in combinations(rows, 2):
        assert abs(float((one * other).mean())) < 5 / one.numel() ** 0.5
    flat = rows.flatten()
    for lag in (1, 2, 3, 4):  # within a block of four, and into the next one
        assert abs(float((flat[lag:] * flat[:-lag]).mean())) < 5 / flat.numel() ** 0.5


def test_no_number_comes_twice() -> None:
    u = normals(keys(range(4)), torch.arange(4), (3, 16, 16))
    assert len(u.unique()) > 0.999 * u.numel()


def test_a_chain_is_the_same_in_any_batch_and_any_step_alone() -> None:
    shape, steps = (3, 5, 7), torch.arange(5)  # 105 numbers: the last block of four is not full
    many = normals(keys(range(9)), steps, shape)
    assert torch.equal(normals(keys(range(2)), steps, shape), many[:, :2])
    assert torch.equal(normals(keys(range(4, 9)), steps, shape), many[:, 4:])
    assert torch.equal(normals(keys(range(9)), steps[3:4], shape), many[3:4])
    assert not torch.equal(normals(keys(range(9), seed=4), steps, shape), many)


@pytest.mark.parametrize("chains", [2, 5000])  # many steps drawn ahead, and one at a time
def test_steps_come_in_turn_however_many_are_drawn_ahead(chains: int) -> None:
    shape, count = (1, 16, 16), 2 * AHEAD + 3 if chains == 2 else 3
    noise, later = (StepNoise(keys(range(chains)), shape) for _ in range(2))
    later.skip(2)
    for step in range(count):
        expected = normals(noise.keys, torch.tensor([step]), shape)[0]
        assert torch.equal(noise(), expected)
        if step >= 2:
            assert torch.equal(later(), expected)


def test_what_was_drawn_is_not_written_again() -> None:
    noise = StepNoise(keys(range(2)), (1, 4, 4))
    first = noise()
    kept = first.clone()
    for _ in range(AHEAD):
        noise()
    assert torch.equal(first, kept)
