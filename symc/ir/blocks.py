"""Pure blocks: the normal form of a tensor, in which every axis is one thing.

Direct sums are cut into their terms and products and powers into one axis a factor, so that a
group acts on a block axis by axis. A left action g on a block of a tensor x is, axis by axis:

- a `natural` axis of S(n) is permuted, one of O, SO, E, SE is multiplied by the matrix R of g;
- for each group in `characters` the block is multiplied by that group's sign (the sign of the
  permutation, det R), once;
- where `affine` names a group, its translation t is added along that group's one natural axis,
  after the matrix (T(d) has no matrix): every other axis of such a block is trivial or natural
  of a permutation group;
- `sym` and `alt` of something are unfolded: the block has the axes of the full tensor power, and
  `folds` say which of its axes exchange places without a change, or with one of the sign;
- of orthogonal representations, and there are no others here, the dual is moved alike, entries
  that stand k times in the full tensor counted k times;
- a `table` axis is moved as the tables of its group say for `atom`, or as a group that nests moves
  its `natural` items and its `blocks`;
- axes that carry a representation together are flattened into one, row by row;
- nothing else happens: `trivial` axes stay. A `vector` of T(d) is a trivial axis of size d, for
  translations do not move it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations_with_replacement
from math import prod
from typing import Literal, assert_never

from symc.ir.groups import GroupInstance
from symc.ir.model import Model
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
    dimension,
)
from symc.ir.sizes import Size, choose
from symc.ir.tensors import Tensor
from symc_runtime.groups.family import Family

MAXIMUM = 1024
"""More blocks than this in all tensors of a spec are refused."""


class TooManyBlocksError(ValueError):
    """A tensor that falls into more than MAXIMUM blocks."""


class BlockAxis(Model):
    """One axis of a block: `group` is None exactly where `kind` is `trivial`.

    `atom`: the name of the representation, where `kind` is `table`, and its `arguments`.
    """

    kind: Literal["trivial", "natural", "table"]
    group: str | None
    size: Size
    atom: str | None = None
    arguments: tuple[Size, ...] = ()


class Unflatten(Model):
    """Cut axis `axis` (row-major) into axes of these `sizes`: `x.unflatten(axis, sizes)`."""

    kind: Literal["unflatten"] = "unflatten"
    axis: int
    sizes: tuple[Size, ...]


class Flatten(Model):
    """Make one axis, row-major, of axis `axis` and the `count` - 1 behind it."""

    kind: Literal["flatten"] = "flatten"
    axis: int
    count: int


class Narrow(Model):
    """Keep a stretch of axis `axis`: `x.narrow(axis, start, length)`."""

    kind: Literal["narrow"] = "narrow"
    axis: int
    start: Size
    length: Size


class Unfold(Model):
    """Make of axis `axis` the `exponent` axes of a full tensor: `Sym` and `Alt` of `base`."""

    kind: Literal["unfold"] = "unfold"
    axis: int
    exponent: int
    alternating: bool


Step = Flatten | Unflatten | Narrow | Unfold


class Fold(Model):
    """`exponent` neighbours of `width` axes each, from axis `first`, that exchange places.

    The block is the same after it, or `alternating`: negated if the exchange is odd.
    """

    first: int
    width: int
    exponent: int
    alternating: bool


class Block(Model):
    """A pure tensor product inside a tensor.

    `axes`: one for each axis of the block, in order. `affine`: the name of the group that
    translates the block, or None. `characters`: names of the groups whose sign multiplies it
    (an odd number of times; only O, E and S have one). `steps`: applied in order to the tensor
    without its batch axis (axes count from 0), each is a view (`Flatten` of a tensor whose memory
    allows it) but for `Unfold`, and they give one with exactly `axes`. The blocks of a tensor cover
    each of its entries once, where `folds` leave out what repeats others. Outer folds come after
    those inside of them.
    """

    axes: tuple[BlockAxis, ...]
    affine: str | None = None
    characters: frozenset[str] = frozenset()
    steps: tuple[Step, ...] = ()
    folds: tuple[Fold, ...] = ()

    def natural_axes(self, group: str) -> tuple[int, ...]:
        """Positions of the natural axes of `group`, a point's among them."""
        return tuple(i for i, a in enumerate(self.axes) if a.group == group and a.kind == "natural")


