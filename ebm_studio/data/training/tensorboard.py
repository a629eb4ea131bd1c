"""A run's metrics, samples, settings and events for TensorBoard. The run folder stays the truth; this is a copy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ebm_studio.core.errors import StudioError
from ebm_studio.data.pictures.pictures import open_picture
from ebm_studio.data.storage.atomic_write import check_place, writing_failed
from ebm_studio.data.training.run_folder import RunFolder
from ebm_studio.data.training.run_log import METRICS

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

TAGS = {name: f"metrics/{name}" for name in METRICS[2:]}
"""Of what is plotted over the updates; the first two columns are the update and its time."""


class BoardCopy:
    """Copies one run into a folder of its own, below the folder that TensorBoard is shown."""

    def __init__(self, run: RunFolder, root: Path) -> None:
        """Raises `StudioError` when the run's settings are damaged, or its folder for TensorBoard is in use or cannot
        be written.
        """
        self.run = run
        self.folder = root / run.name
        check_place(self.folder, folder=True)
        if any(self.folder.glob("events.out.tfevents.*")):
            raise StudioError(f"{self.folder} already contains a copy of a run: delete it, or choose another folder.")
        self._began = next((event.time for event in run.events()), 0.0)
        self._last = -1  # update
        self._grids, self._events = 0, 0
        self._writer = self._open()
        self._writer.add_text("settings", _settings(run), 0, self._began)

    def update(self) -> int:
        """Copy what has come since; returns the last update that is there. Raises `StudioError`."""
        try:
            self._copy_metrics()
            self._copy_samples()
            for event in self.run.events()[self._events :]:
                self._writer.add_text("events", f"{event.kind}: {event.text}", event.update, event.time)
                self._events += 1
            self._writer.flush()
        except OSError as error:
            raise writing_failed(self.folder, error) from error
        return self._last

    def close(self) -> None:
        """Write what is left."""
        self._writer.close()

    def _open(self, purge: int | None = None) -> SummaryWriter:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise StudioError('To write for TensorBoard, pip install "ebm-studio[tensorboard]".') from None
        try:
            return SummaryWriter(str(self.folder), purge_step=purge)
        except OSError as error:
            raise writing_failed(self.folder, error) from error

    def _copy_metrics(self) -> None:
        rows = self.run.metrics()
        newest = int(rows[-1, 0]) if len(rows) else -1
        if newest < self._last:  # it stepped back: what was told beyond is void
            self._writer.close()
            self._writer = self._open(newest + 1)
            self._last = newest
            self._grids = sum(update <= newest for update, _ in self.run.grids())
        for row in rows[np.searchsorted(rows[:, 0], self._last, "right") :]:
            named = dict(zip(METRICS, row.tolist(), strict=True))
            update, time = int(named["update"]), self._began + named["seconds"]
            for name, tag in TAGS.items():
                self._writer.add_scalar(tag, named[name], update, time)
            self._last = update

    def _copy_samples(self) -> None:
        for update, file in self.run.grids()[self._grids :]:
            picture = np.asarray(open_picture(file).convert("RGB"))
            self._writer.add_image("samples", picture, update, file.stat().st_mtime, dataformats="HWC")
            self._grids += 1


def _settings(run: RunFolder) -> str:
    """The plan as a table in Markdown."""
    plan = run.plan().to_dict()
    flat = {
        f"{part}.{name}" if part else name: value
        for part, values in (("", plan), *((key, plan[key]) for key in ("net", "short_run", "learning")))
        for name, value in values.items()
        if not isinstance(value, dict)
    }
    rows = "".join(f"| {name} | {str(value).replace('|', '&#124;')} |\n" for name, value in flat.items())
    return "| setting | value |\n|---|---|\n" + rows.replace("\n\n", "\n")
