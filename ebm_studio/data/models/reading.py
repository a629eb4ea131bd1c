"""How to read weights without a card: what a person says about them, or leaves to a test. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from ebm_studio.core.errors import SettingsError
from ebm_studio.core.specs import ACTIVATIONS, FAMILIES, Activation, NetSpec, Spec

Sign = Literal["auto", "plus", "minus"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading(Spec):
    """What the numbers in a file of another program mean."""

    called: ClassVar[str] = "reading"
    sign: Sign = "auto"
    """`plus` if the net's output is the energy, `minus` if it is -E, as in the paper; `auto` tries both."""
    activation: Activation = "leaky_relu"
    leak: float = 0.2
    """Of LeakyReLU."""

    def __post_init__(self) -> None:
        if self.sign not in get_args(Sign):
            raise SettingsError(f"The sign must be one of {', '.join(get_args(Sign))}, not {self.sign}.")
        if self.activation not in FAMILIES["conv"].activations:
            known = ", ".join(FAMILIES["conv"].activations)
            raise SettingsError(f"The activation must be one of {known}, not {self.activation}.")
        NetSpec(activation=self.activation, leak=self.leak)

    @property
    def is_leaky(self) -> bool:
        """See `NetSpec.is_leaky`."""
        return NetSpec(activation=self.activation).is_leaky


@dataclass(frozen=True, slots=True)
class Assumed:
    """How a file was read, and how sure that is."""

    reading: Reading
    """With a sign that is `plus` or `minus`."""
    asked: Sign
    """What was requested; the sign is found by a test unless it was given."""
    sure: bool
    """Whether the test chains told the signs apart, or somebody said the sign."""

    @property
    def text(self) -> str:
        """For the card: what was assumed."""
        reading = self.reading
        sign = "the energy" if reading.sign == "plus" else "minus the energy"
        how = (
            "as you chose" if self.asked != "auto"
            else "found by test chains" if self.sure
            else "a guess, since test chains gave no clear answer"
        )  # fmt: skip
        activation = ACTIVATIONS[reading.activation] + (f" with leak {reading.leak:g}" if reading.is_leaky else "")
        return (
            f"Weights without a card. Their output is read as {sign} ({how}), "
            f"their activation as {activation}; the short run is the default of the authors' code."
        )
