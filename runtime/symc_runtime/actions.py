"""How group elements move an axis of a tensor. These are the calls that generated code makes.

Convention: left action. `dim` counts the batch axis, which comes first. A tensor may have fewer
rows than the element where K samples share it: row k*B + b of the element meets row b.
"""

from __future__ import annotations

from typing import Any

import torch

from symc_runtime.elements.orthogonal import Orthogonal, determinant
from symc_runtime.elements.permutation import Permutation, inverse_index, sign


def fold(x: torch.Tensor, samples: int) -> torch.Tensor:
    """x [B, ...] for each of K samples: [K*B, ...], sample-major."""
    return x.unsqueeze(0).expand(samples, *x.shape).flatten(0, 1)


def fold_like(x: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """x with at least as many rows as `rows` has: x itself, or folded."""
    return fold(x, rows.shape[0] // x.shape[0]) if rows.shape[0] > x.shape[0] else x


def _along(index: torch.Tensor, x: torch.Tensor, dim: int) -> torch.Tensor:
    """index [batch, n] shaped to gather x along dim."""
    shape = [1] * x.ndim
    shape[0], shape[dim] = index.shape
    return index.reshape(shape).expand(*x.shape[:dim], index.shape[1], *x.shape[dim + 1 :])


class _StraightThrough(torch.autograd.Function):
    """Gather along dim, with the gradient of soft @ x for the soft matrix (straight-through)."""

    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, index: torch.Tensor, soft: torch.Tensor, dim: int
    ) -> torch.Tensor:
        ctx.save_for_backward(x, index)
        ctx.dim = dim
        return x.gather(dim, _along(index, x, dim))

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None, torch.Tensor, None]:
        x, index = ctx.saved_tensors
        dim: int = ctx.dim
        to_x = gradient.gather(dim, _along(inverse_index(index), gradient, dim))
        rows = gradient.movedim(dim, 1).flatten(2) if x.ndim > 2 else gradient.unsqueeze(-1)
        columns = x.movedim(dim, 1).flatten(2) if x.ndim > 2 else x.unsqueeze(-1)
        return to_x, None, rows @ columns.transpose(1, 2), None


def unpermute(x: torch.Tensor, element: Permutation, dim: int) -> torch.Tensor:
    """g^-1 x along dim: x[index]. Gradients reach the scores through `element.soft`."""
    x = fold_like(x, element.order)
    if element.soft is not None and x.is_floating_point():
        return _straight_through(x, element.order, element.soft, dim)
    return x.gather(dim, _along(element.order, x, dim))


def permute(x: torch.Tensor, element: Permutation, dim: int) -> torch.Tensor:
    """g x along dim: (g x)[index[j]] = x[j]."""
    x = fold_like(x, element.order)
    inverse = inverse_index(element.order)
    if element.soft is not None and x.is_floating_point():
        return _straight_through(x, inverse, element.soft.transpose(1, 2), dim)
    return x.gather(dim, _along(inverse, x, dim))


def _straight_through(
    x: torch.Tensor, index: torch.Tensor, soft: torch.Tensor, dim: int
) -> torch.Tensor:
    function: Any = _StraightThrough.apply
    result: torch.Tensor = function(x, index, soft.to(x.dtype), dim)
    return result


def unrotate(x: torch.Tensor, element: Orthogonal, dim: int) -> torch.Tensor:
    """g^-1 x = R^T x along dim."""
    x = fold_like(x, element.matrix)
    return _matrix_product(x, element.matrix, dim)


def rotate(x: torch.Tensor, element: Orthogonal, dim: int) -> torch.Tensor:
    """g x = R x along dim."""
    x = fold_like(x, element.matrix)
    return _matrix_product(x, element.matrix.transpose(1, 2), dim)


