"""What a group does to a block: how many natural axes it moves, a sign, axes by tables."""

from __future__ import annotations

from dataclasses import dataclass, field

from symc.ir.blocks import Block
from symc.proofs.cells import Cell
from symc.proofs.folding import Cycles, tables_of
from symc.proofs.ranges import Ranges
from symc.proofs.tables import Table, table_of


@dataclass(frozen=True)
class Action:
    """`axes`: natural axes. `character`: its sign multiplies. `tables`: axes moved by tables.

    `lengths`: where traces of powers of an element count, one for each; their sum is `axes`.
    """

    axes: int
    character: bool
    tables: tuple[Table, ...] = ()
    lengths: tuple[int, ...] = field(default=())

    @property
    def cycles(self) -> tuple[int, ...]:
        """The power of the element in each trace, rising."""
        return self.lengths or (1,) * self.axes


def movers(block: Block | Cell) -> list[str]:
    """The groups that act on a block, in an order of their own."""
    if isinstance(block, Cell):
        return sorted({*block.axes, *block.tables} | block.signs)
    axes = {axis.group for axis in block.axes if axis.group is not None}
    return sorted(axes | block.characters)


def acting_on(block: Block | Cell, group: str, ranges: Ranges) -> Action:
    """What a group does to a block, the powers in it unfolded."""
    if isinstance(block, Cell):
        tables = block.tables.get(group, ())
        return Action(block.axes.get(group, 0), group in block.signs, tables)
    return Action(
        len(block.natural_axes(group)), group in block.characters, tables_of(block, group, ranges)
    )


def along(cycles: Cycles, group: str, character: bool, ranges: Ranges) -> Action:
    """What a group does where traces of its powers are multiplied."""
    own = [(axis, length) for axis, length in cycles if axis.group == group]
    lengths = sorted(length for axis, length in own if axis.kind == "natural")
    tables = tuple(table_of(axis, ranges, length) for axis, length in own if axis.kind == "table")
    return Action(sum(lengths), character, tables, tuple(lengths))


def concerns(block: Block, group: str) -> bool:
    """Whether a group acts on a block at all; translations do so by its natural axis."""
    return group in movers(block)
