"""Uniform measure on a finite group."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from symc_runtime.distributions.finite import FiniteDistribution
from symc_runtime.elements.finite import Finite

_EXACT = {torch.float32: 2**24, torch.float64: 2**53}


class AverageFinite(FiniteDistribution):
    """Elements uniform over the group, whatever the input is; each once when enumerated.

    The noise [K, B, 1] is the number of the element, floating, in single precision at least; h
    moves it to that of the product h g.
    """

    def noise_shape(self, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """[1]."""
        return (1,)

    def _numbered(self, dtype: torch.dtype) -> torch.dtype:
        """In what noise of a dtype holds numbers."""
        dtype = torch.promote_types(dtype, torch.float32)
        if self.order > _EXACT[dtype]:
            raise ValueError(f"{self.own} has too many elements to be numbered in {dtype}")
        return dtype

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
        dtype = self._numbered(dtype)
        shape = (samples, batch, 1)
        return torch.randint(self.order, shape, device=device, generator=generator).to(dtype)

    def enumerate(
        self,
        batch: int,
        sizes: Mapping[str, int],
        dtype: torch.dtype,
        device: torch.device,
        generator: torch.Generator | None,
    ) -> torch.Tensor:
        """All numbers [order, batch, 1]."""
        every = torch.arange(self.order, device=device).to(self._numbered(dtype))
        return every.reshape(-1, 1, 1).expand(-1, batch, -1)

    def forward(
        self,
        noise: torch.Tensor,
        *inputs: torch.Tensor,
        counts: Mapping[str, torch.Tensor] | None = None,
    ) -> Finite:
        """The elements that the noise names."""
        return self.element(noise[..., 0].round().long())

    def act_on_noise(self, element: Finite, noise: torch.Tensor) -> torch.Tensor:
        """Numbers of h g, for the numbers of g."""
        numbers = noise[..., 0].round().long()
        products = self.products(element.number).to(noise.device)
        found = products.gather(1, numbers.unsqueeze(-1))
        return found.to(noise.dtype)
