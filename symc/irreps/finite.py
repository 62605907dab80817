"""Irreducible representations of finite groups, by characters.

A group's own atoms, and products of them with those of one dimension, are looked through for those
that no subspace cuts. They are all of them if the squares of their dimensions, over 1, 2 or 4 by
their type, sum up to the number of elements (Serre, Linear Representations of Finite Groups, 2.4
and 13.2).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from symc.irreps.irreducible import Irreducible, Powers
from symc.proofs.tables import Table, traces
from symc_runtime.groups.finite import Finite

_MOST = 1 << 13
"""So many values of characters are looked at for one group."""

_NEAR = 1e-6

Character = tuple[float, ...]


@dataclass(frozen=True)
class _Kind:
    """`type`: the dimension of what commutes with it, 1, 2 (complex) or 4 (quaternionic)."""

    irreducible: Irreducible
    character: Character
    type: int


@lru_cache(maxsize=256)
def powers(facts: Finite, parameter: int, tables: tuple[Table, ...]) -> Powers | None:
    """The product of these axes; None where one is of open size, or the group has no rule."""
    kinds = _kinds(facts, parameter)
    if kinds is None:
        return None
    character = (1.0,) * len(facts.every(parameter))
    for table in tables:
        found = traces(facts, parameter, table)
        values = [value for value in found.values if value is not None]
        if found.size is None or len(values) < len(character):
            return None
        character = tuple(a * b for a, b in zip(character, values, strict=True))
    terms: dict[Irreducible, int] = {}
    for kind in kinds:
        mean = _mean(character, kind.character) / kind.type
        if abs(mean - round(mean)) > _NEAR * max(1.0, character[0]):
            return None
        if round(mean):
            terms[kind.irreducible] = round(mean)
    return Powers(terms)


@lru_cache(maxsize=64)
def _kinds(facts: Finite, parameter: int) -> tuple[_Kind, ...] | None:
    """All irreducible ones, the trivial one first; None if they are not all found."""
    order = facts.order(parameter)
    if order is None or order * sum(1 for _ in _atoms(facts, parameter)) > _MOST:
        return None
    found = [_Kind(Irreducible("trivial", trivial=True), (1.0,) * order, 1)]
    left = order - 1
    for name, character in _candidates(facts, parameter):
        if not left:
            break
        kind = _type(facts, parameter, character)
        if kind is None or any(_mean(character, one.character) > _NEAR for one in found):
            continue
        label = Irreducible(name, complex_type=kind > 1)
        found.append(_Kind(label, character, kind))
        left -= round(character[0]) ** 2 // kind
    return None if left else tuple(found)


def _candidates(facts: Finite, parameter: int) -> Iterator[tuple[str, Character]]:
    """The atoms, then those of one dimension times each other one."""
    named: list[tuple[str, Character]] = []
    for name, table in _atoms(facts, parameter):
        values = traces(facts, parameter, table).values
        named.append((name, tuple(0.0 if value is None else value for value in values)))
    yield from named
    for first, one in named:
        if one[0] == 1:
            for second, other in named:
                yield f"{first}*{second}", tuple(a * b for a, b in zip(one, other, strict=True))


def _atoms(facts: Finite, parameter: int) -> Iterator[tuple[str, Table]]:
    """Those with brackets first, `irrep(2)`: where they are all, the others are among them."""
    for name, atom in sorted(facts.atoms.items(), key=lambda item: not item[1].arguments):
        if atom.axis != "table":
            continue
        for arguments in facts.choices(name, parameter):
            inside = ", ".join(map(str, arguments))
            yield (f"{name}({inside})" if inside else name), Table(name, arguments)


def _mean(first: Character, second: Character) -> float:
    return sum(a * b for a, b in zip(first, second, strict=True)) / len(first)


def _type(facts: Finite, parameter: int, character: Character) -> int | None:
    """1, 2 or 4; None of what falls into parts.

    The norm counts what commutes. Two parts may count as many as one complex or quaternionic
    plane, but the mean over squares is the number of parts, and zero or less of these.
    """
    norm = round(_mean(character, character))
    squares = [character[facts.product(parameter, g, g)] for g in facts.every(parameter)]
    parts = round(sum(squares) / len(squares))
    return {(1, 1): 1, (2, 0): 2, (4, -2): 4}.get((norm, parts))
