"""How tensors carry groups: the part of a spec that a compiled module keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import gcd
from typing import TYPE_CHECKING, assert_never

from symc_runtime.generators import facts_of
from symc_runtime.groups.family import Family as Facts
from symc_runtime.spec.polynomials import (
    Parameter,
    Size,
    choose,
    divisor,
    evaluate,
    polynomial,
    solve,
    written,
)

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Group:
    """One copy of a group: `name` in the spec, `family` in the catalogue, and its parameter.

    `definition`: the generators of one that the spec defines itself, `r = [[0, -1], [1, 0]]`, whose
    family is `generated` and whose parameter the size of its matrices. From the catalogue, or from
    the definition, come `facts`, and whether its elements permute, turn, shift, flip, nest or are
    tabled: for a group without a rule these raise NoRuleError. `special`: whether matrices have
    determinant 1.
    """

    name: str
    family: str
    parameter: Parameter
    definition: tuple[str, ...] = ()

    # Looked up once: torch.compile cannot trace the scan of the catalogue.
    facts: Facts = field(init=False, repr=False, compare=False)
    special: bool = field(init=False, repr=False, compare=False)
    _rule: tuple[bool, bool, bool, bool, bool, bool] | None = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        facts = facts_of(self.family, self.definition)
        object.__setattr__(self, "facts", facts)
        object.__setattr__(self, "special", facts.special)
        rule = None
        if facts.ruled:
            rule = (
                facts.permutes, facts.turns, facts.shifts, facts.tabled, facts.flips, facts.nests
            )  # fmt: skip
        object.__setattr__(self, "_rule", rule)

    @property
    def permutes(self) -> bool:
        """Whether elements are permutations."""
        return self.facts.permutes if self._rule is None else self._rule[0]

    @property
    def turns(self) -> bool:
        """Whether elements hold an orthogonal matrix."""
        return self.facts.turns if self._rule is None else self._rule[1]

    @property
    def shifts(self) -> bool:
        """Whether elements hold a translation."""
        return self.facts.shifts if self._rule is None else self._rule[2]

    @property
    def tabled(self) -> bool:
        """Whether elements are numbers, and tables say what they do."""
        return self.facts.tabled if self._rule is None else self._rule[3]

    @property
    def flips(self) -> bool:
        """Whether elements are signs, one an item."""
        return self.facts.flips if self._rule is None else self._rule[4]

    @property
    def nests(self) -> bool:
        """Whether elements permute items inside blocks, and blocks."""
        return self.facts.nests if self._rule is None else self._rule[5]

    def __str__(self) -> str:
        text = self.facts.written(written(self.parameter))
        return text if text == self.name else f"{self.name} = {text}"


@dataclass(frozen=True)
class Trivial:
    """`size` channels that no group moves."""

    size: Size


@dataclass(frozen=True)
class Natural:
    """The defining action of `group` on `size` items or coordinates; `affine`: a point."""

    group: str
    size: Size
    affine: bool = False


@dataclass(frozen=True)
class Sign:
    """One component, multiplied by the determinant or the sign of the element."""

    group: str


@dataclass(frozen=True)
class Table:
    """`size` components that a finite group moves as the tables of its `atom` say.

    Or those of `natural` and `blocks` of a group that nests.
    `arguments`: what is in the atom's brackets; of a `grid` the sizes of its axes.
    """

    group: str
    atom: str
    size: Size
    arguments: tuple[Size, ...] = ()

    @property
    def called(self) -> str:
        """The atom with what is in brackets, `irrep(2)`."""
        inside = ", ".join([str(argument) for argument in self.arguments])
        return f"{self.atom}({inside})" if inside else self.atom


@dataclass(frozen=True)
class Joint:
    """Axes of a tensor, of these sizes, that carry one representation, row by row."""

    sizes: tuple[Size, ...]
    carried: Representation


@dataclass(frozen=True)
class Product:
    """Tensor product, flattened row-major."""

    factors: tuple[Representation, ...]


@dataclass(frozen=True)
class Sum:
    """Direct sum: components one after the other."""

    terms: tuple[Representation, ...]


@dataclass(frozen=True)
class Sym:
    """The symmetric tensors with `power` indices, each of which `carried` is.

    Its components are the entries of the full tensor with rising indices, equal ones too, in
    lexicographic order; `dual`: each times the number of places at which it stands there.
    """

    carried: Representation
    power: int
    dual: bool = False


@dataclass(frozen=True)
class Alt:
    """The alternating tensors with `power` indices: the entries with strictly rising ones."""

    carried: Representation
    power: int


Representation = Trivial | Natural | Sign | Table | Joint | Product | Sum | Sym | Alt


def grid(group: str, *sizes: Size) -> Joint:
    """Images, voxels, sequences: the elements of `group` move and flip the axes of these sizes."""
    entries = _as_size(*_polynomial(Product(tuple([Trivial(size) for size in sizes]))))
    return Joint(sizes, Table(group, "grid", entries, sizes))


def point(group: str, size: Size) -> Natural:
    """Points: the translation of `group` moves them too."""
    return Natural(group, size, affine=True)


def pseudovector(group: str, size: Size) -> Product:
    """Vectors that also change sign under reflections."""
    return Product((Sign(group), Natural(group, size)))


Items = Natural | Table
"""What the elements of a group permute."""


@dataclass(frozen=True)
class Gradient:
    """`factor` times the gradient of the output `of`, one number an example, by the input `by`."""

    of: str
    by: str
    factor: int | float = 1

    def __str__(self) -> str:
        factor = f"{self.factor}*" if abs(self.factor) != 1 else "-" if self.factor < 0 else ""
        return f"{factor}grad({self.of}, {self.by})"


@dataclass(frozen=True)
class Tensor:
    """A declared tensor without its batch axis; `labels`: whole numbers below it.

    `axes`: one for each axis of the tensor, but for a `Joint`, which is several. `names`: the items
    that whole numbers from 0 in it name; who moves these relabels the numbers. `gradient`: what
    derives an output that the base does not return.
    """

    name: str
    axes: tuple[Representation, ...]
    labels: int | None = None
    names: Items | None = None
    gradient: Gradient | None = None

    @property
    def whole(self) -> bool:
        """Whether it holds whole numbers: labels, or names of items."""
        return self.labels is not None or self.names is not None

    def named_by(self, group: str) -> bool:
        """Whether its numbers name items of the group."""
        return self.names is not None and self.names.group == group


def of_base(outputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Those outputs that the base returns, in their order."""
    return tuple(tensor for tensor in outputs if tensor.gradient is None)


