"""Frozen dataclasses from JSON that others wrote: each value of the type that its field declares, or one sentence."""

from __future__ import annotations

import json
import types
import typing
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar, get_args, get_origin

from ebm_studio.core.checks import is_number
from ebm_studio.core.errors import DataError
from ebm_studio.core.specs import Spec

T = TypeVar("T")
MAX_TEXT = 20_000
"""Letters of a text."""
MAX_NUMBER = 1e15
"""What counts or measures something is nowhere near."""
SHOWN = 40


def parse(text: str | bytes) -> Any:
    """Plain data from JSON without NaN. Raises `DataError`."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise DataError("it is not JSON") from None


def build(cls: type[T], data: object, name: str = "it") -> T:
    """The dataclass that `asdict` turned into plain data. Raises `DataError`, or `SettingsError` of a spec."""
    if issubclass(cls, Spec):
        return cls.from_dict(data)
    if not isinstance(data, dict):
        raise DataError(f"{name} is not a table")
    assert is_dataclass(cls)
    hints, known = _hints(cls), {field.name: field for field in fields(cls)}
    if unknown := sorted(str(key)[:SHOWN] for key in data if key not in known):
        raise DataError(f"this program does not know {', '.join(unknown[:3])} of {name}")
    for field in known.values():
        if field.name not in data and field.default is MISSING and field.default_factory is MISSING:
            raise DataError(f"{name} has no {field.name}")
    return cls(**{key: _value(hints[key], value, str(key)) for key, value in data.items()})


@cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _value(hint: Any, value: object, name: str) -> Any:
    if isinstance(hint, types.UnionType):
        return _one_of(get_args(hint), value, name)
    if get_origin(hint) is Literal:
        return _checked(value, value in get_args(hint), name)
    if hint is bool:
        return _checked(value, isinstance(value, bool), name)
    if hint is int:
        return _checked(value, type(value) is int and abs(value) <= MAX_NUMBER, name)
    if hint is float:
        return float(_checked(value, is_number(value, -MAX_NUMBER, MAX_NUMBER), name))
    if hint is str:
        return _checked(value, is_text(value), name)
    return build(hint, value, name)


def _one_of(hints: tuple[Any, ...], value: object, name: str) -> Any:
    """Of `X | None`."""
    if value is None and types.NoneType in hints:
        return None
    (hint,) = (hint for hint in hints if hint is not types.NoneType)
    return _value(hint, value, name)


def _checked(value: Any, ok: bool, name: str) -> Any:
    if not ok:
        raise DataError(f"{str(value)[:SHOWN]} is not a value of {name}")
    return value


def check(ok: bool, message: str) -> None:
    """Raise `DataError` with the message unless all is well."""
    if not ok:
        raise DataError(message)


def is_text(value: object, most: int = MAX_TEXT) -> bool:
    """Whether a value is text that a file can hold: a lone surrogate is none, unless it is a byte of a file's name."""
    if not isinstance(value, str) or len(value) > most:
        return False
    try:
        value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def _refuse(constant: str) -> float:
    raise ValueError(constant)
