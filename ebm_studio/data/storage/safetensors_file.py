"""Safetensors files as others give them: opened with care, and damage told in one sentence. Free of torch."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import safetensors

from ebm_studio.data.storage.outside import FileKind

MAX_TEXT = 2**20
"""Of one text in a file's header."""


@contextmanager
def open_tensors(path: Path, kind: FileKind, framework: str = "numpy") -> Iterator[Any]:
    """The file as `safetensors.safe_open` has it; none of its tensors is read yet. Raises the kind's error."""
    kind.check(path)
    try:
        with _in_utf8(path) as name, safetensors.safe_open(name, framework=framework) as file:
            yield file
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "the system cannot map it into memory"
        raise kind.error(f"{path} cannot be read: {reason.lower()}.") from None
    except safetensors.SafetensorError:
        raise kind.error(
            f"{path} is not a {kind.what}, or it is damaged or cut short: get the file again, or choose another."
        ) from None


@contextmanager
def _in_utf8(path: Path) -> Iterator[str]:
    """A name of a file that safetensors takes: it wants UTF-8, and on Linux names are any bytes."""
    if str(path).isprintable() or sys.platform != "linux":
        yield str(path)
        return
    with path.open("rb") as file:
        yield f"/proc/self/fd/{file.fileno()}"


def text_in(file: Any, key: str) -> str | None:
    """A text in the header of an open file; None when it has none, or one too long to be ours."""
    text = (file.metadata() or {}).get(key)
    return text if text is None or len(text) <= MAX_TEXT else None


def in_order(content: bytes) -> bytes:
    """The same file with the texts of its header in order: safetensors writes several in an order by chance."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the tensors begin at a multiple of 8 bytes
    return len(text).to_bytes(8, "little") + text + content[8 + length :]
