"""Brings back the state of the window that an exported file was made from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from ebm_studio.app.pages.compare.state import CompareState
from ebm_studio.app.pages.generate.state import GenerateState
from ebm_studio.app.pages.interpolate.state import PathState
from ebm_studio.app.pages.reconstruct.state import ReconstructState
from ebm_studio.data.exports.recipe_sources import Seeds
from ebm_studio.engine.jobs.exports import Opened, OpenRecipe
from ebm_studio.engine.requests import Ended, Request


class RecipeOpener(QObject):
    """The engine reads the file and finds the model; nothing changes until both are sound."""

    failed = Signal(object)
    """A `Fault`."""
    restoring = Signal(str)
    """What made the file comes back on the page of this key."""

    def __init__(
        self,
        generate: GenerateState,
        reconstruct: ReconstructState,
        path: PathState,
        compare: CompareState,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._generate = generate
        self._reconstruct = reconstruct
        self._path = path
        self._compare = compare
        self._wanted: Request | None = None
        generate.link.posted.connect(self._take)
        generate.link.ended.connect(self._end)

    def open(self, files: list[Path]) -> None:
        """Restore the settings that made the first of the files."""
        models = (self._generate.model, *(side.model for side in self._compare.sides))
        names = dict.fromkeys(model.name for model in models if model is not None)
        self._wanted = self._generate.link.submit(OpenRecipe(lane="recipe", path=files[0], open_models=tuple(names)))

    def _take(self, request: Request, value: object) -> None:
        if request != self._wanted or not isinstance(value, Opened):
            return
        recipe = value.recipe
        match recipe.sources:
            case (Seeds(seed, 0, count),) if recipe.other is not None:
                self.restoring.emit("compare")
                self._compare.restore(seed, count, value)
            case _ if recipe.photos:
                self.restoring.emit("reconstruct")
                self._reconstruct.restore(value)
            case (Seeds(seed, first, count),) if recipe.path is None:
                self.restoring.emit("generate")
                self._restore_chain(value, seed, first, count)
            case _:
                self.restoring.emit("interpolate")
                self._path.restore(value)

    def _restore_chain(self, opened: Opened, seed: int, first: int, count: int) -> None:
        state, run = self._generate, opened.recipe.short_run
        if first or count == 1:  # one chain among others
            state.show_chain(opened.model, seed, first, run)
        else:
            state.restore(replace(state.parameters, model=opened.model, seed=seed, count=count, run=run))

    def _end(self, ended: Ended) -> None:
        if ended.request == self._wanted and ended.fault is not None:
            self.failed.emit(ended.fault)
