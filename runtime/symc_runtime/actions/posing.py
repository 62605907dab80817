"""g^-1 x of a whole tensor, axis by axis, as compiled modules pose their inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

import torch

from symc_runtime.actions.axes import flip, fold_like, times_signs, unname, unpermute, unrotate
from symc_runtime.actions.nested import unpermute_blocks, unpermute_items, unpermute_nested
from symc_runtime.actions.tables import unmove, unname_by, unturn
from symc_runtime.spec.layout import (
    Alt,
    Group,
    Joint,
    Natural,
    Product,
    Representation,
    Sign,
    Sum,
    Sym,
    Table,
    Tensor,
    Trivial,
    dimension,
    refolded,
    slots,
    unfolded,
)


def carries(value: Representation, group: str) -> bool:
    """Whether the group, its linear part, moves it."""
    if isinstance(value, Trivial):
        return False
    if isinstance(value, (Natural, Sign, Table)):
        return value.group == group
    if isinstance(value, Joint):
        return carries(value.carried, group)
    if isinstance(value, Product):
        return any(carries(factor, group) for factor in value.factors)
    if isinstance(value, Sum):
        return any(carries(term, group) for term in value.terms)
    if isinstance(value, (Sym, Alt)):
        return carries(value.carried, group)
    assert_never(value)


def posed(
    tensor: Tensor, x: torch.Tensor, element: Any, group: Group, sizes: Mapping[str, int]
) -> torch.Tensor:
    """g^-1 x for elements of the group [rows, ...] and x [rows, *axes], or shared by samples.

    Of points the linear part alone: they are relative to their centre already.
    """
    x = fold_like(x, element[0])
    for dim, _, axis in slots(tensor):
        x = _posed(x, axis, dim, element, group, sizes)
    if tensor.names is None or not tensor.named_by(group.name):
        return x
    if isinstance(tensor.names, Table):
        return unname_by(x, element, tensor.names.called)
    return unname(x, element)


def moves(tensor: Tensor, group: str) -> bool:
    """Whether the group, its linear part, moves the tensor, or relabels its numbers."""
    return tensor.named_by(group) or any(carries(axis, group) for axis in tensor.axes)


def _of_nest(x: torch.Tensor, value: Joint | Table, dim: int, element: Any) -> torch.Tensor:
    if isinstance(value, Joint):
        return unpermute_nested(x, element, dim)
    if value.atom == "blocks":
        return unpermute_blocks(x, element, dim)
    return unpermute_items(x, element, dim)


def _posed(
    x: torch.Tensor,
    value: Representation,
    dim: int,
    element: Any,
    group: Group,
    sizes: Mapping[str, int],
) -> torch.Tensor:
    if not carries(value, group.name):
        return x
    if isinstance(value, Sign):
        return flip(x, element)
    if group.nests and isinstance(value, (Joint, Table)):
        return _of_nest(x, value, dim, element)
    if isinstance(value, Joint):
        return unturn(x, element, dim)
    if isinstance(value, Table):
        return unmove(x, element, value.called, dim)
    if isinstance(value, Product):
        x = x.unflatten(dim, [dimension(factor, sizes) for factor in value.factors])
        for offset, factor in enumerate(value.factors):
            x = _posed(x, factor, dim + offset, element, group, sizes)
        return x.flatten(dim, dim + len(value.factors) - 1)
    if isinstance(value, Sum):
        pieces = x.split([dimension(term, sizes) for term in value.terms], dim)
        pairs = zip(pieces, value.terms, strict=True)
        return torch.cat([_posed(y, term, dim, element, group, sizes) for y, term in pairs], dim)
    if isinstance(value, (Sym, Alt)):
        mixes = not (group.permutes or group.flips)
        x = unfolded(value, x, dim, sizes, mixes)
        for offset in range(value.power):
            x = _posed(x, value.carried, dim + offset, element, group, sizes)
        return refolded(value, x, dim, sizes, mixes)
    if group.permutes:
        return unpermute(x, element, dim)
    return times_signs(x, element, dim) if group.flips else unrotate(x, element, dim)
