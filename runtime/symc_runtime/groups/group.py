"""What the compiler and the law tests know about a group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

ElementKind = Literal["permutation", "orthogonal", "translation", "euclidean"]


@dataclass(frozen=True)
class Atom:
    """One named representation of a group, in terms of its defining action.

    `axis`: `trivial` (dimension 1), or `natural` (the defining action: permutes n items, or
    multiplies d-vectors by the matrix). `affine`: the translation acts too (a point).
    `character`: the group's one-dimensional sign (the sign of a permutation, the determinant)
    multiplies the result.
    """

    axis: Literal["trivial", "natural"]
    affine: bool = False
    character: bool = False


class Group:
    """Facts about a family of groups, `S(n)` or `E(d)`: a subclass each, one a file.

    Every family here has one whole-number parameter, at least 1: the number of items or the
    dimension of the space.
    """

    name: ClassVar[str]
    """As a spec writes it before the parenthesis."""
    title: ClassVar[str]
    """In words, for people."""
    parameter: ClassVar[str]
    """The letter that documentation uses for the parameter."""
    element: ClassVar[ElementKind]
    """What an element is made of: an index, a matrix, a vector, or matrix and vector."""
    atoms: ClassVar[Mapping[str, Atom]]
    """Representations by name, the bare one first."""
    bare: ClassVar[str | None]
    """What the group's name alone means as a representation; None: it must be said."""
    special: ClassVar[bool] = False
    """Whether matrices have determinant 1."""
    finite: ClassVar[bool] = False
    compact: ClassVar[bool] = True
    examples: ClassVar[tuple[int, ...]]
    """Parameters that the law tests run."""

    def order(self, parameter: int) -> int | None:
        """Number of elements, None if infinite."""
        return None

    def dimension(self, parameter: int) -> int:
        """Dimension as a Lie group, 0 if finite."""
        return 0

    @property
    def affine(self) -> bool:
        """Whether some representation is moved by translations."""
        return any(atom.affine for atom in self.atoms.values())
