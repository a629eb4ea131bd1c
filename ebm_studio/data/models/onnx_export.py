"""A model as an ONNX file: its energy and dE/dx as plain operators, so that any runtime can run its chains.

ONNX knows no gradient, so the walk back through the layers is written out: a transposed convolution for each
convolution, and each activation's derivative at what went into it.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from ebm_studio import __version__
from ebm_studio.core.energy.nets import EnergyNet
from ebm_studio.core.errors import SettingsError, StudioError
from ebm_studio.data.models.card import KEY
from ebm_studio.data.models.model import Model
from ebm_studio.data.storage.atomic_write import write_whole

OPSET, IR_VERSION = 17, 9
"""Of 2022, which every runtime in use reads."""
INPUT, ENERGY, GRADIENT = "images", "energy", "gradient"


def export_onnx(model: Model, path: Path) -> int:
    """Write `images` (N, C, H, W) → `energy` (N,), `gradient` (N, C, H, W) as float32; returns the file's size.

    The card is in the file's metadata, as in a model file, with the numbers of the short run. Raises `SettingsError`
    for a network that cannot be written out, `StudioError` when the file cannot be written.
    """
    try:
        import onnx
    except ImportError:
        raise StudioError('To write ONNX files, pip install "ebm-studio[onnx]".') from None
    graph = _Graph(onnx.helper, onnx.numpy_helper)
    _walk(graph, model.net)
    shape = ["N", *model.card.net.shape]
    kind = onnx.TensorProto.FLOAT
    described = onnx.helper.make_graph(
        graph.nodes,
        "energy_and_gradient",
        [onnx.helper.make_tensor_value_info(INPUT, kind, shape)],
        [
            onnx.helper.make_tensor_value_info(ENERGY, kind, ["N"]),
            onnx.helper.make_tensor_value_info(GRADIENT, kind, shape),
        ],
        graph.constants,
    )
    made = onnx.helper.make_model(
        described,
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="EBM Studio",
        producer_version=__version__,
    )
    onnx.helper.set_model_props(made, {KEY: json.dumps(model.card.to_dict())})
    onnx.checker.check_model(made)
    content = made.SerializeToString()
    write_whole(path, lambda file: file.write_bytes(content))
    return len(content)


class _Graph:
    """Nodes and constants under names of their own."""

    def __init__(self, helper: Any, numpy_helper: Any) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._helper, self._numpy_helper = helper, numpy_helper
        self._names = (f"v{number}" for number in itertools.count())

    def node(self, kind: str, *inputs: str, output: str = "", **attributes: object) -> str:
        """An operator; returns the name of what comes out."""
        output = output or next(self._names)
        self.nodes.append(self._helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def constant(self, value: object) -> str:
        """A number or an array, in float32 unless it is of whole numbers."""
        array = np.asarray(value)
        array = array.astype(np.int64 if array.dtype.kind == "i" else np.float32)
        name = next(self._names)
        self.constants.append(self._numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name


def _walk(graph: _Graph, net: EnergyNet) -> None:
    """There, to the energy, and back, to its gradient."""
    layers = list(getattr(net, "f", ()))
    if not layers or not all(isinstance(layer, (nn.Conv2d, nn.Linear, *_SLOPES)) for layer in layers):
        raise SettingsError(f"A {net.spec.family} network cannot be written as plain operators.")
    x, back = INPUT, []
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            x, step = _convolution(graph, layer, x)
        elif isinstance(layer, nn.Linear):
            x, step = _linear(graph, layer, x)
        else:
            x, step = _activation(graph, layer, x)
        back.append(step)
    graph.node("Reshape", x, graph.constant([-1]), output=ENERGY)
    g = graph.node("Add", graph.node("Mul", x, graph.constant(0.0)), graph.constant(1.0))  # 1 for each picture
    for step in reversed(back):
        g = step(g)
    graph.node("Identity", g, output=GRADIENT)


_Back = Callable[[str], str]
"""From the gradient at what comes out of a layer to that at what goes in, by their names."""


def _convolution(graph: _Graph, layer: nn.Conv2d, x: str) -> tuple[str, _Back]:
    weight = graph.constant(layer.weight.detach().cpu().numpy())
    assert layer.bias is not None
    bias = graph.constant(layer.bias.detach().cpu().numpy())
    sizes: dict[str, Any] = {"strides": layer.stride, "pads": [*layer.padding] * 2, "kernel_shape": layer.kernel_size}
    out = graph.node("Conv", x, weight, bias, **sizes)
    return out, lambda g: graph.node("ConvTranspose", g, weight, **sizes)


def _linear(graph: _Graph, layer: nn.Linear, x: str) -> tuple[str, _Back]:
    weight = layer.weight.detach().cpu().numpy()
    out = graph.node("MatMul", x, graph.constant(weight.T))
    out = graph.node("Add", out, graph.constant(layer.bias.detach().cpu().numpy()))
    return out, lambda g: graph.node("MatMul", g, graph.constant(weight))


def _activation(graph: _Graph, layer: nn.Module, x: str) -> tuple[str, _Back]:
    out, slope = _SLOPES[type(layer)](graph, layer, x)
    return out, lambda g: graph.node("Mul", g, slope)


def _leaky_relu(graph: _Graph, layer: Any, x: str) -> tuple[str, str]:
    leak, zero, one = layer.negative_slope, graph.constant(0.0), graph.constant(1.0)
    slope = graph.node("Where", graph.node("Greater", x, zero), one, graph.constant(leak))
    return graph.node("LeakyRelu", x, alpha=leak), slope


def _silu(graph: _Graph, layer: Any, x: str) -> tuple[str, str]:
    s = graph.node("Sigmoid", x)
    out = graph.node("Mul", x, s)
    # s + x s (1 - s)
    rest = graph.node("Mul", out, graph.node("Sub", graph.constant(1.0), s))
    return out, graph.node("Add", s, rest)


def _tanh(graph: _Graph, layer: Any, x: str) -> tuple[str, str]:
    out = graph.node("Tanh", x)
    return out, graph.node("Sub", graph.constant(1.0), graph.node("Mul", out, out))


def _softplus(graph: _Graph, layer: Any, x: str) -> tuple[str, str]:
    return graph.node("Softplus", x), graph.node("Sigmoid", x)


def _gelu(graph: _Graph, layer: Any, x: str) -> tuple[str, str]:
    erf = graph.node("Erf", graph.node("Mul", x, graph.constant(math.sqrt(0.5))))
    share = graph.node("Mul", graph.node("Add", erf, graph.constant(1.0)), graph.constant(0.5))  # the normal's below x
    bell = graph.node("Exp", graph.node("Mul", graph.node("Mul", x, x), graph.constant(-0.5)))
    density = graph.node("Mul", bell, graph.constant(1 / math.sqrt(2 * math.pi)))
    return graph.node("Mul", x, share), graph.node("Add", share, graph.node("Mul", x, density))


_SLOPES: dict[type[nn.Module], Callable[[_Graph, Any, str], tuple[str, str]]] = {
    nn.LeakyReLU: _leaky_relu, nn.SiLU: _silu, nn.Tanh: _tanh, nn.Softplus: _softplus, nn.GELU: _gelu,
}  # fmt: skip
"""Each activation and its derivative, by the names of what comes out."""