def sizes_of_axes(representation: Representation) -> tuple[Size, ...]:
    """The size of each axis of a tensor that it stands on."""
    if isinstance(representation, Joint):
        return representation.sizes
    return (symbolic_dimension(representation),)


def shape_of(tensor: Tensor) -> list[Size]:
    """The size of each axis, without the batch axis."""
    return [size for representation in tensor.axes for size in sizes_of_axes(representation)]


def slots(tensor: Tensor) -> list[tuple[int, int, Representation]]:
    """Each representation with its first axis, the batch axis counted, and how many it has."""
    found: list[tuple[int, int, Representation]] = []
    first = 1
    for representation in tensor.axes:
        count = len(representation.sizes) if isinstance(representation, Joint) else 1
        found.append((first, count, representation))
        first += count
    return found


@dataclass(frozen=True)
class BlockAxis:
    """An axis that one group moves in its defining way, or (group None) a channel axis.

    `table`: what moves it instead, of a group with tables.
    """

    group: str | None
    size: Size
    table: Table | None = None


@dataclass(frozen=True)
class Block:
    """A pure tensor product inside a tensor.

    `affine`: the group whose translation moves it; `characters`: groups whose sign multiplies it.
    """

    axes: tuple[BlockAxis, ...]
    affine: str | None
    characters: frozenset[str]


# Kinds are told by isinstance: torch.compile cannot trace patterns of classes in all versions of
# torch that are supported. tests/test_traceable.py lists what else it cannot.
def dimension(representation: Representation, sizes: Mapping[str, int]) -> int:
    """How many components it has; KeyError names a size that is missing."""
    if isinstance(representation, (Trivial, Natural, Table)):
        return evaluate(representation.size, sizes)
    if isinstance(representation, Sign):
        return 1
    if isinstance(representation, Joint):
        return dimension(representation.carried, sizes)
    if isinstance(representation, Product):
        total = 1
        for factor in representation.factors:
            total = total * dimension(factor, sizes)
        return total
    if isinstance(representation, Sum):
        return sum([dimension(term, sizes) for term in representation.terms])
    if isinstance(representation, (Sym, Alt)):
        inside = dimension(representation.carried, sizes)
        return choose(inside, representation.power, isinstance(representation, Sym))
    assert_never(representation)


