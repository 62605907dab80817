"""What the gradient of an invariant number by a tensor carries: the dual of its linear part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

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
from symc.ir.tensors import Tensor
from symc_runtime.groups.family import Family

_ORTHOGONAL = ("trivial", "natural", "table", "grid", "nested", "blocks")
"""Kinds of axes on which elements are orthogonal matrices, each its own inverse transposed."""


class NoDualError(ValueError):
    """A representation of whose dual nothing is known; the message names it."""


def gradient_of(by: Tensor, name: str, families_of: Mapping[str, Family]) -> Tensor:
    """The output `name` that a gradient by the tensor `by` is: points become vectors.

    `families_of`: what is known of each group, by its name. Raises NoDualError.
    """
    axes = tuple(
        axis.model_copy(update={"representation": _dual(axis.representation, families_of)})
        for axis in by.axes
    )
    return Tensor(name=name, axes=axes)


def _dual(tree: Representation, families_of: Mapping[str, Family]) -> Representation:
    match tree:
        case Trivial():
            return tree
        case Atom(group=group, name=name):
            family = families_of[group]
            atom = family.atoms[name]
            if not family.ruled or atom.axis not in _ORTHOGONAL:
                raise NoDualError(f"{group}.{tree.called}")
            return tree.model_copy(update={"name": "vector"}) if atom.affine else tree
        case Product(factors=factors):
            return Product(factors=tuple(_dual(factor, families_of) for factor in factors))
        case Sum(terms=terms):
            return Sum(terms=tuple(_dual(term, families_of) for term in terms))
        case Power(base=base, exponent=exponent):
            return Power(base=_dual(base, families_of), exponent=exponent)
        case Alt(base=base, exponent=exponent):
            # Entries with different indices stand equally often in the full tensor.
            return Alt(base=_dual(base, families_of), exponent=exponent)
        case Sym(base=base, exponent=exponent):
            if exponent == 1:
                return _dual(base, families_of)
            _dual(base, families_of)
            return Dual(base=tree)
        case Dual(base=base):
            _dual(base, families_of)
            return base
    assert_never(tree)


def weights(tree: Representation, dual: bool = False) -> tuple[bool, ...]:
    """Of each symmetric power in it, in order, whether its components are those of a dual.

    Such a component is a sum over all places at which it stands in the full tensor. It is all that
    a dual is told by where elements are orthogonal.
    """
    match tree:
        case Trivial() | Atom():
            return ()
        case Product(factors=parts) | Sum(terms=parts):
            return tuple(each for part in parts for each in weights(part, dual))
        case Power(base=base, exponent=exponent):
            return weights(base, dual) * exponent
        case Alt(base=base):
            return weights(base, dual)
        case Sym(base=base, exponent=exponent):
            own = (dual,) if exponent > 1 else ()
            return (*own, *weights(base, dual))
        case Dual(base=base):
            return weights(base, not dual)
    assert_never(tree)
