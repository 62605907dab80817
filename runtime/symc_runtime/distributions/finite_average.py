"""Uniform measure on a finite group."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from symc_runtime.distributions.distribution import Distribution
from symc_runtime.elements.finite import Finite
from symc_runtime.groups.finite import Finite as Facts
from symc_runtime.layout import Group, Tensor
from symc_runtime.sizes import evaluate

_EXACT = {torch.float32: 2**24, torch.float64: 2**53}


class AverageFinite(Distribution):
    """Elements uniform over the group, whatever the input is; each once when enumerated.

    The noise [K, B, 1] is the number of the element, floating, in single precision at least; h
    moves it to that of the product h g.
    """

    def __init__(
        self,
        inputs: tuple[Tensor, ...],
        groups: tuple[Group, ...],
        own: str,
        sizes: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(inputs, groups, own)
        if not isinstance(self.own.facts, Facts):
            raise TypeError(f"{self.own} is no finite group that has its elements by numbers")
        self.facts: Facts = self.own.facts
        self.fixed = dict(sizes or {})

    def noise_shape(self, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """[1]."""
        return (1,)

    def _order(self, sizes: Mapping[str, int], dtype: torch.dtype) -> int:
        parameter = evaluate(self.own.parameter, sizes)
        order = self.facts.rest_order(parameter)
        if order is None or order > _EXACT[dtype]:
            raise ValueError(f"{self.own} has too many elements to be numbered in {dtype}")
        return order

    def draw(
        self,
        samples: int,
        batch: int,
        sizes: Mapping[str, int],
        dtype: torch.dtype,
        device: torch.device,
        generator: torch.Generator | None,
    ) -> torch.Tensor:
        """Numbers [samples, batch, 1], uniform."""
        dtype = torch.promote_types(dtype, torch.float32)
        shape = (samples, batch, 1)
        order = self._order(sizes, dtype)
        if generator is None:
            return torch.randint(order, shape, device=device).to(dtype)
        return torch.randint(order, shape, device=device, generator=generator).to(dtype)

    def enumerate(
        self,
        batch: int,
        sizes: Mapping[str, int],
        dtype: torch.dtype,
        device: torch.device,
        generator: torch.Generator | None,
    ) -> torch.Tensor:
        """All numbers [order, batch, 1]."""
        dtype = torch.promote_types(dtype, torch.float32)
        every = torch.arange(self._order(sizes, dtype), device=device).to(dtype)
        return every.reshape(-1, 1, 1).expand(-1, batch, -1)

    def forward(
        self,
        noise: torch.Tensor,
        *inputs: torch.Tensor,
        counts: Mapping[str, torch.Tensor] | None = None,
    ) -> Finite:
        """The elements that the noise names."""
        return Finite(noise[..., 0].round().long())

    def act_on_noise(self, element: Finite, noise: torch.Tensor) -> torch.Tensor:
        """Numbers of h g, for the numbers of g; one product after the other, on the CPU."""
        parameter = evaluate(self.own.parameter, self.fixed)
        pairs = zip(element.number.tolist(), noise[..., 0].round().long().tolist(), strict=True)
        numbers = [self.facts.product(parameter, h, g) for h, g in pairs]
        return torch.tensor(numbers, dtype=noise.dtype, device=noise.device).unsqueeze(-1)
