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
        "E(x)", "energy", "A number for each picture; likely pictures have a low one. The paper writes f = −E.",
        "p(x) ∝ exp(−E(x))",
    ),
    "x": Entry(
        "x", "state", "The picture that a chain has made so far. Most of its values are between −1 and 1.",
        "x ← x − s ∂E/∂x + τ u",
    ),
    "K": Entry(
        "K", "steps of the short run", "The number of steps from noise to picture. A model is trained with one K and "
        "draws with the same K, so K is part of the model.",
    ),
    "s": Entry(
        "s", "step size", "The factor by which each step multiplies the slope of the energy.", "x ← x − s ∂E/∂x + τ u",
    ),
    "τ": Entry("τ", "noise scale", "How much fresh noise u each step adds.", "u ~ N(0, I)"),
    "T": Entry("T", "temperature", "It follows from step size and noise scale; you cannot set it.", "T = τ² / 2s"),
    "z": Entry(
        "z", "start noise, or latent", "The noise that a chain starts from. A short run does not forget it, so z "
        "determines the picture.", "z ~ p₀",
    ),
    "M": Entry(
        "M(z)", "the short run as a generator", "The picture that K steps make from z when no noise is added.",
        "M(z) = M(z, u = 0)",
    ),
    "d": Entry(
        "d", "energy difference", "The mean energy of data minus that of samples. When training is healthy, it "
        "oscillates around 0. It is not a loss to minimise.", "d = E_data[E(x)] − E_q[E(x)]",
    ),
    "v": Entry(
        "v", "gradient step length", "How far the gradient moves a chain in a step, or its mean over steps and chains. "
        "It is steady when training is healthy. The paper calls it gradient magnitude; its step size is 1.",
        "v = s ‖∂E/∂x‖",
    ),
    "σ": Entry("σ", "data noise", "The noise that training adds to real pictures. It keeps training stable."),
    "ρ": Entry(
        "ρ", "place between two latents", "1 is the first latent and 0 is the second. The mixture has the same "
        "variance as noise, so a chain can start from it.", "z(ρ) = ρ z₁ + √(1 − ρ²) z₂",
    ),
    "L": Entry(
        "L(z)", "reconstruction error", "The distance between the photo and the end of the short run from z. The "
        "search lowers it.", "L(z) = |x − M(z)|²",
    ),
    "h": Entry(
        "h", "features", "What the last layer of the network sees of a picture. Training makes their means equal for "
        "data and samples.", "E_data[h] = E_q[h]",
    ),
    "support": Entry(
        "", "in support", "A start noise that p₀ could have drawn: for uniform noise, all values between −1 and 1 "
        "(−2 and 2 if the model was grown).",
    ),
}  # fmt: skip
