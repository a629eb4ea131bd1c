"""Weights of other programs: found in whatever table they lie, and read as the paper's net.

Recognised are a state_dict, also inside another table or behind a prefix such as `module.`, `_orig_mod.`
or `net.`, pickled or as safetensors. What else lies beside it, such as an optimizer, counts for nothing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ebm_studio.core.energy.gradients import EnergyGradient
from ebm_studio.core.energy.nets import ConvNet, EnergyNet, make_net
from ebm_studio.core.errors import CheckpointError, DivergedError, SettingsError
from ebm_studio.core.sampling.langevin import ChainStreams, short_run
from ebm_studio.core.specs import NetSpec, ShortRun
from ebm_studio.data.models.card import MODEL, PICKLES, Card
from ebm_studio.data.models.pickled import ADVICE, odd, read_pickle
from ebm_studio.data.models.reading import Assumed, Reading, Sign
from ebm_studio.data.storage.tensors import FLOATS, declared, load_tensors

AUTHORS_RUN = ShortRun(steps=100)
DEPTH = 3  # tables within tables
LEAST = 3  # convolutions of a net
_LAYER = re.compile(r"((?:.*\.)?)(\d{1,3})\.(weight|bias)", re.DOTALL)
_DTYPES = (torch.float32, torch.float16, torch.bfloat16, torch.float64)

TRIAL = ShortRun(steps=30)
CHAINS = 2
SMOOTHER, ROUGHER = 0.95, 1.0  # than noise: what chains down the energy and up the energy end as, surely

Weights = dict[str, Tensor]


def load_foreign(path: Path, reading: Reading) -> tuple[EnergyNet, Card, Assumed]:
    """The net in a file without a card, at the short run of the authors' code. Raises `CheckpointError`."""
    weights = _one_net(path, _tables(path))
    spec = replace(_infer_spec(path, weights), activation=reading.activation, leak=reading.leak)
    net = filled(spec, weights, path)
    assert isinstance(net, ConvNet)
    assumed = Assumed(reading, reading.sign, True) if reading.sign != "auto" else find_sign(net, reading)
    if assumed.reading.sign == "minus":
        _turn(net)
    return net, Card(name=path.stem, net=spec, short_run=AUTHORS_RUN, note=assumed.text), assumed


def filled(spec: NetSpec, weights: Weights, path: Path) -> EnergyNet:
    """A net of these weights, whose shapes are checked before anything is computed. Raises `CheckpointError`."""
    check_shapes(spec, {name: tuple(tensor.shape) for name, tensor in weights.items()}, path)
    for tensor in weights.values():
        _check_plain(path, tensor)
    if not all(torch.isfinite(tensor).all() for tensor in weights.values()):
        raise CheckpointError(f"{path} cannot be used: its weights are not all finite numbers.")
    net = make_net(spec)
    net.load_state_dict({name: tensor.float() for name, tensor in weights.items()})
    return net


def check_shapes(spec: NetSpec, found: dict[str, tuple[int, ...]], path: Path) -> None:
    """Raise `CheckpointError` unless these are the shapes of the net's weights."""
    with torch.device("meta"):
        wanted = {name: tuple(tensor.shape) for name, tensor in make_net(spec).state_dict().items()}
    for name in wanted.keys() | found.keys():
        if wanted.get(name) != found.get(name):
            one, other = (str(shapes.get(name, "missing")) for shapes in (found, wanted))
            raise CheckpointError(
                f"{path} cannot be used: its weights do not fit the network, in which {name[:40]} is {other}, not "
                f"{one}."
            )


def find_sign(net: ConvNet, reading: Reading) -> Assumed:
    """The sign at which a short chain goes from noise to something smoother, and at the other to something rougher.

    Down a trained energy, pictures come up; up it, checkerboards do.
    """
    plus = _roughness(net)
    _turn(net)
    minus = _roughness(net)
    _turn(net)
    low, high = sorted((plus, minus))
    sure = low < SMOOTHER and high > ROUGHER
    # A net that tells nothing is read as the authors' code has it.
    sign: Sign = "plus" if sure and plus < minus else "minus"
    return Assumed(replace(reading, sign=sign), "auto", sure)


