"""One Langevin step by other runtimes: the same weights, start and noise, measured in turns.

ONNX Runtime and OpenVINO get the file that `ebm-studio export-onnx` writes, once. JAX differentiates the net itself.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks import literal
from benchmarks.engine import drawn_net
from benchmarks.timing import interleaved
from ebm_studio.core.energy.backends import available, make_gradient
from ebm_studio.core.energy.crew import threads
from ebm_studio.core.energy.devices import choose_device
from ebm_studio.core.energy.nets import ConvNet
from ebm_studio.core.sampling.langevin import ChainStreams, Gradient, sample
from ebm_studio.core.specs import NetSpec, ShortRun
from ebm_studio.data.models.card import Card
from ebm_studio.data.models.model import Model
from ebm_studio.data.models.onnx_export import ENERGY, GRADIENT, INPUT, export_onnx

CASES = ((64, 64), (32, 64), (64, 16), (32, 16))
"""n_f and chains."""
ONE = ShortRun(steps=1)
EXACT, ROUNDED = 1e-3, 0.5  # the largest difference from our fp32 gradient, in float32 and in bfloat16
AUTHORS = "authors' loop"


@dataclass(frozen=True)
class Case:
    """One network and number of chains: median seconds of a step, by contender."""

    width: int
    chains: int
    seconds: dict[str, float]


def measure(budget: float) -> Iterator[Case]:
    """Measure each case for about `budget` seconds."""
    choose_device("cpu")
    torch.set_num_threads(threads())  # for the authors' loop
    for width, chains in CASES:
        yield _case(NetSpec(width=width), chains, budget)


def table(cases: list[Case]) -> str:
    """Milliseconds of a step, as Markdown, the fastest of the first case first."""
    names = sorted(cases[0].seconds, key=cases[0].seconds.__getitem__)
    head = "| one step, ms | " + " | ".join(f"n_f {case.width}, {case.chains} chains" for case in cases) + " |"
    lines = [head, "|---|" + "---:|" * len(cases)]
    for name in names:
        lines.append(f"| {name} | " + " | ".join(f"{1000 * case.seconds[name]:.1f}" for case in cases) + " |")
    return "\n".join(lines)


def _case(spec: NetSpec, chains: int, budget: float) -> Case:
    net, theirs = drawn_net(spec).requires_grad_(False), drawn_net(spec)
    streams = ChainStreams(0, range(chains), spec.shape)
    z = streams.start(ONE)
    x = z.clone().requires_grad_()
    gradients = dict(_gradients(net))
    _check(gradients, z)
    steps: dict[str, Callable[[], object]] = {
        name: partial(sample, gradient, z, ONE, streams.noise) for name, gradient in gradients.items()
    }
    return Case(spec.width, chains, interleaved({AUTHORS: lambda: literal.step(theirs, x), **steps}, budget))


def _gradients(net: ConvNet) -> Iterator[tuple[str, Gradient]]:
    for backend in available(torch.device("cpu")):
        yield f"ours, {backend}", make_gradient(net, backend)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.onnx"
        export_onnx(Model(net, Card(name="drawn", net=net.spec, short_run=ONE), "cpu", "fp32"), path)
        yield "OpenVINO, fp32", _openvino(path, "f32")
        if "bf16" in available(torch.device("cpu")):
            yield "OpenVINO, bf16", _openvino(path, "bf16")
        yield "ONNX Runtime, fp32", _onnxruntime(path)
    yield "JAX, fp32", _jax(net)


def _openvino(path: Path, precision: str) -> Gradient:
    import openvino

    settings = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": str(threads())}
    request = openvino.Core().compile_model(str(path), "CPU", settings).create_infer_request()

    def gradient(images: Tensor) -> tuple[Tensor, Tensor]:
        found = request.infer({INPUT: images.numpy()})
        return torch.from_numpy(found[ENERGY]), torch.from_numpy(found[GRADIENT])

    return gradient


def _onnxruntime(path: Path) -> Gradient:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads()
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def gradient(images: Tensor) -> tuple[Tensor, Tensor]:
        energy, slope = session.run([ENERGY, GRADIENT], {INPUT: images.numpy()})
        return torch.from_numpy(energy), torch.from_numpy(slope)

    return gradient


def _jax(net: ConvNet) -> Gradient:
    import jax
    import numpy as np

    weights = [(jax.numpy.asarray(layer.weight), jax.numpy.asarray(layer.bias)) for layer in net.convolutions]

    def total(x: Any) -> tuple[Any, Any]:
        for layer, (weight, bias) in zip(net.convolutions, weights, strict=True):
            padding = [(int(each), int(each)) for each in layer.padding]
            x = jax.lax.conv_general_dilated(x, weight, layer.stride, padding) + bias[:, None, None]
            x = x if layer is net.convolutions[-1] else jax.nn.leaky_relu(x, net.spec.leak)
        return x.sum(), x.reshape(-1)

    differentiated = jax.jit(jax.grad(total, has_aux=True))

    def gradient(images: Tensor) -> tuple[Tensor, Tensor]:
        slope, energy = differentiated(images.numpy())
        return torch.from_numpy(np.array(energy)), torch.from_numpy(np.array(slope))

    return gradient


def _check(gradients: dict[str, Gradient], z: Tensor) -> None:
    """Raise `ArithmeticError` unless all give the same result."""
    wanted = gradients["ours, fp32"](z)[1]
    for name, gradient in gradients.items():
        off = float((gradient(z)[1] - wanted).norm() / wanted.norm())
        if not off < (ROUNDED if name.endswith("bf16") else EXACT):
            raise ArithmeticError(f"{name} is off by {off:.2g} of our fp32: it computes something else.")