def dual(representation: Representation) -> Representation:
    """What g acts on by the transposed matrix of its inverse; matrices of groups are orthogonal."""
    if isinstance(representation, (Trivial, Natural, Sign, Table)):
        return representation
    if isinstance(representation, Joint):
        return Joint(representation.sizes, dual(representation.carried))
    if isinstance(representation, Product):
        return Product(tuple([dual(factor) for factor in representation.factors]))
    if isinstance(representation, Sum):
        return Sum(tuple([dual(term) for term in representation.terms]))
    if isinstance(representation, Alt):
        # Every component stands at as many places.
        return Alt(dual(representation.carried), representation.power)
    if isinstance(representation, Sym):
        carried = dual(representation.carried)
        return Sym(carried, representation.power, not representation.dual)
    assert_never(representation)


def _multiplied(left: Block, right: Block) -> Block:
    return Block(
        left.axes + right.axes,
        left.affine or right.affine,
        left.characters ^ right.characters,
    )


def _representation_blocks(representation: Representation) -> tuple[Block, ...]:
    none: frozenset[str] = frozenset()
    if isinstance(representation, Trivial):
        return (Block((BlockAxis(None, representation.size),), None, none),)
    if isinstance(representation, Natural):
        group = representation.group
        axes = (BlockAxis(group, representation.size),)
        return (Block(axes, group if representation.affine else None, none),)
    if isinstance(representation, Sign):
        return (Block((), None, frozenset({representation.group})),)
    if isinstance(representation, Table):
        moved = BlockAxis(representation.group, representation.size, representation)
        return (Block((moved,), None, none),)
    if isinstance(representation, Joint):
        return _representation_blocks(representation.carried)
    if isinstance(representation, Sum):
        terms = representation.terms
        return tuple([block for term in terms for block in _representation_blocks(term)])
    if isinstance(representation, Product):
        result: tuple[Block, ...] = (Block((), None, none),)
        for factor in representation.factors:
            pieces = _representation_blocks(factor)
            result = tuple([_multiplied(a, b) for a in result for b in pieces])
        return result
    if isinstance(representation, (Sym, Alt)):
        return _representation_blocks(Product((representation.carried,) * representation.power))
    assert_never(representation)


def blocks(tensor: Tensor) -> tuple[Block, ...]:
    """The tensor as pure blocks: axis by axis, terms of direct sums in order, last axis fastest.

    Symmetric and alternating powers are unfolded to the full tensor.
    """
    result: tuple[Block, ...] = (Block((), None, frozenset()),)
    for axis in tensor.axes:
        result = tuple(_multiplied(a, b) for a, b in product(result, _representation_blocks(axis)))
    return result


def _split_axis(
    representation: Representation, x: torch.Tensor, axis: int, sizes: Mapping[str, int]
) -> list[tuple[torch.Tensor, int]]:
    """Pieces of x, the axis unfolded into the axes of each block, with how many those are."""
    if isinstance(representation, (Trivial, Natural, Table)):
        return [(x, 1)]
    if isinstance(representation, Sign):
        return [(x.squeeze(axis), 0)]
    if isinstance(representation, Joint):
        whole = x.flatten(axis, axis + len(representation.sizes) - 1)
        return _split_axis(representation.carried, whole, axis, sizes)
    if isinstance(representation, Sum):
        lengths = [dimension(term, sizes) for term in representation.terms]
        split_off: list[tuple[torch.Tensor, int]] = []
        for term, piece in zip(representation.terms, x.split(lengths, dim=axis), strict=True):
            split_off += _split_axis(term, piece, axis, sizes)
        return split_off
    if isinstance(representation, Product):
        shape = [dimension(factor, sizes) for factor in representation.factors]
        pieces = [(x.unflatten(axis, shape), 0)]
        for factor in representation.factors:
            pieces = [
                (finer, width + more)
                for piece, width in pieces
                for finer, more in _split_axis(factor, piece, axis + width, sizes)
            ]
        return pieces
    if isinstance(representation, (Sym, Alt)):
        factors = (representation.carried,) * representation.power
        whole = unfolded(representation, x, axis, sizes).flatten(axis, axis + len(factors) - 1)
        return _split_axis(Product(factors), whole, axis, sizes)
    assert_never(representation)


def unfolded(
    value: Sym | Alt, x: torch.Tensor, axis: int, sizes: Mapping[str, int], weighed: bool = True
) -> torch.Tensor:
    """x with the full tensor's axes in the place of the one that carries its components.

    `weighed`: components of a dual are divided by the number of their places; it need not be done
    where entries only change places, or signs.
    """
    from symc_runtime.actions.symmetric import full_tensor

    n = dimension(value.carried, sizes)
    if isinstance(value, Alt):
        return full_tensor(x, axis, n, value.power, alternating=True)
    return full_tensor(x, axis, n, value.power, weighed=weighed and value.dual)


