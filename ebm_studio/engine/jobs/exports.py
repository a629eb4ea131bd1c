"""Jobs that write files, and that bring back what a file was made from."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ebm_studio.core.errors import DataError
from ebm_studio.core.specs import MAX_STOPS
from ebm_studio.data.exports.commands import is_command, parse_command
from ebm_studio.data.exports.encoders import Kind, encode, export
from ebm_studio.data.exports.frames import Drawable, Look
from ebm_studio.data.exports.recipe import (
    ChainRecipe,
    ComparisonRecipe,
    HistoryRecipe,
    LandscapeRecipe,
    LatentRecipe,
    PathRecipe,
    Recipe,
    ReconstructionRecipe,
    Side,
    recipe_from_json,
    side_of,
)
from ebm_studio.data.exports.recipe_files import find_recipe_model, read_recipe
from ebm_studio.data.models.card import bundled_models
from ebm_studio.engine.jobs.interpolation import StopReady, ready
from ebm_studio.engine.jobs.landscape import LandscapeOpened, landscape_of
from ebm_studio.engine.requests import Request

if TYPE_CHECKING:
    from ebm_studio.data.models.model import Model
    from ebm_studio.data.models.result import Account, Result
    from ebm_studio.engine.worker import Worker

PERMILLE = 1000


@dataclass(frozen=True, slots=True)
class Encoded:
    """What an export would be."""

    size: int
    """Bytes, exactly."""
    content: bytes = field(repr=False)
    """The file; empty for a folder."""


@dataclass(frozen=True, slots=True)
class Exported:
    """An export is written."""

    path: Path
    size: int


@dataclass(frozen=True, kw_only=True)
class Preview(Request):
    """Encode an export in memory; posts `Encoded`."""

    frames: tuple[Drawable, ...] = field(repr=False, compare=False)
    kind: Kind
    look: Look
    recipe: Recipe = field(repr=False)
    stride: int = 1
    """The frames are every n-th of the recipe's, and the last."""

    def work(self, worker: Worker) -> None:
        """See `Request.work`."""

        def tell(_: float) -> None:
            worker.check()

        recipe = _looking(self.recipe, self.look, self.stride)
        if self.kind == "folder":
            with tempfile.TemporaryDirectory() as work:
                size = export(self.frames, Path(work) / "frames", self.look, recipe, tell)
            worker.post(Encoded(size, b""))
        else:
            content = encode(self.frames, self.kind, self.look, recipe, tell)
            worker.post(Encoded(len(content), content))


@dataclass(frozen=True, kw_only=True)
class Export(Request):
    """Write an export whole or not at all; posts `Exported`."""

    background: bool = True
    frames: tuple[Drawable, ...] = field(repr=False, compare=False)
    path: Path
    look: Look
    recipe: Recipe = field(repr=False)
    stride: int = 1
    """The frames are every n-th of the recipe's, and the last."""

    def work(self, worker: Worker) -> None:
        """See `Request.work`."""

        def tell(share: float) -> None:
            worker.report(f"Exporting {self.path.name}", round(share * PERMILLE), PERMILLE)
            worker.check()

        tell(0)
        recipe = _looking(self.recipe, self.look, self.stride)
        worker.post(Exported(self.path, export(self.frames, self.path, self.look, recipe, tell)))


def _looking(recipe: Recipe, look: Look, stride: int) -> Recipe:
    """The recipe with a look whose frames are those that are exported."""
    return replace(recipe, look=replace(look, every=look.every * stride))


@dataclass(frozen=True, kw_only=True)
class Opened:
    """What an exported file was made from, with all that a page needs to show it again: chains need no more."""

    path: Path
    recipe: Recipe
    models: tuple[str, ...] = ()
    """The model of each side, by its name or file, as the engine loads it."""
    note: str = ""
    """A sentence, when another backend than that of the file will show it."""

    @property
    def model(self) -> str:
        """The first model."""
        return self.models[0]


@dataclass(frozen=True, kw_only=True)
class OpenedStops(Opened):
    """A path, or latents."""

    recipe: PathRecipe | LatentRecipe
    stops: tuple[StopReady, ...]
    """The first of them."""


@dataclass(frozen=True, kw_only=True)
class OpenedPhotos(Opened):
    """Reconstructions, measured again."""

    recipe: ReconstructionRecipe
    results: tuple[Result, ...] = field(repr=False)
    account: Account


@dataclass(frozen=True, kw_only=True)
class OpenedLandscape(Opened):
    """A landscape."""

    recipe: LandscapeRecipe
    landscape: LandscapeOpened


