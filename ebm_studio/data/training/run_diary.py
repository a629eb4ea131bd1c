"""The training process's side of a run folder: it writes its status and events, and reads commands."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from ebm_studio.core.errors import DiskFullError, StudioError
from ebm_studio.data.storage.atomic_write import remove_parts, write_whole
from ebm_studio.data.training.plan import PLAN, read_plan
from ebm_studio.data.training.run_log import (
    LOCK,
    Event,
    Kind,
    Order,
    State,
    Status,
    append_event,
    locked,
    read_order,
    read_status,
    write_status,
)
from ebm_studio.data.training.run_text import done_text

PACE = 100  # updates that tell how fast it goes
BEAT = 1.0  # seconds between statuses that say nothing new
LOOK = 0.1  # seconds between two looks at the orders while waiting
ROOM_SECONDS = 5.0  # between two tries to write on a full disk
RESERVE = 2**16  # bytes kept on the disk, so that on a full one there is room to say so


class Diary:
    """What one process writes of a run. Disk errors never stop it: what cannot be written now is written later. It
    starts when the folder contains a plan, so a run that never starts leaves no trace.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        before = read_status(folder) or Status(state="reading")
        self.status = replace(before, state="reading", text="Starting.", pid=os.getpid(), seconds_left=None)
        self._owed: list[Event] = []
        self._has_learned = False

    def tell(self, **changes: Any) -> None:
        """Change the status. The file follows at once when state or text change, else once a second."""
        status = replace(self.status, **changes)
        now = time.time()
        news = (status.state, status.text) != (self.status.state, self.status.text)
        if (news or not 0 <= now - status.beat < BEAT) and self._has_begun:
            status = replace(status, beat=now)
            with suppress(StudioError):
                write_status(self.folder, status)
        self.status = status
        self._has_learned |= status.state == "learning"

    def note(self, kind: Kind, text: str, update: int | None = None) -> None:
        """Add an event, by default of the newest update told."""
        self._owed.append(Event(time.time(), self.status.updates if update is None else update, kind, text))
        with suppress(StudioError):
            while self._owed and self._has_begun:
                append_event(self.folder, self._owed[0])
                del self._owed[0]

    def fail(self, text: str, kind: Kind = "failed", update: int | None = None) -> None:
        """Say why the run ends; once that is written, nothing changes it."""
        if self.status.running:
            self.note(kind, text, update)
            self.end("failed", text)

    def end(self, state: State, text: str) -> None:
        """Say how the run stands now that the process ends: as before, if that was done and nothing was added."""
        if not self._has_learned and self._is_done:
            state, text = "done", done_text(self.status.updates)
        self.tell(state=state, text=text, seconds_left=None)

    @property
    def _is_done(self) -> bool:
        status = self.status
        try:
            return status.updates > 0 and read_plan(self.folder).progress(status.updates, status.seconds) >= 1
        except StudioError:
            return False

    @property
    def _has_begun(self) -> bool:
        return (self.folder / PLAN).exists()

    def use_reserve(self) -> None:
        """Free the space reserved for the message about a full disk."""
        with suppress(OSError):
            (self.folder / "reserve").unlink(missing_ok=True)

    def keep_reserve(self) -> None:
        """Take that room, if there is any."""
        if not (self.folder / "reserve").exists():
            with suppress(StudioError):
                write_whole(self.folder / "reserve", lambda file: file.write_bytes(bytes(RESERVE)))

    def keep(self, write: Callable[[], None], stopped: Callable[[], bool]) -> bool:
        """Write something for the run. On a full disk, wait until there is room; returns whether it had to.

        Raises `DiskFullError` when the run is stopped meanwhile.
        """
        waited = False
        while True:
            try:
                write()
            except DiskFullError as error:
                if not waited:
                    self.use_reserve()
                    self.tell(
                        state="paused", text=f"{error} The run is waiting for space on the disk.", seconds_left=None
                    )
                    self.note(
                        "disk_full", f"{error} The run keeps everything in memory and is waiting for space on the disk."
                    )
                waited = True
                if self.wait(ROOM_SECONDS, stopped):
                    raise
            else:
                return waited

    def order(self) -> Order:
        """The newest order."""
        return read_order(self.folder)

    def wait(self, seconds: float, until: Callable[[], bool]) -> bool:
        """Wait this long, or until the condition is met (then returns True); the status keeps being updated."""
        end = time.monotonic() + seconds
        while not (met := until()) and time.monotonic() < end:
            time.sleep(LOOK)
            self.tell()
        return met


class Pace:
    """How fast the last updates went."""

    def __init__(self) -> None:
        self._times: deque[tuple[float, int]] = deque(maxlen=PACE)

    def add(self, updates: int) -> None:
        """Set the total number of updates so far."""
        self._times.append((time.monotonic(), updates))

    @property
    def rate(self) -> float:
        """Updates per second; 0 when nobody can tell yet."""
        if len(self._times) < 2:
            return 0.0
        (began, first), (now, last) = self._times[0], self._times[-1]
        return (last - first) / max(now - began, 1e-9)


@contextmanager
def session(folder: Path) -> Iterator[Diary]:
    """Be the one process that trains in a folder, from before its data is read until the end.

    The folder holds a run, or is one for a new run (`check_new`): files that are left over are deleted.
    Raises `StudioError` when another process is. What ends the session, an error or a `KeyboardInterrupt`
    while the data is read, is noted in the folder. One that holds no run even then is left as it was.
    """
    new = [path for path in (folder / LOCK, folder, *folder.parents) if not os.path.exists(path)]
    with locked(folder):
        _tidy(folder)
        diary = Diary(folder)
        diary.tell(text="Reading the images.")
        try:
            yield diary
        except KeyboardInterrupt:
            diary.note("stop", "Stopped before training started.")
            diary.end("stopped", "Stopped before training started.")
            raise
        except BaseException as error:
            diary.fail(str(error) if isinstance(error, StudioError) else f"{type(error).__name__}: {error}")
            raise
        finally:
            diary.use_reserve()
            with suppress(OSError):
                (folder / "control").unlink(missing_ok=True)
            if not (folder / PLAN).exists():  # it never came to be a run
                with suppress(OSError):
                    for path in new:
                        path.rmdir() if path.is_dir() else path.unlink()


def _tidy(folder: Path) -> None:
    # What a killed process left half written, and an order that was meant for it. An order for this
    # process can only be there when it was launched, and then its status names it.
    remove_parts(folder)
    remove_parts(folder / "samples")
    status = read_status(folder)
    if status is None or status.pid != os.getpid():
        with suppress(OSError):
            (folder / "control").unlink(missing_ok=True)
