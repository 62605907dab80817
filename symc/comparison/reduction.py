"""Axes that two specs cut alike, without what makes no difference between them.

Then the two are compared index by index: an index is moved by a group of the first, of the
second, of both or of none. Of a piece, there remain the groups that move its indices and those
whose signs multiply it. Repeated pieces, channels, the order of indices and the places of entries
do not matter, and of a size only its parity does, from 3 on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from symc.comparison.layout import Factor, Layout, Piece, S
from symc.ir.sizes import Size

_LARGEST = 6

Pair = tuple[Layout[int], Layout[int]]


def small(size: int) -> int:
    """A size of at most 6 that is as good."""
    return size if size <= _LARGEST else _LARGEST - size % 2


def distinct(one: Layout[S], two: Layout[S]) -> tuple[Layout[S], Layout[S]]:
    """Both axes, cut alike, without pieces that are like an earlier one."""
    kinds: dict[object, tuple[Piece[S], Piece[S]]] = {}
    for ours, theirs in zip(one.pieces, two.pieces, strict=True):
        indices = [
            (f.group or "", g.group or "", str(f.size))
            for f, g in zip(ours.factors, theirs.factors, strict=True)
            if f.group or g.group
        ]
        signs = (ours.characters, theirs.characters, ours.affine, theirs.affine)
        kinds.setdefault((tuple(sorted(indices)), signs), (ours, theirs))
    first, second = zip(*kinds.values(), strict=True)
    return Layout(one.length, first), Layout(two.length, second)


def reduced(one: Layout[Size], two: Layout[Size], number: Callable[[Size], int]) -> Pair:
    """Both axes, cut alike, each of their pieces a stretch of its own, without channels."""
    layouts: list[list[Piece[int]]] = [[], []]
    offset = 0
    for pieces in zip(one.pieces, two.pieces, strict=True):
        kept = [
            i
            for i, (f, g) in enumerate(zip(*(piece.factors for piece in pieces), strict=True))
            if f.group or g.group
        ]
        sizes = [small(number(pieces[0].factors[i].size)) for i in kept]
        strides = [1] * len(kept)
        for k in reversed(range(len(kept) - 1)):
            strides[k] = strides[k + 1] * sizes[k + 1]
        for piece, found in zip(pieces, layouts, strict=True):
            factors = tuple(
                Factor(size, stride, piece.factors[i].group)
                for i, size, stride in zip(kept, sizes, strides, strict=True)
            )
            found.append(Piece(offset, factors, piece.characters, piece.affine))
        offset += strides[0] * sizes[0] if kept else 1
    first, second = (Layout(offset, tuple(found)) for found in layouts)
    return first, second


def all_alike(one: Sequence[Sequence[Layout[Size]]], two: Sequence[Sequence[Layout[Size]]]) -> bool:
    """Whether two specs cut all axes of all tensors alike."""
    return all(
        x.place == y.place
        for ours, theirs in zip(one, two, strict=True)
        for x, y in zip(ours, theirs, strict=True)
    )
