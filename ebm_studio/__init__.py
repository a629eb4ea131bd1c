"""EBM Studio: an explorer for short-run MCMC energy-based model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ebm_studio.data.exports.diagnosis import diagnose
    from ebm_studio.data.models.model import Model, load_model

__version__ = "0.1.0"
__all__ = ["Model", "__version__", "diagnose", "load_model"]


def __getattr__(name: str) -> Any:
    # torch takes seconds to import, and the window must not wait for it.
    if name in ("Model", "load_model"):
        from ebm_studio.data.models import model

        return getattr(model, name)
    if name == "diagnose":
        from ebm_studio.data.exports.diagnosis import diagnose

        return diagnose
    raise AttributeError(f"module 'ebm_studio' has no attribute {name!r}")
