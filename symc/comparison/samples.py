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

from symc.comparison.sizes import Sizes, names_of
from symc.ir.sizes import Size

if TYPE_CHECKING:
    from symc.comparison.compare import Side

Sample = Mapping[str, int]

GENERIC = 3
_MOST = 64
_CHANNELS = 2  # as good as any other, where all axes are cut alike


@dataclass(frozen=True)
class Samples:
    """Values to compare at. `proved_from`: these settle all sizes that are at least this."""

    values: tuple[Sample, ...]
    proved_from: int | None


def samples(sizes: Sizes, one: Side, two: Side) -> Samples:
    """What to compare two sides at."""
    axes = [axis for side in (one, two) for tensor in side.tensors for axis in tensor]
    parameters = [side.parameters[name] for side in (one, two) for name in side.acting]
    names = names_of([*(axis.length for axis in axes), *parameters])
    alike = all(
        x.place == y.place
        for ours, theirs in zip(one.tensors, two.tensors, strict=True)
        for x, y in zip(ours, theirs, strict=True)
    )
    moving = names_of(parameters) if alike else names
    grid, proved = _grid(len(moving))
    ranges = [[v for v in grid if v <= (sizes.bound(name) or v)] for name in moving]
    others = {n: min(_CHANNELS, sizes.bound(n) or _CHANNELS) for n in names if n not in moving}
    wanted = [others | dict(zip(moving, v, strict=True)) for v in product(*ranges)][:_MOST]
    checked = [*(axis.length for axis in axes), *parameters]
    kept = tuple(values for values in wanted if _sizes_at(values, checked, sizes))
    lowest = {name: Size.constant(GENERIC) for name in names}
    usual = all((at.substitute(lowest).value or 0) >= GENERIC for at in parameters if at.names)
    if not (alike and usual and len(kept) == len(wanted)):
        proved = 1 if not names else None
    return Samples(kept, proved)


def _grid(names: int) -> tuple[Sequence[int], int | None]:
    """Values for each of so many names, and from which size on they prove anything."""
    for grid, proved in (((3, 4, 5, 6, 1, 2), 1), ((3, 4, 1, 2), 1), ((3, 4), GENERIC)):
        if len(grid) ** names <= _MOST:
            return grid, proved
    return (3, 4), None


def _sizes_at(values: Sample, lengths: Sequence[Size], sizes: Sizes) -> bool:
    known = {name: Size.constant(value) for name, value in values.items()}
    positive = all((length.substitute(known).value or 0) >= 1 for length in lengths)
    return positive and sizes.possible(known)
