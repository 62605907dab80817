"""What an expression can mean: a size, a group, or a representation with what is known of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, assert_never

from symc.checking.arithmetic import add, chosen, multiply, power
from symc.ir.groups import GroupInstance
from symc.ir.representations import (
    Alt,
    Atom,
    Dual,
    Power,
    Product,
    Representation,
    Sum,
    Sym,
    Trivial,
)
from symc.ir.sizes import Several, Size, sizes_in
from symc_runtime.groups.family import Family
from symc_runtime.groups.finite import Finite
from symc_runtime.spec.polynomials import polynomial


@dataclass(frozen=True)
class Carried:
    """A representation with its dimension.

    `affine`: some term of it is a point. `linear`: some term that is no point holds a vector or
    a sign, so that a point cannot be multiplied by it.
    """

    tree: Representation
    dimension: Size
    affine: bool = False
    linear: bool = False


Value = Size | GroupInstance | Carried
Kind = Literal["a size", "a group", "a representation"]


def kind_of(value: Value) -> Kind:
    """In words."""
    match value:
        case Size():
            return "a size"
        case GroupInstance():
            return "a group"
        case Carried():
            return "a representation"


def usual_size(group: GroupInstance) -> Size:
    """The size of an axis with the first of the group's representations."""
    total = Size.constant(1)
    for size in sizes_in(group.parameter):
        total = multiply(total, size)
    return total


def trivial(size: Size) -> Carried:
    """`size` channels."""
    return Carried(Trivial(size=size), size)


def atom(
    group: GroupInstance, name: str, arguments: tuple[Size, ...] = (), known: int | None = None
) -> Carried:
    """Representation `name` of a group, which its family has, with these arguments.

    `known`: the group's parameter, where it is told. Raises OutOfRangeError, NoRuleError.
    """
    family = group.facts
    family.refuse_without_rule()
    facts = family.atoms[name]
    match facts.axis:
        case "trivial":
            size = Size.constant(1)
        case "natural":
            size = _one(group)
        case "nested":
            size = usual_size(group)
        case "blocks":
            size = sizes_in(group.parameter)[-1]
        case "table":
            size = _tabled(group, name, arguments, known)
        case "grid":
            size = Size.constant(1)
            for side in arguments:
                size = multiply(size, side)
        case _ as never:
            assert_never(never)
    return Carried(
        Atom(group=group.name, name=name, dimension=size, arguments=arguments),
        size,
        affine=facts.affine,
        linear=facts.character or (mixes(family, name) and not facts.affine),
    )


def mixes(family: Family, name: str) -> bool:
    """Whether a representation does more than to put entries elsewhere, whatever the parameter."""
    facts = family.atoms[name]
    if facts.axis in ("trivial", "grid", "nested", "blocks"):
        return False
    if facts.axis == "natural":
        return not family.permutes
    return not isinstance(family, Finite) or not family.signless(name, max(family.examples))


def direct_sum(left: Carried, right: Carried) -> Carried:
    """Direct sum, flat; raises OutOfRangeError."""
    terms = (
        *(left.tree.terms if isinstance(left.tree, Sum) else (left.tree,)),
        *(right.tree.terms if isinstance(right.tree, Sum) else (right.tree,)),
    )
    return Carried(
        Sum(terms=terms),
        add(left.dimension, right.dimension),
        left.affine or right.affine,
        left.linear or right.linear,
    )


def product(left: Carried, right: Carried) -> Carried:
    """Tensor product, flat; raises OutOfRangeError."""
    factors = (
        *(left.tree.factors if isinstance(left.tree, Product) else (left.tree,)),
        *(right.tree.factors if isinstance(right.tree, Product) else (right.tree,)),
    )
    return Carried(
        Product(factors=factors),
        multiply(left.dimension, right.dimension),
        left.affine or right.affine,
        left.linear or right.linear,
    )


def tensor_power(base: Carried, exponent: int) -> Carried:
    """Tensor power; raises OutOfRangeError."""
    return Carried(
        Power(base=base.tree, exponent=exponent),
        power(base.dimension, exponent),
        base.affine,
        base.linear,
    )


def folded_power(base: Carried, exponent: int, alternating: bool) -> Carried:
    """Symmetric or alternating power; raises OutOfRangeError.

    It is unfolded to the full power at a call, so that this must not be too large either.
    """
    power(base.dimension, exponent)
    tree = (Alt if alternating else Sym)(base=base.tree, exponent=exponent)
    dimension = chosen(base.dimension, exponent, repeats=not alternating)
    # Components of alternating tensors change their sign where the items do no more than move.
    signs = alternating and exponent > 1
    return Carried(tree, dimension, base.affine, base.linear or signs)


def dual(base: Carried) -> Carried:
    """The dual: of the same dimension."""
    return replace(base, tree=Dual(base=base.tree))


def meaningless(left: Carried, right: Carried) -> bool:
    """Whether the product would multiply a point by a vector, a sign or a point."""
    return (left.affine and (right.affine or right.linear)) or (right.affine and left.linear)


def _tabled(
    group: GroupInstance, name: str, arguments: tuple[Size, ...], known: int | None
) -> Size:
    """The dimension of what tables say; that of parameter 1 where neither formula nor number is."""
    facts = group.facts
    assert isinstance(facts, Finite)
    given = tuple(value for size in arguments if (value := size.value) is not None)
    if known is not None:
        return Size.constant(facts.size(name, given, known))
    formula = facts.size_formula(name, _PLACE)
    if formula is None:
        return Size.constant(1)
    total = Size.constant(0)
    for coefficient, powers in polynomial(formula):
        term = Size.constant(coefficient)
        for _ in range(sum(exponent for _, exponent in powers)):
            term = multiply(term, _one(group))
        total = add(total, term)
    return total


def _one(group: GroupInstance) -> Size:
    if isinstance(group.parameter, Several):
        raise TypeError(f"{group.constructor} has several parameters")
    return group.parameter


_PLACE = "k"
"""Stands for the parameter in a formula."""
