"""Inputs of every kind for declared tensors: generic ones, and those that symmetry leaves open."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence

import torch

from symc_runtime.groups.finite import Finite
from symc_runtime.spec.layout import (
    Alt,
    Group,
    Joint,
    Natural,
    Product,
    Representation,
    Sum,
    Sym,
    Table,
    Tensor,
    blocks,
    dimension,
    refolded,
    shape_of,
    slots,
    unfolded,
)
from symc_runtime.spec.polynomials import evaluate

Sizes = Mapping[str, int]
Maker = Callable[[torch.Tensor, list["Axis"], int], torch.Tensor]


class Axis:
    """Axis `dim` of a tensor [batch, ...]: `items` of a permutation group, `space` of a linear one.

    `signs`: of entries with a sign each. `group` is the name of the group; a sum or a product
    counts as channels (none of these). What tables move counts as items.
    """

    def __init__(self, dim: int, axis: Representation, groups: Mapping[str, Group]) -> None:
        self.dim = dim
        group = groups.get(axis.group) if isinstance(axis, (Natural, Table)) else None
        self.group = None if group is None else group.name
        self.items = group is not None and (group.permutes or group.tabled or group.nests)
        self.signs = group is not None and group.flips
        self.space = group is not None and not (self.items or self.signs)


def _repeated(x: torch.Tensor, axes: list[Axis], seed: int) -> torch.Tensor:
    """All items are equal."""
    for axis in axes:
        if axis.items:
            x = x.narrow(axis.dim, 0, 1).expand_as(x)
    return x.clone()


def _tied(x: torch.Tensor, axes: list[Axis], seed: int) -> torch.Tensor:
    """Items are of two sorts."""
    for axis in axes:
        if axis.items:
            sort = torch.arange(x.shape[axis.dim]) % min(2, x.shape[axis.dim])
            x = x.index_select(axis.dim, sort)
    return x


def _zero(x: torch.Tensor, axes: list[Axis], seed: int) -> torch.Tensor:
    return torch.zeros_like(x)


def _subspace(size: int) -> Maker:
    def make(x: torch.Tensor, axes: list[Axis], seed: int) -> torch.Tensor:
        """Vectors in a random subspace, one an example, the same for all tensors.

        Small whole numbers span it and coefficients have few digits, so that rounding to single
        precision leaves it as it is.
        """
        for axis in axes:
            d = x.shape[axis.dim]
            if axis.space and d > size:
                generator = torch.Generator().manual_seed(seed)
                basis = torch.randint(-2, 3, (x.shape[0], d, size), generator=generator).double()
                basis = basis + 5 * torch.eye(d, size, dtype=torch.float64)
                rows = x.movedim(axis.dim, 1)
                coefficients = (rows.reshape(x.shape[0], d, -1)[:, :size] * 64).round() / 64
                flat = basis @ coefficients.double()
                x = flat.to(x.dtype).reshape(rows.shape).movedim(1, axis.dim)
        return x

    return make


def _corners(x: torch.Tensor, axes: list[Axis], seed: int) -> torch.Tensor:
    """Items at the corners of a cube, channels alike."""

    def corner(i: torch.Tensor, d: int) -> torch.Tensor:
        bits: torch.Tensor = (i.unsqueeze(-1) >> torch.arange(d)) & 1
        return bits.double() * 2 - 1

    return _placed(x, axes, corner)


def _tetrahedron(x: torch.Tensor, axes: list[Axis], seed: int) -> torch.Tensor:
    """Items at every other corner of a cube; in other dimensions than 3 on the axes, both ways."""

    def corner(i: torch.Tensor, d: int) -> torch.Tensor:
        if d == 3:
            other = [[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]
            return torch.tensor(other, dtype=torch.float64)[i % 4]
        ends = torch.cat([torch.eye(d), -torch.eye(d)]).double()
        return ends[i % (2 * d)]

    return _placed(x, axes, corner)


def _placed(
    x: torch.Tensor,
    axes: list[Axis],
    corner: Callable[[torch.Tensor, int], torch.Tensor],
) -> torch.Tensor:
    space = [axis for axis in axes if axis.space]
    items = [axis for axis in axes if axis.items]
    if len(space) != 1 or not items:
        return torch.ones_like(x)
    d = x.shape[space[0].dim]
    points = corner(torch.arange(x.shape[items[0].dim]), d).to(x.dtype)
    shape = [1] * x.ndim
    shape[items[0].dim], shape[space[0].dim] = points.shape
    if items[0].dim > space[0].dim:
        points = points.T
    return points.reshape(shape).expand_as(x).clone()


def _regular(x: torch.Tensor, axes: list[Axis], seed: int) -> torch.Tensor:
    """Pairs of items are linked in a ring, single items are alike."""
    items = [axis for axis in axes if axis.items]
    pair = [x.shape[axis.dim] for axis in items[:2]]
    if len(items) < 2 or items[0].group != items[1].group or pair[0] != pair[1]:
        return _repeated(x, axes, seed)
    n = x.shape[items[0].dim]
    i = torch.arange(n)
    ring = ((i.unsqueeze(-1) - i) % n == 1) | ((i - i.unsqueeze(-1)) % n == 1)
    shape = [1] * x.ndim
    shape[items[0].dim] = shape[items[1].dim] = n
    return ring.to(x.dtype).reshape(shape).expand_as(x).clone()


def _mirrored(x: torch.Tensor, axes: list[Axis], seed: int) -> torch.Tensor:
    """Each number comes with its opposite among the items, so that a change of sign moves none."""
    x = (x * 64).round() / 64
    for axis in [axis for axis in axes if axis.items][:1]:
        x = x - x.flip(axis.dim)
    return x


def _some_zero(x: torch.Tensor, axes: list[Axis], seed: int) -> torch.Tensor:
    """Of entries with a sign each every other is zero."""
    for axis in axes:
        if axis.signs:
            shape = [1] * x.ndim
            shape[axis.dim] = x.shape[axis.dim]
            x = x * (torch.arange(x.shape[axis.dim]) % 2).to(x.dtype).reshape(shape)
    return x


def _scaled(factor: float) -> Maker:
    def make(x: torch.Tensor, axes: list[Axis], seed: int) -> torch.Tensor:
        return x * factor

    return make


def _random(x: torch.Tensor, axes: list[Axis], seed: int) -> torch.Tensor:
    return x


KINDS: dict[str, Maker] = {
    "random": _random,
    "repeated": _repeated,
    "tied": _tied,
    "zero": _zero,
    "collinear": _subspace(1),
    "planar": _subspace(2),
    "cube": _corners,
    "tetrahedron": _tetrahedron,
    "symmetric graph": _regular,
    "huge": _scaled(1e6),
    "tiny": _scaled(1e-6),
    "unlike scales": _random,
}
"""Every kind of input, by name."""
SIGNED: dict[str, Maker] = {"symmetric graph": _mirrored, "cube": _some_zero}
"""What these kinds are of tensors whose entries have a sign each."""
SYMMETRIC = {"symmetric graph": -1, "cube": 0}
"""Kinds in which a generator of each group that acts by tables, by its place, fixes the input."""
UNITS = (1e-3, 1.0, 1e3)
"""Of tensors of unlike scales, in turn, but for points, which one translation moves."""


def make_inputs(
    kind: str,
    tensors: Sequence[Tensor],
    groups: Sequence[Group],
    sizes: Sizes,
    batch: int,
    *,
    dtype: torch.dtype = torch.float64,
    generator: torch.Generator | None = None,
) -> tuple[torch.Tensor, ...]:
    """Inputs [batch, *axes] of a kind of `KINDS`, standard normal where it says nothing else."""
    generator = generator or torch.Generator().manual_seed(0)
    seed = int(torch.randint(0, 2**31, (), generator=generator))
    named = {group.name: group for group in groups}
    values = []
    units = itertools.cycle(UNITS)
    for tensor in tensors:
        shape = (batch, *(evaluate(size, sizes) for size in shape_of(tensor)))
        if tensor.whole:
            many = tensor.labels
            if tensor.names is not None:
                many = evaluate(tensor.names.size, sizes)
            x = torch.randint(0, many or 1, shape, generator=generator)
            alike = kind not in ("random", "huge", "tiny", "unlike scales", "collinear", "planar")
            sorts = KINDS["tied" if kind == "tied" else "repeated"]
            values.append(_by_block(sorts, x, tensor, named, sizes, seed) if alike else x)
            continue
        x = torch.randn(shape, dtype=torch.float64, generator=generator)
        x = _by_block(_maker(kind), x, tensor, named, sizes, seed)
        if kind == "unlike scales" and not any(block.affine for block in blocks(tensor)):
            x = x * next(units)
        values.append(x.to(dtype))
    if kind in SYMMETRIC:
        return _fixed_by_an_element(SYMMETRIC[kind], tensors, values, groups, sizes)
    return tuple(values)


def within_counts(
    tensors: Sequence[Tensor],
    values: Sequence[torch.Tensor],
    counts: Mapping[str, torch.Tensor],
) -> tuple[torch.Tensor, ...]:
    """Inputs [batch, *axes] whose whole numbers name items that are there, where these are ragged.

    `counts` [batch]: valid items, by size.
    """
    found = []
    for tensor, x in zip(tensors, values, strict=True):
        if tensor.names is not None and str(tensor.names.size) in counts:
            many = counts[str(tensor.names.size)].clamp(min=1)
            x = x % many.reshape(-1, *[1] * (x.ndim - 1)).to(x)
        found.append(x)
    return tuple(found)


def _maker(kind: str) -> Maker:
    def make(x: torch.Tensor, axes: list[Axis], seed: int) -> torch.Tensor:
        signed = kind in SIGNED and any(axis.signs for axis in axes)
        return (SIGNED if signed else KINDS)[kind](x, axes, seed)

    return make


def _fixed_by_an_element(
    place: int,
    tensors: Sequence[Tensor],
    values: Sequence[torch.Tensor],
    groups: Sequence[Group],
    sizes: Sizes,
) -> tuple[torch.Tensor, ...]:
    """Inputs that one generator of each group of tables fixes, to the bit where it moves items.

    Sums over its powers of numbers of few digits, which do not round.
    """
    from symc_runtime.testing import act, motion_of

    found = list(values)
    for group in groups:
        facts = group.facts
        if not isinstance(facts, Finite):
            continue
        parameter = evaluate(group.parameter, sizes)
        generators = facts.generators(parameter)
        if not generators:
            continue
        element = generators[place % len(generators)]
        powers = [0]
        while (following := facts.product(parameter, element, powers[-1])) != 0:
            powers.append(following)
        for i, tensor in enumerate(tensors):
            if tensor.whole or group.name not in _movers(tensor):
                continue
            x = (found[i] * 64).round() / 64
            total = torch.zeros_like(x)
            for number in powers:
                motion = motion_of(group, parameter, torch.full((len(x),), number))
                total = total + act(tensor, x, {group.name: motion}, sizes)
            found[i] = total
    return tuple(found)


def _movers(tensor: Tensor) -> set[str | None]:
    return {axis.group for block in blocks(tensor) for axis in block.axes}


def _by_block(
    make: Maker,
    x: torch.Tensor,
    tensor: Tensor,
    groups: Mapping[str, Group],
    sizes: Sizes,
    seed: int,
) -> torch.Tensor:
    """`make` on every term of sums and every factor of products, which hold vectors too."""
    for dim, count, axis in slots(tensor):
        if isinstance(axis, Joint):
            flat = x.flatten(dim, dim + count - 1)
            made = _by_block(make, flat, _with(tensor, axis, axis.carried), groups, sizes, seed)
            unfolded_again: torch.Tensor = made.unflatten(dim, x.shape[dim : dim + count])
            return unfolded_again
        if isinstance(axis, Sum):
            parts = x.split([dimension(term, sizes) for term in axis.terms], dim)
            pieces = [
                _by_block(make, part, _with(tensor, axis, term), groups, sizes, seed)
                for part, term in zip(parts, axis.terms, strict=True)
            ]
            return torch.cat(pieces, dim)
        if isinstance(axis, Product):
            lengths = [dimension(factor, sizes) for factor in axis.factors]
            apart = _with(tensor, axis, *axis.factors)
            whole = _by_block(make, x.unflatten(dim, lengths), apart, groups, sizes, seed)
            return whole.flatten(dim, dim + len(lengths) - 1)
        if isinstance(axis, (Sym, Alt)):
            full = _with(tensor, axis, *(axis.carried,) * axis.power)
            made = _by_block(make, unfolded(axis, x, dim, sizes), full, groups, sizes, seed)
            return refolded(axis, made, dim, sizes)
    axes = [Axis(i, axis, groups) for i, axis in enumerate(tensor.axes, start=1)]
    return make(x, axes, seed)


def _with(tensor: Tensor, old: Representation, *axes: Representation) -> Tensor:
    """With these in the place of the first axis that is `old`."""
    place = next(i for i, axis in enumerate(tensor.axes) if axis is old)
    return Tensor(tensor.name, (*tensor.axes[:place], *axes, *tensor.axes[place + 1 :]))
