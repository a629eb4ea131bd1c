"""What made a file, kept inside it, so that anybody can make it again.

A recipe is data, never code: JSON that names its kind, each kind a class with its own fields, each field checked.
`recipe_files` says where it is in a file. Free of torch: the window reads what is dropped on it before torch is loaded.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from typing import Any, ClassVar, Literal, Protocol, get_args

from ebm_studio import __version__
from ebm_studio.core.checks import is_number, is_whole
from ebm_studio.core.errors import DataError, StudioError
from ebm_studio.core.specs import MAX_CHAINS, MAX_STOPS, MAX_UPDATES, Interpolation, ShortRun, check_count, check_seed
from ebm_studio.data.exports.frames import Look
from ebm_studio.data.exports.recipe_sources import Original, Seeds, Source, count_of
from ebm_studio.data.models.card import Card
from ebm_studio.data.models.latent import Latent
from ebm_studio.data.storage.plain_data import LongText, Seed, build_one, check, is_text, parse, plain

View = Literal["all", "energy", "density", "samples"]
"""Of a landscape."""
VIEWS: tuple[View, ...] = get_args(View)
VIEW_SIDES = (32, 2048)
MOST_PAST = 100.0

FEWEST_SIDES, MOST_SIDES = 2, 6
"""Of a comparison."""
FORMAT = 2
MARK = "ebm_studio_recipe"
MAX_NAME = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Versions:
    """Of the programs that made a file."""

    ebm_studio: str
    torch: str

    def __post_init__(self) -> None:
        check(is_name(self.ebm_studio) and is_name(self.torch), "its versions are not names and numbers")


@cache
def versions_here() -> Versions:
    """Of this program, and of the torch that is installed."""
    return Versions(ebm_studio=__version__, torch=metadata.version("torch"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """A model, a short run, and what computed it: what turns latents into pictures."""

    model: str
    """The model's name."""
    model_hash: str
    """`Model.fingerprint`."""
    short_run: ShortRun
    device: str = "cpu"
    """The kind of device: cpu, cuda, mps."""
    backend: str = "auto"
    """What computed the gradient: see `Model.backend`. Backends round differently."""
    backend_reason: str = ""
    """Why that backend."""

    def __post_init__(self) -> None:
        check(is_name(self.model) and is_name(self.model_hash), "its model has no name or no hash")
        check(
            is_name(self.device) and is_name(self.backend) and is_text(self.backend_reason, MAX_NAME),
            "it does not say what computed it",
        )


class Maker(Protocol):
    """A model, as the engine has it or as the window knows it."""

    @property
    def card(self) -> Card:
        """See `Model.card`."""

    @property
    def fingerprint(self) -> str:
        """See `Model.fingerprint`."""

    @property
    def device(self) -> object:
        """Where it is."""

    @property
    def backend(self) -> str:
        """See `Model.backend`."""

    @property
    def backend_reason(self) -> str:
        """See `Model.backend_reason`."""


