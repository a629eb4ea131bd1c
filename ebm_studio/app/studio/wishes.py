"""What one page asks of another, without knowing which: `studio.wish(ShowModel("fashion32"))`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ebm_studio.core.evaluation.findings import Claim

HelpView = Literal["keys", "words", "log", "about"]


@dataclass(frozen=True)
class ShowModel:
    """Open a model, and see it run."""

    name: str
    """A bundled name, or a file."""


@dataclass(frozen=True)
class CompareModel:
    """Compare the open model, as it is set, with the same or another one."""

    name: str | None = None
    """Of the other one."""


@dataclass(frozen=True)
class ShowRun:
    """Look at a training run."""

    name: str


@dataclass(frozen=True)
class ShowHelp:
    """Look at a view of the help."""

    view: HelpView
    entry: str = ""
    """Of the glossary, when its words are shown."""


@dataclass(frozen=True)
class TakeTour:
    """Begin the tour."""


@dataclass(frozen=True)
class RunSteps:
    """Run the open model's chains, as they are set, for so many steps."""

    steps: int


@dataclass(frozen=True)
class FindPhotos:
    """Look for the start noise of photos."""


@dataclass(frozen=True)
class PlayPath:
    """Look at the path between A and B, and play it once it is there."""


@dataclass(frozen=True)
class ShowDiagnosis:
    """Look at what is measured of the open model, at one claim if it is named."""

    claim: Claim | None = None
