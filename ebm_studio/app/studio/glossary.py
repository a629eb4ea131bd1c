"""The words and symbols of the paper, in plain words, with their equations. Captions and the help show them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One word."""

    symbol: str
    """As the paper writes it; empty where it has none."""
    name: str
    text: str
    equation: str = ""


GLOSSARY: dict[str, Entry] = {
    "E": Entry(
        "E(x)", "energy", "A number for each picture: low where pictures are likely. The paper writes f = −E.",
        "p(x) ∝ exp(−E(x))",
    ),
    "x": Entry(
        "x", "state", "The picture that a chain has made so far. Its values lie about between −1 and 1.",
        "x ← x − s ∂E/∂x + τ u",
    ),
    "K": Entry(
        "K", "steps of the short run", "How many steps lead from noise to picture. A model is trained with one K and "
        "draws with the same one: K is a part of it.",
    ),
    "s": Entry("s", "step size", "The factor before the slope of the energy in each step.", "x ← x − s ∂E/∂x + τ u"),
    "τ": Entry("τ", "noise scale", "How much fresh noise u each step adds.", "u ~ N(0, I)"),
    "T": Entry("T", "temperature", "What step size and noise scale imply together. It is not set.", "T = τ² / 2s"),
    "z": Entry(
        "z", "start noise, or latent", "The noise that a chain begins with. Since a short run does not forget it, z "
        "decides the picture.", "z ~ p₀",
    ),
    "M": Entry(
        "M(z)", "the short run as a generator", "The picture that K steps without further noise make of z.",
        "M(z) = M(z, u = 0)",
    ),
    "d": Entry(
        "d", "energy difference", "Mean energy of data less that of samples. In a healthy training it swings about 0. "
        "It is not a loss to be brought down.", "d = E_data[E(x)] − E_q[E(x)]",
    ),
    "v": Entry(
        "v", "gradient magnitude", "The mean length of the gradient part of a step. Steady in a healthy training.",
        "v = mean of s |∂E/∂x|",
    ),
    "σ": Entry("σ", "data noise", "The noise that training adds to real pictures. It keeps training stable."),
    "ρ": Entry(
        "ρ", "place between two latents", "1 is the first latent and 0 the second. The mixture keeps the variance of "
        "noise, so that the chain can begin there.", "z(ρ) = ρ z₁ + √(1 − ρ²) z₂",
    ),
    "L": Entry(
        "L(z)", "reconstruction error", "How far the short run from z ends from the photo. The search brings it down.",
        "L(z) = |x − M(z)|²",
    ),
    "h": Entry(
        "h", "features", "What the last layer of the network sees of a picture. Training makes their means agree over "
        "data and samples.", "E_data[h] = E_q[h]",
    ),
    "support": Entry(
        "", "in support", "A start noise that p₀ could have drawn: for uniform noise, all values between −1 and 1.",
    ),
}  # fmt: skip
