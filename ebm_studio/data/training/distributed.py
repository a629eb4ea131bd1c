"""What all processes of a run do: they read its data and make its learner. Also what the helpers do. Only the first
process writes files.
"""

from __future__ import annotations

from contextlib import suppress

import torch

from ebm_studio.core.errors import DataError, DivergedError
from ebm_studio.core.learning.learner import Learner
from ebm_studio.core.learning.ranks import Ranks
from ebm_studio.core.specs import Learning
from ebm_studio.data.pictures.datasets import ImageSet, open_images
from ebm_studio.data.storage.progress import Progress, silent
from ebm_studio.data.training.plan import Plan


def open_data(plan: Plan, progress: Progress = silent) -> tuple[ImageSet, ImageSet]:
    """The training images of a run, and those that it holds out. Raises `DataError`."""
    data = open_images(plan.source, plan.net.size, plan.net.channels, progress)
    if data.images.shape[1:] != plan.net.shape:
        raise DataError(
            f"The images of {plan.source} have shape {data.images.shape[1:]}, the network needs {plan.net.shape}."
        )
    return data.without_last(plan.held_out), data.last(plan.held_out)


def make_learner(plan: Plan, data: ImageSet, device: torch.device, ranks: Ranks) -> Learner:
    """The learner of a plan whose backend is chosen."""
    images = torch.from_numpy(data.images)
    return Learner(plan.net, plan.short_run, plan.learning, images, device, plan.backend, ranks)


def follow(device: torch.device, ranks: Ranks) -> None:
    """Do as the first rank's `TrainingRun` does, in one of the other processes, until it ends.

    Raises `LostRankError` if that stops unexpectedly, and `DataError` if the images here differ.
    """
    plan = ranks.hear()
    data, _ = open_data(plan)
    if data.fingerprint != plan.fingerprint:
        raise DataError(
            f"The {len(data)} images of {plan.source} here are not the {plan.images} images that the run has."
        )
    learner = make_learner(plan, data, device, ranks)
    while (told := ranks.hear()) is not None:
        match told:
            case (dict() as tensors, int(updates)):
                learner.load(tensors, updates)
            case (float(progress), Learning() as learning):
                learner.learning = learning
                with suppress(DivergedError):  # the first rank sees it too, and decides
                    learner.update(progress)
