"""How group elements move an axis of a tensor. These are the calls that generated code makes.

Convention: left action. `dim` counts the batch axis, which comes first. A tensor may have fewer
rows than the element where K samples share it: row k*B + b of the element meets row b.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch

from symc_runtime.call.precision import without_autocast
from symc_runtime.elements.orthogonal import Orthogonal, determinant
from symc_runtime.elements.permutation import Permutation, inverse_index, sign
from symc_runtime.elements.signs import Signs
from symc_runtime.numerics.sinkhorn import SoftOrder, in_plain_operations


def fold(x: torch.Tensor, samples: int) -> torch.Tensor:
    """x [B, ...] for each of K samples: [K*B, ...], sample-major."""
    return x.unsqueeze(0).expand(samples, *x.shape).flatten(0, 1)


def fold_like(x: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """x with at least as many rows as `rows` has: x itself, or folded."""
    return fold(x, rows.shape[0] // x.shape[0]) if rows.shape[0] > x.shape[0] else x


def fold_anew(x: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """As `fold_like`, in memory of its own, a copy for each sample: a base may work in place."""
    if rows.shape[0] > x.shape[0]:
        # Of one example, samples would be the same memory.
        return fold_like(x, rows).contiguous()
    return x.clone()


def own(x: torch.Tensor, given: torch.Tensor | None = None) -> torch.Tensor:
    """x, which nets read before, in memory of its own: a base may work in place.

    A copy, but for samples of `given`, or of nothing that outlives the call, where no graph holds
    what nets read.
    """
    if torch.is_grad_enabled() or (given is not None and x.shape[0] == given.shape[0]):
        return x.clone()
    return x if given is None else x.contiguous()


def _along(index: torch.Tensor, x: torch.Tensor, dim: int) -> torch.Tensor:
    """index [batch, n] shaped to gather x along dim."""
    shape = [1] * x.ndim
    shape[0], shape[dim] = index.shape
    return index.reshape(shape).expand(*x.shape[:dim], index.shape[1], *x.shape[dim + 1 :])


def gathered(x: torch.Tensor, index: torch.Tensor, dim: int) -> torch.Tensor:
    """x[index] along dim, index [rows, n]; x may have fewer rows, shared by samples."""
    if dim == 1 and x.ndim > 2:
        # Whole items are copied, from the rows that samples share.
        batch, n = x.shape[:2]
        first = torch.arange(batch, device=index.device).mul_(n).unsqueeze(-1)
        flat = (index.unflatten(0, (-1, batch)) + first).reshape(-1)
        items: torch.Tensor = x.flatten(0, 1).index_select(0, flat).unflatten(0, index.shape)
        return items
    if index.shape[0] == x.shape[0]:
        return x.gather(dim, _along(index, x, dim))
    # Rows that samples share are read where they are, not copied first.
    every = index.unflatten(0, (-1, x.shape[0]))
    shape = [*every.shape[:2], *[1] * (x.ndim - 1)]
    shape[dim + 1] = every.shape[2]
    spread = every.reshape(shape).expand(-1, *x.shape[:dim], every.shape[2], *x.shape[dim + 1 :])
    found: torch.Tensor = x.expand(every.shape[0], *x.shape).gather(dim + 1, spread).flatten(0, 1)
    return found


class _StraightThrough(torch.autograd.Function):
    """Gather along dim, with the gradient of a soft matrix in the place of the hard one.

    In sorted places the soft matrix acts on what is gathered, so its gradient is the outer
    product of the output's gradient and the output (`inverse`: of the input and its gradient).
    The output is gathered again for it: a base may have worked in it.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        order: torch.Tensor,
        path: torch.Tensor,
        dim: int,
        inverse: bool,
    ) -> torch.Tensor:
        index = inverse_index(order) if inverse else order
        ctx.save_for_backward(x, order, path)
        ctx.dim, ctx.inverse, ctx.batch = dim, inverse, x.shape[0]
        # No view, which could not be changed in place outside of here.
        return gathered(x, index, dim).detach()

    @staticmethod
    def backward(
        ctx: Any, gradient: torch.Tensor
    ) -> tuple[torch.Tensor | None, None, torch.Tensor | None, None, None]:
        x, order, path = ctx.saved_tensors
        dim: int = ctx.dim
        to_x = to_path = None
        if ctx.needs_input_grad[0] or ctx.inverse:
            # What takes the place of the hard matrix takes that of its transpose.
            if torch.is_grad_enabled():
                transposed: Any = _StraightThrough.apply
                to_x = transposed(gradient, order, path, dim, not ctx.inverse)
            else:
                to_x = gathered(gradient, order if ctx.inverse else inverse_index(order), dim)
        if ctx.needs_input_grad[2]:
            if ctx.inverse and to_x is not None:
                rows, columns = fold_like(x, order), to_x
            elif torch.is_grad_enabled():
                function: Any = _StraightThrough.apply
                rows, columns = gradient, function(x, order, path, dim, False)
            else:
                rows, columns = gradient, gathered(x, order, dim)
            to_path = _flat(rows, dim) @ _flat(columns, dim).transpose(1, 2)
        if to_x is not None and ctx.needs_input_grad[0]:
            to_x = to_x.unflatten(0, (-1, ctx.batch)).sum(0)
        else:
            to_x = None
        return to_x, None, to_path, None, None