def blocks(tensor: Tensor, groups: Sequence[GroupInstance]) -> tuple[Block, ...]:
    """The blocks of a tensor, sums from left to right, the first axis slowest.

    A tensor without axes is one block without axes. `groups` are those of its program. Raises
    TooManyBlocksError above MAXIMUM.
    """
    return blocks_of(tensor, {group.name: group.facts for group in groups})


def blocks_of(tensor: Tensor, families_of: Mapping[str, Family]) -> tuple[Block, ...]:
    """`blocks` for who asks often: `families_of` holds the facts of each group by its name."""
    if number_of_blocks(tensor) > MAXIMUM:
        raise TooManyBlocksError(f"more than {MAXIMUM} blocks")
    parts = [Block(axes=())]
    for axis in tensor.axes:
        if axis.joint:
            count = len(axis.joint)
            parts = [
                part.model_copy(
                    update={"steps": (*part.steps, Flatten(axis=len(part.axes), count=count))}
                )
                for part in parts
            ]
        parts = _extend(parts, axis.representation, families_of)
    return tuple(parts)


def number_of_blocks(tensor: Tensor) -> int:
    """How many blocks a tensor falls into, without making them."""
    return prod(_terms(axis.representation) for axis in tensor.axes)


def _terms(representation: Representation) -> int:
    match representation:
        case Sum(terms=terms):
            return sum(map(_terms, terms))
        case Product(factors=factors):
            return prod(map(_terms, factors))
        case Power(base=base, exponent=exponent):
            return int(_terms(base) ** exponent)
        case Sym(base=base, exponent=exponent) | Alt(base=base, exponent=exponent):
            # As they are unfolded at a call.
            return int(_terms(base) ** exponent)
        case Dual(base=base):
            return _terms(base)
        case _:
            return 1


def _extend(
    parts: list[Block], representation: Representation, families_of: Mapping[str, Family]
) -> list[Block]:
    """Each part goes on with `representation`, which lies on the axis after the part's own."""
    match representation:
        case Trivial(size=size):
            axis = BlockAxis(kind="trivial", group=None, size=size)
            return [part.model_copy(update={"axes": (*part.axes, axis)}) for part in parts]
        case Atom():
            return [_with_atom(part, representation, families_of) for part in parts]
        case Power(base=base, exponent=exponent):
            return _with_factors(parts, (base,) * exponent, families_of)
        case Product(factors=factors):
            return _with_factors(parts, factors, families_of)
        case Sum(terms=terms):
            extended = []
            for part in parts:
                start = Size.constant(0)
                for term in terms:
                    length = dimension(term)
                    step = Narrow(axis=len(part.axes), start=start, length=length)
                    cut = part.model_copy(update={"steps": (*part.steps, step)})
                    extended += _extend([cut], term, families_of)
                    start = start + length
            return extended
        case Sym(base=base, exponent=exponent):
            return _with_folded(parts, base, exponent, False, families_of)
        case Alt(base=base, exponent=exponent):
            return _with_folded(parts, base, exponent, True, families_of)
        case Dual(base=base):
            return _extend(parts, base, families_of)
    raise TypeError(f"not a representation: {representation!r}")


