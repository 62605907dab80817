"""Learned distributions over S(n), with a share of Haar measure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from symc_runtime.actions.axes import fold_like
from symc_runtime.distributions.mixed_orthogonal import chosen_below
from symc_runtime.distributions.permutation_net import LearnedPermutation
from symc_runtime.elements.permutation import Permutation
from symc_runtime.numerics.sorting import sorting_index


class MixedPermutation(LearnedPermutation):
    """With probability `haar` an order that is uniform whatever the input is, else a learned one.

    Noise has a channel more, one number for all items, which decides and which no permutation
    moves. A uniform order is that of the keys which decide ties of learned ones.
    """

    def __init__(self, *arguments: Any, haar: float, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.haar = haar
        self.below = chosen_below(haar)
        self.channels += 1

    def draw(
        self,
        samples: int,
        batch: int,
        sizes: Mapping[str, int],
        dtype: torch.dtype,
        device: torch.device,
        generator: torch.Generator | None,
    ) -> torch.Tensor:
        """Standard normal noise [samples, batch, n, channels]; the last channel is one number."""
        noise = super().draw(samples, batch, sizes, dtype, device, generator)
        decides = noise[..., :1, -1:].expand(-1, -1, noise.shape[2], -1)
        return torch.cat([noise[..., :-1], decides], -1)

    def forward(
        self,
        noise: torch.Tensor,
        *inputs: torch.Tensor,
        counts: Mapping[str, torch.Tensor] | None = None,
        shared: tuple[torch.Tensor, ...] | None = None,
    ) -> Permutation:
        """The order of the net's scores, or of noise alone, which no gradient goes through."""
        learned = super().forward(noise[..., :-1], *inputs, counts=counts, shared=shared)
        keys = noise[..., -2]
        valid = self._valid(noise, counts)
        valid = None if valid is None else fold_like(valid, keys)
        uniform = sorting_index([], keys, valid, tol=0.0)
        taken = (noise[:, 0, -1] < self.below).unsqueeze(-1)
        order = torch.where(taken, uniform, learned.order)
        soft = learned.soft
        if soft is not None:
            path = torch.where(taken.unsqueeze(-1), soft.path.detach(), soft.path)
            soft = soft._replace(path=path)
        return Permutation(order, soft)
