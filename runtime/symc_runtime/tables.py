"""What each element of a finite group does to an axis, as tensors, and how it is moved by them.

Items are gathered, exactly, so that moving back after moving gives every bit again; matrices are
small and gathered by element. As in `actions`, a tensor may have fewer rows than the element.
"""

from __future__ import annotations

from typing import NamedTuple, assert_never

import torch

from symc_runtime.actions import fold_like, gathered, matrix_product
from symc_runtime.elements.finite import Finite
from symc_runtime.elements.permutation import inverse_index
from symc_runtime.groups.finite import Finite as Facts
from symc_runtime.groups.finite import Items, Rows


class ItemTable(NamedTuple):
    """(g x)[places[g, j]] = signs[g, j] x[j].

    `places` [order, m] int64; `signs` [order, m] int8, None where all are 1.
    """

    places: torch.Tensor
    signs: torch.Tensor | None


class RowTable(NamedTuple):
    """g x = R x; `rows` [order, m, m], floating and orthogonal."""

    rows: torch.Tensor


Table = ItemTable | RowTable


def table(
    facts: Facts,
    atom: str,
    arguments: tuple[int, ...],
    parameter: int,
    device: torch.device | None = None,
) -> Table:
    """The images of all elements under an atom; matrices in double precision."""
    images = [facts.image(atom, arguments, parameter, g) for g in facts.every(parameter)]
    items = [image for image in images if isinstance(image, Items)]
    matrices = [image.rows for image in images if isinstance(image, Rows)]
    if not items:
        return RowTable(torch.tensor(matrices, dtype=torch.float64, device=device))
    if matrices:
        raise TypeError(f"images of {facts.name}({parameter}).{atom} are of two kinds")
    places = torch.tensor([image.index for image in items], device=device)
    signed = any(sign != 1 for image in items for sign in image.signs)
    signs = [image.signs for image in items] if signed else None
    return ItemTable(
        places, None if signs is None else torch.tensor(signs, dtype=torch.int8, device=device)
    )


def move(x: torch.Tensor, element: Finite, table: Table, dim: int) -> torch.Tensor:
    """g x along dim."""
    if isinstance(table, RowTable):
        matrix = table.rows[element.number].to(_floating(x))
        return matrix_product(fold_like(x, matrix), matrix.transpose(1, 2), dim)
    if isinstance(table, ItemTable):
        source = inverse_index(table.places[element.number])
        moved = gathered(x, source, dim)
        if table.signs is None:
            return moved
        return _signed(moved, table.signs[element.number].gather(1, source), dim)
    assert_never(table)


def move_back(x: torch.Tensor, element: Finite, table: Table, dim: int) -> torch.Tensor:
    """g^-1 x along dim."""
    if isinstance(table, RowTable):
        matrix = table.rows[element.number].to(_floating(x))
        return matrix_product(fold_like(x, matrix), matrix, dim)
    if isinstance(table, ItemTable):
        moved = gathered(x, table.places[element.number], dim)
        return moved if table.signs is None else _signed(moved, table.signs[element.number], dim)
    assert_never(table)


def _signed(x: torch.Tensor, signs: torch.Tensor, dim: int) -> torch.Tensor:
    """x times signs [batch, m] along dim."""
    shape = [1] * x.ndim
    shape[0], shape[dim] = signs.shape
    return x * signs.reshape(shape).to(x.dtype)


def _floating(x: torch.Tensor) -> torch.dtype:
    """The precision in which x is multiplied, single where it is half."""
    return torch.promote_types(x.dtype, torch.float32)