def refolded(
    value: Sym | Alt, x: torch.Tensor, axis: int, sizes: Mapping[str, int], weighed: bool = True
) -> torch.Tensor:
    """What `unfolded` gave, as components again."""
    from symc_runtime.actions.symmetric import components

    n = dimension(value.carried, sizes)
    if isinstance(value, Alt):
        return components(x, axis, n, value.power, alternating=True)
    return components(x, axis, n, value.power, weighed=weighed and value.dual)


def split(tensor: Tensor, x: torch.Tensor, sizes: Mapping[str, int]) -> list[torch.Tensor]:
    """The blocks of x [batch, *axes], in the order of `blocks`, each [batch, *block axes]."""
    pieces = [(x, 1)]
    for representation in tensor.axes:
        pieces = [
            (finer, position + width)
            for piece, position in pieces
            for finer, width in _split_axis(representation, piece, position, sizes)
        ]
    return [piece for piece, _ in pieces]


def solve_sizes(
    tensors: Sequence[Tensor],
    shapes: Sequence[Sequence[int]],
    known: Mapping[str, int] | None = None,
) -> dict[str, int]:
    """Sizes by name, read off shapes [batch, *axes] of the tensors; `known` ones stay."""
    known = known or {}
    equations: list[tuple[Size, int]] = []
    for tensor, shape in zip(tensors, shapes, strict=True):
        for size, observed in zip(shape_of(tensor), list(shape)[1:], strict=True):
            if not isinstance(size, int) and size not in known:
                equations.append((size, observed))
    values = dict(known)
    sizes = [size for size, _ in equations]
    if all(isinstance(size, str) and size.isidentifier() for size in sizes):
        # Names alone, at every call: nothing to solve.
        for size, observed in equations:
            values.setdefault(str(size), observed)
        return values
    return solve(equations, known)


def symbolic_dimension(representation: Representation) -> Size:
    """The dimension as a size: an int, or a polynomial text."""
    # At every call, for every axis: a match of patterns takes twice as long.
    if isinstance(representation, (Trivial, Natural, Table)):
        return representation.size
    if isinstance(representation, Sign):
        return 1
    return _as_size(*_polynomial(representation))


_Terms = dict[tuple[tuple[str, int], ...], int]


def _as_size(terms: _Terms, below: int = 1) -> Size:
    if all(powers == () for powers in terms):
        return terms.get((), 0) // below
    shared = gcd(below, *terms.values())
    terms, below = {powers: c // shared for powers, c in terms.items()}, below // shared
    text = " + ".join(
        ["*".join([str(c), *[f"{n}^{p}" for n, p in powers]]) for powers, c in terms.items() if c]
    ).replace("+ -", "- ")
    return f"({text})/{below}" if below > 1 else text


def _polynomial(representation: Representation) -> tuple[_Terms, int]:
    """The terms of the dimension, and what they are over."""
    if isinstance(representation, (Trivial, Natural, Table)):
        terms: _Terms = {}
        for coefficient, powers in polynomial(representation.size):
            terms[powers] = terms.get(powers, 0) + coefficient
        return terms, divisor(representation.size)
    if isinstance(representation, Sign):
        return {(): 1}, 1
    if isinstance(representation, Joint):
        return _polynomial(representation.carried)
    if isinstance(representation, Sum):
        total, below = _plus({}, 1, {}, 1)
        for term in representation.terms:
            total, below = _plus(total, below, *_polynomial(term))
        return total, below
    if isinstance(representation, Product):
        result: _Terms = {(): 1}
        below = 1
        for factor in representation.factors:
            found, other = _polynomial(factor)
            result, below = _times(result, found), below * other
        return result, below
    if isinstance(representation, (Sym, Alt)):
        inside, below = _polynomial(representation.carried)
        step = below if isinstance(representation, Sym) else -below
        chosen: _Terms = {(): 1}
        whole = 1
        for place in range(representation.power):
            chosen = _times(chosen, _plus(inside, 1, {(): place * step}, 1)[0])
            whole = whole * below * (place + 1)
        return chosen, whole
    assert_never(representation)


def _plus(one: _Terms, below: int, two: _Terms, other: int) -> tuple[_Terms, int]:
    total: _Terms = {}
    for terms, factor in ((one, other), (two, below)):
        for powers, coefficient in terms.items():
            total[powers] = total.get(powers, 0) + coefficient * factor
    return total, below * other


def _times(one: _Terms, two: _Terms) -> _Terms:
    expanded: _Terms = {}
    for left, a in one.items():
        for right, b in two.items():
            merged = dict(left)
            for name, power in right:
                merged[name] = merged.get(name, 0) + power
            key = tuple(sorted(merged.items()))
            expanded[key] = expanded.get(key, 0) + a * b
    return expanded
