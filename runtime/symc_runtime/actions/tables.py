"""What each element of a finite group does to an axis, as tensors, and how it is moved by them.

Items are gathered, exactly, so that moving back after moving gives every bit again; matrices are
small and gathered by element. As in `actions`, a tensor may have fewer rows than the element.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, assert_never

import torch

from symc_runtime.actions.axes import fold_like, gathered, matrix_product
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
        turned = [facts.turned(parameter, g) for g in facts.every(parameter)]
        # Reflections undo themselves.
        back = [(quarters if flipped else -quarters, flipped) for quarters, flipped in turned]
        return GridTable(_grid(turned, device), _grid(back, device))
    images = [facts.image(atom, arguments, parameter, g) for g in facts.every(parameter)]
    items = [image for image in images if isinstance(image, Items)]
    matrices = [image.rows for image in images if isinstance(image, Rows)]
    if not items:
        # Apple's devices have no double precision.
        coarse = device is not None and device.type == "mps"
        dtype = torch.float32 if coarse else torch.float64
        return RowTable(torch.tensor(matrices, dtype=dtype, device=device))
    if matrices:
        raise TypeError(f"images of {facts.name}({parameter}).{atom} are of two kinds")
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
    """g x of images on dim and the axis behind it, by exact gathers."""
    return _through(x, element, element.tables["grid"], dim, False)


def unturn(x: torch.Tensor, element: Finite, dim: int) -> torch.Tensor:
    """g^-1 x of images on dim and the axis behind it, by exact gathers."""
    return _through(x, element, element.tables["grid"], dim, True)


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
        height, width = x.shape[dim], x.shape[dim + 1]
        source = _pixels(by.back if inverse else by.there, height, width).index_select(0, number)
        images = gathered(x.flatten(dim, dim + 1), source, dim)
        turned: torch.Tensor = images.unflatten(dim, (height, width))
        return turned
    assert_never(by)


def _grid(turned: Sequence[tuple[int, bool]], device: torch.device | None) -> torch.Tensor:
    """A half of a `GridTable`: of quarter turns after a flip, if so."""
    parts = []
    for quarters, flipped in turned:
        down = quarters % 4 in (2, 3)
        across = (quarters % 4 in (1, 2)) != flipped
        row, column = (-1 if backwards else 1 for backwards in (down, across))
        first = (-int(across), int(across) - int(down), int(down))
        a, b = (0, row, 0), (column, 0, 0)
        # Turned by a quarter, the image is read along its columns.
        parts.append((first, b, a) if quarters % 2 else (first, a, b))
    return torch.tensor(parts, device=device).permute(2, 1, 0)[..., None, None].contiguous()


def _pixels(parts: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Where entries of an image come from under each element, [order, height * width]."""
    one, wide, whole = parts.unbind(0)
    first, a, b = (one + wide * width + whole * (height * width)).unbind(0)
    i = torch.arange(height, device=parts.device).unsqueeze(1)
    j = torch.arange(width, device=parts.device)
    return (first + a * i + b * j).flatten(1)


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
