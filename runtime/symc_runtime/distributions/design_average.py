"""The mean over O(d) or SO(d) by designs."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from symc_runtime.distributions.orthogonal_average import AverageOrthogonal
from symc_runtime.elements.orthogonal import Orthogonal
from symc_runtime.groups.designs import design
from symc_runtime.spec.layout import Group, Tensor


class DesignOrthogonal(AverageOrthogonal):
    """Elements g q_k, one uniform g for all elements q_k of a design, see `groups.designs`.

    For each h the elements of h x are those of x times h, so the mean is equivariant whatever the
    base is; without g it would hang on how the input lies. Where base and output are of no higher
    degree together than the design it is that over the group.

    Noise [K, B, d + 1, d]: the columns of an element as rows, then its share, d times over.
    """

    def __init__(
        self,
        inputs: tuple[Tensor, ...],
        groups: tuple[Group, ...],
        own: str,
        degree: int,
        sizes: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(inputs, groups, own, sizes)
        self.degree = degree
        matrices, weights = design(self._size(sizes or {}), self.own.special, degree)
        # In double precision whatever the module's is: no buffers, which would be rounded with it.
        self.elements = torch.tensor(matrices, dtype=torch.float64, device="cpu")
        self.shares = torch.tensor(weights, dtype=torch.float64, device="cpu") * len(weights)

    def noise_shape(self, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """[d + 1, d]"""
        d = self._size(sizes)
        return d + 1, d

    def draw(
        self,
        samples: int,
        batch: int,
        sizes: Mapping[str, int],
        dtype: torch.dtype,
        device: torch.device,
        generator: torch.Generator | None,
    ) -> torch.Tensor:
        """Uniform elements with even shares, where a call is to draw so many."""
        matrix = self._uniform(samples, batch, sizes, dtype, device, generator)
        last = torch.ones_like(matrix[:, :, :1])
        return torch.cat([matrix.transpose(-1, -2), last], 2)

    def enumerate(
        self,
        batch: int,
        sizes: Mapping[str, int],
        dtype: torch.dtype,
        device: torch.device,
        generator: torch.Generator | None,
    ) -> torch.Tensor:
        """All elements of the design, [order, batch, d + 1, d]."""
        first = self._uniform(1, batch, sizes, dtype, device, generator)
        every = self.elements.to(first.dtype).to(device).unsqueeze(1)
        shares = self.shares.to(first.dtype).to(device)
        last = shares.reshape(-1, 1, 1, 1).expand(-1, batch, 1, first.shape[-1])
        return torch.cat([(first @ every).transpose(-1, -2), last], 2)

    def act_on_noise(self, element: Orthogonal, noise: torch.Tensor) -> torch.Tensor:
        """The columns of every element rotated; shares stay."""
        moved = super().act_on_noise(element, noise[:, :-1])
        return torch.cat([moved, noise[:, -1:]], 1)

    def forward(
        self,
        noise: torch.Tensor,
        *inputs: torch.Tensor,
        counts: Mapping[str, torch.Tensor] | None = None,
    ) -> Orthogonal:
        """The elements that noise [K*B, d + 1, d] holds, with their shares."""
        matrix = noise[:, :-1].transpose(1, 2).contiguous()
        return Orthogonal(matrix, noise[:, -1, 0])

    def _uniform(
        self,
        samples: int,
        batch: int,
        sizes: Mapping[str, int],
        dtype: torch.dtype,
        device: torch.device,
        generator: torch.Generator | None,
    ) -> torch.Tensor:
        """Haar matrices [samples, batch, d, d], not in half precision."""
        dtype = torch.promote_types(dtype, torch.float32)
        vectors = super().draw(samples, batch, sizes, dtype, device, generator).flatten(0, 1)
        element = self._completed(vectors[:, :0], vectors[:, :0, 0], vectors)
        matrix: torch.Tensor = element.matrix.unflatten(0, (samples, batch))
        return matrix
