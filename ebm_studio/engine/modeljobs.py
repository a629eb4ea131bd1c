"""What the Models page asks for, in the background."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ebm_studio.core.errors import StudioError
from ebm_studio.core.specs import Evaluation
from ebm_studio.data.cards import Card, find_model
from ebm_studio.data.pictures import Pixels, to_pixels
from ebm_studio.data.thumbnails import COUNT, keep_thumbnail, read_thumbnail, thumbnail_file
from ebm_studio.engine.requests import Request

if TYPE_CHECKING:
    from ebm_studio.engine.worker import Worker


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """The first samples of a model."""

    name: str
    """As the model was asked for."""
    card: Card
    pixels: Pixels
    """uint8 (COUNT, C, H, W)."""


@dataclass(frozen=True, kw_only=True)
class MakeThumbnail(Request):
    """Find a model's thumbnail in the cache, or run the model once for it; posts `Thumbnail`.

    Its lane is the model's name.
    """

    background: bool = True

    def work(self, worker: Worker) -> None:
        """See `Request.work`."""
        file = thumbnail_file(find_model(self.lane))
        worker.check()
        if found := read_thumbnail(file):
            pixels, card = found
            worker.post(Thumbnail(self.lane, card, pixels))
            return
        model = worker.model(self.lane)
        steps = model.card.short_run.steps
        for step in model.chain(COUNT, 0):
            worker.report("Drawing thumbnails", step.index, steps)
            worker.check()
        pixels = to_pixels(step.images.cpu().numpy())
        worker.post(Thumbnail(self.lane, model.card, pixels))
        try:
            keep_thumbnail(file, pixels, model.card)
        except StudioError:
            return  # a cache that cannot be written costs the next launch a second, no more


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What `data.evaluation.evaluate` found, as plain data."""

    name: str
    figures: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class EvaluateModel(Request):
    """Hold a model's samples against a data set; posts `Evaluated`. Its lane is the model's name."""

    background: bool = True
    source: str
    settings: Evaluation = field(default_factory=Evaluation)

    def work(self, worker: Worker) -> None:
        """See `Request.work`."""
        model = worker.model(self.lane)
        from ebm_studio.data.evaluation import evaluate

        def tell(what: str, done: int, total: int) -> None:
            worker.report(f"Evaluating {model.card.name}: {what}", done, total)
            worker.check()

        worker.post(Evaluated(self.lane, evaluate(model, self.source, self.settings, tell).to_dict()))
