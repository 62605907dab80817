"""Haar measure on O(d) and SO(d)."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from symc_runtime.call.noise import normal
from symc_runtime.distributions.distribution import Distribution
from symc_runtime.elements.orthogonal import Orthogonal
from symc_runtime.numerics.directions import Directions
from symc_runtime.numerics.orthogonalization import complete_frame
from symc_runtime.spec.layout import Group, Tensor
from symc_runtime.spec.polynomials import evaluate

SPARE = 3
"""Noise vectors beyond d: the best of all fills a frame, so that none hangs on a small residual."""


class OrthogonalNoise(Distribution):
    """Noise vectors [K, B, channels + d + SPARE, d]: the net's, then those that fill a frame."""

    channels = 0
    signs = 0
    """Rows after the vectors."""

    def _size(self, sizes: Mapping[str, int]) -> int:
        return evaluate(self.own.parameter, sizes)

    def noise_shape(self, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """[channels + d + SPARE, d], and rows of signs."""
        d = self._size(sizes)
        return self.channels + d + SPARE + self.signs, d

    def draw(
        self,
        samples: int,
        batch: int,
        sizes: Mapping[str, int],
        dtype: torch.dtype,
        device: torch.device,
        generator: torch.Generator | None,
    ) -> torch.Tensor:
        """Isotropic normal vectors [samples, batch, channels + d + SPARE, d]."""
        shape = (samples, batch, *self.noise_shape(sizes))
        return normal(shape, dtype, device, generator)

    def act_on_noise(self, element: Orthogonal, noise: torch.Tensor) -> torch.Tensor:
        """Every noise vector rotated."""
        return noise @ element.matrix.transpose(1, 2)

    def _completed(
        self,
        vectors: torch.Tensor,
        scales: torch.Tensor,
        noise: torch.Tensor,
        preferred: int | None = None,
        late: int = 0,
        directions: Directions | None = None,
    ) -> Orthogonal:
        """The frame of vectors [N, m, d] of these scales, completed by noise [N, r, d]."""
        tol = self.tolerance(vectors.dtype)
        noise = noise.to(vectors.dtype)
        special = self.own.special
        rows = complete_frame(vectors, scales, noise, tol, special, preferred, late, directions)
        return element_of(rows)


def element_of(rows: torch.Tensor) -> Orthogonal:
    """Orthonormal rows [N, d, d] as an element: they become the columns."""
    return Orthogonal(rows.transpose(1, 2).contiguous())


class AverageOrthogonal(OrthogonalNoise):
    """Rotations (and reflections) uniform over the group, whatever the input is.

    Each of them once when enumerated, where they are finitely many.
    """

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
        """Frames [order, batch, d + SPARE, d], a row for each axis; the spare vectors are zero."""
        every = self.own.facts.every(self._size(sizes))
        rows = torch.tensor(every, dtype=dtype, device=device).transpose(1, 2).unsqueeze(1)
        frames = torch.nn.functional.pad(rows, (0, 0, 0, SPARE))
        return frames.expand(-1, batch, -1, -1)

    def forward(
        self,
        noise: torch.Tensor,
        *inputs: torch.Tensor,
        counts: Mapping[str, torch.Tensor] | None = None,
    ) -> Orthogonal:
        """Gram-Schmidt of isotropic vectors is Haar."""
        return self._completed(noise[:, :0], noise[:, :0, 0], noise)
