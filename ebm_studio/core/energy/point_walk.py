"""Several Langevin steps of points in one call, which holds Python's lock only at its ends.

A step on 500 points is some thirty operations of a few microseconds. Called one by one from a thread, each
gives the lock back and then waits for it: beside a window that draws, a training update took half a second.
The steps are the operations of `core.energy.point_gradient`, run by torch's own interpreter.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

from torch import Tensor

from ebm_studio.core.specs import Activation

KINDS: dict[Activation, int] = {"leaky_relu": 0, "silu": 1, "gelu": 2, "tanh": 3, "softplus": 4}

SOURCE = """
def activate(a: Tensor, kind: int, leak: float) -> Tensor:
    if kind == 0:
        return torch.ops.aten.leaky_relu(a, leak)
    if kind == 1:
        return torch.ops.aten.silu(a)
    if kind == 2:
        return torch.ops.aten.gelu(a)
    if kind == 3:
        return torch.ops.aten.tanh(a)
    return torch.ops.aten.softplus(a)

def activate_back(g: Tensor, a: Tensor, result: Tensor, kind: int, leak: float) -> Tensor:
    if kind == 0:
        return torch.ops.aten.leaky_relu_backward(g, a, leak, False)
    if kind == 1:
        return torch.ops.aten.silu_backward(g, a)
    if kind == 2:
        return torch.ops.aten.gelu_backward(g, a)
    if kind == 3:
        return torch.ops.aten.tanh_backward(g, result)
    return torch.ops.aten.softplus_backward(g, a, 1, 20)

def walk(
    x: Tensor,
    weights: List[Tensor],
    biases: List[Tensor],
    noises: List[Tensor],
    sizes: List[float],
    scales: List[float],
    kind: int,
    leak: float,
) -> Tuple[List[Tensor], List[Tensor], List[Tensor], List[Tensor]]:
    states: List[Tensor] = []
    means: List[Tensor] = []
    energies: List[Tensor] = []
    lengths: List[Tensor] = []
    last = len(weights) - 1
    for k in range(len(sizes)):
        inputs: List[Tensor] = [x]
        kept: List[Tensor] = []
        for i in range(last):
            a = torch.addmm(biases[i], inputs[i], weights[i].t())
            kept.append(a)
            inputs.append(activate(a, kind, leak))
        energies.append(torch.addmv(biases[last], inputs[last], weights[last][0]))
        g = weights[last].expand(x.size(0), weights[last].size(1))
        for j in range(last):
            i = last - 1 - j
            g = torch.mm(activate_back(g, kept[i], inputs[i + 1], kind, leak), weights[i])
        g = g * sizes[k]
        lengths.append(torch.ops.aten.linalg_vector_norm(g, 2, [1]))
        x = x - g
        means.append(x)
        if k < len(noises):
            x = x + noises[k] * scales[k]
        states.append(x)
    return states, means, energies, lengths
"""


@cache
def walk() -> Callable[..., tuple[list[Tensor], list[Tensor], list[Tensor], list[Tensor]]]:
    """The compiled steps, which return the fields of `core.energy.walks.Walked`."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch would rather compile, which needs a C++ compiler
        unit: Any = torch.jit.CompilationUnit(SOURCE)
    compiled: Callable[..., tuple[list[Tensor], list[Tensor], list[Tensor], list[Tensor]]] = unit.walk
    return compiled
