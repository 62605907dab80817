"""Elements of one factor of a symmetry, and elements that generate it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from symc.comparison.layout import Factor
from symc.comparison.sparse import ONE, Rows, identity, odd
from symc.comparison.tables import matrix
from symc_runtime.groups.family import Family, Parameter
from symc_runtime.groups.finite import Finite
from symc_runtime.groups.wreath import Wreath

Kind = Literal["permutation", "rotation", "reflection", "translation", "finite", "nested"]

# cos and sin of an angle that is no rational part of a turn (Niven): its multiples are dense.
_DENSE = (Fraction(3, 5), Fraction(4, 5))
_WRITTEN = 64
_QUARTER = (Fraction(0), ONE)


@dataclass(frozen=True)
class Element:
    """An element of `group`, a group instance, that is the identity in all other factors.

    `matrix`: what multiplies a natural axis, None for a translation. `odd`: whether the group's
    sign (of the permutation, of the determinant) is -1. `shift`: the translation's vector, its
    entries other than 0. A finite one is known by the `facts` of its group and its `number`, and
    has a matrix for each representation; so has one of blocks of items, known by the `index` of all
    items.
    """

    group: str
    kind: Kind
    size: Parameter
    matrix: Rows | None = None
    odd: bool = False
    shift: tuple[tuple[int, Fraction], ...] = ()
    facts: Finite | None = None
    number: int = 0
    index: tuple[int, ...] = ()

    def on(self, factor: Factor[int]) -> Rows | None:
        """What it does along an index; None where it does nothing."""
        if factor.group != self.group:
            return None
        if factor.atom is None:
            return self.matrix
        if self.index:
            return rows_of(self.index_on(factor.atom))
        if self.facts is None:
            return self.matrix
        return matrix(self.facts, self.size, (factor.atom, factor.arguments), self.number)[1]

    def index_on(self, atom: str) -> tuple[int, ...]:
        """Where an element of blocks of items takes these, or the blocks."""
        if atom == "natural":
            return self.index
        m, n = self.size
        return tuple(self.index[i * m] // m for i in range(n))

    @property
    def called(self) -> str:
        """How a finite one is written."""
        return "" if self.facts is None else self.facts.named(self.size, self.number)


def permutation(group: str, images: tuple[int, ...]) -> Element:
    """The permutation that moves item j to place `images[j]`: P[images[j], j] = 1."""
    return Element(group, "permutation", len(images), rows_of(images), odd(images))


def rows_of(images: tuple[int, ...]) -> Rows:
    """The matrix that moves item j to place `images[j]`."""
    rows: Rows = [{} for _ in images]
    for j, image in enumerate(images):
        rows[image][j] = ONE
    return rows


def rotation(
    group: str, size: int, plane: int, turn: tuple[Fraction, Fraction] = _QUARTER
) -> Element:
    """A turn from coordinate `plane` to the next; `turn`: cosine and sine, a quarter by default."""
    rows = identity(size)
    cosine, sine = turn
    i, j = plane, plane + 1
    rows[i] = {k: v for k, v in ((i, cosine), (j, -sine)) if v}
    rows[j] = {k: v for k, v in ((i, sine), (j, cosine)) if v}
    return Element(group, "rotation", size, rows)


def reflection(group: str, size: int, place: int = 0) -> Element:
    """One coordinate changes its sign, the first by default."""
    rows = identity(size)
    rows[place] = {place: -ONE}
    return Element(group, "reflection", size, rows, odd=True)


def translation(group: str, size: int, axis: int) -> Element:
    """By 1 along coordinate `axis`."""
    return Element(group, "translation", size, shift=((axis, ONE),))


def generators(group: str, facts: Family, size: Parameter, few: bool = False) -> Iterator[Element]:
    """Elements that generate a dense subgroup, translations up to multiples.

    Plane rotations through consecutive pairs of axes generate SO(d); one by an angle that is no
    rational part of a turn generates a dense part of its plane's. A quarter turn comes first, as
    it reads better where it suffices to tell two groups apart. `few`: one element of each kind,
    which is enough where its conjugates behave alike.
    """
    if isinstance(facts, Finite):
        for number in facts.generators(size):
            yield Element(group, "finite", size, facts=facts, number=number)
        return
    if isinstance(facts, Wreath):
        for index in facts.generators(size):
            yield Element(group, "nested", size, index=index)
        return
    if facts.permutes:
        if size >= 2:
            yield permutation(group, (1, 0, *range(2, size)))
        if size >= 3 and not few:
            yield permutation(group, (*range(1, size), 0))
        return
    if facts.flips:
        for place in range(1 if few else size):
            yield reflection(group, size, place)
    if facts.turns:
        if not facts.special:
            yield reflection(group, size)
        planes = range(min(size - 1, 1) if few else size - 1)
        for plane in planes:
            yield rotation(group, size, plane)
        for plane in planes:
            yield rotation(group, size, plane, _DENSE)
    if facts.shifts:
        for axis in range(1 if few else size):
            yield translation(group, size, axis)


def true_size(element: Element, facts: Family, size: Parameter) -> Element:
    """The element that was found at a smaller size; above _WRITTEN with a part of its matrix."""
    if element.size == size:
        return element
    if isinstance(size, tuple) or size > _WRITTEN:
        return replace(element, size=size)
    small = list(generators(element.group, facts, element.size, few=True))
    return list(generators(element.group, facts, size, few=True))[small.index(element)]
