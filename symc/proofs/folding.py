"""Symmetric and alternating powers as proofs look at them: simplified, and their characters.

The character of sym(R, k) at g is the mean of the products of chi_R(g^c), over the lengths c of the
cycles of all permutations of k places; that of alt(R, k) the same with their signs (Serre, Linear
Representations of Finite Groups, 2.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from symc.ir.blocks import Block, BlockAxis, Fold, folded_size
from symc.ir.program import Program
from symc.ir.sizes import Size, choose
from symc.proofs.moments import cycle_types, cycle_weight
from symc.proofs.ranges import Ranges
from symc.proofs.tables import Table, table_of

_MOST_TERMS = 400
"""Characters with more terms are not looked at."""


@dataclass(frozen=True)
class Folded:
    """The power of a product of axes, and of powers in it."""

    inside: tuple[Node, ...]
    exponent: int
    alternating: bool


Node = BlockAxis | Folded

Cycles = tuple[tuple[BlockAxis, int], ...]
"""A product of traces: of g to a power on an axis."""


def tree(block: Block) -> tuple[Node, ...]:
    """The axes of a block, each power as one."""
    places: list[tuple[int, Node]] = list(enumerate(block.axes))
    # Inner folds come first, and all copies of one hold the same.
    for fold in block.folds:
        stop = fold.first + fold.width * fold.exponent
        inside = tuple(node for at, node in places if fold.first <= at < fold.first + fold.width)
        made = fold.first, Folded(inside, fold.exponent, fold.alternating)
        before = [place for place in places if place[0] < fold.first]
        places = [*before, made, *(place for place in places if place[0] >= stop)]
    return tuple(node for _, node in places)


def blocks_of(program: Program, name: str, ranges: Ranges) -> tuple[Block, ...]:
    """The blocks of a tensor as proofs look at them, without those that have no dimension."""
    return tuple(simpler for simpler, _ in unfolded_blocks(program, name, ranges))


def unfolded_blocks(program: Program, name: str, ranges: Ranges) -> tuple[tuple[Block, Block], ...]:
    """Each of `blocks_of` with that of which it is a simpler form, which is what nets read."""
    if name not in ranges.blocks:
        found = ((_simpler(block, program, ranges), block) for block in program.blocks[name])
        ranges.blocks[name] = tuple((one, block) for one, block in found if one is not None)
    return ranges.blocks[name]


def _simpler(block: Block, program: Program, ranges: Ranges) -> Block | None:
    """A block of the same representation, the powers in which are simpler where sizes are known.

    Of one dimension is the highest alternating power, the determinant; others beyond half of that
    are lower ones times it, for groups act by orthogonal matrices.
    """
    if not block.folds:
        return block
    try:
        return _Simplified(program, ranges).block(block)
    except _NothingError:
        return None


class _NothingError(ValueError):
    """An alternating power of too few things."""


class _Simplified:
    def __init__(self, program: Program, ranges: Ranges) -> None:
        self.families = {g.name: g.facts for g in program.groups}
        self.ranges = ranges

    def block(self, block: Block) -> Block:
        characters = block.characters
        nodes: list[Node] = []
        for node in tree(block):
            simpler, signs = self._node(node)
            nodes += simpler
            characters ^= signs
        made = laid_out(nodes)
        update = {"axes": made.axes, "folds": made.folds, "characters": characters}
        return block.model_copy(update=update)

    def _node(self, node: Node) -> tuple[list[Node], frozenset[str]]:
        """What stands for a node, and the signs that multiply it."""
        if isinstance(node, BlockAxis):
            return [node], frozenset()
        inside: list[Node] = []
        signs: frozenset[str] = frozenset()
        for part in node.inside:
            simpler, more = self._node(part)
            inside += simpler
            signs ^= more
        if node.exponent % 2 == 0:
            signs = frozenset()
        # What has one dimension is a sign: it comes out as often as there are places.
        out = [part for part in inside if self._is_one(part)]
        inside = [part for part in inside if not self._is_one(part)]
        outside = out if node.exponent % 2 else []
        if not inside:
            return outside, signs
        made = Folded(tuple(inside), node.exponent, node.alternating)
        if all(isinstance(part, BlockAxis) and part.kind == "trivial" for part in inside):
            return [*outside, BlockAxis(kind="trivial", group=None, size=size(made))], signs
        whole = self._value(inside)
        if node.alternating and whole is not None and node.exponent > whole:
            raise _NothingError
        if node.alternating and whole is not None and 2 * node.exponent > whole:
            determinant = self._determinant(inside, whole)
            if determinant is not None:
                signs ^= determinant
                left = whole - node.exponent
                if left < 2:
                    return [*outside, *inside * left], signs
                made = Folded(tuple(inside), left, True)
        return [*outside, made], signs

    def _is_one(self, node: Node) -> bool:
        return isinstance(node, BlockAxis) and self.ranges.of(node.size).value == 1

    def _value(self, nodes: Sequence[Node]) -> int | None:
        total = Size.constant(1)
        for node in nodes:
            total = total * size(node)
        known = self.ranges.of(total).value
        return known if known is not None and known > 0 else None

    def _determinant(self, inside: Sequence[Node], whole: int) -> frozenset[str] | None:
        """The groups whose sign is the determinant of a product of axes; None: no rule."""
        signs: frozenset[str] = frozenset()
        for node in inside:
            if isinstance(node, Folded) or node.kind == "table":
                return None
            own = self.ranges.of(node.size).value
            if own is None:
                return None
            if node.group is None or (whole // own) % 2 == 0:
                continue
            facts = self.families[node.group]
            if any(atom.character for atom in facts.atoms.values()):
                signs ^= frozenset({node.group})
            elif not facts.special:
                return None
        return signs


def laid_out(nodes: Sequence[Node]) -> Block:
    """The block of a product; undoes `tree`."""
    axes: list[BlockAxis] = []
    folds: list[Fold] = []
    for node in nodes:
        _laid_out(node, axes, folds)
    return Block(axes=tuple(axes), folds=tuple(folds))


def _laid_out(node: Node, axes: list[BlockAxis], folds: list[Fold]) -> None:
    if isinstance(node, BlockAxis):
        axes.append(node)
        return
    first = len(axes)
    for _ in range(node.exponent):
        for part in node.inside:
            _laid_out(part, axes, folds)
    width = (len(axes) - first) // node.exponent
    folds.append(
        Fold(first=first, width=width, exponent=node.exponent, alternating=node.alternating)
    )


def size(node: Node) -> Size:
    """How many dimensions it has."""
    if isinstance(node, BlockAxis):
        return node.size
    one = Size.constant(1)
    for part in node.inside:
        one = one * size(part)
    return choose(one, node.exponent, repeats=not node.alternating)


def tables_of(block: Block, group: str, ranges: Ranges) -> tuple[Table, ...]:
    """The axes of a block that a finite group moves; a power of them alone is one."""
    if not block.folds:
        axes = [a for a in block.axes if a.group == group and a.kind == "table"]
        return tuple(table_of(a, ranges) for a in axes)
    return _tables(tree(block), group, ranges)


def _tables(nodes: Sequence[Node], group: str, ranges: Ranges) -> tuple[Table, ...]:
    found: list[Table] = []
    for node in nodes:
        if not isinstance(node, Folded):
            if node.group == group and node.kind == "table":
                found.append(table_of(node, ranges))
            continue
        inside = _tables(node.inside, group, ranges)
        if inside and owned(node, group):
            found.append(
                Table(
                    "power",
                    inside=inside,
                    exponent=node.exponent,
                    alternating=node.alternating,
                )
            )
        else:
            found += inside * node.exponent
    return tuple(found)


def owned(node: Node, group: str) -> bool:
    """Whether nothing but tables of a group is in it."""
    if isinstance(node, Folded):
        return all(owned(part, group) for part in node.inside)
    return node.group == group and node.kind == "table"


def leaves(node: Node) -> Iterator[BlockAxis]:
    """The axes in a node, each once."""
    if isinstance(node, BlockAxis):
        yield node
        return
    for part in node.inside:
        yield from leaves(part)


def characters(nodes: Sequence[Node]) -> Mapping[Cycles, Fraction] | None:
    """The character of a product: of each product of traces how often it counts.

    None where there are too many of them.
    """
    total: dict[Cycles, Fraction] | None = {(): Fraction(1)}
    for node in nodes:
        found = _character(node)
        if total is None or found is None:
            return None
        total = _product(total, found)
    return total


def _character(node: Node) -> dict[Cycles, Fraction] | None:
    if isinstance(node, BlockAxis):
        return {((node, 1),): Fraction(1)}
    inside = characters(node.inside)
    if inside is None:
        return None
    total: dict[Cycles, Fraction] = {}
    for lengths in cycle_types(node.exponent):
        product: dict[Cycles, Fraction] | None = {(): cycle_weight(lengths, node.alternating)}
        for length in lengths:
            powers = {
                tuple((axis, power * length) for axis, power in cycles): count
                for cycles, count in inside.items()
            }
            product = None if product is None else _product(product, powers)
        if product is None:
            return None
        for cycles, count in product.items():
            total[cycles] = total.get(cycles, Fraction()) + count
    return total if len(total) <= _MOST_TERMS else None


def _product(
    one: Mapping[Cycles, Fraction], two: Mapping[Cycles, Fraction]
) -> dict[Cycles, Fraction] | None:
    if len(one) * len(two) > _MOST_TERMS**2:
        return None
    total: dict[Cycles, Fraction] = {}
    for left, a in one.items():
        for right, b in two.items():
            key = tuple(sorted((*left, *right), key=repr))
            total[key] = total.get(key, Fraction()) + a * b
    return total if len(total) <= _MOST_TERMS else None


def size_of(block: Block, ranges: Ranges) -> int | None:
    """How many dimensions a block has, None while a size is open."""
    if not block.folds:
        sizes = [ranges.of(axis.size).value for axis in block.axes]
        total = 1
        for size in sizes:
            if size is None:
                return None
            total *= size
        return total
    return ranges.of(folded_size(block)).value
