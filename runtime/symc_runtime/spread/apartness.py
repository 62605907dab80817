"""How far apart two draws of rotations are, as the base sees them, over what uniform ones are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from symc_runtime.distributions.distribution import Distribution
from symc_runtime.elements.orthogonal import Orthogonal, determinant
from symc_runtime.spec.layout import Tensor, blocks, split


def share_of_haar(
    stage: Distribution,
    tensors: Sequence[Tensor],
    inputs: Sequence[torch.Tensor],
    sizes: Mapping[str, int],
    element: Orthogonal,
    samples: int,
    weights: torch.Tensor | None,
) -> torch.Tensor:
    """E |Q^T (R - R')|^2 / 2 r for independent draws R and R', [batch]; 0 where r is.

    The r columns of Q are an orthonormal basis of the directions in x, of what its vectors and
    points (from their centre) span: what turns the rest of space, the base does not see. 2 r is the
    value of Haar elements, whose mean is zero. Directions of pseudovectors are seen by det(R) R,
    and pseudoscalars by det(R), with 2 for the square of its difference: each is a part of both
    sums.

    element: [samples * batch, d, d]; `weights` [samples, batch], those of all elements, else these
    are draws and all pairs of different ones are taken.
    """
    matrix = element.matrix
    special = stage.own.special
    d = matrix.shape[-1]
    if special and d == 1:
        return matrix.new_zeros(inputs[0].shape[0])
    true, pseudo, signs = _directions(stage, tensors, inputs, sizes, matrix)
    rotations = matrix.unflatten(0, (samples, -1))
    each = determinant(matrix).unflatten(0, (samples, -1))
    if special:
        true, pseudo = true + pseudo, []
        signs = torch.zeros_like(signs)
    total = signs * _variance(each.unsqueeze(-1), weights)
    most = signs
    for rows, turned in ((true, rotations), (pseudo, rotations * each[..., None, None])):
        if not rows:
            continue
        projector, rank = _spanned(torch.cat(rows, 1), stage.tolerance(rows[0].dtype))
        total = total + _variance((projector @ turned).flatten(2), weights)
        most = most + rank
    return torch.where(most > 0, total / most.clamp(min=1), 0.0)


def _variance(values: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
    """Half of E |v - v'|^2 for values [samples, batch, m]: [batch]."""
    if weights is None:
        spread = (values - values.mean(0)).square().sum((0, 2))
        return spread / (values.shape[0] - 1)
    weights = weights.to(values.dtype).unsqueeze(-1)
    mean = (weights * values).sum(0) / weights.sum(0)
    return (weights * (values - mean).square()).sum((0, 2)) / weights.sum((0, 2))


def _directions(
    stage: Distribution,
    tensors: Sequence[Tensor],
    inputs: Sequence[torch.Tensor],
    sizes: Mapping[str, int],
    like: torch.Tensor,
) -> tuple[list[torch.Tensor], list[torch.Tensor], torch.Tensor]:
    """Rows [batch, m, d] of vectors and of pseudovectors, each block at its own size.

    And whether there is a pseudoscalar that is not zero, 1 or 0, [batch].
    """
    name = stage.own.name
    true: list[torch.Tensor] = []
    pseudo: list[torch.Tensor] = []
    signs = like.new_zeros(inputs[0].shape[0])
    for tensor, x in zip(tensors, inputs, strict=True):
        for block, piece in zip(blocks(tensor), split(tensor, x, sizes), strict=True):
            axes = [i for i, axis in enumerate(block.axes, start=1) if axis.group == name]
            odd = name in block.characters
            if not piece.numel() or not (axes or odd):
                continue
            piece = piece.to(like.dtype)
            largest = piece.abs().reshape(piece.shape[0], -1).amax(-1)
            if not axes:
                signs = torch.maximum(signs, (largest > 0).to(signs.dtype))
                continue
            scale = torch.where(largest > 0, largest, 1.0).reshape(-1, *[1] * (piece.ndim - 1))
            for dim in axes:
                rows = (piece / scale).movedim(dim, -1)
                (pseudo if odd else true).append(rows.reshape(rows.shape[0], -1, like.shape[-1]))
    return true, pseudo, signs


def _spanned(rows: torch.Tensor, tolerance: float) -> tuple[torch.Tensor, torch.Tensor]:
    """The projector [batch, d, d] to what rows [batch, m, d] span, and its rank [batch]."""
    _, lengths, directions = torch.linalg.svd(rows, full_matrices=False)
    kept = lengths > tolerance * lengths[:, :1]
    directions = directions * kept.unsqueeze(-1).to(rows.dtype)
    return directions.transpose(1, 2) @ directions, kept.to(rows.dtype).sum(-1)
