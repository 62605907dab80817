"""The representation of a tensor as a sum of products of irreducible ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import product

from symc.ir.blocks import Block, BlockAxis, blocks
from symc.ir.groups import GroupInstance
from symc.ir.model import Model
from symc.ir.sizes import Size
from symc.ir.tensors import Tensor
from symc.irreps import finite, orthogonal, symmetric
from symc.irreps.irreducible import Irreducible, Powers
from symc.proofs.folding import Cycles, characters, tree
from symc.proofs.tables import Table
from symc_runtime.groups.finite import Finite

_LARGEST_POWER = 6
_MOST = 48


class Component(Model):
    """An irreducible representation, `multiplicity` times.

    `factors`: for each group that moves the tensor the label of its part; a tensor product.
    """

    multiplicity: str
    factors: tuple[str, ...]


class Decomposition(Model):
    """A direct sum of irreducible real representations of the product of `groups`.

    `conditions`: sizes for which it holds. `points`: groups whose translations act as well, so that
    only the linear part is a representation, and decomposed here.
    """

    groups: tuple[str, ...]
    components: tuple[Component, ...]
    conditions: tuple[str, ...]
    points: tuple[str, ...]


def decompose(
    tensor: Tensor, groups: Sequence[GroupInstance], values: Mapping[str, Size]
) -> Decomposition | None:
    """The decomposition with sizes of known `values` put in; None where there is no rule."""
    parts = blocks(tensor.as_numbers, groups)
    moving = [g for g in groups if any(_moves(part, g.name) for part in parts)]
    facts = [group.facts for group in moving]
    if not all(each.ruled and not each.flips and not each.nests for each in facts):
        return None
    linear = [g for g in moving if _has_linear_part(g)]
    total: dict[tuple[Irreducible, ...], Size] = {}
    bounds: dict[str, int] = {}
    for part, cycles, share in _products(parts):
        if cycles is None:
            return None
        multiplicity = Size.constant(share.numerator).over(share.denominator)
        for axis, _ in cycles:
            if axis.kind == "trivial":
                multiplicity = multiplicity * axis.size.substitute(values)
        choices: list[Powers] = []
        for group in linear:
            powers = _powers(group, part, cycles, values)
            if powers is None:
                return None
            choices.append(powers)
            if powers.valid_from is not None:
                parameter = str(group.parameter.substitute(values))
                bounds[parameter] = max(bounds.get(parameter, 0), powers.valid_from)
        for combination in product(*(powers.terms.items() for powers in choices)):
            key = tuple(irreducible for irreducible, _ in combination)
            if sum(irreducible.complex_type for irreducible in key) > 1:
                return None
            count = multiplicity
            for _, times in combination:
                count = count * Size.constant(times)
            total[key] = total.get(key, Size.constant(0)) + count
            if len(total) > _MOST:
                return None
    return Decomposition(
        groups=tuple(group.name for group in linear),
        components=tuple(
            Component(multiplicity=str(count), factors=tuple(i.label for i in key))
            for key, count in total.items()
            if count.terms
        ),
        conditions=tuple(f"{name} >= {bound}" for name, bound in bounds.items()),
        points=tuple(g.name for g in moving if any(part.affine == g.name for part in parts)),
    )


def _products(
    parts: Sequence[Block],
) -> Iterator[tuple[Block, Cycles | None, Fraction]]:
    """The character of each block as products of traces, each with how often it counts.

    Of a block with none that is known, None for them.
    """
    for part in parts:
        if not part.folds:
            yield part, tuple((axis, 1) for axis in part.axes), Fraction(1)
            continue
        found = characters(tree(part))
        if found is None:
            yield part, None, Fraction()
            continue
        for cycles, share in found.items():
            yield part, cycles, share


def _moves(part: Block, group: str) -> bool:
    on_axis = any(axis.group == group for axis in part.axes)
    return on_axis or group in part.characters or part.affine == group


def _has_linear_part(group: GroupInstance) -> bool:
    facts = group.facts
    return facts.permutes or facts.turns or facts.tabled


def _numbers(axis: BlockAxis, values: Mapping[str, Size]) -> tuple[int | None, ...]:
    return tuple(argument.substitute(values).value for argument in axis.arguments)


def _powers(
    group: GroupInstance, part: Block, cycles: Cycles, values: Mapping[str, Size]
) -> Powers | None:
    """What one group does where these traces of its are multiplied, None where there is no rule."""
    facts = group.facts
    parameter = group.parameter.substitute(values)
    if isinstance(facts, Finite):
        value = parameter.value
        tables = tuple(
            Table(str(axis.atom), _numbers(axis, values), power=length)
            for axis, length in cycles
            if axis.group == group.name
        )
        return None if value is None else finite.powers(facts, value, tables)
    lengths = sorted(n for axis, n in cycles if axis.group == group.name and axis.kind == "natural")
    exponent = sum(lengths)
    sign = group.name in part.characters
    if exponent > _LARGEST_POWER:
        return None
    plain = exponent == len(lengths)
    if facts.permutes:
        if plain:
            return symmetric.powers(parameter, exponent, sign)
        return symmetric.mixed_powers(parameter, tuple(lengths), sign)
    if facts.turns:
        if plain:
            return orthogonal.powers(parameter, exponent, sign, facts.special)
        return orthogonal.mixed_powers(parameter, tuple(lengths), sign, facts.special)
    return None
