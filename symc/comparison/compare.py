"""Two programs side by side: one symmetry within the other, at every value of the sizes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Literal

from symc.comparison.changes import changes
from symc.comparison.elements import Element, generators, true_size
from symc.comparison.layout import (
    Layout,
    cut_alike,
    items_of,
    layouts,
    number,
    resized,
    unmoved,
)
from symc.comparison.membership import LARGEST, Factor, Symmetry, TooLargeError, preimage
from symc.comparison.model import Comparison, Relation, Unpaired, Witness
from symc.comparison.reduction import all_alike, distinct, fixed, reduced, small
from symc.comparison.samples import Sample, samples
from symc.comparison.shared_sizes import Sizes, shown
from symc.comparison.words import witness
from symc.ir.program import Program
from symc.ir.representations import atoms
from symc.ir.sizes import Parameter, Several, Size
from symc.ir.tensors import Tensor
from symc_runtime.groups.family import Family

_MANY = 12
"""In more dimensions axes that are cut apart are not compared."""

_PARTS: dict[tuple[bool | None, bool | None], Relation] = {
    (True, True): "equal",
    (True, False): "weaker",
    (False, True): "stronger",
    (False, False): "incomparable",
}


@dataclass(frozen=True)
class Side:
    """One spec: its groups' parameters and its tensors' axes, in the names that both share."""

    parameters: Mapping[str, Parameter]
    families: Mapping[str, Family]
    tensors: tuple[tuple[Layout[Size], ...], ...]

    @property
    def acting(self) -> tuple[str, ...]:
        """The groups that move one of the tensors."""
        moving = {name for axes in self.tensors for axis in axes for name in axis.groups}
        return tuple(name for name in self.parameters if name in moving)

    def factors(
        self, size: Callable[[Size], int], kept: Collection[str] | None = None
    ) -> dict[str, Factor]:
        """The groups that act, with their sizes as numbers; reduced ones, but those `kept`."""
        found = {}
        for name in self.acting:
            parameter = self.parameters[name]
            if isinstance(parameter, Several):
                found[name] = Factor(self.families[name], tuple(map(size, parameter.sizes)))
                continue
            value = size(parameter)
            if kept is not None and name not in kept:
                value = small(value)
            found[name] = Factor(self.families[name], value)
        return found

    def at(self, values: Sample) -> Symmetry:
        """At values of all names."""
        value = number({name: Size.constant(size) for name, size in values.items()})
        tensors = (tuple(resized(axis, value) for axis in axes) for axes in self.tensors)
        return Symmetry(self.factors(value), tuple(tensors))


def at(one: Side, two: Side, values: Sample) -> tuple[Symmetry, Symmetry]:
    """Both symmetries at values of all names, reduced where all axes are cut alike."""
    if not all_alike(one.tensors, two.tensors):
        return one.at(values), two.at(values)
    value = number({name: Size.constant(size) for name, size in values.items()})
    kept = fixed(one.tensors, two.tensors)
    pairs = [
        [reduced(x, y, value, kept) for x, y in zip(ours, theirs, strict=True)]
        for ours, theirs in zip(one.tensors, two.tensors, strict=True)
    ]
    first, second = (
        Symmetry(
            side.factors(value, kept[i]),
            tuple(tuple(pair[i] for pair in axes) for axes in pairs),
            reduced=frozenset(side.acting) - kept[i],
        )
        for i, side in enumerate((one, two))
    )
    return first, second


class _Inclusion:
    """Whether one symmetry lies in another, over all samples; None: it could not be told."""

    def __init__(self) -> None:
        self.holds: bool | None = True
        self.reason: str | None = None
        self.element: Element | None = None
        self.values: Sample = {}

    def test(self, values: Sample, of: Symmetry, target: Symmetry) -> bool | None:
        """At one sample; keeps the first element that is missing."""
        try:
            missing = _missing(of, target)
        except TooLargeError as error:
            self.reason = str(error)
            self.holds = self.holds and None
            return None
        if missing is None:
            return True
        self.holds = False
        if self.element is None:
            self.element, self.values = missing, values
        return False


def _missing(of: Symmetry, target: Symmetry) -> Element | None:
    """A generator of `of` that acts as no element of `target`, None if all do."""
    for name, factor in of.factors.items():
        limit = _MANY if factor.facts.turns or factor.facts.shifts else LARGEST
        several = factor.size if isinstance(factor.size, tuple) else (factor.size,)
        if prod(several) > limit:
            written = factor.facts.written(", ".join(f"{number:,}" for number in several))
            raise TooLargeError(f"{written} on axes that are cut apart")
        for element in generators(name, factor.facts, factor.size, few=name in of.reduced):
            if preimage(element, of, target) is None:
                return element
    return None


def compare(a: Program, b: Program) -> Comparison:
    """How the symmetry of `a` stands to that of `b`, and all else that differs."""
    sizes = Sizes(a, b)
    pairs = [pair for pair in _pairs(a, b) if sizes.unify(*pair)]
    one, two = _sides(a, b, sizes, pairs)
    reason = _unfit(pairs, one, two)
    if reason is None:
        one, two = _without_repeats(one, two)
    within, around = _Inclusion(), _Inclusion()
    relations: list[tuple[Sample, Relation]] = []
    alike = _declared_alike(a, b, pairs)
    plan = samples(sizes, one, two) if reason is None or alike else None
    for values in plan.values if plan and reason is None else ():
        first, second = at(one, two, values)
        parts = within.test(values, first, second), around.test(values, second, first)
        relations.append((values, _PARTS.get(parts, "undecided")))
    if reason is None and not relations:
        reason = "no sizes were found at which the shapes agree"
    relation: Relation = "undecided"
    if reason is None:
        relation = _PARTS.get((within.holds, around.holds), "undecided")
        reason = within.reason or around.reason
    proved_from = plan.proved_from if plan and relation != "undecided" else None
    if relation == "undecided" and plan and alike:
        relation, proved_from = "equal", 1
        relations = [(values, relation) for values in plan.values]
    names = [tensor.name for tensor, _ in pairs]
    return Comparison(
        a=a.name,
        b=b.name,
        relation=relation,
        reason=reason if relation == "undecided" else None,
        tensors=tuple(names),
        not_compared=tuple(_unpaired(a, b, names)),
        conditions=sizes.conditions(),
        proved_from=proved_from,
        compared=tuple(_named(values) for values, _ in relations),
        exceptions=tuple((_named(v), other) for v, other in relations if other != relation),
        only_in_a=_told(within, names, one),
        only_in_b=_told(around, names, two),
        changes=changes(a, b),
    )


def between(
    a: Program, b: Program, values: Mapping[str, int] | None = None
) -> tuple[Symmetry, Symmetry]:
    """Both symmetries on what the programs have in common, free sizes at `values`."""
    sizes = Sizes(a, b)
    pairs = [pair for pair in _pairs(a, b) if sizes.unify(*pair)]
    one, two = _sides(a, b, sizes, pairs)
    return one.at(values or {}), two.at(values or {})


def _pairs(a: Program, b: Program) -> list[tuple[Tensor, Tensor]]:
    """Tensors of one name and kind in both."""
    found = []
    for ours, theirs in ((a.inputs, b.inputs), (a.outputs, b.outputs)):
        by_name = {tensor.name: tensor for tensor in theirs}
        found += [(t, by_name[t.name]) for t in ours if t.name in by_name]
    return found


def _declared_alike(a: Program, b: Program, pairs: Sequence[tuple[Tensor, Tensor]]) -> bool:
    """Whether all pairs carry the same of the same groups, as they are written.

    Then the symmetries are equal, whether what acts on powers of few items is known or not.
    """
    moving = {
        atom.group
        for pair in pairs
        for tensor in pair
        for axis in tensor.as_numbers.axes
        for atom in atoms(axis.representation)
    }
    ours, theirs = (
        {g.name: (g.constructor, g.parameter) for g in each.groups if g.name in moving}
        for each in (a, b)
    )
    same = all((x.axes, x.names) == (y.axes, y.names) for x, y in pairs)
    return bool(pairs) and same and ours == theirs


def _unpaired(a: Program, b: Program, paired: Collection[str]) -> Iterator[Unpaired]:
    """The tensors of either that are in no pair, inputs first."""
    kinds: tuple[tuple[Literal["input", "output"], Sequence[Tensor], Sequence[Tensor]], ...] = (
        ("input", a.inputs, b.inputs),
        ("output", a.outputs, b.outputs),
    )
    for kind, ours, theirs in kinds:
        one, two = ({tensor.name for tensor in tensors} for tensors in (ours, theirs))
        for name in dict.fromkeys(tensor.name for tensor in (*ours, *theirs)):
            if name not in paired:
                where: Literal["a", "b", "both"] = (
                    "both" if name in one & two else "a" if name in one else "b"
                )
                yield Unpaired(tensor=name, kind=kind, where=where)


def _sides(
    a: Program, b: Program, sizes: Sizes, pairs: Sequence[tuple[Tensor, Tensor]]
) -> tuple[Side, Side]:
    first, second = [], []
    for tensor, other in pairs:
        both = [
            (resized(ours, sizes.first), resized(theirs, sizes.second))
            for ours, theirs in layouts(tensor, other, a.groups, b.groups)
        ]
        both += _items(tensor, other, a, b, sizes)
        first.append(tuple(cut_alike(x, y) for x, y in both))
        second.append(tuple(cut_alike(y, x) for x, y in both))
    return (
        Side(
            {g.name: sizes.first(g.parameter) for g in a.groups},
            {g.name: g.facts for g in a.groups},
            tuple(first),
        ),
        Side(
            {g.name: sizes.second(g.parameter) for g in b.groups},
            {g.name: g.facts for g in b.groups},
            tuple(second),
        ),
    )


def _items(
    one: Tensor, two: Tensor, a: Program, b: Program, sizes: Sizes
) -> list[tuple[Layout[Size], Layout[Size]]]:
    """The items that the numbers of two tensors name, as one axis more of each.

    Where they are labels, or of no group, nothing moves them.
    """
    ours, theirs = items_of(one, a.groups), items_of(two, b.groups)
    left = None if ours is None else resized(ours, sizes.first)
    right = None if theirs is None else resized(theirs, sizes.second)
    if left is None and right is not None:
        left = unmoved(right)
    if right is None and left is not None:
        right = unmoved(left)
    return [] if left is None or right is None else [(left, right)]


def _without_repeats(one: Side, two: Side) -> tuple[Side, Side]:
    """The same, without pieces that say nothing new, where all axes are cut alike."""
    if not all_alike(one.tensors, two.tensors):
        return one, two
    pairs = [
        [distinct(x, y) for x, y in zip(ours, theirs, strict=True)]
        for ours, theirs in zip(one.tensors, two.tensors, strict=True)
    ]
    first, second = (
        replace(side, tensors=tuple(tuple(pair[i] for pair in axes) for axes in pairs))
        for i, side in enumerate((one, two))
    )
    return first, second


def _unfit(pairs: Sequence[tuple[Tensor, Tensor]], *sides: Side) -> str | None:
    """Why nothing can be compared at all, None if it can."""
    if not pairs:
        return "no tensor has the same name and shape in both"
    for side in sides:
        for (tensor, _), axes in zip(pairs, side.tensors, strict=True):
            if not all(axis.whole for axis in axes):
                return (
                    f"`{tensor.name}` has a `sym` or `alt` that is another representation in the "
                    "other spec, or only a part of an axis"
                )
    for side in sides:
        for name in side.acting:
            facts = side.families[name]
            if not facts.ruled:
                return f"nothing is known here about elements of {facts.name}"
    return None


def _named(values: Sample) -> dict[str, int]:
    return {shown(name): value for name, value in values.items()}


def _told(inclusion: _Inclusion, names: Sequence[str], side: Side) -> Witness | None:
    if inclusion.element is None:
        return None
    value = number({name: Size.constant(size) for name, size in inclusion.values.items()})
    factor = side.factors(value)[inclusion.element.group]
    element = true_size(inclusion.element, factor.facts, factor.size)
    return witness(element, _named(inclusion.values), names, side.tensors, value)
