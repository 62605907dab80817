"""What each element of a finite group does to an axis, as tensors, and how it is moved by them.

Items are gathered, exactly, so that moving back after moving gives every bit again; matrices are
small and gathered by element. As in `actions`, a tensor may have fewer rows than the element.
"""

from __future__ import annotations

from typing import Any, assert_never

import torch

from symc_runtime.actions import fold_like, gathered, matrix_product
from symc_runtime.elements.finite import Finite, GridTable, ItemTable, RowTable, Table
from symc_runtime.elements.permutation import inverse_index
from symc_runtime.groups.finite import Finite as Facts
from symc_runtime.groups.finite import Items, Rows
from symc_runtime.sinkhorn import in_plain_operations


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
        codes = [quarters % 4 + 4 * flipped for quarters, flipped in turned]
        return GridTable(torch.tensor(codes, device=device))
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
        source = _pixels(height, width, inverse, x.device)[by.codes[number]]
        images = gathered(x.flatten(dim, dim + 1), source, dim)
        turned: torch.Tensor = images.unflatten(dim, (height, width))
        return turned
    assert_never(by)


def _pixels(height: int, width: int, inverse: bool, device: torch.device) -> torch.Tensor:
    """For each code of a `GridTable` where its entries come from, [8, height * width]."""
    image = torch.arange(height * width, device=device).reshape(height, width)
    rows = []
    for code in range(8):
        quarters, flipped = code % 4, code >= 4
        if quarters % 2 and height != width:
            # No element of the group; of an image that is not square it would have another shape.
            rows.append(image.flatten())
        elif inverse:
            back = torch.rot90(image, -quarters, (0, 1))
            rows.append((back.flip(1) if flipped else back).flatten())
        else:
            turned = torch.rot90(image.flip(1) if flipped else image, quarters, (0, 1))
            rows.append(turned.flatten())
    return torch.stack(rows)


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
            # Orthogonal: the transpose moves the other way.
            back = moved(gradient, number, ctx.by, ctx.dim, not ctx.inverse)
            to_x = back.unflatten(0, (-1, x.shape[0])).sum(0)
        if ctx.needs_input_grad[1]:
            each = []
            for g in range(soft.shape[1]):
                of_one = moved(x, torch.full_like(number, g), ctx.by, ctx.dim, ctx.inverse)
                each.append((gradient * of_one).flatten(1).sum(1))
            to_soft = torch.stack(each, 1).to(soft.dtype)
        return to_x, to_soft, None, None, None, None
