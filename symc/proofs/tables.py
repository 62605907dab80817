"""What the elements of a finite group do to an axis, as far as proofs ask: their traces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import fsum, prod

from symc.ir.blocks import BlockAxis
from symc.proofs.moments import cycle_types, cycle_weight
from symc.proofs.ranges import Ranges
from symc_runtime.groups.finite import Finite, Image, Items
from symc_runtime.groups.grids import cycles
from symc_runtime.spec.polynomials import choose

LARGEST = 1 << 12
"""Groups of more elements are not enumerated."""

_MOST = 1 << 16
"""Nor images with more numbers in all elements together."""

_NEAR = 1e-10


@dataclass(frozen=True)
class Table:
    """An axis that a finite group moves, or the joint axes of a grid; `arguments` None: open.

    `difference`: of its two entries only the difference is there, as of two points. `inside`: it
    is the symmetric or `alternating` power, with `exponent` indices, of the product of these.
    `power`: traces are those of elements to this power.
    """

    atom: str
    arguments: tuple[int | None, ...] = ()
    difference: bool = False
    inside: tuple[Table, ...] = ()
    exponent: int = 1
    alternating: bool = False
    power: int = 1


def table_of(axis: BlockAxis, ranges: Ranges, power: int = 1) -> Table:
    """What a `table` axis of a block carries; `power`: of which power of an element."""
    arguments = tuple(ranges.number(argument) for argument in axis.arguments)
    return Table(str(axis.atom), arguments, power=power)


@dataclass(frozen=True)
class Traces:
    """The trace of each element by its number; None where it hangs on a size that is open.

    `size`: of the axis, None where it is open. Images are orthogonal, so an element is a sign on
    the axis where its trace is plus or minus the size.
    """

    size: int | None
    values: tuple[float | None, ...]

    def sign(self, element: int) -> int | None:
        """1 or -1 where the element is that times the identity, else 0; None: not known."""
        if element == 0:
            return 1
        value = self.values[element]
        if value is None or self.size is None:
            return None
        if abs(abs(value) - self.size) > _NEAR * self.size:
            return 0
        return 1 if value > 0 else -1


@lru_cache(maxsize=512)
def traces(facts: Finite, parameter: int, table: Table) -> Traces:
    """Of all elements, from their images; of images on a grid by counting what stays in place."""
    every = facts.every(parameter)
    if table.power > 1:
        known = traces(facts, parameter, replace(table, power=1))
        powers = [_power(facts, parameter, g, table.power) for g in every]
        return Traces(known.size, tuple(known.values[g] for g in powers))
    if table.inside:
        return _folded(facts, parameter, table)
    arguments = tuple(a for a in table.arguments if a is not None)
    if table.difference:
        images = [facts.image(table.atom, arguments, parameter, g) for g in every]
        return Traces(1, tuple(trace(image) - 1 for image in images))
    if facts.atoms[table.atom].axis == "grid":
        moves = [facts.axes_of(parameter, g) for g in every]
        if len(arguments) < len(table.arguments):
            return Traces(None, (None,) * len(moves))
        return Traces(prod(arguments), tuple(_kept(arguments, axes) for axes in moves))
    if len(arguments) < len(table.arguments):
        return Traces(None, (None,) * len(every))
    size = facts.size(table.atom, arguments, parameter)
    if size * len(every) > _MOST:
        return Traces(size, (None,) * len(every))
    images = [facts.image(table.atom, arguments, parameter, g) for g in every]
    return Traces(size, tuple(trace(image) for image in images))


def _power(facts: Finite, parameter: int, element: int, power: int) -> int:
    found = 0
    for _ in range(power):
        found = facts.product(parameter, found, element)
    return found


def _folded(facts: Finite, parameter: int, table: Table) -> Traces:
    """By Newton: the mean over permutations of the indices, see `folding`."""
    order = len(facts.every(parameter))
    parts = [traces(facts, parameter, part) for part in table.inside]
    if any(part.size is None for part in parts):
        return Traces(None, (None,) * order)
    one = prod(part.size or 0 for part in parts)
    size = choose(one, table.exponent, not table.alternating)
    powers = {}
    for power in range(1, table.exponent + 1):
        of_power = [traces(facts, parameter, replace(part, power=power)) for part in table.inside]
        powers[power] = [
            _product(values) for values in zip(*(p.values for p in of_power), strict=True)
        ]
    totals: list[float | None] = [0.0] * order
    for lengths in cycle_types(table.exponent):
        weight = float(cycle_weight(lengths, table.alternating))
        for element in range(order):
            product = _product([powers[length][element] for length in lengths])
            before = totals[element]
            known = before is not None and product is not None
            totals[element] = (before or 0.0) + weight * (product or 0.0) if known else None
    return Traces(size, tuple(totals))


def _product(values: Sequence[float | None]) -> float | None:
    total = 1.0
    for value in values:
        if value is None:
            return None
        total *= value
    return total


@lru_cache(maxsize=512)
def lists_items(facts: Finite, parameter: int, table: Table) -> bool:
    """Whether elements only put the entries of the axis elsewhere."""
    if table.inside:
        return not table.alternating and all(
            lists_items(facts, parameter, part) for part in table.inside
        )
    if facts.atoms[table.atom].axis == "grid":
        return True
    arguments = tuple(a for a in table.arguments if a is not None)
    elements = (0, *facts.generators(parameter))
    images = [facts.image(table.atom, arguments, parameter, element) for element in elements]
    return all(isinstance(image, Items) and min(image.signs) > 0 for image in images)


def trace(image: Image) -> float:
    """The sum of the diagonal, a whole number for items."""
    if isinstance(image, Items):
        pairs = enumerate(zip(image.index, image.signs, strict=True))
        return sum(sign for place, (to, sign) in pairs if place == to)
    return fsum(row[place] for place, row in enumerate(image.rows))


def _kept(sizes: Sequence[int], axes: Items) -> int:
    """How many entries of a grid stay in place where its axes move so.

    Where axes take each other's places the first coordinate tells all: any, or, where going around
    turns it backwards, the middle one.
    """
    return prod(
        sizes[cycle[0]] if sign > 0 else sizes[cycle[0]] % 2 for cycle, sign in cycles(axes)
    )
