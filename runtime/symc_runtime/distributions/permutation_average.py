"""Haar measure on S(n)."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from symc_runtime.actions.axes import fold
from symc_runtime.call.noise import normal
from symc_runtime.call.tracing import is_exporting
from symc_runtime.distributions.distribution import Distribution
from symc_runtime.elements.permutation import Permutation, inverse_index
from symc_runtime.numerics.sorting import valid_items
from symc_runtime.spec.layout import Group, Tensor
from symc_runtime.spec.polynomials import evaluate


class PermutationNoise(Distribution):
    """Noise a item: [K, B, n, channels], moved by permuting its items."""

    channels = 1

    def _size(self, sizes: Mapping[str, int]) -> int:
        return evaluate(self.own.parameter, sizes)

    def noise_shape(self, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """[n, channels]."""
        return self._size(sizes), self.channels

    def draw(
        self,
        samples: int,
        batch: int,
        sizes: Mapping[str, int],
        dtype: torch.dtype,
        device: torch.device,
        generator: torch.Generator | None,
    ) -> torch.Tensor:
        """Standard normal noise [samples, batch, n, channels], independent and alike for items."""
        shape = (samples, batch, *self.noise_shape(sizes))
        return normal(shape, dtype, device, generator)

    def act_on_noise(self, element: Permutation, noise: torch.Tensor) -> torch.Tensor:
        """(h . noise)[pi(j)] = noise[j]."""
        inverse = inverse_index(element.order).unsqueeze(-1)
        return noise.gather(1, inverse.expand_as(noise))

    def _valid(
        self, noise: torch.Tensor, counts: Mapping[str, torch.Tensor] | None
    ) -> torch.Tensor | None:
        """Valid items [rows of the counts, n] of the own group, None where all are."""
        size = self.own.parameter
        if counts is None or not isinstance(size, str) or size not in counts:
            return None
        return valid_items(counts[size], noise)


def orders(n: int, device: torch.device) -> torch.Tensor:
    """All orders [n!, n] of the numbers below n, sorted, as the group's facts list them.

    In tensors, for older versions of torch cannot trace `itertools.permutations`.
    """
    factorials = [1]
    for factor in range(1, n + 1):
        factorials.append(factorials[-1] * factor)
    index = torch.arange(factorials[-1], device=device)
    columns: list[torch.Tensor] = []
    # From the last place to the first: each takes its number, and what follows moves past it.
    for left in range(1, n + 1):
        first = index // factorials[left - 1] % left
        columns = [first, *(later + (later >= first) for later in columns)]
    return torch.stack(columns, 1)


class AveragePermutation(PermutationNoise):
    """Permutations uniform over S(n), whatever the input is; n! of them when enumerated."""

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
        """Keys [n!, batch, n, 1] that sort to every permutation once."""
        every = orders(self._size(sizes), device)
        keys = inverse_index(every).to(dtype).unsqueeze(1).unsqueeze(-1)
        return keys.expand(-1, batch, -1, -1)

    def forward(
        self,
        noise: torch.Tensor,
        *inputs: torch.Tensor,
        counts: Mapping[str, torch.Tensor] | None = None,
    ) -> Permutation:
        """The order of the noise. Among count items the order of n keys is uniform too."""
        keys = noise[..., 0]
        valid = self._valid(noise, counts)
        if valid is not None:
            samples = keys.shape[0] // valid.shape[0]
            position = torch.arange(keys.shape[1], device=keys.device, dtype=keys.dtype)
            padding = ~fold(valid, samples)
            last = keys.detach().masked_fill(padding, 0).abs().amax() + 1 + position
            keys = torch.where(padding, last, keys)
        # ONNX has no stable sort. Which of two equal random keys comes first is open anyway.
        exported = is_exporting()
        order = keys.argsort(dim=-1) if exported else torch.argsort(keys, dim=-1, stable=True)
        return Permutation(order)
