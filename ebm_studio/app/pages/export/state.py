"""What the export dialog is about: what goes into the file, how it looks, how large it is, how far it is."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QStandardPaths, QTimer, Signal

from ebm_studio.app.pages.export.room import fitted, problem_of
from ebm_studio.app.studio.engine_link import EngineLink
from ebm_studio.app.studio.exportable import Exportable
from ebm_studio.app.studio.faults import Faults
from ebm_studio.core.errors import SettingsError, StudioError
from ebm_studio.data.exports import mp4
from ebm_studio.data.exports.encoders import MOVING, Kind, check_size, check_target, left_out, shots_of
from ebm_studio.data.exports.frames import MAX_LETTERS, Look, Reel, picked
from ebm_studio.data.exports.recipe import OfModels
from ebm_studio.data.storage.settings import Settings
from ebm_studio.engine.jobs.exports import Encoded, Export, Exported, Preview
from ebm_studio.engine.requests import Ended, Fault, Request

PAUSE = 200  # milliseconds without a further edit before the preview is made
LANE = "export"
HABITS = ("smooth", "captions", "loop", "dither", "gap", "curve")
FORMATS: dict[Kind, tuple[str, str]] = {
    "gif": ("GIF", ".gif"),
    "webp": ("WebP", ".webp"),
    "apng": ("APNG", ".apng"),
    "mp4": ("MP4", ".mp4"),
    "folder": ("PNG sequence", ""),
    "png": ("Contact sheet", ".png"),
}


class ExportState(Faults):
    """Observable. A change makes the preview again after a short pause."""

    changed = Signal()
    """Another thing, format, look or place."""
    preview_changed = Signal()
    progress_changed = Signal()
    finished = Signal()

    def __init__(self, link: EngineLink, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.link = link
        self._settings = settings
        self.things: list[Exportable] = []
        self.chosen = 0
        self.kind: Kind = _kind(settings.text("export/kind"))
        self.look = Look()
        self.folder = Path(settings.text("export/folder") or _pictures())
        self.stem = ""
        self.text = ""
        """The caption that a person has typed."""
        self.named = settings.flag("export/named")
        """Whether the name of the model comes before it."""
        self.encoded: Encoded | None = None
        """Of the look and the kind as they are; None while it is made."""
        self.exported: Exported | None = None
        """The newest file of this thing."""
        self.running: Request | None = None
        self._changes: dict[Hashable, dict[str, Any]] = {}
        """What a person changed of the look that was suggested, for each sort of thing."""
        self._habits = _habits(settings.data("export/look"))
        """The part of it that is for all things, and for the next launch."""
        self._wanted: Request | None = None
        self._pause = QTimer(self, interval=PAUSE, singleShot=True)
        self._pause.timeout.connect(self._preview)
        link.progress_changed.connect(self.progress_changed)

    @property
    def thing(self) -> Exportable | None:
        """What would be exported."""
        return self.things[self.chosen] if self.things else None

    @property
    def is_still(self) -> bool:
        """Whether there is one frame only."""
        return self.thing is None or len(self.thing.frames) == 1

    @property
    def kinds(self) -> list[Kind]:
        """The formats for the thing: a single picture is no film."""
        return ["png", "webp", "gif"] if self.is_still else list(FORMATS)

    @property
    def path(self) -> Path:
        """Where it would be written."""
        return self.folder / f"{self.stem}{FORMATS[self.kind][1]}"

    @property
    def replaces(self) -> bool:
        """Whether a file of that name is there already."""
        return self.kind != "folder" and self.path.exists()

    @property
    def missing(self) -> str:
        """Why the format cannot be written here; empty when it can."""
        return mp4.HELP if self.kind == "mp4" and not mp4.can_write() else ""

    @property
    def problem(self) -> str:
        """Why nothing can be written as things are set; empty when it can."""
        return self.missing or (problem_of(self.thing, self.kind, self.look) if self.thing else "")

    @property
    def fitted(self) -> Look | None:
        """What `fit` would change the look to; None when nothing is in the way, or nothing helps."""
        if self.thing is None or self.missing or not self.problem:
            return None
        look = fitted(self.thing, self.kind, self.look)
        return look if look != self.look else None

    @property
    def remark(self) -> str:
        """What cannot be shown in this format; empty when all can."""
        if self.problem or self.thing is None:
            return self.problem
        return left_out(len(picked(len(self.thing.frames), self.look.every)), self.look, self.kind)

    @property
    def facts(self) -> tuple[tuple[int, int], int, float] | None:
        """Size of the picture, frames that are played, and seconds."""
        if self.thing is None:
            return None
        try:
            reel = Reel(self.thing.frames, self.look)
        except SettingsError:
            return None
        if self.kind not in MOVING:
            columns = min(self.look.columns, len(reel)) if self.kind == "png" else 1
            rows = -(-len(reel) // columns) if self.kind == "png" else 1
            return (reel.size[0] * columns, reel.size[1] * rows), len(reel), 0.0
        shots = shots_of(len(reel), self.look, self.kind)
        return reel.size, len(shots), sum(shot.seconds for shot in shots)

    def offer(self, things: list[Exportable]) -> None:
        """Offer these things."""
        self.things = things
        self.choose(0)

    def choose(self, index: int) -> None:
        """Export another of the things."""
        self.chosen = index
        thing = self.thing
        assert thing is not None
        self.look = replace(thing.recipe.look, **{**self._habits, **self._changes.get(_sort(thing), {})})
        self.look = replace(self.look, text=self._caption(thing))
        self.stem = self._free(thing.name)
        if self.kind not in self.kinds or (self.is_still and self.kind == "gif"):
            self.kind = self.kinds[0]
        self.look = fitted(thing, self.kind, self.look)
        self.exported = None
        self._touch()

    def set_kind(self, kind: Kind) -> None:
        """Another format."""
        self.kind = kind
        if self.thing is not None:
            self.look = fitted(self.thing, kind, self.look)
        self._settings.set("export/kind", kind)
        self._touch()

    def change(self, **changes: Any) -> None:
        """Change the look."""
        try:
            look = replace(self.look, **changes)
        except SettingsError as error:
            self.show(Fault(str(error)))
            return
        if look != self.look and self.thing is not None:
            self.look = look
            self._changes.setdefault(_sort(self.thing), {}).update(changes)
            self._habits |= {name: value for name, value in changes.items() if name in HABITS}
            self._settings.set("export/look", self._habits)
            self._touch()

    def fit(self) -> None:
        """Change what is too large until it can be written."""
        if (look := self.fitted) is not None:
            self.look = look
            self._touch()

    def set_caption(self, text: str | None = None, named: bool | None = None) -> None:
        """Write another text under the frames, or the model's name before it, or not."""
        self.text = self.text if text is None else text.strip()
        self.named = self.named if named is None else named
        self._settings.set("export/named", self.named)
        if self.thing is not None:
            try:
                look = replace(self.look, text=self._caption(self.thing))
            except SettingsError as error:
                self.show(Fault(str(error)))
                return
            if look != self.look:
                self.look = look
                self._touch()

    def _caption(self, thing: Exportable) -> str:
        sides = thing.recipe.sides if isinstance(thing.recipe, OfModels) else ()
        names = ", ".join(dict.fromkeys(side.model for side in sides)) if self.named else ""
        return ": ".join(filter(None, [names, self.text]))[:MAX_LETTERS]

    def set_path(self, path: Path) -> None:
        """Write elsewhere. A suffix that is a format's chooses it."""
        self.folder = path.parent
        suffixes = {suffix: kind for kind, (_, suffix) in FORMATS.items() if suffix and kind in self.kinds}
        kind = suffixes.get(path.suffix.lower())
        self.stem = path.stem if kind or path.suffix == FORMATS[self.kind][1] else path.name
        if kind and kind != self.kind:
            self.set_kind(kind)
        else:
            self.changed.emit()

    def export(self) -> None:
        """Write the file, in the background."""
        if self.thing is None or self.running is not None or self.problem:
            return
        self.dismiss()
        self._settings.set("export/folder", str(self.folder))
        self.exported = None
        try:
            check_size(check_target(self.path), self.look, self.thing.frames[0], len(self.thing.frames))
        except StudioError as error:
            self.show(Fault(str(error)))
            return
        self.running = self.link.submit(Export(path=self.path, **self._what()), self._take_file, self._end_file)
        self.progress_changed.emit()

    def cancel(self) -> None:
        """Stop writing; nothing is left of it."""
        if self.running is not None:
            self.link.cancel(self.running)

    def leave(self) -> None:
        """The dialog is closed: no preview is needed. An export in progress continues."""
        self._pause.stop()
        if self._wanted is not None:
            self.link.cancel(self._wanted)

    @property
    def share(self) -> float | None:
        """How much of the file is written; None when none is."""
        if self.running is None:
            return None
        progress = self.link.progress
        if progress is None or progress.request != self.running or not progress.total:
            return 0.0
        return progress.done / progress.total

    def _touch(self) -> None:
        self.dismiss()
        self.encoded = None
        self.changed.emit()
        self.preview_changed.emit()
        self._pause.start()

    def _preview(self) -> None:
        if self.thing is not None and not self.problem:
            self._wanted = self.link.submit(
                Preview(kind=self.kind, **self._what()), self._take_preview, self._end_preview
            )

    def _what(self) -> dict[str, Any]:
        thing = self.thing
        assert thing is not None
        return {
            "lane": LANE,
            "frames": thing.frames,
            "look": self.look,
            "recipe": thing.recipe,
            "stride": thing.stride,
        }

    def _take_preview(self, encoded: Encoded) -> None:
        if not self._pause.isActive():
            self.encoded = encoded
            self.preview_changed.emit()

    def _end_preview(self, ended: Ended) -> None:
        if ended.fault:
            self.show(ended.fault)

    def _take_file(self, exported: Exported) -> None:
        self.exported = exported

    def _end_file(self, ended: Ended) -> None:
        self.running = None
        self.progress_changed.emit()
        if self.exported is not None:
            self.finished.emit()
        if ended.fault:
            self.show(ended.fault)

    def _free(self, name: str) -> str:
        """A name that no file there has."""
        suffixes = [suffix for _, suffix in FORMATS.values()]
        number, stem = 1, name
        while any((self.folder / f"{stem}{suffix}").exists() for suffix in suffixes):
            number += 1
            stem = f"{name}-{number}"
        return stem


def _sort(thing: Exportable) -> Hashable:
    """Things of one sort are shown alike."""
    return thing.recipe.kind, len(thing.frames) == 1, thing.frames[0].shape


def _kind(remembered: str) -> Kind:
    return next((kind for kind in FORMATS if kind == remembered), "gif")


def _habits(remembered: object) -> dict[str, Any]:
    try:
        Look.from_dict(remembered)
    except SettingsError:
        return {}
    assert isinstance(remembered, dict)
    return {name: remembered[name] for name in HABITS if name in remembered}


def _pictures() -> str:
    return QStandardPaths.writableLocation(QStandardPaths.StandardLocation.PicturesLocation)
