"""Orthonormal frames from vectors, whatever they are: written out, finite gradients, no sync."""

from __future__ import annotations

import torch


def tolerance(dtype: torch.dtype) -> float:
    """Below this share of what was summed, a residual counts as zero: sqrt(eps)."""
    return float(torch.finfo(dtype).eps ** 0.5)


def _without(vector: torch.Tensor, basis: torch.Tensor) -> torch.Tensor:
    """vector [N, d] less its components along the rows of basis [N, d, d] (zero rows allowed)."""
    components = (basis @ vector.unsqueeze(-1)).squeeze(-1)
    return vector - (components.unsqueeze(-2) @ basis).squeeze(-2)


def complete_frame(vectors: torch.Tensor, scales: torch.Tensor) -> torch.Tensor:
    """d orthonormal rows [N, d, d] from candidate rows [N, m, d], m >= d, in order.

    Gram-Schmidt, twice over, that skips a candidate whose residual is not above
    tolerance * scales [N, m]: the magnitudes that were summed to make it. Put isotropic noise
    vectors last (scale: their own length): they fill what the others leave open. Equivariant:
    rotated candidates give rotated rows. The positive diagonal of QR, without its NaNs.
    """
    count, d = vectors.shape[1], vectors.shape[2]
    tol = tolerance(vectors.dtype)
    basis = vectors.new_zeros(vectors.shape[0], d, d)
    filled = torch.zeros(vectors.shape[0], dtype=torch.long, device=vectors.device)
    slots = torch.arange(d, device=vectors.device)
    # A common scale out first, so that squares neither overflow nor vanish.
    largest = vectors.detach().abs().amax(-1)
    usable = largest > 0
    largest = torch.where(usable, largest, torch.ones_like(largest))
    vectors = vectors / largest.unsqueeze(-1)
    thresholds = tol * scales.detach() / largest
    for i in range(count):
        residual = _without(vectors[:, i], basis)
        square = residual.square().sum(-1)
        accepted = usable[:, i] & (square.detach().sqrt() > thresholds[:, i]) & (filled < d)
        length = torch.where(accepted, square, torch.ones_like(square)).sqrt()
        direction = _without(residual / length.unsqueeze(-1), basis)
        square = direction.square().sum(-1)
        # The second pass starts from unit length and cannot cancel again.
        length = torch.where(accepted, square, torch.ones_like(square)).sqrt()
        direction = direction / length.unsqueeze(-1)
        slot = (slots == filled.unsqueeze(-1)) & accepted.unsqueeze(-1)
        basis = torch.where(slot.unsqueeze(-1), direction.unsqueeze(-2), basis)
        filled = filled + accepted.long()
    return basis


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
