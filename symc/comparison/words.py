"""An element that tells two symmetries apart, in words and numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import assert_never

from symc.comparison.acts import acts, moving
from symc.comparison.elements import Element
from symc.comparison.layout import Layout
from symc.comparison.model import Move, Witness
from symc.comparison.tables import cycles
from symc.ir.sizes import Size

_LONGEST_CYCLE = 12
_LARGEST_MATRIX = 12


def witness(
    element: Element,
    sizes: Mapping[str, int],
    names: Sequence[str],
    tensors: Sequence[Sequence[Layout[Size]]],
    size: Callable[[Size], int],
) -> Witness:
    """What is to be said of an element that moves tensors with these names and axes.

    `size`: the number that a size is where the element was found.
    """
    moves = []
    kept = []
    for name, axes in zip(names, tensors, strict=True):
        moved = tuple(i for i, axis in enumerate(axes) if _moves(element, axis, size))
        odd = [axis for axis in axes if not axis.even]
        sign = element.odd and any(element.group in _characters(axis) for axis in odd)
        if moved or sign:
            moves.append(Move(tensor=name, axes=moved, sign=sign))
        elif any(str(axis.length) in _lengths(element, tensors, size) for axis in axes):
            kept.append(name)
    named = dict(zip(names, tensors, strict=True))
    small = isinstance(element.size, int) and element.size <= _LARGEST_MATRIX
    permutation = element.kind == "permutation"
    shift = dict(element.shift)
    return Witness(
        group=element.group,
        kind=element.kind,
        sizes=dict(sizes),
        moves=tuple(
            one.model_copy(update={"axes": _numbered(one, named[one.tensor])}) for one in moves
        ),
        cycle=_cycle(element) if permutation else None,
        matrix=_matrix(element) if element.matrix and not permutation and small else None,
        shift=tuple(str(shift.get(i, Fraction(0))) for i in range(element.size)) if shift else None,
        element=element.number if element.kind == "finite" else None,
        words=_words(element, moves, kept, named, size),
    )


def _numbered(move: Move, axes: Sequence[Layout[Size]]) -> tuple[int, ...]:
    """The axes of the tensor, of which several may be one here."""
    return tuple(number for i in move.axes for number in axes[i].axes)


def _moves(element: Element, axis: Layout[Size], size: Callable[[Size], int]) -> bool:
    if element.kind in ("finite", "nested"):
        return bool(moving(element, axis, size))
    if element.kind == "translation":
        return any(piece.affine == element.group for piece in axis.pieces)
    return any(f.group == element.group for piece in axis.pieces for f in piece.factors)


def _characters(axis: Layout[Size]) -> frozenset[str]:
    return frozenset().union(*(piece.characters for piece in axis.pieces))


def _lengths(
    element: Element, tensors: Sequence[Sequence[Layout[Size]]], size: Callable[[Size], int]
) -> set[str]:
    """The lengths of axes that the element moves, as text."""
    return {str(axis.length) for axes in tensors for axis in axes if _moves(element, axis, size)}


def _cycle(element: Element) -> tuple[int, ...]:
    """The one cycle of a generator, items from 1."""
    images = {next(iter(row)): i for i, row in enumerate(element.matrix or ())}
    start = min((j for j, image in images.items() if j != image), default=0)
    cycle = [start]
    while images[cycle[-1]] != start:
        cycle.append(images[cycle[-1]])
    return tuple(item + 1 for item in cycle)


def _matrix(element: Element) -> tuple[tuple[str, ...], ...]:
    rows = element.matrix or []
    return tuple(tuple(str(row.get(j, Fraction(0))) for j in range(element.size)) for row in rows)


def _words(
    element: Element,
    moves: Sequence[Move],
    kept: Sequence[str],
    tensors: Mapping[str, Sequence[Layout[Size]]],
    size: Callable[[Size], int],
) -> str:
    if element.kind == "finite":
        return _words_of_finite(element, moves, kept, tensors, size)
    places = [_place(element, move, tensors[move.tensor]) for move in moves if move.axes]
    signs = [move.tensor for move in moves if move.sign and not move.axes]
    also = [move.tensor for move in moves if move.sign and move.axes]
    parts = []
    if places:
        alone = bool(kept) and len(places) == 1 and not signs
        parts.append(_act(element, listed(places) + (" alone" if alone else "")))
        if kept and not alone:
            parts[0] += f", not {listed(quoted(kept))}"
    if signs:
        parts.append(f"changes the sign of {listed(quoted(signs))}")
    text = " and ".join(parts)
    if also:
        text += f", with a change of the sign of {listed(quoted(also))}"
    return text if places else f"{text} ({_origin(element)})"


def _words_of_finite(
    element: Element,
    moves: Sequence[Move],
    kept: Sequence[str],
    tensors: Mapping[str, Sequence[Layout[Size]]],
    size: Callable[[Size], int],
) -> str:
    """`(r) turns `img` by 90 degrees and moves items 1 -> 2 -> 3 -> 1 of `x``."""
    places: dict[str, dict[str, None]] = {}
    for move in moves:
        for act, axes in _by_act(element, move, tensors[move.tensor], size).items():
            only = move.model_copy(update={"axes": tuple(axes)})
            place = _place(element, only, tensors[move.tensor])
            places.setdefault(act, {})[place] = None
    parts = [act.format(listed(list(where))) for act, where in places.items()]
    text = f"({element.called}) {listed(parts)}"
    return f"{text}, not {listed(quoted(kept))}" if kept else text


def _by_act(
    element: Element, move: Move, axes: Sequence[Layout[Size]], size: Callable[[Size], int]
) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for i in move.axes:
        for act in acts(element, axes[i], size):
            found.setdefault(act, []).append(i)
    return found


def _act(element: Element, places: str) -> str:
    match element.kind:
        case "permutation":
            cycle = _cycle(element)
            if len(cycle) == 2:
                return f"swaps items {cycle[0]} and {cycle[1]} of {places}"
            items = [str(item) for item in cycle]
            if len(items) > _LONGEST_CYCLE:
                items[3:-1] = ["..."]
            return f"moves items {' -> '.join([*items, items[0]])} of {places}"
        case "translation":
            (along, _), *_ = element.shift
            return f"moves {places} by 1 along e{along + 1}"
        case "reflection":
            (axis,) = _changed(element)
            return f"reflects e{axis + 1} of {places}"
        case "rotation":
            first, second = _changed(element)
            cosine = (element.matrix or [])[first].get(first, Fraction(0))
            angle = "90 degrees" if not cosine else f"the angle with cosine {cosine}"
            return f"turns {places} by {angle} from e{first + 1} to e{second + 1}"
        case "nested":
            return f"{_nested(element)} of {places}"
        case "finite":
            return f"moves {places}"
        case _ as never:
            assert_never(never)


def _nested(element: Element) -> str:
    """Of a generator of blocks of items: either the blocks move, or items of the first."""
    blocks = element.index_on("blocks")
    of_blocks = blocks != tuple(range(len(blocks)))
    (cycle,) = cycles(blocks if of_blocks else element.index)
    what, inside = ("blocks", "") if of_blocks else ("items", " in the first block")
    if len(cycle) == 2:
        return f"swaps {what} {cycle[0]} and {cycle[1]}{inside}"
    items = [str(item) for item in cycle]
    if len(items) > _LONGEST_CYCLE:
        items[3:-1] = ["..."]
    return f"moves {what} {' -> '.join([*items, items[0]])}{inside}"


def _changed(element: Element) -> list[int]:
    """The coordinates whose row of the matrix is not that of the identity."""
    return [i for i, row in enumerate(element.matrix or []) if row != {i: 1}]


def _origin(element: Element) -> str:
    match element.kind:
        case "permutation":
            return f"an odd permutation of `{element.group}`"
        case "reflection":
            return f"a reflection of `{element.group}`"
        case "rotation" | "translation" | "finite" | "nested":
            return f"`{element.group}`"
        case _ as never:
            assert_never(never)


def _place(element: Element, move: Move, axes: Sequence[Layout[Size]]) -> str:
    """A tensor, with its axes where others could be meant."""
    lengths = [str(axis.length) for axis in axes]
    unclear = any(
        i not in move.axes and (lengths[i] in {lengths[j] for j in move.axes})
        for i in range(len(axes))
    )
    if not unclear:
        return f"`{move.tensor}`"
    numbers = _numbered(move, axes)
    listing = " and ".join(str(axis) for axis in numbers)
    return f"`{move.tensor}` ({'axis' if len(numbers) == 1 else 'axes'} {listing})"


def quoted(names: Sequence[str]) -> list[str]:
    """Names of a spec, told from words: `x` is a tensor, e1 a coordinate."""
    return [f"`{name}`" for name in names]


def listed(names: Sequence[str]) -> str:
    """`a, b and c`; of more than five the first four and how many more."""
    if len(names) > 5:
        names = [*names[:4], f"{len(names) - 4} more"]
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
