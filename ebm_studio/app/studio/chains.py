"""What the pages that show chains of a seed have in common."""

from __future__ import annotations

import secrets
from typing import Any, ClassVar

from PySide6.QtCore import QObject, QTimer, Signal

from ebm_studio.app.studio.engine_link import EngineLink
from ebm_studio.app.studio.faults import Faults
from ebm_studio.app.studio.long_runs import LongRuns
from ebm_studio.app.studio.parameters import Parameters
from ebm_studio.app.studio.playback import Playback
from ebm_studio.app.studio.preferences import PreferenceStore
from ebm_studio.core.specs import MAX_SEED
from ebm_studio.engine.chain_store import BOUND, View

PAUSE = 250  # milliseconds without a further edit before a run starts
RANDOM_SEEDS = 1_000_000  # short enough to say aloud


class ChainsState(Faults):
    """Observable. Chains under a playhead, and how they are looked at; an edit runs them after a short pause."""

    parameters_changed = Signal()
    view_changed = Signal()
    selection_changed = Signal()
    page: ClassVar[str]
    """The key of the page that shows them."""

    def __init__(self, link: EngineLink, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.link = link
        self.playback = Playback(self)
        self.parameters = Parameters()
        self.view: View = "state"
        """What is shown of a step: its `state`, or its `mean`, without the step's own noise."""
        self.selected: int | None = None
        """The chain whose curve is drawn apart."""
        self.bound = BOUND
        """Bytes that the chains may take."""
        self._pause = QTimer(self, interval=PAUSE, singleShot=True)
        self._pause.timeout.connect(self.run)
        self.long = LongRuns(link.pace, self)
        link.progress_changed.connect(self.playback.watch)

    def follow(self, preferences: PreferenceStore) -> None:
        """Take the memory and the playback that a person has set, now and at each change."""
        preferences.lead(self.playback)
        preferences.follow("memory", self._set_memory)

    def _set_memory(self, megabytes: int) -> None:
        self.bound = megabytes * 2**20

    def change(self, text: str = "", *, key: Any = "change", **changes: Any) -> None:
        """Change parameters; the chains run again after a short pause.

        `text` names the change for undo; changes of the same `key` in quick succession are one.
        """
        raise NotImplementedError

    def run(self) -> None:
        """Run the chains with the parameters as they are."""
        raise NotImplementedError

    def random_seed(self) -> None:
        """Another seed, at once."""
        self.change(seed=secrets.randbelow(RANDOM_SEEDS), key=None)
        self.run()

    def next_seed(self, by: int) -> None:
        """The seed plus `by`."""
        self.change(seed=min(max(self.parameters.seed + by, 0), MAX_SEED))

    def cancel(self) -> None:
        """Stop; the finished steps of the chains stay. What hidden pages have begun goes on."""
        self._pause.stop()
        self.long.forget()
        self.link.cancel(page=self.page)

    @property
    def waiting(self) -> bool:
        """Whether an edit waits for its run."""
        return self._pause.isActive()

    def set_view(self, view: View) -> None:
        """Show the `state` or the `mean` of each step."""
        if view != self.view:
            self.view = view
            self.view_changed.emit()

    def select(self, chain: int | None) -> None:
        """Draw the curve of a chain apart, or of none."""
        if chain != self.selected:
            self.selected = chain
            self.selection_changed.emit()

    def close(self) -> None:
        """Stop every timer."""
        self._pause.stop()
        self.playback.pause()
