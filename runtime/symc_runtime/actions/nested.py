"""How elements of S(m) wr S(n) move an axis of items, two joint axes, or an axis of blocks.

As in `axes`: left actions, `dim` counts the batch axis, and x may have fewer rows than the element
where K samples share it.
"""

from __future__ import annotations

import torch

from symc_runtime.actions.axes import gathered, permute, unpermute
from symc_runtime.elements.permutation import inverse_index
from symc_runtime.elements.wreath import Wreath, inside_blocks, joint_order, of_blocks


def unpermute_nested(x: torch.Tensor, element: Wreath, dim: int) -> torch.Tensor:
    """g^-1 x along the axes `dim`, blocks, and the next one, items."""
    if element.soft_blocks is not None and x.is_floating_point():
        return unpermute(_inside(x, element, dim, inverse=True), of_blocks(element), dim)
    return _all_items(x, joint_order(element), dim)


def permute_nested(x: torch.Tensor, element: Wreath, dim: int) -> torch.Tensor:
    """g x along the axes `dim`, blocks, and the next one, items."""
    if element.soft_blocks is not None and x.is_floating_point():
        return _inside(permute(x, of_blocks(element), dim), element, dim, inverse=False)
    return _all_items(x, inverse_index(joint_order(element)), dim)


def unpermute_items(x: torch.Tensor, element: Wreath, dim: int) -> torch.Tensor:
    """g^-1 x along one axis of all items, block by block."""
    x = x.unflatten(dim, tuple(element.items.shape[1:]))
    return unpermute_nested(x, element, dim).flatten(dim, dim + 1)


def permute_items(x: torch.Tensor, element: Wreath, dim: int) -> torch.Tensor:
    """g x along one axis of all items, block by block."""
    x = x.unflatten(dim, tuple(element.items.shape[1:]))
    return permute_nested(x, element, dim).flatten(dim, dim + 1)


def unpermute_blocks(x: torch.Tensor, element: Wreath, dim: int) -> torch.Tensor:
    """g^-1 x along an axis of blocks."""
    return unpermute(x, of_blocks(element), dim)


def permute_blocks(x: torch.Tensor, element: Wreath, dim: int) -> torch.Tensor:
    """g x along an axis of blocks."""
    return permute(x, of_blocks(element), dim)


def _all_items(x: torch.Tensor, order: torch.Tensor, dim: int) -> torch.Tensor:
    sizes = (x.shape[dim], x.shape[dim + 1])
    moved: torch.Tensor = gathered(x.flatten(dim, dim + 1), order, dim).unflatten(dim, sizes)
    return moved


def _inside(x: torch.Tensor, element: Wreath, dim: int, *, inverse: bool) -> torch.Tensor:
    """The items of each block put in order, a row a block; blocks stay where they are in x."""
    n = x.shape[dim]
    rows = x.movedim((dim, dim + 1), (1, 2)).flatten(0, 1)
    move = unpermute if inverse else permute
    moved: torch.Tensor = move(rows, inside_blocks(element), 1).unflatten(0, (-1, n))
    return moved.movedim((1, 2), (dim, dim + 1))
