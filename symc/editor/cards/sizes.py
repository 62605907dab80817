"""A size: free, fixed or ragged, and who tells it."""

from __future__ import annotations

from symc.editor.scope import Scope
from symc.ir.determination import Determined, determine


def size_card(name: str, scope: Scope) -> str:
    """Markdown about a size."""
    table = scope.sizes
    if name in table.fixed:
        fixing = table.fixed[name]
        return f"```sym\nsize {name} = {fixing.value}\n```\n\nfixed: {fixing.message}"
    told = next((d for d in determine(scope.inputs, table.fixed) if d.name == name), None)
    read = "no input tells it" if told is None else f"{_place(told)} tells it at each call"
    if name in table.ragged:
        bound = table.ragged[name]
        return (
            f"```sym\nsize {name} <= {bound}\n```\n\nragged: counts up to {bound}, one an "
            f"example, given as `{name}=counts`; padding never reaches a result"
        )
    return f"```sym\nsize {name}\n```\n\nfree: {read}"


def _place(told: Determined) -> str:
    """`axis 0 of pos`, with the equation where the axis is not the size itself."""
    text = f"axis {told.axis} of `{told.tensor}`"
    if told.several is not None:
        return f"{text}, which is `{told.several}` long,"
    power = told.name if told.power == 1 else f"{told.name}^{told.power}"
    factor = "" if told.factor.value == 1 else f"{_grouped(str(told.factor))}*"
    rest = "" if not told.rest.terms else f" + {told.rest}".replace("+ -", "- ")
    if factor or rest or told.power != 1:
        text += f", which is `{factor}{power}{rest}` long,"
    return text


def _grouped(size: str) -> str:
    return f"({size})" if " " in size else size
