"""Uniform signs, one an item."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from symc_runtime.call.noise import normal
from symc_runtime.distributions.distribution import Distribution
from symc_runtime.elements.signs import Signs, sign_of
from symc_runtime.spec.layout import Group, Tensor
from symc_runtime.spec.polynomials import evaluate


class SignNoise(Distribution):
    """Noise an item: [K, B, k], each number with the sign of its item."""

    def _size(self, sizes: Mapping[str, int]) -> int:
        return evaluate(self.own.parameter, sizes)

    def noise_shape(self, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """[k]."""
        return (self._size(sizes),)

    def draw(
        self,
        samples: int,
        batch: int,
        sizes: Mapping[str, int],
        dtype: torch.dtype,
        device: torch.device,
        generator: torch.Generator | None,
    ) -> torch.Tensor:
        """Standard normal noise [samples, batch, k]: as often negative as positive."""
        shape = (samples, batch, *self.noise_shape(sizes))
        return normal(shape, dtype, device, generator)

    def act_on_noise(self, element: Signs, noise: torch.Tensor) -> torch.Tensor:
        """(h e)[i] = s[i] e[i]."""
        return noise * element.signs.to(noise.dtype)

    def every(self, sizes: Mapping[str, int], like: torch.Tensor) -> torch.Tensor:
        """All signs [2^k, k], as the group's facts list them, in the dtype of `like`."""
        k = self._size(sizes)
        order = 1
        for _ in range(k):
            order *= 2
        index = torch.arange(order, device=like.device).unsqueeze(-1)
        place = torch.arange(k - 1, -1, -1, device=like.device)
        return 1 - 2 * ((index >> place) & 1).to(like.dtype)


class AverageSigns(SignNoise):
    """Signs uniform over the group, whatever the input is; all 2^k of them when enumerated."""

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
        """All signs [2^k, batch, k]."""
        every = self.every(sizes, torch.empty((), dtype=dtype, device=device))
        return every.unsqueeze(1).expand(-1, batch, -1)

    def forward(
        self,
        noise: torch.Tensor,
        *inputs: torch.Tensor,
        counts: Mapping[str, torch.Tensor] | None = None,
    ) -> Signs:
        """The signs of the noise."""
        return Signs(sign_of(noise))
