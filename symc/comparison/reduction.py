"""Axes that two specs cut alike, without what makes no difference between them.

Then the two are compared index by index: an index is moved by a group of the first, of the
second, of both or of none. Of a piece, there remain the groups that move its indices and those
whose signs multiply it. Repeated pieces, channels, the order of indices and the places of entries
do not matter, and of a size only its parity does, from 3 on; but sizes stay where a group that acts
by tables moves an index, and wherever its partners there do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from symc.comparison.layout import Factor, Layout, Piece, S, with_sizes
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
            (_owner(f), _owner(g), str(f.size))
            for f, g in zip(ours.factors, theirs.factors, strict=True)
            if f.group or g.group
        ]
        signs = (ours.characters, theirs.characters, ours.affine, theirs.affine)
        kinds.setdefault((tuple(sorted(indices)), signs), (ours, theirs))
    first, second = zip(*kinds.values(), strict=True)
    return replace(one, pieces=first), replace(two, pieces=second)


def _owner(factor: Factor[S]) -> tuple[str, str]:
    """Who moves an index, and how."""
    inside = ", ".join(map(str, factor.arguments))
    return factor.group or "", f"{factor.atom}({inside})"


Names = tuple[frozenset[str], frozenset[str]]


def fixed(one: Sequence[Sequence[Layout[Size]]], two: Sequence[Sequence[Layout[Size]]]) -> Names:
    """Groups of each of two specs, cut alike, whose sizes matter as they are."""
    pairs = set()
    for ours, theirs in zip(one, two, strict=True):
        for x, y in zip(ours, theirs, strict=True):
            for p, q in zip(x.pieces, y.pieces, strict=True):
                for f, g in zip(p.factors, q.factors, strict=True):
                    pairs.add(((f.group, f.atom), (g.group, g.atom)))
    found: Names = (frozenset(), frozenset())
    while True:
        matter = [(a, b) for (a, i), (b, j) in pairs if i or j or a in found[0] or b in found[1]]
        more = frozenset(a for a, _ in matter if a), frozenset(b for _, b in matter if b)
        if more == found:
            return found
        found = more


def reduced(
    one: Layout[Size], two: Layout[Size], number: Callable[[Size], int], kept_sizes: Names
) -> Pair:
    """Both axes, cut alike, each of their pieces a stretch of its own, without channels."""
    layouts: list[list[Piece[int]]] = [[], []]
    offset = 0
    for pieces in zip(one.pieces, two.pieces, strict=True):
        kept = [
            i
            for i, (f, g) in enumerate(zip(*(piece.factors for piece in pieces), strict=True))
            if f.group or g.group
        ]
        sizes = []
        for i in kept:
            owners = pieces[0].factors[i].group, pieces[1].factors[i].group
            size = number(pieces[0].factors[i].size)
            matters = owners[0] in kept_sizes[0] or owners[1] in kept_sizes[1]
            sizes.append(size if matters else small(size))
        strides = [1] * len(kept)
        for k in reversed(range(len(kept) - 1)):
            strides[k] = strides[k + 1] * sizes[k + 1]
        for piece, found in zip(pieces, layouts, strict=True):
            factors = tuple(
                replace(with_sizes(piece.factors[i], number), size=size, stride=stride)
                for i, size, stride in zip(kept, sizes, strides, strict=True)
            )
            found.append(Piece(offset, factors, piece.characters, piece.affine))
        offset += strides[0] * sizes[0] if kept else 1
    first, second = (
        Layout(offset, tuple(found), side.axes, side.folds)
        for found, side in zip(layouts, (one, two), strict=True)
    )
    return first, second


def all_alike(one: Sequence[Sequence[Layout[Size]]], two: Sequence[Sequence[Layout[Size]]]) -> bool:
    """Whether two specs cut all axes of all tensors alike."""
    return all(
        x.place == y.place
        for ours, theirs in zip(one, two, strict=True)
        for x, y in zip(ours, theirs, strict=True)
    )