def _flat(x: torch.Tensor, dim: int) -> torch.Tensor:
    """[N, n, rest], the items of dim first."""
    return x.movedim(dim, 1).flatten(2) if x.ndim > 2 else x.unsqueeze(-1)


def unpermute(x: torch.Tensor, element: Permutation, dim: int) -> torch.Tensor:
    """g^-1 x along dim: x[index]. Gradients reach the scores through `element.soft`."""
    if element.soft is not None and x.is_floating_point():
        return _straight_through(x, element.order, element.soft, dim, False)
    return gathered(x, element.order, dim)


def permute(x: torch.Tensor, element: Permutation, dim: int) -> torch.Tensor:
    """g x along dim: (g x)[index[j]] = x[j]."""
    if element.soft is not None and x.is_floating_point():
        return _straight_through(x, element.order, element.soft, dim, True)
    return gathered(x, inverse_index(element.order), dim)


def _straight_through(
    x: torch.Tensor, order: torch.Tensor, soft: SoftOrder, dim: int, inverse: bool
) -> torch.Tensor:
    if in_plain_operations():
        # The soft matrix takes the place of the hard one in the gradient, and adds zero to values.
        index = inverse_index(order) if inverse else order
        y = gathered(x, index, dim)
        path = soft.path.to(x.dtype)
        path = path - path.detach()
        if inverse:
            blurred = gathered(path.transpose(1, 2) @ _flat(fold_like(x, order), dim), index, 1)
        else:
            blurred = path @ _flat(y, dim)
        return y + blurred.reshape(y.movedim(dim, 1).shape).movedim(1, dim)
    function: Any = _StraightThrough.apply
    result: torch.Tensor = function(x, order, soft.path.to(x.dtype), dim, inverse)
    return result


def unrotate(x: torch.Tensor, element: Orthogonal, dim: int) -> torch.Tensor:
    """g^-1 x = R^T x along dim."""
    x = fold_like(x, element.matrix)
    return matrix_product(x, element.matrix, dim)


def rotate(x: torch.Tensor, element: Orthogonal, dim: int) -> torch.Tensor:
    """g x = R x along dim."""
    x = fold_like(x, element.matrix)
    return matrix_product(x, element.matrix.transpose(1, 2), dim)


def matrix_product(x: torch.Tensor, matrix: torch.Tensor, dim: int) -> torch.Tensor:
    """Components x_i M_ij along dim, batched over the first axis, in the dtype of x.

    In the precision of the element, whatever `torch.autocast` wants: later stages read it.
    """
    with without_autocast(x.device):
        return _product(x, matrix, dim)


