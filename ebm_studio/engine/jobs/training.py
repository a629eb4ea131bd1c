"""What the Train page asks for: a look at the data, and how long learning will take here."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING

from ebm_studio.core.specs import Learning, NetSpec, ShortRun
from ebm_studio.data.pictures.preview import Preview, preview
from ebm_studio.engine.requests import Request

if TYPE_CHECKING:
    import torch

    from ebm_studio.engine.worker import Worker

FEW, MORE = 1, 4  # Langevin steps of the updates that are timed
ROUNDS = range(2, 20)
PATIENCE = 2.0  # seconds
MOST = 512
"""Images, and chains, of an update that is timed; the time of more of them follows from it. With all of them it could
take minutes, during which no other job gets its turn, and all the memory there is.
"""


@dataclass(frozen=True, slots=True)
class Previewed:
    """What a data set looks like."""

    source: str
    preview: Preview


@dataclass(frozen=True, kw_only=True)
class PreviewData(Request):
    """Look at some pictures of a data set; posts `Previewed`."""

    background: bool = True
    source: str
    size: int
    channels: int | None = None
    """None for what the set has by nature."""

    def work(self, worker: Worker) -> None:
        """See `Request.work`."""
        worker.post(Previewed(self.source, preview(self.source, self.size, self.channels, progress=worker.tell)))


@dataclass(frozen=True, slots=True)
class Estimated:
    """How fast this machine learns at some settings."""

    seconds_per_update: float
    seconds: float
    """For all updates."""


@dataclass(frozen=True, kw_only=True)
class EstimateRun(Request):
    """Time a few updates on random pictures; posts `Estimated`. Give each preset a lane of its own."""

    background: bool = True
    net: NetSpec
    short_run: ShortRun
    learning: Learning

    def work(self, worker: Worker) -> None:
        """See `Request.work`."""
        worker.report("Measuring the training time")
        device = worker.device()
        from ebm_studio.core.energy.devices import tune_cuda

        try:
            each = self._seconds(worker, device)
        finally:
            tune_cuda()  # a learner tunes a GPU for training, and this process draws pictures
        worker.post(Estimated(each, each * self.learning.updates))

    def _seconds(self, worker: Worker, device: torch.device) -> float:
        """Of an update."""
        import torch

        from ebm_studio.core.energy.nets import make_net
        from ebm_studio.core.learning.learner import Learner
        from ebm_studio.data.models.backend_cache import resolve_backend

        worker.check()
        learning = replace(
            self.learning, images=min(self.learning.images, MOST), chains=min(self.learning.chains, MOST)
        )
        backend = resolve_backend(make_net(self.net).to(device), self.learning.chains).backend
        pictures = torch.randint(256, (learning.images, *self.net.shape), dtype=torch.uint8)

        # An update costs something once and something for each step, so two short ones tell of long ones.
        learners = [
            Learner(self.net, replace(self.short_run, steps=steps), learning, pictures, device, backend)
            for steps in (FEW, MORE)
        ]
        taken: list[list[float]] = [[], []]
        began_all = time.perf_counter()
        for done in range(ROUNDS.stop):
            if done >= ROUNDS.start and time.perf_counter() - began_all > PATIENCE:
                break
            # What else the machine does counts too: training will have to share it as well.
            for which, learner in enumerate(learners):
                worker.check()
                began = time.perf_counter()
                learner.update(0.0)
                taken[which].append(time.perf_counter() - began)
        seconds = [median(each[1:] or each) for each in taken]  # the first one warms up
        step = max(0.0, seconds[1] - seconds[0]) / (MORE - FEW)
        once = max(0.0, seconds[0] - FEW * step)
        times_images, times_chains = self.learning.images / learning.images, self.learning.chains / learning.chains
        return once * times_images + step * self.short_run.steps * times_chains
