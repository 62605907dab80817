"""Representations as trees: atoms are open (the catalogue's), constructors closed."""

from __future__ import annotations

from typing import Literal

from symc.ir.model import Model
from symc.ir.sizes import Size, choose


class Trivial(Model):
    """`size` channels on which every group acts trivially: a channel axis, a multiplicity."""

    kind: Literal["trivial"] = "trivial"
    size: Size


class Atom(Model):
    """Representation `name` of the group instance `group`; `dimension` is its size.

    `arguments`: what stands in brackets, the 2 of `irrep(2)`; of a representation on several axes
    together, whose entries are numbered row by row, their sizes.
    """

    kind: Literal["atom"] = "atom"
    group: str
    name: str
    dimension: Size
    arguments: tuple[Size, ...] = ()

    @property
    def called(self) -> str:
        """Its name with what is in brackets, `irrep(2)`."""
        inside = ", ".join(map(str, self.arguments))
        return f"{self.name}({inside})" if inside else self.name


class Product(Model):
    """Tensor product, flattened row-major: `8*R` is the product of Trivial(8) and R."""

    kind: Literal["product"] = "product"
    factors: tuple[Representation, ...]


class Sum(Model):
    """Direct sum: the terms' components one after the other."""

    kind: Literal["sum"] = "sum"
    terms: tuple[Representation, ...]


class Power(Model):
    """`base` tensor `base` ..., `exponent` times (at least 1)."""

    kind: Literal["power"] = "power"
    base: Representation
    exponent: int


class Sym(Model):
    """The symmetric tensors among those of `Power`.

    Its components are the entries T[i, j, ...] with i <= j <= ... of the full tensor, in
    lexicographic order; i, j number the components of `base`. Nothing is normalised.
    """

    kind: Literal["sym"] = "sym"
    base: Representation
    exponent: int


class Alt(Model):
    """The alternating tensors among those of `Power`: their entries with i < j < ..."""

    kind: Literal["alt"] = "alt"
    base: Representation
    exponent: int


class Dual(Model):
    """An element g acts by the transposed matrix of its inverse on `base`."""

    kind: Literal["dual"] = "dual"
    base: Representation


Representation = Trivial | Atom | Product | Sum | Power | Sym | Alt | Dual


def dimension(representation: Representation) -> Size:
    """The size of an axis that carries the representation."""
    match representation:
        case Trivial(size=size):
            return size
        case Atom(dimension=size):
            return size
        case Product(factors=factors):
            total = Size.constant(1)
            for factor in factors:
                total = total * dimension(factor)
            return total
        case Sum(terms=terms):
            total = Size.constant(0)
            for term in terms:
                total = total + dimension(term)
            return total
        case Power(base=base, exponent=exponent):
            total = Size.constant(1)
            for _ in range(exponent):
                total = total * dimension(base)
            return total
        case Sym(base=base, exponent=exponent):
            return choose(dimension(base), exponent, repeats=True)
        case Alt(base=base, exponent=exponent):
            return choose(dimension(base), exponent, repeats=False)
        case Dual(base=base):
            return dimension(base)
    raise TypeError(f"not a representation: {representation!r}")


def alternates(representation: Representation) -> bool:
    """Whether an alternating power is in it, whose entries elements may negate."""
    match representation:
        case Alt(base=base, exponent=exponent):
            return exponent > 1 or alternates(base)
        case Product(factors=parts) | Sum(terms=parts):
            return any(map(alternates, parts))
        case Power(base=base) | Sym(base=base) | Dual(base=base):
            return alternates(base)
        case _:
            return False


def atoms(representation: Representation) -> tuple[Atom, ...]:
    """Every atom in it, in order, repeats included."""
    match representation:
        case Atom():
            return (representation,)
        case Product(factors=parts) | Sum(terms=parts):
            return tuple(atom for part in parts for atom in atoms(part))
        case Power(base=base) | Sym(base=base) | Alt(base=base) | Dual(base=base):
            return atoms(base)
        case _:
            return ()
