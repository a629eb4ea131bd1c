"""The statistics of a latent, as plain data. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Typicality:
    """One latent against p0."""

    range: float
    """The largest |z| over p0's range: at most 1 within the support of the uniform start."""
    variance: float
    """Variance over p0's variance; 1 is typical."""
    correlation: float
    """Correlation of neighbouring pixels, mean of across and down; 0 is typical."""
    flatness: float
    """Spectral flatness over that of white noise; 1 is typical, edges and smooth areas lower it."""
