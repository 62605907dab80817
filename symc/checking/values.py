"""What an expression can mean: a size, a group, or a representation with what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, assert_never

from symc.checking.arithmetic import add, multiply, power
from symc.ir.groups import GroupInstance
from symc.ir.representations import Atom, Power, Product, Representation, Sum, Trivial
from symc.ir.sizes import Size
from symc_runtime.catalogue import groups as families
from symc_runtime.groups.group import NoRuleError


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


def trivial(size: Size) -> Carried:
    """`size` channels."""
    return Carried(Trivial(size=size), size)


def atom(group: GroupInstance, name: str) -> Carried:
    """Representation `name` of a group, which its family has."""
    family = families()[group.family]
    facts = family.atoms[name]
    match facts.axis:
        case "trivial":
            size, mixes = Size.constant(1), False
        case "natural":
            size, mixes = group.parameter, not family.permutes
        case "table":
            raise NoRuleError(f"`{group.name}.{name}` is a table, whose size is not known here")
        case _ as never:
            assert_never(never)
    return Carried(
        Atom(group=group.name, name=name, dimension=size),
        size,
        affine=facts.affine,
        linear=facts.character or (mixes and not facts.affine),
    )


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


def meaningless(left: Carried, right: Carried) -> bool:
    """Whether the product would multiply a point by a vector, a sign or a point."""
    return (left.affine and (right.affine or right.linear)) or (right.affine and left.linear)
