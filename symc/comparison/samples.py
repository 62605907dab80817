"""The values of free sizes at which two symmetries are compared, and what they prove.

Where both specs cut every axis into the same pieces, an element is compared index by index: on
each, it is a permutation, an orthogonal matrix or the identity in both, or it is not; what is left
are signs. These depend on a size through its parity alone, from 3 items or dimensions on; so
comparing at all parities from there settles all larger sizes, and comparing at 1 and 2 the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from symc.comparison.layout import Layout
from symc.comparison.reduction import all_alike
from symc.comparison.shared_sizes import Sizes, names_of
from symc.ir.sizes import Size, sizes_in

if TYPE_CHECKING:
    from symc.comparison.compare import Side

Sample = Mapping[str, int]

GENERIC = 3
_MOST = 64
_MOST_PIECES = 4096
_CHANNELS = 2  # as good as any other, where all axes are cut alike


@dataclass(frozen=True)
class Samples:
    """Values to compare at. `proved_from`: these settle all sizes that are at least this."""

    values: tuple[Sample, ...]
    proved_from: int | None


def samples(sizes: Sizes, one: Side, two: Side) -> Samples:
    """What to compare two sides at."""
    axes = [axis for side in (one, two) for tensor in side.tensors for axis in tensor]
    parameters = [
        size
        for side in (one, two)
        for name in side.acting
        for size in sizes_in(side.parameters[name])
    ]
    # The sides of an image: what becomes of it hangs on them.
    sides = [
        argument
        for axis in axes
        for piece in axis.pieces
        for factor in piece.factors
        for argument in factor.arguments
    ]
    names = names_of([*(axis.length for axis in axes), *parameters])
    alike = all_alike(one.tensors, two.tensors)
    moving = names_of([*parameters, *sides]) if alike else names
    wanted, proved = _grid([sizes.bound(name) for name in moving])
    others = {n: min(_CHANNELS, sizes.bound(n) or _CHANNELS) for n in names if n not in moving}
    lengths = [*(axis.length for axis in axes), *parameters]
    named = [others | dict(zip(moving, values, strict=True)) for values in wanted]
    kept = tuple(values for values in named if _sizes_at(values, lengths, sizes))
    if not alike:
        kept = kept[: _budget(axes)]
    if not (alike and all(map(_usual, [*parameters, *sides])) and len(kept) == len(wanted)):
        proved = None if names else 1
    return Samples(kept, proved)


def _grid(bounds: Sequence[int | None]) -> tuple[list[tuple[int, ...]], int | None]:
    """Values for names with these bounds, and from which size on they prove anything."""
    for grid, proved in (((3, 4, 5, 6, 1, 2), 1), ((3, 4, 1, 2), 1), ((3, 4), GENERIC)):
        ranges = [[v for v in grid if bound is None or v <= bound] for bound in bounds]
        if len(grid) ** len(bounds) <= _MOST and all(ranges):
            return list(product(*ranges)), proved
    low = [min(GENERIC, bound or GENERIC) for bound in bounds]
    high = [min(GENERIC + 1, bound or GENERIC + 1) for bound in bounds]
    found = [tuple(low), tuple(high)]
    for i in range(min(len(bounds), _MOST - 2)):
        found.append((*low[:i], high[i], *low[i + 1 :]))
    return found, None


def _usual(parameter: Size) -> bool:
    """Whether a size is fixed, or at least GENERIC where all names are."""
    falling = any(term.coefficient < 0 for term in parameter.terms)
    lowest = parameter.substitute({name: Size.constant(GENERIC) for name in parameter.names})
    return not parameter.names or (not falling and (lowest.value or 0) >= GENERIC)


def _budget(axes: Sequence[Layout[Size]]) -> int:
    """How many samples there is time for, where axes are cut apart and written out."""
    pieces = sum(len(axis.pieces) for axis in axes)
    return max(_MOST_PIECES // max(pieces, 1), 1)


def _sizes_at(values: Sample, lengths: Sequence[Size], sizes: Sizes) -> bool:
    known = {name: Size.constant(value) for name, value in values.items()}
    positive = all((length.substitute(known).value or 0) >= 1 for length in lengths)
    return positive and sizes.possible(known)
