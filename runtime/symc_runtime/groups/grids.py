"""Grids of voxels, pixels or samples: what signed permutations of their axes do to the entries."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod

from symc_runtime.groups.items import Items


def quarter_turns(quarters: int, flipped: bool) -> Items:
    """What an image's two axes do: quarter turns from the first to the second, after a flip.

    The flip is along the second axis.
    """
    index: tuple[int, ...] = (0, 1)
    signs: tuple[int, ...] = (1, -1 if flipped else 1)
    for _ in range(quarters % 4):
        # The first axis becomes the second, the second the first, backwards.
        signs = tuple([-sign if place else sign for place, sign in zip(index, signs, strict=True)])
        index = tuple([1 - place for place in index])
    return Items(index, signs)


def on_grid(sizes: Sequence[int], axes: Items) -> Items:
    """The entries of a grid, numbered row by row, where axis a goes to `axes.index[a]`.

    It goes there backwards where its sign is -1, about the middle. Axes that go to each other's
    place have one size, else ValueError.
    """
    if [sizes[place] for place in axes.index] != list(sizes):
        raise ValueError(f"axes of {' x '.join(map(str, sizes))} entries cannot be exchanged so")
    strides = [prod(sizes[axis + 1 :]) for axis in range(len(sizes))]
    index = []
    for entry in product(*map(range, sizes)):
        at = 0
        for place, sign, size, old in zip(axes.index, axes.signs, sizes, entry, strict=True):
            at += strides[place] * (old if sign > 0 else size - 1 - old)
        index.append(at)
    return Items(tuple(index), (1,) * len(index))


def cycles(axes: Items) -> list[tuple[tuple[int, ...], int]]:
    """Axes that take each other's places, and the sign of going around once."""
    found, seen = [], set()
    for start in range(len(axes.index)):
        cycle: list[int] = []
        place, sign = start, 1
        while place not in seen:
            seen.add(place)
            cycle.append(place)
            sign *= axes.signs[place]
            place = axes.index[place]
        if cycle:
            found.append((tuple(cycle), sign))
    return found