def _with_folded(
    parts: list[Block],
    base: Representation,
    exponent: int,
    alternating: bool,
    families_of: Mapping[str, Family],
) -> list[Block]:
    """A power of a sum is one of products: sym(A + B, 2) = sym(A, 2) + A*B + sym(B, 2)."""
    pure = _extend([Block(axes=())], base, families_of)
    extended = []
    for part in parts:
        for chosen in combinations_with_replacement(range(len(pure)), exponent):
            counts = {place: chosen.count(place) for place in dict.fromkeys(chosen)}
            if alternating and any(_fewer(pure[i], count) for i, count in counts.items()):
                continue
            block, at = part, len(part.axes)
            unfolded: list[Step] = []
            if exponent > 1:
                unfolded.append(Unfold(axis=at, exponent=exponent, alternating=alternating))
            folds: list[Fold] = []
            for place, count in counts.items():
                copy, first = pure[place], at
                for _ in range(count):
                    unfolded += [s.model_copy(update={"axis": s.axis + at}) for s in copy.steps]
                    folds += [f.model_copy(update={"first": f.first + at}) for f in copy.folds]
                    at += len(copy.axes)
                if count > 1:
                    folds.append(
                        Fold(
                            first=first,
                            width=len(copy.axes),
                            exponent=count,
                            alternating=alternating,
                        )
                    )
                odd = copy.characters if count % 2 else frozenset()
                block = block.model_copy(
                    update={
                        "axes": (*block.axes, *copy.axes * count),
                        "characters": block.characters ^ odd,
                    }
                )
            extended.append(
                block.model_copy(
                    update={
                        "steps": (*part.steps, *unfolded),
                        "folds": (*part.folds, *folds),
                    }
                )
            )
    return extended


def _fewer(block: Block, count: int) -> bool:
    """Whether a block is known to have fewer dimensions than `count`."""
    value = folded_size(block).value
    return value is not None and value < count


def folded_size(block: Block) -> Size:
    """How many entries a block has that are no repetition of others."""
    sizes = [axis.size for axis in block.axes]
    spans = [(place, place + 1) for place in range(len(sizes))]
    for fold in block.folds:
        stop = fold.first + fold.width * fold.exponent
        one = Size.constant(1)
        inside = [i for i, (a, b) in enumerate(spans) if fold.first <= a and b <= stop]
        for i in inside:
            if spans[i][1] <= fold.first + fold.width:
                one = one * sizes[i]
        whole = choose(one, fold.exponent, repeats=not fold.alternating)
        sizes = [s for i, s in enumerate(sizes) if i not in inside]
        spans = [s for i, s in enumerate(spans) if i not in inside]
        sizes.append(whole)
        spans.append((fold.first, stop))
    total = Size.constant(1)
    for size in sizes:
        total = total * size
    return total


def _with_factors(
    parts: list[Block], factors: tuple[Representation, ...], families_of: Mapping[str, Family]
) -> list[Block]:
    if len(factors) > 1:
        sizes = tuple(dimension(factor) for factor in factors)
        parts = [
            part.model_copy(
                update={"steps": (*part.steps, Unflatten(axis=len(part.axes), sizes=sizes))}
            )
            for part in parts
        ]
    for factor in factors:
        parts = _extend(parts, factor, families_of)
    return parts


def _with_atom(part: Block, atom: Atom, families_of: Mapping[str, Family]) -> Block:
    family = families_of[atom.group]
    facts = family.atoms[atom.name]
    axis = BlockAxis(kind="trivial", group=None, size=atom.dimension)
    # What has no rule is not known to leave anything alone, nor to act as it says.
    match facts.axis if family.ruled or facts.axis == "trivial" else "natural":
        case "trivial":
            pass
        case "natural":
            still = family.ruled and not (family.permutes or family.turns or family.flips)
            if facts.affine or not still:
                axis = BlockAxis(kind="natural", group=atom.group, size=atom.dimension)
        case "table" | "grid" | "nested" | "blocks":
            axis = BlockAxis(
                kind="table",
                group=atom.group,
                size=atom.dimension,
                atom=atom.name,
                arguments=atom.arguments,
            )
        case _ as never:
            assert_never(never)
    # A sign squared is 1: only the parity of its occurrences counts.
    signs = frozenset({atom.group}) if facts.character else frozenset()
    return part.model_copy(
        update={
            "axes": (*part.axes, axis),
            "affine": atom.group if facts.affine else part.affine,
            "characters": part.characters ^ signs,
        }
    )
