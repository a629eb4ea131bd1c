"""The chains from what was found, under the page's playhead."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, QTimer

from ebm_studio.app.pages.reconstruct.results import Outcome
from ebm_studio.app.studio.engine_link import EngineLink
from ebm_studio.app.studio.playback import Playback
from ebm_studio.engine.chain_store import BOUND, ChainStore
from ebm_studio.engine.jobs.chains import RunChain
from ebm_studio.engine.requests import Ended, Request

LANE = "reconstruct"


class Replay(QObject):
    """Runs the chains of results together, as many as have one short run in common."""

    def __init__(self, link: EngineLink, playback: Playback, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self._playback = playback
        self.bound = BOUND
        """Bytes for the chains."""
        self.outcomes: tuple[Outcome, ...] = ()
        """Whose chains they are, in their order."""
        self._model = ""
        self._wanted: Request | None = None
        # A search also ends when the engine closes to be followed by another, which then runs the replay.
        self._soon = QTimer(self, interval=0, singleShot=True)
        self._soon.timeout.connect(self.run)

    def follow(self, outcomes: Sequence[Outcome], current: Outcome | None, model: str) -> None:
        """Show the chains of these results of a model: of the `current` one, and of those with the same short run.

        Chains that are there, or on their way, do not run again.
        """
        lead = current or (outcomes[0] if outcomes else None)
        like = [each for each in outcomes if lead and each.result.latent.short_run == lead.result.latent.short_run]
        is_there = self._playback.store is not None or self._wanted is not None or self._soon.isActive()
        if is_there and all(each in self.outcomes for each in like) and (like or not self.outcomes):
            return
        self.clear()
        self.outcomes, self._model = tuple(like), model
        if like:
            self._soon.start()

    def place_of(self, outcome: Outcome | None) -> int | None:
        """Which of the chains is a result's."""
        return self.outcomes.index(outcome) if outcome in self.outcomes else None

    def clear(self) -> None:
        """Show no chains."""
        self._soon.stop()
        self.outcomes = ()
        self._wanted = None
        self._playback.clear()

    def close(self) -> None:
        """Stop the timer."""
        self._soon.stop()

    def run(self) -> None:
        """Run the chains from their latents."""
        latents = tuple(outcome.result.latent for outcome in self.outcomes)
        self._wanted = self._link.submit(
            RunChain(
                lane=LANE, page=LANE, model=self._model, latents=latents, run=latents[0].short_run, bound=self.bound
            ),
            self._take,
            self._end,
        )

    def _take(self, store: ChainStore) -> None:
        if self._wanted is not None:  # else other chains are wanted
            self._playback.show_chain(store)

    def _end(self, _: Ended) -> None:
        self._wanted = None
