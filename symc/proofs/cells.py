"""The inputs as a group action sees them: pure blocks, points relative to each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from symc.ir.blocks import Block, BlockAxis
from symc.ir.program import Program
from symc.proofs.folding import Folded, leaves, size, tables_of, tree, unfolded_blocks
from symc.proofs.ranges import NONE, ONE, Range, Ranges
from symc.proofs.tables import Table, table_of


def _moved(block: Block, group: str, ranges: Ranges) -> tuple[object, ...]:
    """By how many matrices a group moves a block, whether its sign multiplies it, and by tables."""
    tables = tables_of(block, group, ranges)
    return len(block.natural_axes(group)), group in block.characters, tables


def _width(block: Block, turned: set[str], ranges: Ranges) -> Range:
    """The product of the sizes of what linear groups do not turn."""
    if not block.folds:
        return ranges.product([a.size for a in block.axes if a.group not in turned])
    total = ONE
    for node in tree(block):
        inside = {axis.group for axis in leaves(node)}
        if not inside & turned:
            total = total * ranges.of(size(node))
        elif isinstance(node, Folded):
            for axis in leaves(node):
                if axis.group not in turned:
                    total = total * ranges.of(axis.size)
    return total


@dataclass(frozen=True)
class Cell:
    """A tensor product of natural representations, times signs, times channels.

    `axes`: how many natural axes each group has, `tables`: which axes each finite group moves.
    `width`: the product of channels and items, what a vector of a linear group is multiplied by.
    `points`: differences of points. `labels`: whole numbers, which repeat. `powers`: what of
    the axes is in a symmetric or alternating power, where the tensor is less than a generic one.
    `hidden`: groups by which nets see it moved otherwise, by several matrices where it is a vector.
    """

    source: str
    axes: Mapping[str, int]
    signs: frozenset[str]
    width: Range
    tables: Mapping[str, tuple[Table, ...]] = field(default_factory=dict)
    points: bool = False
    labels: bool = False
    powers: tuple[Folded, ...] = ()
    hidden: frozenset[str] = frozenset()

    def power(self, group: str) -> Folded | None:
        """The power of one axis of a group that is all the group moves here; None: another."""
        for node in self.powers:
            only = node.inside[0]
            if len(node.inside) > 1 or not isinstance(only, BlockAxis):
                continue
            if only.group == group and node.exponent == self.axes[group]:
                return node
        return None


@dataclass
class _Cloud:
    """All points of one group."""

    sources: list[str] = field(default_factory=list)
    axes: Counter[str] = field(default_factory=Counter)
    tables: dict[str, list[Table]] = field(default_factory=dict)
    count: Range = NONE


def acts_by_matrices(program: Program, group: str) -> bool:
    """Whether the group has vectors: its axes are no items, nor flipped, nor moved by tables."""
    facts = program.group(group).facts
    return not (facts.permutes or facts.flips or facts.tabled or facts.nests)


def input_cells(program: Program, ranges: Ranges, active: frozenset[str]) -> list[Cell]:
    """The inputs with all groups but the `active` ones at rest.

    The n points of an active group become the n - 1 differences that are left when translations
    are divided out, permuted as the points are. Two points have one, and exchanging them
    negates it.
    """
    turned = {name for name in active if acts_by_matrices(program, name)}
    cells: list[Cell] = []
    clouds: dict[str, _Cloud] = {}
    for tensor in program.inputs:
        for block, unfolded in unfolded_blocks(program, tensor.name, ranges):
            axes = Counter(a.group for a in block.axes if a.kind == "natural")
            if block.affine in active:
                cloud = clouds.setdefault(str(block.affine), _Cloud())
                cloud.sources.append(tensor.name)
                moving = [a for a in block.axes if a.group != block.affine]
                cloud.count = cloud.count + ranges.product([a.size for a in moving])
                for axis in moving:
                    if axis.group not in active or ranges.of(axis.size) == ONE:
                        continue
                    if axis.kind == "table":
                        cloud.tables.setdefault(str(axis.group), []).append(table_of(axis, ranges))
                    else:
                        cloud.axes[str(axis.group)] = 1
                continue
            cells.append(
                Cell(
                    source=tensor.name,
                    axes={str(name): count for name, count in axes.items() if name in active},
                    signs=block.characters & active,
                    width=_width(block, turned, ranges),
                    tables={
                        name: tables_of(block, name, ranges)
                        for name in sorted(active)
                        if any(a.kind == "table" and a.group == name for a in block.axes)
                    },
                    labels=tensor.whole,
                    hidden=frozenset(
                        name
                        for name in active
                        if _moved(block, name, ranges) != _moved(unfolded, name, ranges)
                    ),
                    powers=tuple(node for node in tree(block) if isinstance(node, Folded)),
                )
            )
    for group, cloud in clouds.items():
        cells += _differences(group, cloud)
    return cells


def _differences(group: str, cloud: _Cloud) -> list[Cell]:
    sources = ", ".join(dict.fromkeys(cloud.sources))
    count = cloud.count
    if count.high == 1:
        return []
    high = None if count.high is None else count.high - 1
    tables = {name: tuple(dict.fromkeys(moved)) for name, moved in cloud.tables.items()}
    # More than two points, or two that nothing exchanges.
    axes, signs = {group: 1} | dict(cloud.axes), frozenset[str]()
    if count.value == 2:
        axes, signs = {group: 1}, frozenset(cloud.axes)
        tables = {
            name: tuple(replace(table, difference=True) for table in moved)
            for name, moved in tables.items()
        }
    return [Cell(sources, axes, signs, Range(count.low - 1, high), tables, points=True)]