def _product(x: torch.Tensor, matrix: torch.Tensor, dim: int) -> torch.Tensor:
    if x.dtype != matrix.dtype:
        finer = torch.promote_types(x.dtype, matrix.dtype)
        return _product(x.to(finer), matrix.to(finer), dim).to(x.dtype)
    if dim == 2 and x.ndim == 3:
        return torch.bmm(x, matrix)
    last = dim == x.ndim - 1
    rows = x if last else x.movedim(dim, -1)
    moved = (rows.reshape(x.shape[0], -1, rows.shape[-1]) @ matrix).reshape(rows.shape)
    return moved if last else moved.movedim(-1, dim)


def unname(x: torch.Tensor, element: Permutation) -> torch.Tensor:
    """g^-1 x of whole numbers x that name items, wherever they stand: pi(j) becomes j."""
    return renamed(x, inverse_index(element.order))


def renamed(x: torch.Tensor, names: torch.Tensor) -> torch.Tensor:
    """Whole numbers x [batch, ...] as names [rows, n] has them; x may have fewer rows.

    What names nothing, as padding may, becomes some name. Of 8 and 16 bits x becomes one of 32.
    """
    x = fold_like(x, names)
    dtype = x.dtype if x.dtype in (torch.int32, torch.int64) else torch.int32
    n = names.shape[1]
    if n == 0:
        return x.to(dtype)
    found: torch.Tensor = names.gather(1, x.long().clamp(0, n - 1).flatten(1))
    return found.reshape(x.shape).to(dtype)


class Center(NamedTuple):
    """A mean of points [batch, d] in twice their precision: `mean`, and the `rest` of its rounding.

    Points less a rounded mean have a mean of their own, which no change of the points shows: summed
    with nearly equal weights it could outweigh what differs among them.
    """

    mean: torch.Tensor
    rest: torch.Tensor


def translate(x: torch.Tensor, vector: torch.Tensor | Center, dim: int) -> torch.Tensor:
    """x + t along dim, t [batch, d]; for points. In the finer dtype of both."""
    if isinstance(vector, Center):
        vector = vector.mean
    x = fold_like(x, vector)
    if x.dtype != vector.dtype:
        x = x.to(torch.promote_types(x.dtype, vector.dtype))
    return x + _for_points(x, vector, dim)


def untranslate(x: torch.Tensor, vector: torch.Tensor | Center, dim: int) -> torch.Tensor:
    """x - t along dim, t [batch, d]; for points."""
    if isinstance(vector, Center):
        left = untranslate(wide(x), vector.mean, dim)
        return untranslate(left, vector.rest, dim).to(x.dtype)
    x = fold_like(x, vector)
    return (wide(x) - _for_points(wide(x), vector, dim)).to(x.dtype)


