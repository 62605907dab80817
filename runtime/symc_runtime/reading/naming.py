"""Whole numbers that name items, as nets read them: as numbers that an action moves like others.

Of an input that names items of a group which a net must follow, or be invariant to, what is told is
how often each item is named, and of each name how often its item is. That is moved as items are,
whatever the items are called. Where the group has been handled before, or is a finite one whose
every pose is looked at, the names are numbers like any others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from symc_runtime.actions.posing import carries
from symc_runtime.call.shapes import valid_entries
from symc_runtime.spec.layout import (
    Items,
    Representation,
    Table,
    Tensor,
    Trivial,
    shape_of,
    slots,
    solve_sizes,
)
from symc_runtime.spec.polynomials import Size, evaluate, unknown_names

FEW = 16
"""Roles, and items of a known number, that are told apart as such."""


@dataclass(frozen=True)
class Roles:
    """An axis of names in which each place has a meaning of its own, the 2 of `edges[2, e]`.

    `dim`: of it, the batch axis counted; None: there is none. `count`: how many places it has.
    """

    dim: int | None
    count: int


def roles_of(tensor: Tensor, sizes: Mapping[str, int]) -> Roles:
    """The smallest of several axes whose size is a small number and that no group moves."""
    found: list[tuple[int, int]] = []
    for dim, _, axis in slots(tensor):
        if isinstance(axis, Trivial) and not unknown_names(axis.size, sizes):
            size = evaluate(axis.size, sizes)
            if size <= FEW:
                found.append((size, dim))
    if not found or len(shape_of(tensor)) < 2:
        return Roles(None, 1)
    size, dim = min(found)
    return Roles(dim, size)


def flat_names(x: torch.Tensor, roles: Roles) -> torch.Tensor:
    """Names, or what is valid of them, [N, *axes] as [N, entries, roles]."""
    if roles.dim is None:
        return x.flatten(1).unsqueeze(-1)
    return x.movedim(roles.dim, -1).flatten(1, -2)


def in_range(x: torch.Tensor, items: int) -> torch.Tensor:
    """Names as an index of `items` items, whatever stands in padding."""
    return x.long().clamp(0, max(items - 1, 0))


class Naming:
    """Inputs with names of items, as a net reads them: `inputs` are their declarations.

    `watched`: the groups that the net follows or is invariant to. Others moved the inputs already,
    or look at every pose.
    """

    def __init__(
        self, inputs: tuple[Tensor, ...], watched: tuple[str, ...], sizes: Mapping[str, int]
    ) -> None:
        self.given = inputs
        self.sizes = dict(sizes)
        self.some = any(tensor.names is not None for tensor in inputs)
        self.roles = [roles_of(tensor, self.sizes) for tensor in inputs]
        self.kinds = [_kind(tensor, watched, self.sizes) for tensor in inputs]
        plain, more = [], []
        self.followed: list[int] = []
        for place, (tensor, kind) in enumerate(zip(inputs, self.kinds, strict=True)):
            plain.append(_declared(tensor, kind, self.roles[place], self.sizes))
            if kind == "counted" and _moved(tensor, watched):
                self.followed.append(place)
                more.append(Tensor(f"{tensor.name} named", tensor.axes))
        self.inputs = (*plain, *more)

    def __call__(
        self, values: tuple[torch.Tensor, ...], counts: Mapping[str, torch.Tensor] | None
    ) -> tuple[torch.Tensor, ...]:
        """Values [N, *axes] as `inputs` declares them; `counts` [N]: valid items of ragged sizes.

        Numbers are of the precision of the other inputs.
        """
        if not self.some:
            return values
        sizes = solve_sizes(self.given, [x.shape for x in values], self.sizes)
        floating = [x.dtype for x in values if x.is_floating_point()]
        dtype = torch.promote_types((*floating, torch.get_default_dtype())[0], torch.float32)
        found, more = [], []
        for place, (tensor, x) in enumerate(zip(self.given, values, strict=True)):
            if tensor.names is None or self.kinds[place] == "plain":
                found.append(x)
                continue
            n = evaluate(tensor.names.size, sizes)
            valid = valid_entries(tensor, x, counts or {})
            if self.kinds[place] == "number":
                found.append(_numbered(x, tensor.names, n, valid, counts, dtype))
            elif self.kinds[place] == "one-hot":
                every = torch.arange(n, device=x.device)
                hot = (x.unsqueeze(-1) == every) & valid.unsqueeze(-1)
                found.append(hot.to(dtype))
            else:
                told = self._counted(place, x, n, valid, dtype)
                found.append(told)
                if place in self.followed:
                    more.append(self._followed(place, x, told, valid))
        return (*found, *more)

    def _counted(
        self, place: int, x: torch.Tensor, n: int, valid: torch.Tensor, dtype: torch.dtype
    ) -> torch.Tensor:
        """How often each item is named in each role, [N, n, roles]."""
        roles = self.roles[place]
        index = in_range(flat_names(x, roles), n)
        once = flat_names(valid.expand(x.shape), roles).to(dtype)
        none = once.new_zeros(x.shape[0], n, roles.count)
        return none.scatter_add(1, index, once) if n else none

    def _followed(
        self, place: int, x: torch.Tensor, told: torch.Tensor, valid: torch.Tensor
    ) -> torch.Tensor:
        """Of each name how often its item is named in that role, [N, *axes]."""
        roles = self.roles[place]
        if not told.shape[1]:
            return torch.zeros_like(x, dtype=told.dtype)
        found = told.gather(1, in_range(flat_names(x, roles), told.shape[1]))
        if roles.dim is None:
            shaped = found.reshape(x.shape)
        else:
            shape = [*x.shape[: roles.dim], *x.shape[roles.dim + 1 :], roles.count]
            shaped = found.reshape(shape).movedim(-1, roles.dim)
        return shaped.masked_fill(~valid, 0)


def _kind(tensor: Tensor, watched: tuple[str, ...], sizes: Mapping[str, int]) -> str:
    """How names are told: `counted`, `one-hot`, as a `number`, or `plain`, which are none."""
    if tensor.names is None:
        return "plain"
    if tensor.names.group in watched:
        return "one-hot" if isinstance(tensor.names, Table) else "counted"
    size = tensor.names.size
    few = not unknown_names(size, sizes) and evaluate(size, sizes) <= FEW
    return "plain" if few or isinstance(tensor.names, Table) else "number"


def _declared(tensor: Tensor, kind: str, roles: Roles, sizes: Mapping[str, int]) -> Tensor:
    if tensor.names is None or kind == "number":
        return tensor
    if kind == "plain":
        return Tensor(tensor.name, tensor.axes, evaluate(tensor.names.size, sizes), tensor.names)
    axes: tuple[Representation, ...] = (*tensor.axes, tensor.names)
    if kind == "counted":
        axes = (tensor.names, Trivial(roles.count))
    return Tensor(tensor.name, axes)


def _moved(tensor: Tensor, watched: tuple[str, ...]) -> bool:
    return any(carries(axis, group) for axis in tensor.axes for group in watched)


def _numbered(
    x: torch.Tensor,
    items: Items,
    n: int,
    valid: torch.Tensor,
    counts: Mapping[str, torch.Tensor] | None,
    dtype: torch.dtype,
) -> torch.Tensor:
    """The place of each item among all, above 0 and up to 1; 0 is padding."""
    size: Size = items.size
    many = torch.full((1,), n, device=x.device)
    if counts and isinstance(size, str) and size in counts:
        many = counts[size]
    share = (x + 1).to(dtype) / many.clamp(min=1).to(dtype).reshape(-1, *[1] * (x.ndim - 1))
    return share.masked_fill(~valid, 0)
