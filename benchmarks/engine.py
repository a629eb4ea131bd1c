"""Steps, updates and reconstruction: ours compared with the authors' loop, and a step with its convolutions."""

from __future__ import annotations

import copy
import ctypes
import itertools
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmarks import literal
from benchmarks.timing import interleaved
from ebm_studio.core.energy.adjoint import hessian_product, pull_back
from ebm_studio.core.energy.backends import available, make_gradient
from ebm_studio.core.energy.choice import choose_backend
from ebm_studio.core.energy.nets import ConvNet
from ebm_studio.core.learning.learner import Learner
from ebm_studio.core.sampling.langevin import ChainStreams, sample, short_run
from ebm_studio.core.specs import Activation, Learning, NetSpec, ShortRun

CPU = torch.device("cpu")


STEPS = 5  # of a chain: its threads take several steps before they meet, so one alone would be another thing


@dataclass(frozen=True)
class Row:
    """One comparison."""

    what: str
    theirs: float
    """Seconds of the authors' loop."""
    ours: float
    """Seconds."""
    note: str

    @property
    def ratio(self) -> float:
        """How many times faster ours is."""
        return self.theirs / self.ours


def drawn_net(spec: NetSpec) -> ConvNet:
    """A net with the weights that training starts from."""
    return ConvNet(spec, torch.Generator().manual_seed(0))


def step_row(spec: NetSpec, chains: int, budget: float, backend: str = "auto") -> Row:
    """One Langevin step with its noise, within a short chain."""
    theirs, ours = drawn_net(spec), drawn_net(spec).requires_grad_(False)
    name = choose_backend(ours, chains, {}).backend if backend == "auto" else backend
    gradient = make_gradient(ours, name)
    streams = ChainStreams(0, range(chains), spec.shape)
    few = ShortRun(steps=STEPS)
    z = streams.start(few)
    x = z.clone().requires_grad_()

    def their_chain() -> None:
        for _ in range(STEPS):
            literal.step(theirs, x)

    seconds = interleaved({"theirs": their_chain, "ours": lambda: sample(gradient, z, few, streams.noise)}, budget)
    what = f"step, n_f {spec.width}, {spec.size}x{spec.size}, {chains} chains"
    return Row(what, seconds["theirs"] / STEPS, seconds["ours"] / STEPS, name)


def update_row(spec: NetSpec, steps: int, budget: float) -> Row:
    """One update of Algorithm 1, 64 chains and 64 training images in both."""
    images = torch.randint(0, 256, (64, *spec.shape), dtype=torch.uint8)
    net = drawn_net(spec)
    backend = choose_backend(copy.deepcopy(net).requires_grad_(False), 64, {}).backend
    learner = Learner(spec, ShortRun(steps=steps), Learning(chains=64, images=64), images, backend=backend)
    adam = torch.optim.Adam(net.parameters(), lr=1e-4)
    data = images.float() / 127.5 - 1
    seconds = interleaved(
        {"theirs": lambda: literal.update(net, adam, data, steps), "ours": lambda: learner.update(0)}, budget
    )
    return Row(f"update, n_f {spec.width}, K {steps}, 64 chains", seconds["theirs"], seconds["ours"], backend)


def convolution_limit(spec: NetSpec, chains: int, budget: float) -> float:
    """Seconds of a step's bare forward and input-gradient convolutions, each in the best precision and layout here."""
    x = torch.empty(chains, *spec.shape)
    cases: dict[str, list[str]] = {}
    contenders: dict[str, Callable[[], object]] = {}
    kinds = [(torch.float32, torch.contiguous_format), (torch.float32, torch.channels_last)]
    if "bf16" in available(CPU):
        kinds.append((torch.bfloat16, torch.channels_last))
    for index, layer in enumerate(drawn_net(spec).convolutions):
        y = torch.empty(chains, layer.out_channels, *_side(layer, x))
        for (name, run), (dtype, layout) in itertools.product(_CONVOLUTIONS.items(), kinds):
            given, weight, result = (
                torch.rand_like(t).to(dtype).contiguous(memory_format=layout) for t in (x, layer.weight, y)
            )
            key = f"{index} {name} {dtype} {layout}"
            cases.setdefault(f"{index} {name}", []).append(key)
            contenders[key] = _bound(run, given, weight, result, layer)
        x = y
    seconds = interleaved(contenders, budget)
    return sum(min(seconds[key] for key in keys) for keys in cases.values())


