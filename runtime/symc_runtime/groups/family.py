"""What the compiler and the law tests know about a group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

ElementKind = Literal[
    "permutation", "orthogonal", "translation", "euclidean", "finite", "signs", "nested"
]

Parameter = Any
"""A whole number; of a family with several parameters a tuple of them."""

_RULES: Mapping[str, tuple[frozenset[str], bool, bool, bool, bool, bool]] = {
    "permutation": (frozenset({"S"}), True, False, False, False, False),
    "orthogonal": (frozenset({"O", "SO"}), False, True, False, False, False),
    "translation": (frozenset({"T"}), False, False, True, False, False),
    "euclidean": (frozenset({"E", "SE"}), False, True, True, False, False),
    "signs": (frozenset({"Z2"}), False, False, False, True, False),
    "nested": (frozenset({"wr"}), False, False, False, False, True),
}
"""The groups of each kind of element, and whether these permute, turn, shift, flip, or permute
items inside blocks and blocks.

What draws, proves or compares such elements takes the group to be all of that kind, so a smaller
one, as that of the even permutations, may not be of it.
"""

LARGEST = 2**63 - 1
"""Numbers of elements above it are written as formulas, never as numbers."""


class NoRuleError(TypeError):
    """Whoever asks has no rule for the elements of a group, and does not guess."""


@dataclass(frozen=True)
class Atom:
    """One named representation of a group, in terms of its defining action.

    `axis`: `trivial` (dimension 1), `natural` (the defining action: permutes n items, multiplies
    d-vectors by the matrix, or k items by a sign each), `table` (what `Finite.image` says of each
    element), `grid` (what moves and flips several joint axes, `Finite.axes_of`), `nested` (n blocks
    of m items, on one axis or on two joint ones) or `blocks` (n of them alone).
    `affine`: the translation acts too (a point). `character`: the group's one-dimensional sign
    (the sign of a permutation, the determinant, the product of all signs) multiplies the result.
    `arguments`: how many whole numbers it takes in brackets, as the one of `irrep(2)`. `meaning`:
    what it is, in a few words for people; of the other axes these are known. `sides`: how many axes
    a `grid` has.
    """

    axis: Literal["trivial", "natural", "table", "grid", "nested", "blocks"]
    affine: bool = False
    character: bool = False
    arguments: int = 0
    meaning: str = ""
    sides: int = 2

    @property
    def axes(self) -> int:
        """How many axes of a tensor carry it together."""
        return self.sides if self.axis == "grid" else 1

    @property
    def together(self) -> int | None:
        """On how many axes it may stand as well, row by row, beside a single one."""
        return 2 if self.axis == "nested" else None


class Family:
    """Facts about a family of groups, `S(n)` or `E(d)`: a subclass each, one a file.

    A parameter is a whole number, at least 1: the number of items or the dimension of the space.
    A family with several takes a tuple of them, and text with commas between them, `m, n`.
    """

    name: ClassVar[str]
    """As a spec writes it before the parenthesis, or between two groups."""
    title: ClassVar[str]
    """In words, for people."""
    parameter: ClassVar[str]
    """The letter that documentation uses for the parameter."""
    element: ClassVar[ElementKind]
    """What an element is made of: an index, a matrix, a vector, matrix and vector, a number, or
    signs.
    """
    atoms: Mapping[str, Atom]
    """Representations by name, the bare one first."""
    bare: ClassVar[str | None]
    """What the group's name alone means as a representation; None: it must be said."""
    special: ClassVar[bool] = False
    """Whether matrices have determinant 1."""
    compact: ClassVar[bool] = True
    """Whether it has no translations; E(d) is one with a compact rest, O(d)."""
    examples: tuple[Any, ...]
    """Parameters that the law tests run."""

    def written(self, parameter: str) -> str:
        """The group with this parameter, as a spec writes it, `S(n)`."""
        return f"{self.name}({parameter})"

    def called(self, parameter: Parameter) -> str:
        """The group with these numbers, as a spec writes it, `S(3)`."""
        several = parameter if isinstance(parameter, tuple) else (parameter,)
        return self.written(", ".join([str(number) for number in several]))

    @property
    def usage(self) -> str:
        """The group as documentation writes it, with the letters that are usual."""
        return self.written(self.parameter)

    def rest_order(self, parameter: Parameter) -> int | None:
        """Number of elements of the compact rest, the group itself where it is compact.

        What `average` sums over. Finiteness, K, cost and enumeration are read off it. None where
        it is infinite, or above LARGEST.
        """
        return None

    def rest_order_formula(self, parameter: str) -> int | str | None:
        """The same for a parameter as it is written, `n` or `2*n + 1`; a number where it is one.

        None where it is infinite, if only for some values of what is open in the parameter.
        """
        return None

    def every(self, parameter: Parameter) -> Sequence[Any]:
        """All `rest_order` elements of the compact rest, the identity first, as plain numbers.

        A permutation pi is its index, (g x)[index[j]] = x[j]; an orthogonal element the rows of its
        matrix; sign flips are the signs. Stacked they are [order, n], [order, d, d] or [order, k].
        Those of a `Finite` group are the numbers from 0.
        """
        raise TypeError(f"{self.called(parameter)} is not enumerated")

    def frame_order(self, parameter: Parameter) -> int | None:
        """Number of elements of a `frame` of a generic input. None above LARGEST."""
        return 1

    def frame_order_formula(self, parameter: str) -> int | str:
        """The same for a parameter as it is written; a number where it does not hang on it."""
        return 1

    def order(self, parameter: Parameter) -> int | None:
        """Number of elements of the group itself; None where infinite, or above LARGEST."""
        return self.rest_order(parameter) if self.compact else None

    def order_formula(self, parameter: str) -> int | str | None:
        """The same for a parameter as it is written; None as in `rest_order_formula`."""
        return self.rest_order_formula(parameter) if self.compact else None

    def dimension(self, parameter: Parameter) -> int:
        """Dimension as a Lie group, 0 if finite."""
        return 0

    @property
    def tabled(self) -> bool:
        """Whether elements are numbers, and tables say what they do. NoRuleError as `permutes`."""
        self.refuse_without_rule()
        return False

    @property
    def ruled(self) -> bool:
        """Whether all layers know what elements do.

        They go by `permutes`, `turns`, `shifts`, `flips`, `nests` and `tabled`.
        """
        return self.element in _RULES and self.name in _RULES[self.element][0]

    @property
    def permutes(self) -> bool:
        """Whether elements are permutations. NoRuleError for a group without a rule."""
        self.refuse_without_rule()
        return _RULES[self.element][1]

    @property
    def turns(self) -> bool:
        """Whether elements hold an orthogonal matrix. NoRuleError for a group without a rule."""
        self.refuse_without_rule()
        return _RULES[self.element][2]

    @property
    def shifts(self) -> bool:
        """Whether elements hold a translation. NoRuleError for a group without a rule."""
        self.refuse_without_rule()
        return _RULES[self.element][3]

    @property
    def flips(self) -> bool:
        """Whether elements are signs, one an item. NoRuleError for a group without a rule."""
        self.refuse_without_rule()
        return _RULES[self.element][4]

    @property
    def nests(self) -> bool:
        """Whether elements permute items inside blocks, and blocks. NoRuleError as `permutes`."""
        self.refuse_without_rule()
        return _RULES[self.element][5]

    def refuse_without_rule(self) -> None:
        """Raises NoRuleError where nothing is known of the elements."""
        if not self.ruled:
            raise NoRuleError(
                f"there is no rule here for the {self.title} {self.usage}, whose "
                f"elements are of the kind {self.element!r}"
            )

    @property
    def affine(self) -> bool:
        """Whether some representation is moved by translations."""
        return any(atom.affine for atom in self.atoms.values())


def factor(parameter: str) -> str:
    """A written parameter as a factor of a formula: sums and products in brackets."""
    return parameter if parameter.isidentifier() or parameter.isdigit() else f"({parameter})"
