"""Are the groups groups? What they say of themselves is held to the laws before it is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symc_runtime.groups.finite import Finite
from symc_runtime.groups.laws import MANY, Representation, faults
from symc_runtime.spec.layout import Group, Tensor, blocks
from symc_runtime.spec.polynomials import evaluate
from symc_runtime.verification.report import FACTS, Row

NOTHING_ELSE = "all else: what is no group has no law that a module could follow"


def group_rows(
    groups: Sequence[Group], tensors: Sequence[Tensor], sizes: Mapping[str, int]
) -> list[Row]:
    """A row for each group that acts by tables: it, and the representations that tensors carry."""
    rows = []
    for group in groups:
        facts = group.facts
        if not isinstance(facts, Finite):
            continue
        parameter = evaluate(group.parameter, sizes)
        found = list(faults(facts, parameter, _carried(group, tensors, sizes)))
        tried = min(facts.order(parameter) or MANY, MANY)
        rows.append(
            Row(
                "elements", group.name, "", FACTS, "eval", "float64",
                "broken" if found else "right", float(len(found)), 0.0, tried, 0,
                min(len(found), tried), detail="; ".join(found),
            )
        )  # fmt: skip
    return rows


def _carried(
    group: Group, tensors: Sequence[Tensor], sizes: Mapping[str, int]
) -> list[Representation]:
    found: dict[Representation, None] = {}
    for tensor in tensors:
        for block in blocks(tensor):
            for axis in block.axes:
                if axis.table is not None and axis.table.group == group.name:
                    inside = tuple(evaluate(size, sizes) for size in axis.table.arguments)
                    found[axis.table.atom, inside] = None
    return list(found)
