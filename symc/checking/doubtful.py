"""What is sound and seldom meant: a batch axis among the axes, a size that a group fixes."""

from __future__ import annotations

from collections.abc import Sequence

from symc.checking.atoms import image_of
from symc.checking.equations import Constraint, SizeTable
from symc.checking.expressions import Expressions
from symc.checking.names import walk
from symc.checking.report import Report, folded
from symc.diagnostics.diagnostic import Related
from symc.ir.representations import Atom
from symc.ir.sizes import Size
from symc.syntax import ast
from symc_runtime.groups.finite import Finite

_BATCH = frozenset(["batch", "batches", "batchsize", "bsz", "nbatch", "numbatch", "minibatch"])
_SHORT = frozenset(["b", "bs"])
"""Plain only where every tensor of the spec begins with it."""


def warn_of_batch_axes(tensors: Sequence[ast.TensorStatement], expressions: Expressions) -> None:
    """SYM210 for each name of a first axis that can only be meant for the batch.

    One that a `size` statement fixes or that a group is made of is a size like any other.
    """
    first: dict[str, list[ast.Axis]] = {}
    for statement in tensors:
        axis = statement.axes[0] if statement.axes else None
        if axis is not None and axis.representation is None and isinstance(axis.sizes[0], ast.Name):
            first.setdefault(axis.sizes[0].text, []).append(axis)
    shaped = sum(statement.axes is not None for statement in tensors)
    for name, axes in first.items():
        everywhere = 2 <= len(axes) == shaped
        plain = folded(name) in _BATCH or (folded(name) in _SHORT and everywhere)
        if not plain or name in expressions.declared or _sizes_a_group(name, tensors, expressions):
            continue
        expressions.report.add(
            "SYM210",
            axes[0].span,
            f"`{name}` reads like the batch axis, which is not declared",
            help="drop it: every tensor has one batch axis in front of those declared; an axis "
            "that is something else wants another name",
            related=[Related(axis.span, "here too") for axis in axes[1:]],
        )


def _sizes_a_group(
    name: str, tensors: Sequence[ast.TensorStatement], expressions: Expressions
) -> bool:
    if any(name in group.parameter.names for group in expressions.groups.ordered()):
        return True
    carried = [axis.representation for t in tensors for axis in t.axes or ()]
    nodes = (node for written in carried if written is not None for node in walk(written))
    return any(isinstance(node, ast.Name) and node.text == name for node in nodes)


def warn_of_fixed_sizes(
    constraints: Sequence[Constraint], expressions: Expressions, report: Report
) -> None:
    """SYM209 for each name of an axis whose value is told by a dimension alone."""
    table = expressions.sizes
    by_name: dict[str, Constraint] = {}
    for constraint in constraints:
        name = _told_by_space(constraint, table, expressions)
        if name is not None:
            by_name.setdefault(name, constraint)
    for name, constraint in by_name.items():
        value, text = table.fixed[name].value, report.excerpt(constraint.representation_span)
        entries, image = _meant(constraint, name, expressions)
        meant = f"if the entries along it are {entries}, write `{value}: {text}` or "
        meant += f"`size {name} = {value}`"
        if value == 1:
            meant = f"write `{name}: {name}*{text}` for as many, or `1: {text}` for one"
        elif sum(c.representation == constraint.representation for c in by_name.values()) > 1:
            meant += f"; an image stands on two axes together, {image}"
        report.add(
            "SYM209",
            constraint.size_span,
            f"`{name}` is {value} in every call, for `{text}` acts on "
            f"{value} number{'' if value == 1 else 's'}",
            help=meant,
            related=[Related(constraint.representation_span, f"this fixes `{name}`")],
        )


def _meant(constraint: Constraint, name: str, expressions: Expressions) -> tuple[str, str]:
    """What stands along the axis, and how an image is written whose side it might be."""
    carried = constraint.representation
    if not isinstance(carried, Atom):
        raise TypeError(f"{carried} is no representation of one group")
    group = expressions.groups.instances[carried.group]
    image = image_of(group, expressions)
    written = f"`({name}, {name}): {group.name}.{image}`"
    if image is None:
        written = f"`({name}, {name}): R.grid` of `group R = C(4)` or `D(4)`"
    facts, parameter = group.facts, expressions.sizes.resolved(group.parameter).value
    items = (
        isinstance(facts, Finite)
        and parameter is not None
        and facts.signless(carried.name, parameter)
    )
    return "items" if items else "coordinates", written


def _told_by_space(
    constraint: Constraint, table: SizeTable, expressions: Expressions
) -> str | None:
    """The name that is the size of this axis, where a dimension fixes it, and no other."""
    carried = constraint.representation
    names = constraint.size.names
    if not isinstance(carried, Atom) or len(names) != 1 or constraint.dimension.value is None:
        return None
    (name,) = names
    fixing = table.fixed.get(name)
    group = expressions.groups.instances.get(carried.group)
    family = group.facts if group is not None else None
    if family is None:
        return None
    if (family.permutes or family.flips) and family.atoms[carried.name].axis == "natural":
        return None  # the items of S(5) are as many as it says
    alone = constraint.size == Size.variable(name)
    return name if alone and fixing and fixing.span == constraint.size_span else None
