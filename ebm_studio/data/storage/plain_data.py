"""Frozen dataclasses to JSON, and from JSON that others wrote: each value of its field's type, or one sentence.

Where a field may hold one of several dataclasses, each has a class variable `kind`, and the JSON names it. A field of
type `Annotated[X, test]` holds what passes the test.
"""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Iterable
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from ebm_studio.core.checks import is_number, is_whole
from ebm_studio.core.errors import DataError
from ebm_studio.core.specs import MAX_SEED, Spec

T = TypeVar("T")
Seed = Annotated[int, lambda value: is_whole(value, 0, MAX_SEED)]
LongText = Annotated[str, lambda value: isinstance(value, str)]
"""Text that may be as long as the file that it comes from."""
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


def plain(value: Any) -> Any:
    """A dataclass as plain data, ready for JSON; with its `kind`, if it has one. `build` reads it."""
    if hasattr(value, "to_dict"):
        return {**_tag(value), **value.to_dict()}
    if is_dataclass(value):
        return {**_tag(value), **{field.name: plain(getattr(value, field.name)) for field in fields(value)}}
    return [plain(each) for each in value] if isinstance(value, tuple) else value


def _tag(value: Any) -> dict[str, Any]:
    return {"kind": value.kind} if hasattr(value, "kind") else {}


def build_one(classes: Iterable[type[T]], data: object, name: str = "it") -> T:
    """The dataclass, one of those, that `plain` turned into plain data: its `kind` says which. Raises as `build`."""
    kind = data.get("kind") if isinstance(data, dict) else None
    for cls in classes:
        if getattr(cls, "kind", None) == kind and isinstance(data, dict):
            return _nested(cls, {key: value for key, value in data.items() if key != "kind"}, name)
    raise DataError(f"this program does not know the kind {str(kind)[:SHOWN]!r} of {name}")


def _nested(cls: type[T], data: object, name: str) -> T:
    if (read := getattr(cls, "from_dict", None)) is not None:
        check(isinstance(data, dict), f"{name} is not a table")
        built: T = read(data)
        return built
    return build(cls, data, name)


def build(cls: type[T], data: object, name: str = "it") -> T:
    """The dataclass that `plain` or `asdict` turned into plain data.

    Raises `DataError`, or another `StudioError` of what it is made of.
    """
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
    return typing.get_type_hints(cls, include_extras=True)


def _value(hint: Any, value: object, name: str) -> Any:
    if get_origin(hint) is Annotated:
        _, test = get_args(hint)
        return _checked(value, test(value), name)
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
    if get_origin(hint) is tuple:
        each, _ = get_args(hint)
        return tuple(_value(each, part, name) for part in _checked(value, isinstance(value, list), name))
    return build_one((hint,), value, name) if hasattr(hint, "kind") else _nested(hint, value, name)


def _one_of(hints: tuple[Any, ...], value: object, name: str) -> Any:
    """Of `X | None`, or of dataclasses that have each a `kind`."""
    if value is None and types.NoneType in hints:
        return None
    hints = tuple(hint for hint in hints if hint is not types.NoneType)
    return _value(hints[0], value, name) if len(hints) == 1 else build_one(hints, value, name)


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
