"""Finite groups by tables: the elements that are a sign on every axis of the inputs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import fsum, prod

from symc.proofs import parity
from symc.proofs.action import Action
from symc.proofs.factors.factor import Factor, Setting
from symc.proofs.listing import enumerated
from symc.proofs.ranges import Range
from symc.proofs.records import Stabilizer
from symc.proofs.subgroups import closure, named
from symc.proofs.tables import LARGEST, Table, Traces, lists_items, traces
from symc_runtime.groups.family import Family
from symc_runtime.groups.finite import Finite as Facts

_NEAR = 1e-6
_MOST_NUMBERS = 2**26
"""Of a block of so many, a mean of traces is wrong by less than _NEAR.

A trace of a plane is wrong by less than 3e-16 of its size, so a product of 26 at most, rounded as
often, is by less than 1e-6; all else is whole numbers.
"""


class Finite(Factor):
    """The elements that act by 1 or -1 on each axis of the inputs, numbered by parities.

    Others do move a generic input, whatever the other groups do: these are orthogonal, so an input
    that an element and they leave alone has a Gram matrix that the element leaves alone; generic
    Gram matrices commute with signs only. Two points have one difference, which their exchange
    negates.

    Modulo squares these elements are sums of parities, of which every sign is a linear form. On
    what the elements of one coset fix all of them are one involution, so that their mean trace is
    a whole number: those of planes, which are floats, are rounded to it.
    """

    elements = frozenset({"finite"})

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        if not isinstance(setting.facts, Facts):
            raise TypeError(f"{setting.group.family} has no tables")
        self.facts = setting.facts
        self.parameter = setting.parameters[self.name].low
        cells = [cell for cell in setting.cells if not cell.labels]
        true = _tables(table for cell in cells for table in cell.tables[self.name])
        every = _tables(table for cell in setting.cells for table in cell.tables[self.name])
        self.fixing = [g for g in self.facts.every(self.parameter) if self._is_sign(g, every)]
        # Labels repeat, and an image of open size may be one of few entries.
        possible = [g for g in self.facts.every(self.parameter) if self._may_be_sign(g, true)]
        self.exact = len(possible) == len(self.fixing)
        self.basis: dict[int, int] = {}
        self.cosets = self._numbered(setting)
        self.variables = sum(self.basis)
        self._rigid: dict[Action, bool] = {}

    @classmethod
    def reaches(cls, facts: Family, parameter: Range) -> bool:
        """Where the elements are few enough to be gone through."""
        order = None if parameter.value is None else facts.order(parameter.value)
        return order is not None and order <= LARGEST

    def traces(self, table: Table) -> Traces:
        """Of all elements."""
        return traces(self.facts, self.parameter, table)

    def lists(self, table: Table) -> bool:
        """Whether elements only put its entries elsewhere."""
        return lists_items(self.facts, self.parameter, table)

    def _is_sign(self, element: int, tables: Iterable[Table]) -> bool:
        return all(self.traces(table).sign(element) for table in tables)

    def _may_be_sign(self, element: int, tables: Iterable[Table]) -> bool:
        return all(self.traces(table).sign(element) != 0 for table in tables)

    def _numbered(self, setting: Setting) -> dict[int, list[int]]:
        """The fixing elements by parities; `basis` gets an element for each of these."""
        squares = {self.times(g, g) for g in self.fixing}
        numbers = dict.fromkeys(closure(squares, 0, self.times), 0)
        for element in self.fixing:
            if element in numbers:
                continue
            variable = setting.variable()
            self.basis[variable] = element
            numbers |= {
                self.times(known, element): point | variable for known, point in numbers.items()
            }
        cosets: dict[int, list[int]] = {}
        for element, point in sorted(numbers.items()):
            cosets.setdefault(point, []).append(element)
        return cosets

    def form(self, action: Action) -> int:
        """The parities whose elements negate an odd number of the axes."""
        return sum(
            variable for variable, element in self.basis.items() if self.sign(action, element) < 0
        )

    def rigid(self, action: Action) -> bool:
        """Where every one of the elements is a sign on each axis."""
        if action not in self._rigid:
            tables = _tables(action.tables)
            self._rigid[action] = all(self._is_sign(g, tables) for g in self.fixing)
        return self._rigid[action]

    def share(self, action: Action, point: int) -> Fraction | None:
        """By traces; those of an axis of open size are known where it stays as it is."""
        elements = self.coset(point)
        known = []
        for table in action.tables:
            found = self.traces(table)
            if all(found.sign(element) == 1 for element in elements):
                continue
            if found.size is None or any(found.values[element] is None for element in elements):
                return None
            known.append(found)
        size = prod(found.size or 1 for found in known)
        if size > _MOST_NUMBERS:
            return None
        total = fsum(prod(found.values[g] or 0 for found in known) for g in elements)
        mean = total / len(elements)
        whole = round(mean)
        return Fraction(whole, size) if abs(mean - whole) < _NEAR else None

    def sign(self, action: Action, element: int) -> int:
        """By which sign an element acts on all axes together; 0 where it is none, or not known."""
        return prod(self.traces(table).sign(element) or 0 for table in action.tables)

    def trace(self, action: Action, element: int) -> float:
        """On all axes together; 0 where an axis is of open size."""
        return prod(self.traces(table).values[element] or 0 for table in action.tables)

    def coset(self, point: int) -> list[int]:
        """The elements that a point numbers."""
        return self.cosets[point & self.variables]

    def times(self, left: int, right: int) -> int:
        """A product of elements."""
        return self.facts.product(self.parameter, left, right)

    @property
    def telling(self) -> str | None:
        """An axis that tells all elements apart, as a spec has it; None if none does alone."""
        for name, atom in self.facts.atoms.items():
            if atom.axis != "table" or atom.arguments:
                continue
            found = self.traces(Table(name))
            every = self.facts.every(self.parameter)
            if all(found.sign(element) in (0, -1) for element in every[1:]):
                bare = name == self.facts.bare
                return f"{found.size}: {self.name}{'' if bare else f'.{name}'}"
        return None

    def subgroup(self, points: Sequence[int]) -> list[int]:
        """All elements of the cosets that these span."""
        own = parity.reduced(point & self.variables for point in points)
        return sorted(element for point in parity.span(own) for element in self.cosets[point])

    def alone(self, points: Sequence[int]) -> Stabilizer:
        """By name, and the elements in words."""
        text, words = named(self.facts, self.parameter, self.subgroup(points))
        return Stabilizer(text=text, dimension=0, words=words, exact=self.exact)

    def element(self, point: int) -> str | None:
        """The first element of the coset."""
        element = self.coset(point)[0]
        return self.called(element) if element else None

    def called(self, *elements: int) -> str:
        """Elements in words, `r^2 and s of `G``."""
        written = [self.facts.named(self.parameter, element) for element in elements]
        return f"{enumerated(written)} of `{self.name}`"


def _tables(tables: Iterable[Table]) -> tuple[Table, ...]:
    return tuple(dict.fromkeys(tables))