def _side(layer: torch.nn.Conv2d, x: Tensor) -> tuple[int, int]:
    side = (x.shape[2] + 2 * int(layer.padding[0]) - layer.kernel_size[0]) // layer.stride[0] + 1
    return side, side


def _forward(x: Tensor, weight: Tensor, y: Tensor, layer: torch.nn.Conv2d) -> object:
    return torch.conv2d(x, weight, None, layer.stride, layer.padding)


def _backward(x: Tensor, weight: Tensor, y: Tensor, layer: torch.nn.Conv2d) -> object:
    return torch.ops.aten.convolution_backward(
        y, x, weight, None, layer.stride, layer.padding, (1, 1), False, (0, 0), 1, (True, False, False)
    )


_CONVOLUTIONS = {"forward": _forward, "backward": _backward}


def _bound(
    run: Callable[[Tensor, Tensor, Tensor, torch.nn.Conv2d], object],
    x: Tensor,
    weight: Tensor,
    y: Tensor,
    layer: torch.nn.Conv2d,
) -> Callable[[], object]:
    def bound() -> object:
        with torch.no_grad():
            return run(x, weight, y, layer)

    return bound


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """The gradient of a reconstruction's loss: 16 pictures of 32x32, n_f 32."""

    z: Tensor
    target: Tensor
    net: ConvNet

    @classmethod
    def of(cls, activation: Activation) -> Reconstruction:
        """With a freshly drawn net."""
        spec = NetSpec(width=32, activation=activation)
        random = torch.Generator().manual_seed(0)
        z, target = (torch.rand(16, *spec.shape, generator=random) * 2 - 1 for _ in range(2))
        return cls(z, target, drawn_net(spec).requires_grad_(False))

    def row(self, steps: int, budget: float) -> Row:
        """Autograd through all steps against ours."""
        theirs = drawn_net(self.net.spec)
        seconds = interleaved(
            {
                "theirs": lambda: literal.reconstruction_gradient(theirs, self.z, self.target, steps),
                "ours": self.ours(steps),
            },
            budget,
        )
        what = f"reconstruction, {self.net.spec.activation}, K {steps}"
        return Row(what, seconds["theirs"], seconds["ours"], "")

    def ours(self, steps: int) -> Callable[[], Tensor]:
        """One gradient our way."""
        gradient = make_gradient(self.net, choose_backend(self.net, len(self.z), {}).backend)
        run, product = ShortRun(steps=steps, noise_scale=0), hessian_product(self.net)

        def piecewise_linear() -> Tensor:
            end, _ = sample(gradient, self.z, run)
            return pull_back(None, [], 2 * (end - self.target), run)

        def smooth() -> Tensor:
            images = self.z.new_empty(steps + 1, *self.z.shape)
            for step in short_run(gradient, self.z, run):
                images[step.index] = step.images
            return pull_back(product, list(images), 2 * (images[-1] - self.target), run)

        return piecewise_linear if self.net.spec.activation == "leaky_relu" else smooth

    def memory(self, lengths: tuple[int, ...]) -> Iterator[tuple[int, float, float]]:
        """For each K: the extra bytes that ours needs at its peak, and the bytes of its K + 1 images."""
        for steps in lengths:
            ours = self.ours(steps)
            ours()
            yield steps, _peak(ours), (steps + 1) * self.z.nbytes

    def naive_memory(self, steps: int) -> float:
        """Bytes that autograd through all steps needs at its peak."""
        return _peak(lambda: literal.reconstruction_gradient(self.net, self.z, self.target, steps))


def _peak(run: Callable[[], object]) -> float:
    """Bytes by which a run raises the peak of the process's memory; NaN where the system does not say."""
    if sys.platform != "linux":
        return float("nan")
    ctypes.CDLL(None).malloc_trim(0)  # otherwise freed memory would be reused without being counted
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # reset the peak
    before = _status("VmRSS")
    run()
    return _status("VmHWM") - before


def _status(field: str) -> float:
    with open("/proc/self/status") as file:
        return 1024 * next(float(line.split()[1]) for line in file if line.startswith(field + ":"))