def _roughness(net: ConvNet) -> float:
    """How much neighbours differ at the end of a short chain, relative to uniform noise; infinite if it diverges."""
    streams = ChainStreams(0, range(CHAINS), net.spec.shape, torch.device("cpu"))
    gradient = EnergyGradient(net.eval().requires_grad_(False))
    start = end = streams.start(TRIAL)
    try:
        for step in short_run(gradient, start, TRIAL, streams.noise):
            end = step.images
    except DivergedError:
        return float("inf")
    return (_difference(end) / _difference(start)).item()


def _difference(images: Tensor) -> Tensor:
    return (images[..., 1:] - images[..., :-1]).abs().mean() / images.abs().mean()


def _turn(net: ConvNet) -> None:
    """Turn the sign of the output."""
    with torch.no_grad():
        for parameter in net.convolutions[-1].parameters():
            parameter.neg_()


def _tables(path: Path) -> Any:
    """The tensors in a file, in a table or in tables within tables."""
    if path.suffix.lower() in PICKLES:
        return read_pickle(path)
    for name, (kind, _) in declared(path, MODEL).items():
        if _LAYER.fullmatch(name) and kind not in FLOATS:
            raise odd(path, "float8" if kind.startswith("F8") else f"{kind[:20]}")
    return load_tensors(path, MODEL, lambda name: _LAYER.fullmatch(name) is not None)[0]


def _one_net(path: Path, content: Any) -> Weights:
    """The weights of the one net in a file, as the paper's layers are called. Raises `CheckpointError`."""
    found = list(_nets(content))
    nets = [net for net in found if sum(tensor.dim() == 4 for tensor in net.values()) >= LEAST]
    if not nets:
        raise CheckpointError(f"{path} cannot be used: it contains no state_dict of the paper's network. {ADVICE}")
    first, *others = nets
    if not all(_same(first, other) for other in others):
        raise CheckpointError(
            f"{path} cannot be used: it contains {len(nets)} networks, and nothing says which one to use. {ADVICE}"
        )
    numbers = sorted({int(name.split(".")[0]) for name in first})
    weights = {}
    for place, number in enumerate(numbers):
        for kind in ("weight", "bias"):
            if f"{number}.{kind}" not in first:
                raise CheckpointError(
                    f"{path} cannot be used: layer {number} has no {kind}. "
                    "Save the paper's network, whose convolutions have weights and biases."
                )
            weights[f"f.{2 * place}.{kind}"] = first[f"{number}.{kind}"]
    return weights


def _nets(content: Any, depth: int = DEPTH) -> Iterator[Weights]:
    """The tensors of numbered layers, in groups of one prefix and table."""
    if not isinstance(content, dict):
        return
    groups: dict[str, Weights] = defaultdict(dict)
    for name, value in content.items():
        if isinstance(value, dict) and depth:
            yield from _nets(value, depth - 1)
        elif type(value) in (Tensor, torch.nn.Parameter) and (match := _LAYER.fullmatch(str(name))):
            groups[match[1]][f"{int(match[2])}.{match[3]}"] = value
    yield from groups.values()


def _same(one: Weights, other: Weights) -> bool:
    return one.keys() == other.keys() and all(
        one[name] is other[name] or one[name].data_ptr() == other[name].data_ptr() for name in one
    )


def _check_plain(path: Path, tensor: Tensor) -> None:
    if tensor.dtype not in _DTYPES:
        raise odd(path, str(tensor.dtype).removeprefix("torch."))
    # Strides may repeat a few values endlessly; the values of weights all lie in the file.
    if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise CheckpointError(f"{path} cannot be used: it claims more weights than the file contains. {ADVICE}")


def _infer_spec(path: Path, weights: Weights) -> NetSpec:
    first, layers = weights["f.0.weight"], len(weights) // 2
    try:
        if first.dim() != 4:
            raise SettingsError("it does not start with a convolution.")
        return NetSpec(size=4 * 2 ** min(layers - 2, 10), channels=first.shape[1], width=first.shape[0])
    except SettingsError as error:
        raise CheckpointError(f"{path} cannot be used as the paper's network: {error}") from None
