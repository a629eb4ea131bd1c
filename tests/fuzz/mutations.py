"""Seeded damage to bytes and to plain data, like that of accidents and attackers."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

DEEP: Any = 0
for _ in range(50):
    DEEP = [DEEP]
ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 10**40, 10**400, -(10**400), 0.5, 16.0, 1e308, -1e308, float("nan")),
    *(float("inf"), "", " ", "x", "x" * 30_000, "\ud800", "\udce9", "\0", "a\nb", "<b>&amp;</b>", "~nosuchuser/x"),
    *("../../etc/passwd", "/dev/zero", "é" * 200, [], {}, [None], [[1, 2], [3]], {"a": {}}, [1e308] * 100, DEEP),
)
"""Values that are wrong for any field."""
NUMBERS = (0, 1, 0x7F, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def spoilt(contents: list[bytes], seed: int, count: int) -> Iterator[bytes]:
    """`count` damaged copies of the contents of some files, in turn."""
    for number in range(count):
        rng = random.Random(seed * 1_000_003 + number)
        content = bytearray(contents[number % len(contents)])
        for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
            rng.choice(BLOWS)(content, rng)
        yield bytes(content)


def _flip(content: bytearray, rng: random.Random) -> None:
    if content:
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)


def _number(content: bytearray, rng: random.Random) -> None:
    if len(content) > 4:
        place = rng.choice((rng.randrange(len(content) - 4), rng.randrange(min(len(content) - 4, 64))))
        content[place : place + 4] = rng.choice(NUMBERS).to_bytes(4, rng.choice(("little", "big")))


def _cut(content: bytearray, rng: random.Random) -> None:
    del content[rng.randrange(len(content) + 1) :]


def _drop(content: bytearray, rng: random.Random) -> None:
    place = rng.randrange(len(content) + 1)
    del content[place : place + rng.randrange(64)]


def _double(content: bytearray, rng: random.Random) -> None:
    place = rng.randrange(len(content) + 1)
    content[place:place] = content[place : place + rng.randrange(256)] * rng.choice((1, 1, 30))


def _noise(content: bytearray, rng: random.Random) -> None:
    place = rng.randrange(len(content) + 1)
    content[place : place + 16] = rng.randbytes(16)


def _digits(content: bytearray, rng: random.Random) -> None:
    places = [place for place, byte in enumerate(content[:4096]) if 48 <= byte <= 57]
    if places:
        place = rng.choice(places)
        content[place : place + 1] = rng.choice((b"9" * 40, b"-1", b"1e308", b"NaN", b"", b"99999", b"0.5"))


BLOWS = (_flip, _flip, _number, _number, _cut, _drop, _double, _noise, _digits)


def odd_data(data: Any, seed: int, count: int) -> Iterator[Any]:
    """`count` copies of plain data, with a value or two changed, missing, doubled or moved."""
    for number in range(count):
        rng = random.Random(seed * 1_000_003 + number)
        changed = copy.deepcopy(data)
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            changed = _changed(changed, rng)
        yield changed


def odd_json(data: Any, seed: int, count: int) -> Iterator[str]:
    """`odd_data` as text, some of it damaged, too."""
    for number, changed in enumerate(odd_data(data, seed, count)):
        text = json.dumps(changed)
        if number % 10 == 9:
            [content] = spoilt([text.encode("utf-8", "replace")], seed + number, 1)
            text = content.decode("utf-8", "replace")
        elif number % 50 == 4:
            text = "[" * 10_000 + text + "]" * 10_000
        yield text


def _changed(data: Any, rng: random.Random) -> Any:
    places = list(_places(data))
    if not places or rng.random() < 0.02:
        return copy.deepcopy(rng.choice(ODD))
    table, key = rng.choice(places)
    blow = rng.random()
    if blow < 0.12:
        del table[key]
    elif blow < 0.2 and isinstance(table, dict):
        table["unknown"] = copy.deepcopy(table[key])
    elif blow < 0.28:
        other, there = rng.choice(places)
        table[key] = copy.deepcopy(other[there])
    else:
        table[key] = copy.deepcopy(rng.choice(ODD))
    return data


def _places(data: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(data, dict | list):
        for key in list(data) if isinstance(data, dict) else range(min(len(data), 50)):
            yield data, key
            yield from _places(data[key])
