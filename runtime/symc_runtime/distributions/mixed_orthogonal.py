"""Learned distributions over O(d) and SO(d), with a share of Haar measure."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import NormalDist
from typing import Any

import torch

from symc_runtime.call.precision import without_autocast
from symc_runtime.distributions.orthogonal_net import LearnedOrthogonal
from symc_runtime.elements.orthogonal import Orthogonal


def chosen_below(haar: float) -> float:
    """The number that a standard normal one stays below with probability `haar`, from 0 to 1."""
    if not 0 <= haar <= 1:
        raise ValueError(f"haar: a share from 0 to 1, not {haar}")
    if haar in (0, 1):
        return float("inf") if haar else float("-inf")
    return NormalDist().inv_cdf(haar)


class MixedOrthogonal(LearnedOrthogonal):
    """With probability `haar` an element that is uniform whatever the input is, else a learned one.

    Noise has a row more, which no element turns: its first number decides. A uniform frame is
    that of the vectors which fill learned ones.
    """

    signs = 1

    def __init__(self, *arguments: Any, haar: float, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.haar = haar
        self.below = chosen_below(haar)

    def act_on_noise(self, element: Orthogonal, noise: torch.Tensor) -> torch.Tensor:
        """Every vector rotated; the row that decides stays."""
        return torch.cat([super().act_on_noise(element, noise[:, :-1]), noise[:, -1:]], 1)

    def forward(
        self,
        noise: torch.Tensor,
        *inputs: torch.Tensor,
        counts: Mapping[str, torch.Tensor] | None = None,
    ) -> Orthogonal:
        """The frame of the net's vectors, or of noise alone."""
        vectors, decides = noise[:, :-1], noise[:, -1, 0]
        learned = super().forward(vectors, *inputs, counts=counts).matrix
        with without_autocast(noise.device):
            filling = vectors[:, self.channels :].to(learned.dtype)
            uniform = self._completed(filling[:, :0], filling[:, :0, 0], filling).matrix
            taken = (decides < self.below).reshape(-1, 1, 1)
            return Orthogonal(torch.where(taken, uniform, learned))