def _matrix_product(x: torch.Tensor, matrix: torch.Tensor, dim: int) -> torch.Tensor:
    """Components x_i M_ij along dim, batched over the first axis."""
    matrix = matrix.to(x.dtype)
    last = dim == x.ndim - 1
    rows = x if last else x.movedim(dim, -1)
    moved = (rows.reshape(x.shape[0], -1, rows.shape[-1]) @ matrix).reshape(rows.shape)
    return moved if last else moved.movedim(-1, dim)


def translate(x: torch.Tensor, vector: torch.Tensor, dim: int) -> torch.Tensor:
    """x + t along dim, t [batch, d]; for points."""
    x = fold_like(x, vector)
    vector = fold_like(vector, x)
    shape = [1] * x.ndim
    shape[0], shape[dim] = vector.shape
    return x + vector.reshape(shape).to(x.dtype)


def untranslate(x: torch.Tensor, vector: torch.Tensor, dim: int) -> torch.Tensor:
    """x - t along dim, t [batch, d]; for points."""
    return translate(x, -vector, dim)


def flip(x: torch.Tensor, element: Orthogonal | Permutation) -> torch.Tensor:
    """x times the determinant, or the sign of the permutation; its own inverse."""
    factor = determinant(element.matrix) if isinstance(element, Orthogonal) else sign(element.order)
    x = fold_like(x, factor)
    return x * factor.reshape(-1, *[1] * (x.ndim - 1)).to(x.dtype)


def keep_valid(x: torch.Tensor, counts: torch.Tensor, dim: int) -> torch.Tensor:
    """Zeros from position counts[b] on, along dim; whatever stood there, NaN included."""
    counts = fold_like(counts, x)
    shape = [1] * x.ndim
    shape[dim] = x.shape[dim]
    position = torch.arange(x.shape[dim], device=x.device).reshape(shape)
    return x.masked_fill(position >= counts.reshape(-1, *[1] * (x.ndim - 1)), 0)


def _point_sum(
    points: torch.Tensor, dim: int, counts: dict[int, torch.Tensor] | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Sum of points over every axis but the batch and dim, [batch, d], and how many, [batch]."""
    d = points.shape[dim]
    total = points.movedim(dim, -1).reshape(points.shape[0], -1, d).sum(1)
    items = torch.ones_like(total[:, 0])
    for axis in range(1, points.ndim):
        if counts and axis in counts:
            items = items * counts[axis].to(total.dtype)
        elif axis != dim:
            items = items * points.shape[axis]
    return total, items


def center(
    points: torch.Tensor, dim: int, counts: dict[int, torch.Tensor] | None = None
) -> torch.Tensor:
    """Mean of points over every axis but the batch and `dim`: [batch, d].

    `counts`: for each ragged axis (its dim) the valid entries, [batch]; padding must be zero.
    """
    total, items = _point_sum(points, dim, counts)
    return total / items.clamp(min=1).unsqueeze(-1)


def center_of_all(*pieces: Any) -> torch.Tensor:
    """Mean over several tensors of points, each (points, dim) or (points, dim, counts)."""
    sums = [_point_sum(*piece) for piece in pieces]
    total = torch.stack([total for total, _ in sums]).sum(0)
    items = torch.stack([items for _, items in sums]).sum(0)
    return total / items.clamp(min=1).unsqueeze(-1)


def centered_points(points: torch.Tensor, mean: torch.Tensor, dim: int) -> torch.Tensor:
    """points - mean along dim, mean [batch, d], residues of rounding set to zero.

    Equal points leave differences of a few units in the last place, which would look like a
    direction; a difference shorter than 16 eps times the longest point counts as none.
    """
    centered = untranslate(points, mean, dim)
    points = fold_like(points, centered)
    longest = points.detach().square().sum(dim, keepdim=True).flatten(1).amax(1).sqrt()
    floor = 16 * torch.finfo(points.dtype).eps * longest
    floor = floor.reshape(-1, *[1] * (points.ndim - 1))
    length = centered.detach().square().sum(dim, keepdim=True).sqrt()
    return centered.masked_fill(length <= floor, 0)
