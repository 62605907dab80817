"""Finite groups from inside: what elements generate, and what people call it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from typing import TypeVar

from symc.proofs.listing import enumerated
from symc_runtime.groups.finite import Finite

Element = TypeVar("Element", bound=Hashable)
Product = Callable[[Element, Element], Element]

_MOST_LISTED = 4
_MOST_SEARCHED = 64
"""In larger groups only the elements that were found to generate all are looked at."""


def product_of(facts: Finite, parameter: int) -> Callable[[int, int], int]:
    """How elements of a finite group multiply."""
    return lambda left, right: facts.product(parameter, left, right)


def closure(generators: Iterable[Element], one: Element, product: Product[Element]) -> set[Element]:
    """All products of elements of a finite group."""
    return _generated(generators, one, product)[1]


def few(elements: Iterable[Element], one: Element, product: Product[Element]) -> list[Element]:
    """Some of these, the first where there is a choice, of which all others are products."""
    return _generated(elements, one, product)[0]


def _generated(
    elements: Iterable[Element], one: Element, product: Product[Element]
) -> tuple[list[Element], set[Element]]:
    """Generators, each of which at least doubles what those before it generate."""
    chosen: list[Element] = []
    found = {one}
    for element in elements:
        if element in found:
            continue
        chosen.append(element)
        edge = found
        while edge:
            edge = {product(known, generator) for known in edge for generator in chosen} - found
            found = found | edge
    return chosen, found


def kind(elements: Collection[Element], one: Element, product: Product[Element]) -> str | None:
    """`C(2)` or `D(4)`, what a group is like; None where it is neither."""
    order = len(elements)
    generators = few(elements, one, product)
    searched: Iterable[Element] = elements if order <= _MOST_SEARCHED else generators
    for element in searched:
        powers = len(closure([element], one, product))
        if powers == order:
            return f"C({order})"
    for turn in searched:
        if 2 * len(turns := closure([turn], one, product)) != order:
            continue
        for flip in searched:
            moved = product(product(flip, turn), flip)
            if flip not in turns and product(flip, flip) == one and product(moved, turn) == one:
                return f"D({order // 2})"
    return None


def named(facts: Finite, parameter: int, elements: Sequence[int]) -> tuple[str, str]:
    """A subgroup: its name, or how many elements, and which these are in words."""
    order = len(elements)
    if order == 1:
        return "trivial", "only the identity"
    if order == facts.order(parameter):
        return facts.called(parameter), "every element"
    product = product_of(facts, parameter)
    generators = few(elements, 0, product)
    chosen = elements if order <= _MOST_LISTED else generators
    written = [facts.named(parameter, element) if element else "1" for element in chosen]
    listed = enumerated(written)
    if order > _MOST_LISTED:
        listed = f"the {'powers' if len(generators) == 1 else 'products'} of {listed}"
    return kind(elements, 0, product) or f"{order} elements", listed


def quotient(facts: Finite, parameter: int, still: Collection[int]) -> str | None:
    """What the group is like if all elements of a normal subgroup count as the identity."""
    product = product_of(facts, parameter)
    first: dict[int, int] = {}
    for element in facts.every(parameter):
        if element not in first:
            for one in still:
                first[product(element, one)] = element
    return kind(list(dict.fromkeys(first.values())), 0, lambda a, b: first[product(a, b)])
