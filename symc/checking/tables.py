"""What groups that act by tables want of the sizes of a spec."""

from __future__ import annotations

from collections.abc import Sequence

from symc.checking.expressions import Expressions
from symc.ir.groups import Stage
from symc.ir.representations import atoms
from symc.ir.tensors import Tensor
from symc.syntax import ast
from symc_runtime.groups.finite import Finite
from symc_runtime.methods.method import ENUMERATION_BUDGET

_LARGEST = 1 << 22
"""Numbers in one table, an entry for each element and component."""


def refuse_unequal_sides(expressions: Expressions) -> None:
    """Quarter turns want the two sizes of an image to be one."""
    reported = set()
    for group, sides, span in expressions.grids:
        facts = group.facts
        parameter = expressions.sizes.resolved(group.parameter).value
        if not isinstance(facts, Finite) or parameter is None or not facts.sides(parameter):
            continue
        sizes = [expressions.sizes.resolved(side) for side in sides]
        if sizes[0] == sizes[1] or span in reported:
            continue
        reported.add(span)
        halves = f"`{group.family}(2)`"
        expressions.report.error(
            "SYM314",
            span,
            f"`{group.name}` turns by quarters, so both axes have one size, not "
            f"`{sides[0]}` and `{sides[1]}`",
            help=f"write one size twice, `({sides[0]}, {sides[0]})`, or {halves} for half turns",
        )


def refuse_large_orbits(
    stages: Sequence[Stage], lines: Sequence[ast.SymmetrizeStatement], expressions: Expressions
) -> None:
    """A method that looks at every pose of an input wants few of them."""
    places = {s.method.text: s.method.span for s in lines}
    for stage in stages:
        group = expressions.groups.instances[stage.group]
        facts = group.facts
        size = expressions.sizes.resolved(group.parameter).value
        if not isinstance(facts, Finite) or size is None or stage.method in ("average", "base"):
            continue
        order = facts.order(size)
        if order is None or order <= ENUMERATION_BUDGET:
            continue
        expressions.report.error(
            "SYM502",
            places.get(stage.method, expressions.groups.places[group.name]),
            f"`{stage.method}` looks at every pose of an input, and `{group.name}` has "
            f"{order:,} elements",
            help=f"write `symmetrize {group.name} by average(samples=20)`: at most "
            f"{ENUMERATION_BUDGET:,} poses are looked at",
        )


def refuse_open_tables(tensors: Sequence[Tensor], expressions: Expressions) -> None:
    """Tables are made once, of no more than can be kept: the parameter of a group is a number."""
    tabled = {
        group.name: group
        for group in expressions.groups.ordered()
        if isinstance(group.facts, Finite)
    }
    for group in tabled.values():
        size = expressions.sizes.resolved(group.parameter)
        if size.value is None:
            name = min(size.names)
            expressions.report.error(
                "SYM901",
                expressions.groups.places[group.name],
                f"`{group.family}` of a size that each call tells, as `{name}`, is not available "
                "yet",
                help=f"fix it: `size {name} = 6`",
            )
    largest: dict[str, int] = {}
    for tensor in tensors:
        for atom in (atom for axis in tensor.axes for atom in atoms(axis.representation)):
            if atom.group in tabled and not atom.arguments:
                size = expressions.sizes.resolved(atom.dimension)
                largest[atom.group] = max(largest.get(atom.group, 1), size.value or 1)
    for name, dimension in largest.items():
        group = tabled[name]
        size = expressions.sizes.resolved(group.parameter)
        order = 1 if size.value is None else group.facts.order(size.value)
        if order is None or order * dimension > _LARGEST:
            elements = "so many" if order is None else f"{order:,}"
            expressions.report.error(
                "SYM205",
                expressions.groups.places[name],
                f"`{name}` has {elements} elements, too many for a table of what each does to "
                f"{dimension:,} components",
                help=f"at most {_LARGEST:,} numbers in a table",
            )
