"""Algorithm 1: training the energy with non-convergent, non-persistent short runs."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from ebm_studio.core.energy.backends import make_gradient, make_parameter_gradient
from ebm_studio.core.energy.capture import Record
from ebm_studio.core.energy.devices import tune_cuda
from ebm_studio.core.energy.gradients import Gradient
from ebm_studio.core.energy.graph import GraphGradient
from ebm_studio.core.energy.growing import fitted
from ebm_studio.core.energy.nets import EnergyNet, make_net
from ebm_studio.core.errors import DivergedError
from ebm_studio.core.learning.adam import MOMENTS, Adam
from ebm_studio.core.learning.captured_work import CapturedWork, Found
from ebm_studio.core.learning.metrics import Metrics
from ebm_studio.core.learning.noise_ahead import NoiseAhead
from ebm_studio.core.learning.ranks import ALONE, Ranks
from ebm_studio.core.sampling.langevin import Noise, sample, seed_from
from ebm_studio.core.specs import Learning, NetSpec, ShortRun, Start

SHARE = 0.25  # of a GPU's free memory, at most, for the training set


class Learner:
    """One energy net in training. All randomness of update t comes from (seed, t), so a state can be resumed exactly.

    `images` is the training set as uint8 (N, C, H, W), or as float32 points (N, 2), on any device. Of
    several `ranks`, each draws the same batches and works on its rows of them, so that together they do what one would
    do alone.
    """

    def __init__(
        self,
        spec: NetSpec,
        run: ShortRun,
        learning: Learning,
        images: Tensor,
        device: torch.device | str = "cpu",
        backend: str = "fp32",
        ranks: Ranks = ALONE,
    ) -> None:
        self.run = run
        self.learning = learning
        self.device = torch.device(device)
        self.updates = 0
        self.net = make_net(spec, torch.Generator().manual_seed(seed_from("net", learning.seed))).to(self.device)
        self.average = copy.deepcopy(self.net).requires_grad_(False)
        """The running average of the weights, which becomes the model."""
        self.samples: Tensor | None = None
        """The ends of the newest short runs, (m, C, H, W) or (m, 2)."""
        self._gradient = make_gradient(self.net, backend)
        self._pass = make_parameter_gradient(self.net, backend)
        self._images = _near(images, self.device)
        self._random = torch.Generator(self.device)
        self._captured: CapturedWork | None = None
        if self.device.type == "cuda":
            tune_cuda(training=True)
        if isinstance(self._gradient, GraphGradient) and self._images.device.type == self.device.type:
            self._capture(self._gradient)
        self._ranks = ranks
        ranks.share(learning.chains), ranks.share(learning.images)
        self._adam = Adam(self.net.parameters(), (learning.beta1, learning.beta2))

    def update(self, progress: float) -> Metrics:
        """One iteration of Algorithm 1, when `progress` (0 to 1) of the run is done.

        Raises `DivergedError`, and changes no weight, when an energy or a gradient is not finite.
        """
        rate, sigma = self.learning.decay(progress)
        self._random.manual_seed(seed_from("update", self.learning.seed, self.updates))
        # Chains that go on from the last update's are at another place each time, where no recording looks for them.
        if self._captured and self.learning.chains_from != "chains":
            figures, self.samples = self._captured(sigma, (self.learning, self.run))
        else:
            figures, self.samples = self._work(sigma, self._gradient)
        gradients = [parameter.grad for parameter in self.net.parameters() if parameter.grad is not None]
        self._ranks.average([figures, *gradients])
        if not torch.isfinite(torch.stack([*figures, *torch._foreach_norm(gradients)])).all():
            raise DivergedError(f"At update {self.updates + 1} the energy or its gradient was not finite.")
        self._adam.step(rate)

        self.updates += 1
        self._follow()
        energy_data, energy_samples, v = figures.tolist()
        return Metrics(self.updates, energy_data, energy_samples, v, rate, sigma)

    def _capture(self, gradient: GraphGradient, record: Record[Found] | None = None) -> None:
        """From now on, record the work of updates and replay it."""
        self._captured = CapturedWork(lambda sigma: self._work(sigma, gradient.direct), self._random, record)

    def _work(self, sigma: float | Tensor, gradient: Gradient) -> Found:
        """The mean energies and v, and the ends of the short runs. The weights' gradients are left with them."""
        data = self._draw_data(sigma)
        samples, lengths = self._draw_samples(sigma, gradient)
        of_data, of_samples = self._energies(data, self._arrived(samples, gradient))
        return torch.stack([of_data, of_samples, lengths.mean()]), samples

    def _arrived(self, samples: Tensor, gradient: Gradient) -> Tensor:
        """The samples (N, C, H, W) without the share of highest energy that the settings leave out."""
        left_out = round(self.learning.trim * len(samples))
        if not left_out:
            return samples
        energy, _ = gradient(samples)
        return samples[energy.argsort()[: len(samples) - left_out].sort().values]

    def _energies(self, data: Tensor, samples: Tensor) -> tuple[Tensor, Tensor]:
        """Mean E of the data and of the samples, and each parameter's gradient of the first minus the second."""
        factors = torch.cat([data.new_full((len(x),), sign / len(x)) for x, sign in ((data, 1), (samples, -1))])
        self._pass.refresh()
        energy, gradients = self._pass.of_parameters(torch.cat([data, samples]), factors)
        for parameter, gradient in zip(self.net.parameters(), gradients, strict=True):
            if parameter.grad is None:
                parameter.grad = torch.empty_like(parameter)
            parameter.grad.copy_(gradient)  # always to the same place: a recording writes there
        return energy[: len(data)].mean(), energy[len(data) :].mean()

    def _draw_data(self, sigma: float | Tensor, count: int = 0) -> Tensor:
        count = count or self.learning.images
        rows = torch.randint(len(self._images), (count,), generator=self._random, device=self.device)
        rows = rows[self._ranks.share(len(rows))]
        data = self._images[rows.to(self._images.device)].to(self.device)
        if data.dtype == torch.uint8:
            data = (data.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)
            data = self._mirrored(data)
        if self.learning.data_contrast != 1:
            data.mul_(self.learning.data_contrast)
        noise = self._draw(count, "gaussian")
        return data.addcmul_(noise, sigma) if isinstance(sigma, Tensor) else data.add_(noise, alpha=sigma)

    def _mirrored(self, data: Tensor) -> Tensor:
        """The images (N, C, H, W), each mirrored left to right by chance."""
        if not self.learning.mirror:
            return data
        chance = torch.rand(len(data) * self._ranks.count, generator=self._random, device=self.device)
        chosen = chance[self._ranks.share(len(chance))] < self.learning.mirror
        return torch.where(chosen[:, None, None, None], data.flip(3), data)

    def _draw_samples(self, sigma: float | Tensor, gradient: Gradient) -> tuple[Tensor, Tensor]:
        count = self.learning.chains
        if self.learning.chains_from == "data":
            z = self._draw_data(sigma, count)
        elif self.learning.chains_from == "chains" and self.samples is not None and self._fits(self.samples):
            z = self.samples
        else:
            z = self._draw(count, self.run.start) * self.run.start_range
        gradient.refresh()
        return sample(gradient, z, self.run, self._noise(count))

    def _noise(self, count: int) -> Noise:
        """What draws this rank's rows of the noise of each step for so many chains."""
        if self.device.type != "cpu" or not self.net.spec.size:
            # A recording on a GPU follows this one generator only; for points it is quick enough alone.
            return lambda: self._draw(count, "gaussian")
        key = ("steps", self.learning.seed, self.updates)
        return NoiseAhead(key, lambda random: self._draw(count, "gaussian", random))

    def _fits(self, samples: Tensor) -> bool:
        """Whether this many chains can continue: not if the settings have changed their number."""
        return len(samples) * self._ranks.count == self.learning.chains

    def _draw(self, count: int, start: Start, random: torch.Generator | None = None) -> Tensor:
        """This rank's rows of noise for `count` pictures (N, C, H, W), channels last, or points (N, 2).

        Drawn in memory order: any other order is ten times slower.
        """
        channels, *sides = self.net.spec.shape
        noise = torch.empty(count, *sides, channels, device=self.device)
        random = random or self._random
        if start == "uniform":
            noise.uniform_(-1, 1, generator=random)
        else:
            noise.normal_(generator=random)
        return noise[self._ranks.share(count)].movedim(-1, 1)

    @torch.no_grad()
    def _follow(self) -> None:
        # A young average forgets fast, so that it is of use from the first updates on.
        decay = min(self.learning.ema, self.updates / (self.updates + 10))
        ours: list[Tensor] = list(self.average.parameters())
        theirs: list[Tensor] = list(self.net.parameters())
        torch._foreach_lerp_(ours, theirs, 1 - decay)

    def begin_from(self, net: EnergyNet) -> None:
        """Take another net's weights, grown when it is for pictures of half the size, widened when it has half the
        channels. Raises `SettingsError` when the nets do not fit.
        """
        net = fitted(net, self.net.spec, torch.Generator().manual_seed(seed_from("grown", self.learning.seed)))
        for own in (self.net, self.average):
            own.load_state_dict(net.state_dict())

    def state(self) -> dict[str, Tensor]:
        """Weights, average, Adam's moments and persistent chains, by name. `load` restores them."""
        state = {f"net.{k}": v for k, v in self.net.state_dict().items()}
        state |= {f"average.{k}": v for k, v in self.average.state_dict().items()}
        for (name, _), moments in zip(self.net.named_parameters(), self._adam.moments, strict=True):
            state |= {f"adam.{k}.{name}": v for k, v in moments.items()}
        if self.learning.chains_from == "chains" and self.samples is not None:
            state["chains"] = self.samples
        return {k: v.detach().cpu().contiguous() for k, v in state.items()}

    def load(self, state: dict[str, Tensor], updates: int) -> None:
        """Continue from a `state` taken after `updates` updates."""
        self.net.load_state_dict({k: state[f"net.{k}"] for k in self.net.state_dict()})
        self.average.load_state_dict({k: state[f"average.{k}"] for k in self.average.state_dict()})
        self._adam.load(
            {k: state[key] for k in MOMENTS if (key := f"adam.{k}.{name}") in state}
            for name, _ in self.net.named_parameters()
        )
        self.samples = state["chains"].to(self.device) if "chains" in state else None
        self.updates = updates


def _near(images: Tensor, device: torch.device) -> Tensor:
    """The training set, on the device if it leaves room enough there."""
    if device.type == "cuda" and images.nbytes <= SHARE * torch.cuda.mem_get_info(device)[0]:
        return images.to(device)
    return images
