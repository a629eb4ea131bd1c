"""What the Train page exports: a film of the samples of a run, from its first update to its newest."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from ebm_studio.app.pages.train.runs.run_reader import RunView, read_grid
from ebm_studio.app.studio.exportable import Exportable, look_for
from ebm_studio.app.widgets.formatting import thousands
from ebm_studio.data.exports.frames import Frame
from ebm_studio.data.exports.recipe import HistoryRecipe
from ebm_studio.data.training.plan import command_of

MOST = 100
"""Frames: of a longer history as many, evenly."""
FPS = 8.0


def of_history(view: RunView) -> list[Exportable]:
    """The samples of a run through its history, and the newest alone; nothing before there are two grids."""
    grids = view.grids
    wanted: list[int] = np.unique(np.linspace(0, len(grids) - 1, min(len(grids), MOST)).astype(int)).tolist()
    read = ((grids[place][0], read_grid(grids[place][1], view.plan.net)) for place in wanted)
    shown = [(update, pixels) for update, pixels in read if pixels is not None]
    if len(shown) < 2:
        return []
    look = replace(look_for(view.plan.net.size, len(shown[-1][1])), fps=FPS, captions=True, palette="own")
    recipe = HistoryRecipe(
        run=view.name,
        command=view.plan.command or command_of(view.plan),
        updates=tuple(update for update, _ in shown),
        look=look,
    )
    frames = tuple(Frame(pixels, f"update {thousands(update)}") for update, pixels in shown)
    name = re.sub(r"[^\w.-]+", "-", view.name)
    return [
        Exportable(title="Training", name=f"{name}-training", frames=frames, recipe=recipe),
        Exportable(
            title="Newest samples",
            name=f"{name}-samples",
            frames=frames[-1:],
            recipe=replace(recipe, updates=recipe.updates[-1:], look=replace(look, hold_last=0.0)),
        ),
    ]
