"""Jobs that write files, and that bring back what a file was made from."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ebm_studio.core.errors import DataError
from ebm_studio.core.specs import MAX_STOPS
from ebm_studio.data.exports.commands import is_command, parse_command
from ebm_studio.data.exports.encoders import Kind, encode, export
from ebm_studio.data.exports.frames import Frame, Look
from ebm_studio.data.exports.recipe import Recipe, Side, find_recipe_model, read_recipe
from ebm_studio.data.models.card import bundled_models
from ebm_studio.engine.jobs.interpolation import StopReady, ready
from ebm_studio.engine.requests import Request

if TYPE_CHECKING:
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

    background: bool = True
    frames: tuple[Frame, ...] = field(repr=False, compare=False)
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
    frames: tuple[Frame, ...] = field(repr=False, compare=False)
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


@dataclass(frozen=True, slots=True)
class Opened:
    """What an exported file was made from: its recipe, its models, and what is needed to show it again."""

    path: Path
    recipe: Recipe
    models: tuple[str, ...]
    """The model's name or file, as the engine loads it; of a comparison both."""
    stops: tuple[StopReady, ...] = ()
    """The first latents, unless it is a comparison or reconstructions."""
    results: tuple[Result, ...] = field(default=(), repr=False)
    """The reconstructions, measured again."""
    account: Account | None = None
    """Of the reconstructions."""
    note: str = ""
    """A sentence, when another backend than that of the file will show it."""

    @property
    def model(self) -> str:
        """The first model."""
        return self.models[0]


@dataclass(frozen=True, kw_only=True)
class OpenRecipe(Request):
    """Read the recipe in a file and find its models, among those that are open first; posts `Opened`."""

    path: Path
    open_models: tuple[str, ...] = ()
    """The models that are open, by their names or files."""

    def work(self, worker: Worker) -> None:
        """See `Request.work`."""
        recipe = read_recipe(self.path)
        _post(
            worker, self.path, recipe, tuple(_model(side, self.path, self.open_models, worker) for side in recipe.sides)
        )


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
            from ebm_studio.data.exports.replay import make_recipe

            run = replace(model.card.short_run, **line.run)
            recipe = make_recipe(model, line.kind, line.sources, run, Look(), path=line.path)
            _post(worker, PASTED, recipe, (name,))
            return
        recipe = Recipe.from_json(self.text)
        _post(worker, PASTED, recipe, tuple(self._same(side, worker) for side in recipe.sides))

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


def _post(worker: Worker, path: Path, recipe: Recipe, names: tuple[str, ...]) -> None:
    """Post what a recipe was made from, with these models."""
    from ebm_studio.data.exports.replay import latents_of, other_backend, results_again

    note = other_backend(recipe, [worker.model(name) for name in names])
    if recipe.other is not None:
        worker.post(Opened(path, recipe, names, note=note))
        return
    model = worker.model(names[0])

    if recipe.photos:
        from ebm_studio.data.models.result import Account

        results = tuple(results_again(model, recipe))
        account = Account(device=str(model.device), backend=model.backend, backend_reason=model.backend_reason)
        worker.post(Opened(path, recipe, names, results=results, account=account, note=note))
        return
    few = replace(recipe, sources=recipe.sources[:MAX_STOPS]) if recipe.path is None else recipe
    latents = latents_of(model, few)[:MAX_STOPS]
    worker.post(Opened(path, recipe, names, tuple(ready(model, latents, recipe.short_run, worker)), note=note))


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