@dataclass(frozen=True, kw_only=True)
class OpenRecipe(Request):
    """Read the recipe in a file and find its models, among those that are open first; posts `Opened`."""

    path: Path
    open_models: tuple[str, ...] = ()
    """The models that are open, by their names or files."""

    def work(self, worker: Worker) -> None:
        """See `Request.work`."""
        recipe = read_recipe(self.path)
        worker.post(_opened(self.path, recipe, worker, lambda side: _model(side, self.path, self.open_models, worker)))


@dataclass(frozen=True, kw_only=True)
class OpenText(Request):
    """Read a recipe's text or a line of the command line; posts `Opened`.

    Its models are among those that are open, or bundled: a text from outside names no file that is opened.
    """

    text: str = field(repr=False)
    open_models: tuple[str, ...] = ()
    """The models that are open, by their names or files."""

    def work(self, worker: Worker) -> None:
        """See `Request.work`."""
        if is_command(self.text):
            line = parse_command(self.text)
            name = self._named(line.model, worker)
            model = worker.model(name)
            recipe: Recipe = line.recipe(side_of(model, replace(model.card.short_run, **line.run)))
            worker.post(_opened(PASTED, recipe, worker, lambda _: name))
        else:
            recipe = recipe_from_json(self.text)
            worker.post(_opened(PASTED, recipe, worker, lambda side: self._same(side, worker)))

    def _named(self, wanted: str, worker: Worker) -> str:
        """The model of a name: one that is open, by its name, file or card, or a bundled one."""
        for name in self.open_models:
            if wanted in (name, worker.model(name).card.name):
                return name
        if wanted in [path.stem for path in bundled_models()]:
            return wanted
        raise DataError(f"The command needs the model {wanted[:60]}: open it first, then paste again.")

    def _same(self, side: Side, worker: Worker) -> str:
        """The model of a hash: one that is open, or a bundled one."""
        bundled = [path.stem for path in bundled_models() if path.stem == side.model]
        for name in (*self.open_models, *bundled):
            if worker.model(name).fingerprint == side.model_hash:
                return name
        raise DataError(
            f"The recipe needs the model {side.model} (hash {side.model_hash[:16]}): open it first, then paste again."
        )


PASTED = Path("the pasted text")
"""Stands for a file where there is none."""


def _opened(path: Path, recipe: Recipe, worker: Worker, find: Callable[[Side], str]) -> Opened:
    """What a recipe was made from, with the models that `find` names."""
    if isinstance(recipe, LandscapeRecipe):
        return OpenedLandscape(path=path, recipe=recipe, landscape=landscape_of(path, recipe, worker))
    if isinstance(recipe, HistoryRecipe):
        return Opened(path=path, recipe=recipe)
    names = tuple(find(side) for side in recipe.sides)
    models = [worker.model(name) for name in names]
    from ebm_studio.data.exports.replay import latents_of, other_backend, results_again

    note = other_backend(recipe, models)
    match recipe:
        case PathRecipe() | LatentRecipe():
            run = recipe.side.short_run
            latents = latents_of(models[0], recipe.sources[:MAX_STOPS], run)[:MAX_STOPS]
            stops = tuple(ready(models[0], latents, run, worker))
            return OpenedStops(path=path, recipe=recipe, models=names, note=note, stops=stops)
        case ReconstructionRecipe():
            results, account = tuple(results_again(models[0], recipe)), _account(models[0])
            return OpenedPhotos(path=path, recipe=recipe, models=names, note=note, results=results, account=account)
        case ChainRecipe() | ComparisonRecipe():
            return Opened(path=path, recipe=recipe, models=names, note=note)


def _account(model: Model) -> Account:
    from ebm_studio.data.models.result import Account

    return Account(device=str(model.device), backend=model.backend, backend_reason=model.backend_reason)


def _model(side: Side, path: Path, open_models: tuple[str, ...], worker: Worker) -> str:
    """The model of a side, as the engine loads it. Raises `DataError` when it is not here."""
    wanted = f"{side.model} (hash {side.model_hash[:16]})"
    for name in open_models:
        if worker.model(name).fingerprint == side.model_hash:
            return name
    try:
        found = find_recipe_model(side, path)
    except DataError:
        raise DataError(
            f"{path.name} was made with the model {wanted}, which is not here: open that model's file, "
            "then drop this one again."
        ) from None
    # A bundled model goes by its name, so that the engine holds it once.
    name = found.stem if found in bundled_models() else str(found)
    model = worker.model(name)
    if model.fingerprint != side.model_hash:
        raise DataError(
            f"{path.name} was made with a different model: it needs {wanted}, but the {model.card.name} here "
            f"has {model.fingerprint}. Open the right file, then drop this one again."
        )
    return name
