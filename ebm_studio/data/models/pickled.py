"""Weights pickled by torch.save: looked through before torch reads them, and read without running any code."""

from __future__ import annotations

import io
import pickle
import pickletools
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from ebm_studio.core.errors import CheckpointError
from ebm_studio.data.models.card import MODEL

ADVICE = "Save it with torch.save(net.state_dict(), FILE)."
MAX_PICKLE = 2 * 2**20  # bytes of the pickle itself, which holds names and shapes; the values lie beside it
PLAIN = frozenset(
    {
        *("collections.OrderedDict", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_parameter"),
        *("torch._utils._rebuild_tensor_v3", "torch.storage.UntypedStorage"),
        *("torch.Size", "torch.device", "torch.nn.parameter.Parameter", "torch.serialization._get_layout"),
        *(f"torch.{kind}Storage" for kind in ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Short")),
        *(f"torch.{kind}Storage" for kind in ("Char", "Byte", "Bool")),
        *(f"torch.{kind}" for kind in ("float32", "float64", "float16", "bfloat16", "int64", "int32", "bool")),
    }
)
"""What a pickle of plain weights names."""
ODD = {
    "_rebuild_qtensor": "quantised",
    "QInt": "quantised",
    "QUInt": "quantised",
    "_rebuild_sparse": "sparse",
    "nested": "nested",
    "_rebuild_meta": "meta",
    "float8": "float8",
    "Float8": "float8",
    "ComplexFloat": "complex",
    "ComplexDouble": "complex",
    "distributed": "distributed",
}
"""Parts of what pickles of other tensors name."""


def read_pickle(path: Path) -> Any:
    """What torch.save wrote: tensors in tables, and other plain data. Raises `CheckpointError`."""
    try:
        _check_names(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of other pickle protocols
            return torch.load(path, map_location="cpu", weights_only=True)
    except CheckpointError:
        raise
    except Exception:  # the restricted unpickler raises whatever a broken file drives it to
        raise CheckpointError(
            f"{path} cannot be loaded: it is damaged, or contains more than plain weights. That could run code. "
            f"{ADVICE}"
        ) from None


def odd(path: Path, kind: str) -> CheckpointError:
    """The error of weights of a kind that no chain can run on."""
    return CheckpointError(
        f"{path} cannot be used: it contains {kind} tensors. "
        "Save plain float32 weights: torch.save(net.float().state_dict(), FILE)."
    )


def _check_names(path: Path) -> None:
    """Look at all that the pickles name, before anything is made of them."""
    for stream in _pickles(path):
        for operation, argument, _ in pickletools.genops(stream):
            if operation.name not in ("GLOBAL", "STACK_GLOBAL", "INST", "EXT1", "EXT2", "EXT4"):
                continue
            name = str(argument).replace(" ", ".")
            if name in PLAIN:
                continue
            if kind := next((kind for part, kind in ODD.items() if part in name), ""):
                raise odd(path, kind)
            raise pickle.UnpicklingError(name)


def _pickles(path: Path) -> Iterator[io.BytesIO]:
    """The pickle in a file of torch.save; of its old format the first four, before the raw values."""
    with MODEL.open(path) as file:
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                _check_members(path, archive.infolist())
                [name] = [name for name in archive.namelist() if name.split("/")[1:] == ["data.pkl"]]
                if archive.getinfo(name).file_size > MAX_PICKLE:
                    raise pickle.UnpicklingError(name)
                yield io.BytesIO(archive.read(name))
            return
        file.seek(0)
        stream = io.BytesIO(file.read(MAX_PICKLE))
        for _ in range(4):
            yield stream


def _check_members(path: Path, members: list[zipfile.ZipInfo]) -> None:
    # torch.save packs nothing, so what is said to be larger than the file is a bomb.
    if any(member.filename.endswith("constants.pkl") for member in members):
        raise CheckpointError(f"{path} cannot be used: it is a TorchScript program, not weights. {ADVICE}")
    size = MODEL.check(path)
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise CheckpointError(f"{path} cannot be loaded: its values are compressed, which torch.save never does.")
    if sum(member.file_size for member in members) > size:
        raise CheckpointError(f"{path} cannot be loaded: it claims to contain more than its own size.")
