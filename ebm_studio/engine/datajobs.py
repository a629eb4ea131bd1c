"""What the Train page asks before it starts: how a set of pictures looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ebm_studio.data.preview import Preview, preview
from ebm_studio.engine.requests import Request

if TYPE_CHECKING:
    from ebm_studio.engine.worker import Worker


@dataclass(frozen=True, slots=True)
class Looked:
    """Some pictures of a set."""

    source: str
    preview: Preview


@dataclass(frozen=True, kw_only=True)
class LookAtData(Request):
    """Count the pictures of a set, and read some of them; posts `Looked`."""

    source: str
    size: int
    channels: int

    def work(self, worker: Worker) -> None:
        """See `Request.work`."""

        def tell(done: int, total: int) -> None:
            worker.report("Looking at the pictures", done, total)
            worker.check()

        worker.post(Looked(self.source, preview(self.source, self.size, self.channels, progress=tell)))
