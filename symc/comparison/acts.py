"""What an element of a finite group does to a tensor, in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import product

from symc.comparison.elements import Element
from symc.comparison.layout import Factor, Layout, with_sizes
from symc.comparison.sparse import Rows, is_identity
from symc.comparison.tables import angle, matrix, negated
from symc.comparison.tables import cycles as items_around
from symc.ir.sizes import Size
from symc_runtime.groups.finite import Items
from symc_runtime.groups.grids import cycles, quarter_turns

_LONGEST_CYCLE = 12
_MOST_CYCLES = 4


def moving(
    element: Element, axis: Layout[Size], size: Callable[[Size], int]
) -> list[tuple[Factor[int], Rows]]:
    """The indices of an axis that it moves, or changes the sign of, and by what."""
    found = []
    for piece in axis.pieces:
        for factor in piece.factors:
            if factor.group == element.group and factor.atom is not None:
                numbered = with_sizes(factor, size)
                rows = element.on(numbered)
                if rows is not None and not is_identity(rows):
                    found.append((numbered, rows))
    return found


def acts(element: Element, axis: Layout[Size], size: Callable[[Size], int]) -> list[str]:
    """What it does along an axis: `turns {} by 90 degrees`, the tensor in place of the braces."""
    found = [_along(element, factor, rows) for factor, rows in moving(element, axis, size)]
    return list(dict.fromkeys(found))


def _along(element: Element, factor: Factor[int], rows: Rows) -> str:
    facts = element.facts
    if factor.atom is None or facts is None:
        return "moves {}"
    if facts.atoms[factor.atom].axis == "grid":
        return _grid(facts.axes_of(element.size, element.number))
    name = factor.atom, factor.arguments
    index, _ = matrix(facts, element.size, name, element.number)
    signs = {value for row in rows for value in row.values()}
    if len(rows) == 2 and factor.atom != facts.bare:
        return _plane(rows)
    if index and signs == {1}:
        return _items(items_around(index))
    changed = negated(rows) if index else []
    if changed:
        if len(changed) == len(rows):
            return "changes the sign of {}"
        items = [str(item + 1) for item in changed]
        many = "items" if len(items) > 1 else "item"
        return f"changes the sign of {many} {_and(items)} of {{}}"
    return "moves {}"


def _grid(axes: Items) -> str:
    """What becomes of an image, of voxels, of a sequence."""
    count = len(axes.index)
    if count == 2:
        for quarters, flipped in product(range(4), (False, True)):
            if quarter_turns(quarters, flipped) == axes:
                return _image(quarters, flipped)
    around = [cycle for cycle, _ in cycles(axes) if len(cycle) > 1]
    back = [i + 1 for i, sign in enumerate(axes.signs) if sign < 0]
    if count == 1:
        return "reverses {}"
    if not around:
        return (
            f"flips {{}} along {'axis' if len(back) == 1 else 'axes'} {_and(list(map(str, back)))}"
        )
    swaps = sum(len(cycle) - 1 for cycle in around)
    if (swaps + len(back)) % 2 == 0:
        return "turns {}"
    return "turns and reflects {}" if back else "exchanges axes of {}"


def _image(quarters: int, flipped: bool) -> str:
    turn = f"turns {{}} by {quarters % 4 * 90} degrees" if quarters % 4 else ""
    if not flipped:
        return turn
    return f"{turn} after a flip" if turn else "flips {}"


def _plane(rows: Rows) -> str:
    part = angle(rows)
    if part is None:
        return "reflects {}"
    degrees = part * 360
    if degrees.denominator == 1:
        return f"turns {{}} by {degrees} degrees"
    return f"turns {{}} by {_fraction(part)} of a turn"


def _fraction(part: Fraction) -> str:
    return f"{part.numerator}/{part.denominator}"


def _items(found: Sequence[Sequence[int]]) -> str:
    if len(found) == 1:
        cycle = [str(item) for item in found[0]]
        if len(cycle) == 2:
            return f"swaps items {cycle[0]} and {cycle[1]} of {{}}"
        if len(cycle) > _LONGEST_CYCLE:
            cycle = [*cycle[:3], "...", cycle[-1]]
        return f"moves items {' -> '.join([*cycle, cycle[0]])} of {{}}"
    written = [f"({' '.join(map(str, cycle))})" for cycle in found[:_MOST_CYCLES]]
    more = " ..." if len(found) > _MOST_CYCLES else ""
    return f"moves items {''.join(written)}{more} of {{}}"


def _and(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
