"""The recipe of a landscape's export: the landscape itself, as trained, and the view of it. Free of torch."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self, get_args

from ebm_studio.core.errors import DataError, StudioError
from ebm_studio.core.specs import check_count, check_seed
from ebm_studio.data.exports.frames import Look
from ebm_studio.data.exports.recipe import FORMAT, LANDSCAPE, MARK, find_text, versions

View = Literal["all", "energy", "density", "samples"]
VIEWS: tuple[View, ...] = get_args(View)
SIDES = (32, 2048)
MOST_PAST = 100.0


@dataclass(frozen=True, kw_only=True)
class LandscapeRecipe:
    """The same recipe makes the same pictures."""

    file: str
    """The landscape's own file, as base64."""
    count: int = 500
    """Chains on the energy."""
    seed: int = 0
    past: float = 1.0
    """How many times K steps were run."""
    side: int = 360
    """Of a view, in pixels."""
    view: View = "all"
    moving: bool = True
    """Every step, or the last alone."""
    look: Look = field(default_factory=Look)
    """How it is played."""

    def __post_init__(self) -> None:
        check_count(self.count)
        check_seed(self.seed)
        is_known = (
            isinstance(self.past, int | float)
            and 0 <= self.past <= MOST_PAST
            and type(self.side) is int
            and SIDES[0] <= self.side <= SIDES[1]
            and self.view in VIEWS
            and type(self.moving) is bool
            and isinstance(self.file, str)
        )
        if not is_known:
            raise DataError("its view of the landscape is out of range")

    def to_json(self) -> str:
        """The recipe as ASCII text. The same recipe gives the same text."""
        shown = {name: getattr(self, name) for name in ("count", "seed", "past", "side", "view", "moving", "file")}
        data = {
            MARK: FORMAT,
            "kind": LANDSCAPE,
            **shown,
            "look": self.look.to_dict(),
            "made_with": dict(versions()),
        }
        return json.dumps(data, separators=(",", ":"))

    @property
    def kind(self) -> str:
        """What kind of a recipe it is."""
        return LANDSCAPE

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """The recipe that `to_json` wrote. Raises `DataError` for anything else."""
        try:
            data: dict[str, Any] = json.loads(text)
            if (data.pop(MARK), data.pop("kind")) != (FORMAT, LANDSCAPE):
                raise DataError("it is not the recipe of a landscape")
            data.pop("made_with")
            return cls(**{**data, "look": Look.from_dict(data["look"])})
        except StudioError as error:
            raise DataError(f"Its recipe cannot be used: {str(error)[:100].rstrip('.')}.") from None
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise DataError("Its recipe is damaged: something in it is missing or wrong.") from None


def read_landscape_recipe(path: Path) -> LandscapeRecipe:
    """The recipe in a landscape's export, or in the side file next to it. Raises `DataError`."""
    text = find_text(path)
    if text is None:
        raise DataError(f"{path} contains no recipe: EBM Studio did not export it, or another program saved it again.")
    try:
        return LandscapeRecipe.from_json(text)
    except DataError as error:
        raise DataError(f"{path} cannot be restored. {error}") from None