def wide(x: torch.Tensor) -> torch.Tensor:
    """x, in single precision where it is half: sums of points overflow there."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def _for_points(x: torch.Tensor, vector: torch.Tensor, dim: int) -> torch.Tensor:
    """t [batch, d] shaped to meet points x along dim."""
    vector = fold_like(vector, x)
    shape = [1] * x.ndim
    shape[0], shape[dim] = vector.shape
    return vector.reshape(shape).to(x.dtype)


def times_signs(x: torch.Tensor, element: Signs, dim: int) -> torch.Tensor:
    """(g x)[i] = s[i] x[i] along dim, exactly; its own inverse."""
    x = fold_like(x, element.signs)
    shape = [1] * x.ndim
    shape[0], shape[dim] = element.signs.shape
    return x * element.signs.reshape(shape).to(x.dtype)


def flip(x: torch.Tensor, element: Orthogonal | Permutation | Signs) -> torch.Tensor:
    """x times the determinant, the sign of the permutation, or all signs; its own inverse."""
    if isinstance(element, Orthogonal):
        factor = determinant(element.matrix)
    elif isinstance(element, Signs):
        factor = element.signs.prod(-1)
    else:
        factor = sign(element.order)
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
) -> tuple[torch.Tensor, torch.Tensor | int]:
    """Sum of points over every axis but the batch and dim, [batch, d].

    And how many they are: a number, or [batch, 1] where an axis is ragged.
    """
    others = [axis for axis in range(1, points.ndim) if axis != dim]
    total = points.sum(others) if others else points
    items: torch.Tensor | int = 1
    for axis in range(1, points.ndim):
        if counts and axis in counts:
            items = items * counts[axis].to(total.dtype).unsqueeze(-1)
        elif axis != dim:
            items = items * points.shape[axis]
    return total, items


def _mean(total: torch.Tensor, items: torch.Tensor | int) -> torch.Tensor:
    """A sum over how many, at least 1."""
    if isinstance(items, torch.Tensor):
        return total / items.clamp(min=1)
    # An axis of no items has none to sum: the mean of nothing is zero.
    mean: torch.Tensor = total / (items if items > 0 else 1)
    return mean


Piece = tuple[Any, ...]
"""Points, the axis of their coordinates, and maybe how many are valid of each ragged axis."""


def center(points: torch.Tensor, dim: int, counts: dict[int, torch.Tensor] | None = None) -> Center:
    """Mean of points over every axis but the batch and `dim`: [batch, d].

    `counts`: for each ragged axis (its dim) the valid entries, [batch]; padding must be zero.
    """
    return center_of_all((points, dim, counts))


def center_of_all(*pieces: Piece) -> Center:
    """Mean over several tensors of points, each (points, dim) or (points, dim, counts)."""
    dtype = pieces[0][0].dtype
    pieces = tuple((wide(points), *others) for points, *others in pieces)
    mean = _mean_of_all(pieces).to(dtype)
    rest = _mean_of_all([_less(mean, *piece) for piece in pieces])
    return Center(mean, rest)


def _mean_of_all(pieces: Sequence[Piece]) -> torch.Tensor:
    total, items = _point_sum(*pieces[0])
    for piece in pieces[1:]:
        more, count = _point_sum(*piece)
        total, items = total + more, items + count
    return _mean(total, items)


def _less(
    mean: torch.Tensor,
    points: torch.Tensor,
    dim: int,
    counts: dict[int, torch.Tensor] | None = None,
) -> Piece:
    """Points less their mean, padding zero."""
    left = untranslate(points, mean, dim)
    for axis, valid in (counts or {}).items():
        left = keep_valid(left, valid, axis)
    return left, dim, counts


def centered_points(points: torch.Tensor, mean: torch.Tensor | Center, dim: int) -> torch.Tensor:
    """points - mean along dim, mean [batch, d], residues of rounding set to zero.

    Equal points leave differences of a few units in the last place, which would look like a
    direction; a difference shorter than eps^(3/4) times the longest point counts as none. Its
    derivatives are those of the difference all the same.
    """
    given, points = points.dtype, wide(points)
    centered = untranslate(points, mean, dim)
    points = fold_like(points, centered)
    longest = _lengths(points.detach(), dim).amax(tuple(range(1, points.ndim)), keepdim=True)
    floor = longest.mul_(torch.finfo(points.dtype).eps ** 0.75)
    found = centered * (_lengths(centered.detach(), dim) > floor)
    if centered.requires_grad or in_plain_operations():
        # A point at the center has a derivative like all others.
        found = centered - (centered - found).detach()
    return found.to(given)


def _lengths(x: torch.Tensor, dim: int) -> torch.Tensor:
    """Lengths of vectors along dim, which stays with size 1."""
    if dim == x.ndim - 1:
        length: torch.Tensor = torch.linalg.vector_norm(x, dim=dim, keepdim=True)
        return length
    # Over outer axes `vector_norm` is up to eighty times slower.
    return x.square().sum(dim, keepdim=True).sqrt()
