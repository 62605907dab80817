"""Haar measure on S(m) wr S(n)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from symc_runtime.actions.nested import permute_blocks, permute_nested
from symc_runtime.call.noise import normal
from symc_runtime.distributions.distribution import Distribution
from symc_runtime.distributions.permutation_average import orders
from symc_runtime.elements.permutation import inverse_index
from symc_runtime.elements.wreath import Wreath
from symc_runtime.spec.layout import Group, Tensor
from symc_runtime.spec.polynomials import evaluate


class NestedNoise(Distribution):
    """Noise an item and a block: [K, B, n, m + 1, channels].

    Place j < m of block i is that of its item j, which moves with it, place m that of the block
    as a whole.
    """

    channels = 1

    def _sizes(self, sizes: Mapping[str, int]) -> tuple[int, int]:
        """m items in each of n blocks."""
        own: Any = self.own.parameter
        m, n = evaluate(own, sizes)
        return m, n

    def noise_shape(self, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """[n, m + 1, channels]."""
        m, n = self._sizes(sizes)
        return n, m + 1, self.channels

    def draw(
        self,
        samples: int,
        batch: int,
        sizes: Mapping[str, int],
        dtype: torch.dtype,
        device: torch.device,
        generator: torch.Generator | None,
    ) -> torch.Tensor:
        """Standard normal noise [samples, batch, n, m + 1, channels], independent everywhere."""
        shape = (samples, batch, *self.noise_shape(sizes))
        return normal(shape, dtype, device, generator)

    def act_on_noise(self, element: Wreath, noise: torch.Tensor) -> torch.Tensor:
        """(h . noise)[pi(i), sigma_i(j)] = noise[i, j]; what is of a block goes with it."""
        items = permute_nested(noise[:, :, :-1], element, 1)
        return torch.cat([items, permute_blocks(noise[:, :, -1:], element, 1)], 2)


class AverageNested(NestedNoise):
    """Elements uniform over the group, whatever the input is; all of them when enumerated."""

    def __init__(
        self,
        inputs: tuple[Tensor, ...],
        groups: tuple[Group, ...],
        own: str,
        sizes: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(inputs, groups, own)

    def enumerate(
        self,
        batch: int,
        sizes: Mapping[str, int],
        dtype: torch.dtype,
        device: torch.device,
        generator: torch.Generator | None,
    ) -> torch.Tensor:
        """Keys [(m!)^n n!, batch, n, m + 1, 1] that sort to every element once."""
        m, n = self._sizes(sizes)
        inside, outside = orders(m, device), orders(n, device)
        number = torch.arange(outside.shape[0] * inside.shape[0] ** n, device=device)
        items = []
        for _ in range(n):
            items.append(inside[number % inside.shape[0]])
            number = number // inside.shape[0]
        every = inverse_index(torch.stack(items, 1))
        keys = torch.cat([every, inverse_index(outside[number]).unsqueeze(-1)], -1).to(dtype)
        return keys.unsqueeze(1).unsqueeze(-1).expand(-1, batch, -1, -1, -1)

    def forward(
        self,
        noise: torch.Tensor,
        *inputs: torch.Tensor,
        counts: Mapping[str, torch.Tensor] | None = None,
    ) -> Wreath:
        """The order of the noise: of items inside each block, and of blocks."""
        return ordered(noise[..., 0])


def ordered(keys: torch.Tensor) -> Wreath:
    """What sorts keys [N, n, m + 1] of the items of each block, and of the blocks."""
    return Wreath(torch.argsort(keys[:, :, -1], dim=-1), torch.argsort(keys[:, :, :-1], dim=-1))
