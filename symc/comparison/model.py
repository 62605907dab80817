"""What a comparison of two specs found, as plain data."""

from __future__ import annotations

from typing import Literal

from symc.ir.model import Model

Relation = Literal["equal", "stronger", "weaker", "incomparable", "undecided"]


class Move(Model):
    """What an element does to a tensor: it moves entries along `axes` (from 0, without the batch
    axis; the one behind the last: items that its whole numbers name), or only changes its sign."""

    tensor: str
    axes: tuple[int, ...]
    sign: bool


class Witness(Model):
    """A symmetry of one spec that the other lacks, an element of its group `group`.

    `sizes`: where the sizes have these values. `cycle`: the items, from 1, that a permutation
    moves, each to the place of the next. `matrix`: what multiplies the natural axis of a rotation
    or reflection, exact fractions as text. `shift`: the vector of a translation. `element`: the
    number of an element of a finite group that acts by tables, as its facts count them. `words`:
    the same for people, as what the element does, `swaps items 1 and 2 of pos`.
    """

    group: str
    kind: Literal["permutation", "rotation", "reflection", "translation", "finite", "nested"]
    sizes: dict[str, int]
    moves: tuple[Move, ...]
    cycle: tuple[int, ...] | None = None
    matrix: tuple[tuple[str, ...], ...] | None = None
    shift: tuple[str, ...] | None = None
    element: int | None = None
    words: str


class Change(Model):
    """Something that differs: `before` in the first spec, `after` in the second; None: absent."""

    what: Literal["size", "group", "input", "output", "order", "stage"]
    name: str
    before: str | None
    after: str | None


class Unpaired(Model):
    """A tensor that was not compared: it stands in spec `a` or `b` alone, or in `both`, where its
    shapes are not seen to agree."""

    tensor: str
    kind: Literal["input", "output"]
    where: Literal["a", "b", "both"]


class Comparison(Model):
    """The symmetry of spec `a` is `relation` that of `b`: equal to it, stronger (a larger group),
    weaker, or incomparable with it; `undecided` where that could not be told, for `reason`.

    It is about `tensors`, which have one name, one kind and one shape in both, where the sizes
    fulfil `conditions`; all others are `not_compared`. `proved_from`: it holds whenever all free
    sizes are at least this number; None: it was only seen at the values `compared`. `exceptions`:
    values where the relation is another one. `only_in_a` and `only_in_b`: a symmetry that the
    other spec lacks.
    """

    a: str
    b: str
    relation: Relation
    reason: str | None
    tensors: tuple[str, ...]
    not_compared: tuple[Unpaired, ...]
    conditions: tuple[str, ...]
    proved_from: int | None
    compared: tuple[dict[str, int], ...]
    exceptions: tuple[tuple[dict[str, int], Relation], ...]
    only_in_a: Witness | None
    only_in_b: Witness | None
    changes: tuple[Change, ...]

    @property
    def same(self) -> bool:
        """Whether both have the same symmetry on all their tensors, not only on some."""
        return self.relation == "equal" and not self.not_compared
