"""What there is to say about a group."""

from __future__ import annotations

from symc.description.model import GroupDescription
from symc.ir.groups import GroupInstance
from symc.ir.sizes import Size
from symc.proofs import Stabilizer


def describe_group(
    group: GroupInstance, parameter: Size, stabilizer: Stabilizer | None
) -> GroupDescription:
    """A group, its parameter with known sizes put in."""
    facts = group.facts
    value = parameter.value
    order: int | str | None = None if value is None else facts.order(value)
    if order is None:
        order = facts.order_formula(str(parameter))
    return GroupDescription(
        name=group.name,
        constructor=f"{group.family}({group.parameter})",
        title=facts.title,
        order=order,
        dimension=0 if order is not None else None if value is None else facts.dimension(value),
        stabilizer=stabilizer,
    )
