"""Adam, as torch computes it.

`torch.optim.Adam` imports torch's compiler when it is first made, which takes as long as torch itself; this does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.optim.adam import adam

EPSILON = 1e-8
MOMENTS = ("step", "exp_avg", "exp_avg_sq")
"""What is kept for each parameter, by torch's names: the steps taken, and the two moments of its gradient."""


class Adam:
    """Adam (Kingma and Ba, 2015) for the parameters of a net, all of them in one call."""

    def __init__(self, parameters: Iterable[nn.Parameter], betas: tuple[float, float]) -> None:
        self._parameters = list(parameters)
        self._betas = betas
        self.moments: Sequence[dict[str, Tensor]] = [
            {
                "step": torch.zeros((), device=parameter.device),
                "exp_avg": torch.zeros_like(parameter, requires_grad=False),
                "exp_avg_sq": torch.zeros_like(parameter, requires_grad=False),
            }
            for parameter in self._parameters
        ]
        """`MOMENTS` of each parameter, laid out in memory as it is."""

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Move the parameters by their `grad`, which all of them have."""
        steps, first, second = ([moments[name] for moments in self.moments] for name in MOMENTS)
        gradients = [parameter.grad for parameter in self._parameters if parameter.grad is not None]
        adam(
            [*self._parameters], gradients, first, second, [], steps, fused=True, lr=rate, eps=EPSILON,
            beta1=self._betas[0], beta2=self._betas[1], weight_decay=0, amsgrad=False, maximize=False,
        )  # fmt: skip

    @torch.no_grad()
    def load(self, moments: Iterable[Mapping[str, Tensor]]) -> None:
        """Go on with these `moments`; one that is missing begins anew."""
        for ours, theirs in zip(self.moments, moments, strict=True):
            for name, moment in ours.items():
                moment.copy_(theirs[name]) if name in theirs else moment.zero_()
