"""`average(degree=5)`: which groups have designs, and what goes with them."""

from __future__ import annotations

from collections.abc import Sequence

from symc.checking.expressions import Expressions
from symc.ir.groups import GroupInstance, Stage
from symc.syntax import ast
from symc_runtime.groups.designs import DIMENSIONS, LARGEST, highest, size

_THERE = "designs are there for SO(2), SO(3), O(2), O(3), and for these inside E(d) and SE(d)"


def refuse_without_design(
    stages: Sequence[Stage], lines: Sequence[ast.SymmetrizeStatement], expressions: Expressions
) -> None:
    """SYM505 where a group has no design of the degree, or samples are to be drawn beside it."""
    given: dict[int, ast.Argument] = {}
    beside: dict[int, ast.Argument] = {}
    for line in lines:
        named = {a.name.text: a for a in line.options if a.name is not None}
        degree = named.get("degree")
        if degree is None or not isinstance(degree.value, ast.Integer):
            continue
        given.setdefault(degree.value.value, degree)
        counts = [named[name] for name in ("samples", "eval_samples") if name in named]
        if counts:
            beside.setdefault(degree.value.value, counts[0])
    for stage in stages:
        if stage.degree is None or stage.degree not in given:
            continue
        group = expressions.groups.instances[stage.group]
        place = given[stage.degree]
        dimension = expressions.sizes.resolved(group.parameter).value
        elements = None
        if dimension is not None:
            elements = size(dimension, group.facts.special, stage.degree)
        if elements is None:
            message, help_ = _lacking(group, dimension, stage.degree)
            expressions.report.error("SYM505", place.value.span, message, help=help_)
        elif stage.degree in beside:
            other = beside[stage.degree]
            name = other.name.text if other.name is not None else ""
            expressions.report.error(
                "SYM505",
                other.value.span,
                f"`degree={stage.degree}` takes {elements} elements of `{group.name}`, in training "
                f"and in eval mode, and leaves nothing for `{name}` to say",
                help=f"drop `{name}`, or drop `degree` to draw random elements in both modes",
            )


def _lacking(group: GroupInstance, dimension: int | None, degree: int) -> tuple[str, str]:
    """What to say of a group without the design."""
    rest = f"average `{group.name}` over random elements: `by average(samples=20)`"
    if dimension is None:
        return (
            f"a design wants to know the dimension, and `{group.name}` has it open",
            f"write the number in its brackets; or {rest}",
        )
    if dimension == 1:
        return (
            f"`{group.name}` wants no design: `average` takes all of its few elements anyway",
            "drop `degree`",
        )
    if dimension not in DIMENSIONS:
        return f"`{group.name}` has no designs", f"{_THERE}; {rest}"
    most = highest(dimension, group.facts.special)
    return (
        f"a design of degree {degree} of `{group.name}` has more than {LARGEST:,} elements",
        f"write a degree from 1 to {most}; or {rest}",
    )
