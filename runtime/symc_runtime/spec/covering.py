"""Finite groups as others see them: a net that is invariant to more is invariant to them.

Nets know permutations and orthogonal matrices. What an element of a finite group does to an axis is
one of these, so a net of another stage takes each such axis for one that all permutations move, or
all orthogonal matrices, apart from every other axis.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from symc_runtime.groups.finite import Finite, Items
from symc_runtime.spec.layout import (
    Alt,
    Group,
    Joint,
    Natural,
    Product,
    Representation,
    Sum,
    Sym,
    Table,
    Tensor,
    Trivial,
)
from symc_runtime.spec.polynomials import evaluate


class Covered(NamedTuple):
    """Declarations without tables: the inputs, all groups, and what the names of some became.

    `parts`: what each representation of each of these became, by the names of both.
    """

    inputs: tuple[Tensor, ...]
    groups: tuple[Group, ...]
    names: Mapping[str, tuple[str, ...]]
    parts: Mapping[tuple[str, str], Group]

    def named(self, groups: tuple[str, ...]) -> tuple[str, ...]:
        """The groups that these became, in their order."""
        return tuple([name for group in groups for name in self.names.get(group, (group,))])


def covered(
    inputs: tuple[Tensor, ...],
    groups: tuple[Group, ...],
    own: str,
    sizes: Mapping[str, int] | None = None,
) -> Covered:
    """The inputs as a net of the group `own` reads them.

    If that is a finite group its axes become channels: the net sees one pose. Those of every other
    finite group become items, or coordinates, of a group of their own for each representation; so
    do the items and the blocks of a group that nests, its own net's too.
    """
    finite = {group.name: group for group in groups if group.tabled or group.nests}
    if not finite:
        return Covered(inputs, groups, {}, {})
    taken = {group.name for group in groups}
    found: dict[tuple[str, str], Group] = {}

    def cover(value: Representation) -> Representation:
        if isinstance(value, Table):
            if value.group == own and not finite[own].nests:
                return Trivial(value.size)
            key = value.group, value.called
            if key not in found:
                name = "".join([c if c.isalnum() else "_" for c in f"{value.group}_{value.called}"])
                while name in taken:
                    name += "_"
                taken.add(name)
                family = "S" if _permutes(finite[value.group], value, sizes or {}) else "O"
                found[key] = Group(name, family, value.size)
            return Natural(found[key].name, value.size)
        if isinstance(value, Joint):
            return Joint(value.sizes, cover(value.carried))
        if isinstance(value, Product):
            return Product(tuple([cover(factor) for factor in value.factors]))
        if isinstance(value, Sum):
            return Sum(tuple([cover(term) for term in value.terms]))
        if isinstance(value, (Sym, Alt)):
            return replace(value, carried=cover(value.carried))
        return value

    plain = tuple([replace(t, axes=tuple([cover(axis) for axis in t.axes])) for t in inputs])
    others = tuple([group for group in groups if group.name not in finite or group.name == own])
    names = {
        name: tuple([group.name for (of, _), group in found.items() if of == name])
        for name in finite
        if name != own or finite[own].nests
    }
    return Covered(plain, (*others, *found.values()), names, found)


def _permutes(group: Group, value: Table, sizes: Mapping[str, int]) -> bool:
    """Whether the elements only put entries elsewhere."""
    facts = group.facts
    if group.nests:
        return True
    if not isinstance(facts, Finite):
        raise TypeError(f"{group} has no tables")
    if facts.atoms[value.atom].axis == "grid":
        return True
    parameter = evaluate(group.parameter, sizes)
    arguments = tuple([evaluate(argument, sizes) for argument in value.arguments])
    for element in (0, *facts.generators(parameter)):
        image = facts.image(value.atom, arguments, parameter, element)
        if not isinstance(image, Items) or min(image.signs) < 0:
            return False
    return True
