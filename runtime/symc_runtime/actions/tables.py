"""What each element of a finite group does to an axis, as tensors, and how it is moved by them.

Items are gathered, exactly, so that moving back after moving gives every bit again; matrices are
small and gathered by element. As in `actions`, a tensor may have fewer rows than the element.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, assert_never

import torch

from symc_runtime.actions.axes import fold_like, gathered, matrix_product, renamed
from symc_runtime.elements.finite import Finite, GridTable, ItemTable, RowTable, Table
from symc_runtime.elements.permutation import inverse_index
from symc_runtime.groups.finite import Finite as Facts
from symc_runtime.groups.finite import Items, Rows
from symc_runtime.numerics.sinkhorn import in_plain_operations


def table(
    facts: Facts,
    atom: str,
    arguments: tuple[int, ...],
    parameter: int,
    device: torch.device | None = None,
) -> Table:
    """The images of all elements under an atom; matrices in double precision."""
    if facts.atoms[atom].axis == "grid":
        moves = [facts.axes_of(parameter, g) for g in facts.every(parameter)]
        return GridTable(_grid(list(map(_undone, moves)), device), _grid(moves, device))
    images = [facts.image(atom, arguments, parameter, g) for g in facts.every(parameter)]
    items = [image for image in images if isinstance(image, Items)]
    matrices = [image.rows for image in images if isinstance(image, Rows)]
    if not items:
        # Apple's devices have no double precision.
        coarse = device is not None and device.type == "mps"
        dtype = torch.float32 if coarse else torch.float64
        return RowTable(torch.tensor(matrices, dtype=dtype, device=device))
    if matrices:
        raise TypeError(f"images of {facts.called(parameter)}.{atom} are of two kinds")
    places = torch.tensor([image.index for image in items], device=device)
    signed = any(sign != 1 for image in items for sign in image.signs)
    signs = [image.signs for image in items] if signed else None
    return ItemTable(
        places, None if signs is None else torch.tensor(signs, dtype=torch.int8, device=device)
    )


def move(x: torch.Tensor, element: Finite, atom: str, dim: int) -> torch.Tensor:
    """g x along dim, which carries `atom` of the group, `irrep(2)`."""
    return _through(x, element, element.tables[atom], dim, False)


def unmove(x: torch.Tensor, element: Finite, atom: str, dim: int) -> torch.Tensor:
    """g^-1 x along dim, which carries `atom` of the group, `irrep(2)`."""
    return _through(x, element, element.tables[atom], dim, True)


def turn(x: torch.Tensor, element: Finite, dim: int) -> torch.Tensor:
    """g x of a grid on dim and the axes behind it, by exact gathers."""
    return _through(x, element, element.tables["grid"], dim, False)


def unturn(x: torch.Tensor, element: Finite, dim: int) -> torch.Tensor:
    """g^-1 x of a grid on dim and the axes behind it, by exact gathers."""
    return _through(x, element, element.tables["grid"], dim, True)


def unname_by(x: torch.Tensor, element: Finite, atom: str) -> torch.Tensor:
    """g^-1 x of whole numbers x that name what `atom` of the group permutes."""
    return unnamed_by(x, element.tables[atom], element.number)


def unnamed_by(x: torch.Tensor, by: Table, number: torch.Tensor) -> torch.Tensor:
    """The same for the elements of these numbers [rows]."""
    if not isinstance(by, ItemTable):
        raise TypeError("only items have names")
    return renamed(x, inverse_index(by.places[number]))


def moved(
    x: torch.Tensor, number: torch.Tensor, by: Table, dim: int, inverse: bool = False
) -> torch.Tensor:
    """g x along dim, or g^-1 x, for the elements of these numbers [rows]."""
    if isinstance(by, RowTable):
        matrix = by.rows[number].to(torch.promote_types(x.dtype, torch.float32))
        return matrix_product(
            fold_like(x, matrix), matrix if inverse else matrix.transpose(1, 2), dim
        )
    if isinstance(by, ItemTable):
        places = by.places[number]
        source = places if inverse else inverse_index(places)
        found = gathered(x, source, dim)
        if by.signs is None:
            return found
        signs = by.signs[number]
        return _signed(found, signs if inverse else signs.gather(1, source), dim)
    if isinstance(by, GridTable):
        last = dim + by.axes - 1
        sizes = [x.shape[dim + axis] for axis in range(by.axes)]
        source = _entries(by.back if inverse else by.there, sizes).index_select(0, number)
        grids = gathered(x.flatten(dim, last), source, dim)
        turned: torch.Tensor = grids.unflatten(dim, sizes)
        return turned
    assert_never(by)


def _undone(axes: Items) -> Items:
    """What takes axes back to where they were."""
    pairs = sorted(zip(axes.index, range(len(axes.index)), axes.signs, strict=True))
    return Items(tuple([axis for _, axis, _ in pairs]), tuple([sign for *_, sign in pairs]))


def _grid(reads: Sequence[Items], device: torch.device | None) -> torch.Tensor:
    """A half of a `GridTable`: axis a of what comes is read along axis `index[a]` of what was."""
    parts = []
    for read in reads:
        count = len(read.index)
        first, *steps = ([0] * (count + 1) for _ in range(count + 1))
        for step, axis, sign in zip(steps, read.index, read.signs, strict=True):
            distance = count - 1 - axis
            step[distance] = sign
            if sign < 0:
                # From the end: size times distance is that of the axis before.
                first[distance + 1] += 1
                first[distance] -= 1
        parts.append([first, *steps])
    found = torch.tensor(parts, device=device).permute(2, 1, 0)
    return found[(..., *[None] * (found.shape[0] - 1))].contiguous()


def _entries(parts: torch.Tensor, sizes: Sequence[int]) -> torch.Tensor:
    """Where entries of a grid come from under each element, [order, entries]."""
    distance: int = 1
    total = parts[0]
    for place, size in enumerate(reversed(sizes), start=1):
        distance = distance * size
        total = total + parts[place] * distance
    source, *steps = total.unbind(0)
    for axis, (step, size) in enumerate(zip(steps, sizes, strict=True)):
        along = torch.arange(size, device=parts.device)
        source = source + step * along.reshape(-1, *[1] * (len(sizes) - 1 - axis))
    return source.flatten(1)


def _signed(x: torch.Tensor, signs: torch.Tensor, dim: int) -> torch.Tensor:
    """x times signs [batch, m] along dim."""
    shape = [1] * x.ndim
    shape[0], shape[dim] = signs.shape
    return x * signs.reshape(shape).to(x.dtype)


def _through(x: torch.Tensor, element: Finite, by: Table, dim: int, inverse: bool) -> torch.Tensor:
    """`moved`, with the gradient of the mean over all elements, weighted, as that of the one."""
    if element.soft is None or not x.is_floating_point():
        return moved(x, element.number, by, dim, inverse)
    if in_plain_operations():
        y = moved(x, element.number, by, dim, inverse)
        change = (element.soft - element.soft.detach()).to(x.dtype)
        for g in range(change.shape[1]):
            of_one = moved(x, torch.full_like(element.number, g), by, dim, inverse)
            y = y + change[:, g].reshape(-1, *[1] * (x.ndim - 1)) * of_one
        return y
    function: Any = _StraightThrough.apply
    result: torch.Tensor = function(x, element.soft, element.number, by, dim, inverse)
    return result


class _StraightThrough(torch.autograd.Function):
    """Moved by one element, with the derivative by the weight of every element beside it."""

    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        soft: torch.Tensor,
        number: torch.Tensor,
        by: Table,
        dim: int,
        inverse: bool,
    ) -> torch.Tensor:
        ctx.save_for_backward(x, number, soft)
        ctx.by, ctx.dim, ctx.inverse = by, dim, inverse
        # No view, which could not be changed in place outside of here.
        return moved(x, number, by, dim, inverse).clone()

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, number, soft = ctx.saved_tensors
        to_x = to_soft = None
        if ctx.needs_input_grad[0]:
            # Orthogonal: the transpose moves the other way, and by the same weights.
            if torch.is_grad_enabled():
                function: Any = _StraightThrough.apply
                back = function(gradient, soft, number, ctx.by, ctx.dim, not ctx.inverse)
            else:
                back = moved(gradient, number, ctx.by, ctx.dim, not ctx.inverse)
            to_x = back.unflatten(0, (-1, x.shape[0])).sum(0)
        if ctx.needs_input_grad[1]:
            each = []
            for g in range(soft.shape[1]):
                of_one = moved(x, torch.full_like(number, g), ctx.by, ctx.dim, ctx.inverse)
                each.append((gradient * of_one).flatten(1).sum(1))
            to_soft = torch.stack(each, 1).to(soft.dtype)
        return to_x, to_soft, None, None, None, None
