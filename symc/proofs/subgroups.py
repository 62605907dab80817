"""Subgroups of finite groups: what elements generate, and what people call it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

from symc_runtime.groups.finite import Finite

Element = TypeVar("Element", bound=Hashable)

_MOST_LISTED = 4
_MOST_SEARCHED = 64
"""In larger groups no element is looked for that generates all."""


def closure(
    generators: Iterable[Element], one: Element, product: Callable[[Element, Element], Element]
) -> set[Element]:
    """All products of elements of a finite group."""
    chosen = list(generators)
    found, edge = {one}, [one]
    while edge:
        reached = {product(known, generator) for known in edge for generator in chosen}
        edge = list(reached - found)
        found |= reached
    return found


def few(
    elements: Iterable[Element], one: Element, product: Callable[[Element, Element], Element]
) -> list[Element]:
    """Some of these, the first where there is a choice, of which all others are products."""
    chosen: list[Element] = []
    found = {one}
    for element in elements:
        if element not in found:
            chosen.append(element)
            found = closure(chosen, one, product)
    return chosen


def generated(facts: Finite, parameter: int, elements: Iterable[int]) -> set[int]:
    """The subgroup that these generate."""

    def product(left: int, right: int) -> int:
        return facts.product(parameter, left, right)

    return closure(few(elements, 0, product), 0, product)


def named(facts: Finite, parameter: int, elements: Sequence[int]) -> tuple[str, str]:
    """A subgroup: its name, `C(2)`, `D(4)` or how many elements, and which these are in words."""
    order = len(elements)
    if order == 1:
        return "trivial", "only the identity"
    if order == facts.order(parameter):
        return f"{facts.name}({parameter})", "every element"

    def product(left: int, right: int) -> int:
        return facts.product(parameter, left, right)

    generators = few(elements, 0, product)
    text = f"{order} elements"
    if len(generators) == 1 or _is_cyclic(facts, parameter, elements):
        text = f"C({order})"
    elif len(generators) == 2 and _is_dihedral(facts, parameter, order, generators):
        text = f"D({order // 2})"
    chosen = elements if order <= _MOST_LISTED else generators
    written = [facts.written(parameter, element) for element in chosen]
    listed = " and ".join([", ".join(written[:-1]), written[-1]] if len(written) > 1 else written)
    if order <= _MOST_LISTED:
        return text, listed
    return text, f"the {'powers' if len(generators) == 1 else 'products'} of {listed}"


def _is_cyclic(facts: Finite, parameter: int, elements: Sequence[int]) -> bool:
    order = len(elements)
    return order <= _MOST_SEARCHED and any(
        len(generated(facts, parameter, [element])) == order for element in elements
    )


def _is_dihedral(facts: Finite, parameter: int, order: int, generators: Sequence[int]) -> bool:
    """Whether one of the two, of order 2, inverts the other, whose powers are half of all."""
    for turn, flip in (generators, generators[::-1]):
        turns = generated(facts, parameter, [turn])
        moved = facts.product(parameter, facts.product(parameter, flip, turn), flip)
        if (
            2 * len(turns) == order
            and facts.product(parameter, flip, flip) == 0
            and moved == facts.inverse(parameter, turn)
        ):
            return True
    return False