def side_of(model: Maker, run: ShortRun) -> Side:
    """A model here and now, with a short run."""
    return Side(
        model=model.card.name,
        model_hash=model.fingerprint,
        short_run=run,
        device=str(model.device).split(":")[0],
        backend=model.backend,
        backend_reason=model.backend_reason,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """What every recipe has. The same recipe, models, programs and device make the same pictures."""

    kind: ClassVar[str]
    """Its name in JSON."""
    look: Look
    """How it is drawn and played."""
    made_with: Versions = field(default_factory=versions_here)

    def to_json(self) -> str:
        """The recipe as ASCII text. The same recipe gives the same text."""
        return json.dumps({MARK: FORMAT, **plain(self)}, separators=(",", ":"))


@dataclass(frozen=True, kw_only=True, slots=True)
class OfOneModel(Made):
    """What one model makes with one short run."""

    side: Side

    @property
    def sides(self) -> tuple[Side]:
        """The one that it has."""
        return (self.side,)


@dataclass(frozen=True, kw_only=True, slots=True)
class ChainRecipe(OfOneModel):
    """Chains of one seed."""

    kind: ClassVar[str] = "chains"
    seeds: Seeds
    moving: bool
    """Every step, or the ends alone."""

    @property
    def sources(self) -> tuple[Source, ...]:
        """What its chains start from."""
        return (self.seeds,)


@dataclass(frozen=True, kw_only=True, slots=True)
class LatentRecipe(OfOneModel):
    """Chains from latents, one each."""

    kind: ClassVar[str] = "latents"
    sources: tuple[Source, ...]
    moving: bool
    """Every step, or the ends alone."""

    def __post_init__(self) -> None:
        _check_count(self.sources, MAX_CHAINS)


@dataclass(frozen=True, kw_only=True, slots=True)
class PathRecipe(OfOneModel):
    """A path over latents, its stops."""

    kind: ClassVar[str] = "path"
    sources: tuple[Source, ...]
    path: Interpolation
    step: int | None = None
    """The step that is shown; None is the end of the chains."""

    def __post_init__(self) -> None:
        _check_count(self.sources, MAX_STOPS)
        check(self.step is None or is_whole(self.step, 0, self.side.short_run.steps), "its step is wrong")


@dataclass(frozen=True, kw_only=True, slots=True)
class ComparisonRecipe(Made):
    """Chains of one seed by several sides, beside each other."""

    kind: ClassVar[str] = "comparison"
    sides: tuple[Side, ...]
    """From the left."""
    seed: Seed
    count: int
    moving: bool
    """Every step, or the ends alone."""

    def __post_init__(self) -> None:
        fits = FEWEST_SIDES <= len(self.sides) <= MOST_SIDES
        check(fits, f"it has {len(self.sides)} sides, not {FEWEST_SIDES} to {MOST_SIDES}")
        check_seed(self.seed)
        check_count(self.count)

    @property
    def sources(self) -> tuple[Source, ...]:
        """What the chains of each side start from."""
        return (Seeds(self.seed, 0, self.count),)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReconstructionRecipe(OfOneModel):
    """Photos, and the chains from the latents that were found for them."""

    kind: ClassVar[str] = "reconstructions"
    sources: tuple[Latent, ...]
    photos: tuple[Original, ...] = field(repr=False)
    moving: bool
    """Every step beside the photos; or photos, latents and ends."""

    def __post_init__(self) -> None:
        _check_count(self.sources, MAX_CHAINS)
        check(len(self.photos) == len(self.sources), "it does not have as many photos as latents")
        check(len({photo.pixels.shape for photo in self.photos}) == 1, "its photos have different sizes")


@dataclass(frozen=True, kw_only=True, slots=True)
class LandscapeRecipe(Made):
    """A view of a landscape, with the landscape itself, as trained."""

    kind: ClassVar[str] = "landscape"
    file: LongText = field(repr=False)
    """The landscape's own file, in base 64."""
    count: int = 500
    """Chains on the energy."""
    seed: Seed = 0
    past: float = 1.0
    """How many times K steps were run."""
    side: int = 360
    """Of a view, in pixels."""
    view: View = "all"
    moving: bool = True
    """Every step, or the last alone."""

    def __post_init__(self) -> None:
        check_count(self.count)
        check_seed(self.seed)
        check(
            is_number(self.past, 0, MOST_PAST)
            and is_whole(self.side, *VIEW_SIDES)
            and self.view in VIEWS
            and isinstance(self.moving, bool),
            "its view of the landscape is out of range",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryRecipe(Made):
    """The samples of a training run through its history. They are not kept here: only training makes them again."""

    kind: ClassVar[str] = "history"
    run: str
    """The run's name."""
    command: LongText
    """What trains like it, a line for each command that was given."""
    updates: tuple[int, ...]
    """Of each frame."""

    def __post_init__(self) -> None:
        check(is_name(self.run), "its run has no name")
        check(
            bool(self.updates) and all(is_whole(update, 0, MAX_UPDATES) for update in self.updates),
            "it does not say of which updates it is",
        )


OfChains = ChainRecipe | LatentRecipe | ComparisonRecipe | ReconstructionRecipe
OfModels = OfChains | PathRecipe
"""What models that are elsewhere make again; a landscape's recipe contains its own, and a history's needs training."""
Recipe = OfModels | LandscapeRecipe | HistoryRecipe


def recipe_from_json(text: str | bytes) -> Recipe:
    """The recipe that `to_json` wrote. Raises `DataError` for anything else."""
    try:
        return _from_dict(parse(text))
    except StudioError as error:
        raise DataError(f"Its recipe cannot be used: {str(error)[:MAX_NAME].rstrip('.')}.") from None
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError):
        raise DataError("Its recipe is damaged: something in it is missing or wrong.") from None


def _from_dict(data: Any) -> Recipe:
    check(isinstance(data, dict) and MARK in data, "it is not a recipe of EBM Studio")
    form = data.pop(MARK)
    check(form == FORMAT, f"this program reads recipes of format {FORMAT}, not {str(form)[:20]}")
    recipe: Recipe = build_one(get_args(Recipe), data, "the recipe")
    return recipe


def is_name(value: object) -> bool:
    """Whether a value is a name, or other text of a line."""
    return bool(value) and is_text(value, MAX_NAME)


def _check_count(sources: tuple[Source, ...], most: int) -> None:
    count = count_of(sources)
    check(1 <= count <= most, f"it has {count} latents; the maximum is {most}")
