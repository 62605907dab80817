"""Orthonormal frames from vectors, whatever they are: written out, finite gradients, no sync."""

from __future__ import annotations

import torch


def tolerance(dtype: torch.dtype) -> float:
    """Below this share of what was summed, a residual counts as zero: sqrt(eps)."""
    return float(torch.finfo(dtype).eps ** 0.5)


AMPLE = 0.2
"""A residual of this share of what was summed to make it holds nearly all digits."""


def complete_frame(
    vectors: torch.Tensor, scales: torch.Tensor, noise: torch.Tensor, tol: float
) -> torch.Tensor:
    """d orthonormal rows [N, d, d] from candidates [N, m, d] and isotropic noise [N, r, d], r >= d.

    Gram-Schmidt, twice over. A candidate's residual is measured by scales [N, m], the magnitudes
    that were summed to make it: the first above 1/5 is taken, else the largest above `tol`. What
    the candidates leave open is filled by noise, the vector with the largest residual first.
    Equivariant: rotated candidates and noise give rotated rows. Without the NaNs of QR.
    """
    count, d = vectors.shape[1], vectors.shape[2]
    # A common scale out first, so that squares neither overflow nor vanish.
    largest = vectors.detach().abs().amax(-1)
    largest = torch.where(largest > 0, largest, torch.ones_like(largest))
    summed = scales.detach() / largest
    # Components first: sums over a short last axis are slow.
    residual = torch.cat([vectors / largest.unsqueeze(-1), noise], 1).permute(2, 0, 1)
    residual = residual.contiguous()
    first = torch.arange(count + 1, 1, -1, device=vectors.device, dtype=vectors.dtype)
    rows: list[torch.Tensor] = []
    for step in range(d):
        length = residual.detach().square().sum(0).sqrt()
        own, filling = length[:, :count], length[:, count:]
        share = torch.where(own > tol * summed, own / summed, -2.0)
        share = torch.where(share > AMPLE, first, share)
        rows.append(_direction(residual, torch.cat([share, -1 / (1 + filling)], 1), rows))
        if step + 1 < d:
            residual = residual - (residual * rows[-1]).sum(0) * rows[-1]
    return torch.cat(rows, 2).permute(1, 2, 0)


def frame_of_eigenspaces(coordinates: torch.Tensor, same: torch.Tensor) -> torch.Tensor:
    """d orthonormal rows [N, d, d] in eigenvector coordinates, row i in the eigenspace of slot i.

    Gram-Schmidt of isotropic noise [N, r, d], projected on each eigenspace: same [N, d, d] is 1
    where two slots share one.
    """
    coordinates = coordinates.permute(2, 0, 1).contiguous()
    rows: list[torch.Tensor] = []
    for slot in range(coordinates.shape[0]):
        residual = coordinates * same[:, slot].T.unsqueeze(-1)
        for row in rows:
            residual = residual - (residual * row).sum(0) * row
        rows.append(_direction(residual, residual.square().sum(0), rows))
    return torch.cat(rows, 2).permute(1, 2, 0)


def _direction(
    residual: torch.Tensor, value: torch.Tensor, rows: list[torch.Tensor]
) -> torch.Tensor:
    """The unit vector [d, N, 1] of the residual [d, N, m] with the largest value [N, m].

    Once more made orthogonal to the rows so far.
    """
    index = value.argmax(1, keepdim=True).expand(residual.shape[0], -1, -1)
    direction = residual.gather(2, index)
    direction = direction / _length(direction)
    for row in rows:
        direction = direction - (direction * row).sum(0) * row
    # The second pass starts from unit length and cannot cancel again.
    return direction / _length(direction) if rows else direction


def _length(x: torch.Tensor) -> torch.Tensor:
    """Length over the first axis, 1 for zero; finite gradients."""
    square = x.square().sum(0)
    return torch.where(square > 0, square, torch.ones_like(square)).sqrt()


def isotropic(
    shape: tuple[int, ...],
    dtype: torch.dtype,
    device: torch.device,
    generator: torch.Generator | None,
) -> torch.Tensor:
    """Standard normal numbers; their law is the same in every orthonormal basis."""
    return torch.randn(shape, dtype=dtype, device=device, generator=generator)


def proper(matrix: torch.Tensor) -> torch.Tensor:
    """Orthogonal [N, d, d] with the last column turned so that the determinant is 1."""
    from symc_runtime.elements.orthogonal import determinant

    flip = determinant(matrix).reshape(-1, 1, 1)
    return torch.cat([matrix[..., :-1], matrix[..., -1:] * flip], dim=-1)
