"""Numbers and networks as people read them."""

from __future__ import annotations

from ebm_studio.core.evaluation.figures import Estimate
from ebm_studio.core.specs import ACTIVATIONS, FAMILIES, NetSpec, ShortRun, point_net


def figure(value: float) -> str:
    """A positive number to two digits, with its power of ten written as one: 5 × 10⁻⁵."""
    text = f"{value:.2g}"
    if "e" not in text:
        return text
    digits, power = text.split("e")
    return f"{digits} × 10{str(int(power)).translate(_RAISED)}"


def thousands(number: int) -> str:
    """A whole number as texts write it: 60,000."""
    return f"{number:,}"


def ordinal(number: int) -> str:
    """A place in a row: 1st, 2nd, 3rd, 11th."""
    ends = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{'th' if 10 < number % 100 < 14 else ends.get(number % 10, 'th')}"


def estimated(value: Estimate, digits: int) -> str:
    """A figure and its standard error: 0.372 ± 0.011."""
    return f"{value.mean:.{digits}f} ± {value.sd:.{digits}f}".replace("-", "−")


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def signed(value: float) -> str:
    """A figure to three digits, with a true minus: 1.60, −43.0, −4,123. It is as wide while a chain moves."""
    text = f"{value:,.0f}" if 999.5 <= abs(value) < 1e6 else f"{value:#.3g}".rstrip(".")
    return text.replace("-", "−")


NETWORK_TIP = "The width of the network's first layer (n_f in the paper), and the activation."


def activation_choices(family: str = "conv") -> list[tuple[str, str, str]]:
    """The activations to choose from in a family of networks: each by its name, as it is written, with a tip."""
    return [
        (name, ACTIVATIONS[name], "As in the paper." if point_net(activation=name).is_leaky else "A smooth activation.")
        for name in FAMILIES[family].activations
    ]


def start_choices() -> list[tuple[str, str, str]]:
    """The start distributions to choose from: each by its name, as it is written, with a tip."""
    return [
        ("uniform", "Uniform", "p₀ is uniform: on [−1, 1], or wider for a model that was grown."),
        ("gaussian", "Gaussian", "p₀ is normal: the standard normal, or wider for a model that was grown."),
    ]


def short_run_text(run: ShortRun) -> str:
    """A short run in its symbols, as the inspector has them."""
    text = f"K {run.steps}, s {run.step_size:.4g}, τ {run.noise_scale:.4g}"
    text += f", m {run.settle}" * bool(run.settle)
    return f"{text}, p₀ × {figure(run.start_range)}" if run.start_range != 1 else text


def network_text(net: NetSpec) -> str:
    """A network in a few words."""
    return f"width {net.width}, {ACTIVATIONS[net.activation]}"
