"""What a group does to a block: how many natural axes it moves, a sign, axes by tables."""

from __future__ import annotations

from dataclasses import dataclass

from symc.ir.blocks import Block
from symc.proofs.cells import Cell
from symc.proofs.ranges import Ranges
from symc.proofs.tables import Table, table_of


@dataclass(frozen=True)
class Action:
    """`axes`: natural axes. `character`: its sign multiplies. `tables`: axes moved by tables."""

    axes: int
    character: bool
    tables: tuple[Table, ...] = ()


def movers(block: Block | Cell) -> list[str]:
    """The groups that act on a block, in an order of their own."""
    if isinstance(block, Cell):
        return sorted({*block.axes, *block.tables} | block.signs)
    axes = {axis.group for axis in block.axes if axis.group is not None}
    return sorted(axes | block.characters)


def acting_on(block: Block | Cell, group: str, ranges: Ranges) -> Action:
    """What a group does to a block."""
    if isinstance(block, Cell):
        tables = block.tables.get(group, ())
        return Action(block.axes.get(group, 0), group in block.signs, tables)
    return Action(
        len(block.natural_axes(group)),
        group in block.characters,
        tuple(table_of(a, ranges) for a in block.axes if a.group == group and a.kind == "table"),
    )


def concerns(block: Block, group: str) -> bool:
    """Whether a group acts on a block at all; translations do so by its natural axis."""
    return group in movers(block)
