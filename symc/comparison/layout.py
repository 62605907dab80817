"""How the axes of tensors fall into pure blocks, with sizes as polynomials or as numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import Generic, TypeVar

from symc.ir.blocks import BlockAxis, Flatten, Narrow, Unflatten, Unfold, blocks
from symc.ir.groups import GroupInstance
from symc.ir.representations import Alt, Dual, Representation, Sym, dimension
from symc.ir.sizes import Size
from symc.ir.tensors import Axis, Tensor

S = TypeVar("S", Size, int)
T = TypeVar("T", Size, int)


@dataclass(frozen=True)
class Factor(Generic[S]):
    """One index of a block: `group` is whose axis it is, None for channels.

    `atom` and `arguments`: what the tables of a finite group say of it; None: it is natural.
    """

    size: S
    stride: S
    group: str | None
    atom: str | None = None
    arguments: tuple[S, ...] = ()


@dataclass(frozen=True)
class Piece(Generic[S]):
    """A pure block of one axis: the entries `offset` + sum of index * stride.

    Signs of `characters` multiply it; the group `affine` translates it along its own factor.
    """

    offset: S
    factors: tuple[Factor[S], ...]
    characters: frozenset[str]
    affine: str | None

    @property
    def shape(self) -> tuple[S, ...]:
        """The sizes of the factors."""
        return tuple(factor.size for factor in self.factors)

    @property
    def place(self) -> tuple[object, ...]:
        """Equal where two pieces cover the same entries with the same indices."""
        return (self.offset, tuple((factor.size, factor.stride) for factor in self.factors))

    @property
    def groups(self) -> frozenset[str]:
        """Every group that moves it."""
        owners = {factor.group for factor in self.factors if factor.group is not None}
        return self.characters | owners


Power = tuple[bool, int, bool]
"""Whether it alternates, with how many indices, and whether it is the dual."""


@dataclass(frozen=True)
class Layout(Generic[S]):
    """An axis, or several as one: its length and its pieces, which cover each entry once.

    `axes`: the places of those axes in the tensor. `folds`: what it is a symmetric or alternating
    power of is in its place here, the innermost one, with the powers from inside out. Two matrices
    have the same power only where they are equal up to a sign, so that it does as well; powers of
    something else, or in sums and products, have no rule: `whole` is False.
    """

    length: S
    pieces: tuple[Piece[S], ...]
    axes: tuple[int, ...] = ()
    folds: tuple[Power, ...] = ()
    whole: bool = True

    @property
    def even(self) -> bool:
        """Whether the negative of an element does as it does: the sign of the axis is its own."""
        return any(exponent % 2 == 0 for _, exponent, _ in self.folds)

    @property
    def groups(self) -> frozenset[str]:
        """Every group that moves it."""
        return frozenset().union(*(piece.groups for piece in self.pieces))

    @property
    def place(self) -> tuple[object, ...]:
        """Equal where two axes are cut alike."""
        return tuple(piece.place for piece in self.pieces)


def layout(axis: Axis, groups: Sequence[GroupInstance]) -> Layout[Size]:
    """The layout of an axis, neighbouring channels merged and channels of size 1 left out."""
    powers, inside = _peeled(axis.representation)
    if powers:
        axis = Axis(size=dimension(inside), representation=inside)
    size = axis.size
    whole = all(not alternating or _surely_more(size, n) for alternating, n, _ in powers)
    pieces = []
    for block in blocks(Tensor(name="axis", axes=(axis,)), groups):
        if any(isinstance(step, Unfold) for step in block.steps) or not whole:
            return Layout(size, (), folds=powers, whole=False)
        offset = Size.constant(0)
        view = [(axis.size, Size.constant(1))]
        for step in block.steps:
            if isinstance(step, Flatten):
                # Joint axes are one here, row by row.
                continue
            size, stride = view[step.axis]
            if isinstance(step, Unflatten):
                parts = []
                for part in reversed(step.sizes):
                    parts.append((part, stride))
                    stride = stride * part
                view[step.axis : step.axis + 1] = reversed(parts)
            elif isinstance(step, Narrow):
                offset = offset + step.start * stride
                view[step.axis] = (step.length, stride)
        factors: list[Factor[Size]] = []
        for (size, stride), carried in zip(view, block.axes, strict=True):
            if carried.group is None and size.value == 1:
                continue
            last = factors[-1] if factors else None
            channels = carried.group is None and last is not None and last.group is None
            if channels and last is not None and last.stride == stride * size:
                factors[-1] = Factor(last.size * size, stride, None)
                continue
            factors.append(_factor(size, stride, carried))
        pieces.append(Piece(offset, tuple(factors), block.characters, block.affine))
    return Layout(axis.size, tuple(pieces), folds=powers)


def _peeled(tree: Representation, dual: bool = False) -> tuple[tuple[Power, ...], Representation]:
    """The powers around a representation, from inside out, and what is in them."""
    match tree:
        case Dual(base=base):
            return _peeled(base, not dual)
        case Sym(base=base, exponent=exponent) | Alt(base=base, exponent=exponent):
            inner, inside = _peeled(base, dual)
            if exponent == 1:
                return inner, inside
            alternating = isinstance(tree, Alt)
            # Components of alternating tensors all stand at as many places.
            return (*inner, (alternating, exponent, dual and not alternating)), inside
        case _:
            return (), tree


def _surely_more(size: Size, count: int) -> bool:
    """Whether a size is larger, whatever its names are."""
    least = sum(term.coefficient for term in size.terms)
    return all(t.coefficient > 0 for t in size.terms) and least > count * size.divisor


def _factor(size: Size, stride: Size, carried: BlockAxis) -> Factor[Size]:
    return Factor(size, stride, carried.group, carried.atom, carried.arguments)


def layouts(
    one: Tensor, two: Tensor, first: Sequence[GroupInstance], second: Sequence[GroupInstance]
) -> list[tuple[Layout[Size], Layout[Size]]]:
    """The axes of two tensors of one shape, in pairs: where one has several together, so has both.

    `first` and `second`: the groups of each.
    """
    ours, theirs = list(_placed(one, first)), list(_placed(two, second))
    pairs = []
    while ours:
        left, right = [ours.pop(0)], [theirs.pop(0)]
        while (a := left[-1].axes[-1]) != (b := right[-1].axes[-1]):
            if a < b:
                left.append(ours.pop(0))
            else:
                right.append(theirs.pop(0))
        pairs.append(_with_equal_powers(_joined(left), _joined(right)))
    return pairs


def _with_equal_powers(one: Layout[Size], two: Layout[Size]) -> tuple[Layout[Size], Layout[Size]]:
    """Both; one that nothing moves, as the power that the other is. Not whole where they differ."""
    if one.folds == two.folds:
        return one, two
    if two.folds and not one.groups and one.whole and not one.folds:
        return replace(cut_as(two), axes=one.axes), two
    if one.folds and not two.groups and two.whole and not two.folds:
        return one, replace(cut_as(one), axes=two.axes)
    return replace(one, whole=False), replace(two, whole=False)


def cut_as(other: Layout[S]) -> Layout[S]:
    """An axis in the pieces of another, which no group moves."""
    return replace(
        other,
        pieces=tuple(
            Piece(
                piece.offset,
                tuple(Factor(f.size, f.stride, None) for f in piece.factors),
                frozenset(),
                None,
            )
            for piece in other.pieces
        ),
    )


def items_of(tensor: Tensor, groups: Sequence[GroupInstance]) -> Layout[Size] | None:
    """The items that whole numbers of a tensor name, as an axis behind its last; None: no names."""
    if tensor.names is None:
        return None
    found = layout(Axis(size=tensor.names.dimension, representation=tensor.names), groups)
    return replace(found, axes=(len(tensor.shape),))


def unmoved(axis: Layout[S]) -> Layout[S]:
    """An axis of the same length, and in the same place, that no group moves."""
    return cut_alike(replace(axis, pieces=()), axis)


def _placed(tensor: Tensor, groups: Sequence[GroupInstance]) -> Iterator[Layout[Size]]:
    start = 0
    for axis in tensor.axes:
        found = layout(axis, groups)
        stop = start + len(axis.sizes)
        yield replace(found, axes=tuple(range(start, stop)))
        start = stop


def _joined(parts: Sequence[Layout[Size]]) -> Layout[Size]:
    """Axes that follow each other as one, row by row."""
    whole, *rest = parts
    for part in rest:
        pieces = [
            Piece(
                outer.offset * part.length + inner.offset,
                (
                    *(replace(f, stride=f.stride * part.length) for f in outer.factors),
                    *inner.factors,
                ),
                outer.characters ^ inner.characters,
                outer.affine or inner.affine,
            )
            for outer in whole.pieces
            for inner in part.pieces
        ]
        # Powers that are but a part of an axis have no rule.
        apart = whole.whole and part.whole and not (whole.folds or part.folds)
        axes = whole.axes + part.axes
        whole = Layout(whole.length * part.length, tuple(pieces), axes, whole=apart)
    return whole


def cut_alike(one: Layout[S], two: Layout[S]) -> Layout[S]:
    """Axis `one` in the pieces of `two`, where no group moves `one`; else as it is."""
    if one.groups or one.length != two.length:
        return one
    return replace(cut_as(two), axes=one.axes)


def resized(axis: Layout[Size], size: Callable[[Size], T]) -> Layout[T]:
    """The layout with another size for each of its sizes: other names, or numbers."""
    size = cache(size)
    return Layout(
        size(axis.length),
        tuple(
            Piece(
                size(piece.offset),
                tuple(with_sizes(f, size) for f in piece.factors),
                piece.characters,
                piece.affine,
            )
            for piece in axis.pieces
        ),
        axis.axes,
        axis.folds,
        axis.whole,
    )


def with_sizes(factor: Factor[Size], size: Callable[[Size], T]) -> Factor[T]:
    """An index with another size for each of its sizes."""
    arguments = tuple(size(argument) for argument in factor.arguments)
    return Factor(size(factor.size), size(factor.stride), factor.group, factor.atom, arguments)


def number(values: Mapping[str, Size]) -> Callable[[Size], int]:
    """Sizes as numbers, at values of all names. The result raises ValueError at others."""

    def numbered(size: Size) -> int:
        value = size.substitute(values).value
        if value is None:
            raise ValueError(f"{size} is open")
        return value

    return numbered


def entries(piece: Piece[int]) -> Iterator[tuple[tuple[int, ...], int]]:
    """Each index of a piece with the entry of the axis where it lies, row-major."""
    for index in product(*map(range, piece.shape)):
        at_ = sum(i * factor.stride for i, factor in zip(index, piece.factors, strict=True))
        yield index, piece.offset + at_
