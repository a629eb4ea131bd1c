"""What the Models page asks for, in the background."""

from __future__ import annotations

from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ebm_studio.core.errors import StudioError
from ebm_studio.core.specs import Evaluation
from ebm_studio.data.models.card import Card, find_model, new_user_model
from ebm_studio.data.models.evaluation_cache import KeptEvaluation, evaluation_file, keep_evaluation, read_evaluation
from ebm_studio.data.models.reading import Reading
from ebm_studio.data.models.thumbnails import COUNT, keep_thumbnail, read_thumbnail, thumbnail_file
from ebm_studio.data.pictures.pictures import Pixels, to_pixels
from ebm_studio.data.storage.hub import HubName
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
    """Find a model's thumbnail in the cache, or run the model once for it; posts `Thumbnail`."""

    background: bool = True
    model: str

    @property
    def key(self) -> Hashable:
        """Models leave each other alone."""
        return (type(self).__qualname__, self.model)

    def work(self, worker: Worker) -> None:
        """See `Request.work`."""
        file = thumbnail_file(find_model(self.model))
        worker.check()
        if found := read_thumbnail(file):
            pixels, card = found
            worker.post(Thumbnail(self.model, card, pixels))
            return
        model = worker.model(self.model)
        steps = model.card.short_run.steps
        for step in model.chain(COUNT, 0):
            worker.report("Drawing thumbnails", step.index, steps)
            worker.check()
        pixels = to_pixels(step.images.cpu().numpy())
        with suppress(StudioError):  # a folder that cannot be written costs the next launch a second, no more
            keep_thumbnail(file, pixels, model.card)
        worker.post(Thumbnail(self.model, model.card, pixels))


@dataclass(frozen=True, kw_only=True)
class KeepForeign(Request):
    """Read weights without a card as somebody says, and keep them as a person's own model; posts its new `Path`."""

    model: str
    reading: Reading

    def work(self, worker: Worker) -> None:
        """See `Request.work`."""
        worker.report("Reading the model")
        worker.device()  # torch is there from here on
        from ebm_studio.data.models.model import load_model, save_model

        model = load_model(self.model, "cpu", "fp32", self.reading)
        worker.check()
        path = new_user_model(model.card.name)
        save_model(path, model.net, model.card)
        worker.post(path)


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What `data.models.evaluation.evaluate` found, now or at an earlier launch."""

    name: str
    """As the model was asked for."""
    found: KeptEvaluation


@dataclass(frozen=True, kw_only=True)
class FindEvaluation(Request):
    """Find a model's newest evaluation in the cache; posts `Evaluated` if there is one."""

    background: bool = True
    model: str

    @property
    def key(self) -> Hashable:
        """Models leave each other alone."""
        return (type(self).__qualname__, self.model)

    def work(self, worker: Worker) -> None:
        """See `Request.work`."""
        if found := read_evaluation(evaluation_file(find_model(self.model))):
            worker.post(Evaluated(self.model, found))


@dataclass(frozen=True, slots=True)
class Pushed:
    """Where on the hub a model is now."""

    address: str


@dataclass(frozen=True, kw_only=True)
class PushModel(Request):
    """Put a model on the hub; posts `Pushed`."""

    background: bool = True
    model: str
    place: str
    """hf:OWNER/NAME[/FILE]."""
    private: bool = False

    @property
    def key(self) -> Hashable:
        """Models leave each other alone."""
        return (type(self).__qualname__, self.model)

    def work(self, worker: Worker) -> None:
        """See `Request.work`."""
        HubName.parse(self.place)
        model = worker.model(self.model)
        from ebm_studio.data.models.sharing import push_model

        worker.report(f"Pushing {model.card.name} to {self.place}")
        worker.post(Pushed(push_model(find_model(self.model), model, self.place, self.private)))


@dataclass(frozen=True, kw_only=True)
class EvaluateModel(Request):
    """Hold a model's samples against a data set; posts `Evaluated`."""

    background: bool = True
    model: str
    source: str
    settings: Evaluation = field(default_factory=Evaluation)

    @property
    def key(self) -> Hashable:
        """Models leave each other alone."""
        return (type(self).__qualname__, self.model)

    def work(self, worker: Worker) -> None:
        """See `Request.work`."""
        model = worker.model(self.model)
        from ebm_studio.data.models.evaluation import evaluate

        def tell(what: str, done: int, total: int) -> None:
            worker.report(f"Evaluating {model.card.name}: {what}", done, total)
            worker.check()

        file = evaluation_file(find_model(self.model))  # of the weights that are evaluated, whatever comes there
        found = KeptEvaluation(self.source, self.settings, evaluate(model, self.source, self.settings, tell))
        worker.post(Evaluated(self.model, found))
        with suppress(StudioError):  # a cache that cannot be written costs the figures at the next launch, no more
            keep_evaluation(file, found)
