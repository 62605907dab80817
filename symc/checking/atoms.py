"""Representations of a group that take something in brackets, or several axes together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symc.checking.arithmetic import OutOfRangeError
from symc.checking.meant import axis_text
from symc.checking.report import listed
from symc.checking.values import Carried, atom
from symc.diagnostics.diagnostic import Related
from symc.ir.groups import GroupInstance
from symc.ir.sizes import Size
from symc.source import Span
from symc.syntax import ast
from symc_runtime.groups.finite import Finite

if TYPE_CHECKING:
    from symc.checking.expressions import Expressions

_WORDS = {2: "two", 3: "three", 4: "four"}


def read_atom(
    owner: GroupInstance, name: str, written: ast.Expression, expressions: Expressions
) -> Carried | None:
    """`group.name`, a representation that its group has, where nothing stands in brackets."""
    facts = owner.facts.atoms[name]
    report = expressions.report
    if facts.arguments:
        text = report.excerpt(written.span)
        report.error(
            "SYM304",
            written.span,
            f"`{text}` alone does not say which one it means",
            help=f"write `{text}({_example(owner, name, expressions)})`",
        )
        return None
    sides: tuple[Size, ...] = ()
    if facts.axes > 1:
        found = _sides(owner, name, facts.axes, written, expressions)
        if found is None:
            return None
        sides = found
    return _made(owner, name, sides, written.span, expressions)


def read_called(
    owner: GroupInstance, name: str, call: ast.Call, expressions: Expressions
) -> Carried | None:
    """`group.name(2)`, whole numbers in the brackets."""
    facts = owner.facts
    report = expressions.report
    text = report.excerpt(call.function.span)
    wanted = facts.atoms[name].arguments
    numbers: list[int] = []
    before = report.count
    for argument in call.arguments:
        value = argument.value
        size = expressions.size(value) if isinstance(value, ast.Integer | ast.Name) else None
        number = None if size is None else expressions.sizes.resolved(size).value
        if argument.name is None and number is not None:
            numbers.append(number)
    if report.count > before:
        return None
    choices = _choices(owner, name, expressions)
    given = tuple(numbers)
    if len(given) == len(call.arguments) == wanted and (choices is None or given in choices):
        return _made(owner, name, tuple(map(Size.constant, given)), call.span, expressions)
    some = "one whole number" if wanted == 1 else f"{wanted} whole numbers"
    message = f"`{text}` takes {some}"
    if choices and len(given) == len(call.arguments) == wanted:
        inside = ", ".join(map(str, given))
        message = f"`{owner.name}` has no `{name}({inside})`"
    report.error(
        "SYM304",
        call.span,
        message,
        help=f"write `{text}({_example(owner, name, expressions)})`"
        if not choices
        else f"there {'is' if len(choices) == 1 else 'are'} {_listed(text, choices)}",
    )
    return None


def _listed(name: str, choices: list[tuple[int, ...]]) -> str:
    written = [f"{name}({', '.join(map(str, choice))})" for choice in choices]
    if len(written) > 4:
        return f"`{written[0]}`, `{written[1]}` to `{written[-1]}`"
    return listed(written)


def _made(
    owner: GroupInstance,
    name: str,
    arguments: tuple[Size, ...],
    span: Span,
    expressions: Expressions,
) -> Carried | None:
    known = expressions.sizes.resolved(owner.parameter).value
    try:
        return atom(owner, name, arguments, known)
    except OutOfRangeError:
        expressions.report.error(
            "SYM205",
            span,
            f"`{expressions.report.excerpt(span)}` is too large",
            help="sizes are whole numbers below 2^31",
        )
        return None


def _choices(
    owner: GroupInstance, name: str, expressions: Expressions
) -> list[tuple[int, ...]] | None:
    """What may stand in the brackets, None while the parameter is open."""
    facts = owner.facts
    parameter = expressions.sizes.resolved(owner.parameter).value
    if parameter is None or not isinstance(facts, Finite):
        return None
    return list(facts.choices(name, parameter))


def _example(owner: GroupInstance, name: str, expressions: Expressions) -> str:
    choices = _choices(owner, name, expressions)
    if not choices:
        return "1"
    return ", ".join(map(str, choices[min(1, len(choices) - 1)]))


def _sides(
    owner: GroupInstance,
    name: str,
    count: int,
    written: ast.Expression,
    expressions: Expressions,
) -> tuple[Size, ...] | None:
    """The sizes of the axes that carry a representation together; None where they do not fit."""
    report = expressions.report
    text = report.excerpt(written.span)
    sides = expressions.joint
    if _choices(owner, name, expressions) == []:
        report.error(
            "SYM303",
            written.name.span if isinstance(written, ast.Attribute) else written.span,
            f"`{owner.name}` has no `{name}`: an image is turned by quarters, so k is 1, 2 or 4",
            help="write `C(4)`, `C(2)`, `D(4)` or `D(2)`",
        )
        return None
    if sides is None or len(sides) != count:
        if owner.name not in expressions.apart:
            stands = f"`{text}` stands on {_WORDS.get(count, count)} axes together"
            if sides is not None:
                stands += f", and not on {_WORDS.get(len(sides), len(sides))}"
            report.error(
                "SYM313",
                written.span,
                stands,
                help=_in_brackets(text, owner, sides, expressions),
                related=[Related(expressions.axis.span, "one axis here")]
                if expressions.axis is not None
                else [],
            )
        expressions.apart.add(owner.name)
        return None
    expressions.grids.append((owner, sides, written.span))
    return sides


def _in_brackets(
    text: str, owner: GroupInstance, sides: tuple[Size, ...] | None, expressions: Expressions
) -> str:
    """What to write; of three axes in a bracket, one of which is of another size, that is none of
    the image."""
    if sides is not None and len(sides) == 3 and len({*sides}) == 2:
        first, middle, last = sides
        if first == middle:
            return f"channels stand beside the bracket: `({first}, {middle}): {text}, {last}`"
        if middle == last:
            return f"channels stand beside the bracket: `{first}, ({middle}, {last}): {text}`"
    return f"write `({_together(owner, expressions)}): {text}`, the axes in brackets"


def _together(owner: GroupInstance, expressions: Expressions) -> str:
    """Two sizes that an image of the group may have: `h, w`, or one twice where quarters turn."""
    first = axis_text(expressions) or "h"
    square = is_square(owner, expressions) or first.isdigit() or first == "w"
    return f"{first}, {first if square else 'w'}"


def image_of(owner: GroupInstance, expressions: Expressions) -> str | None:
    """The representation of the group that stands on two axes, `grid`, where it has one."""
    for name, facts in owner.facts.atoms.items():
        if facts.axes > 1 and _choices(owner, name, expressions):
            return name
    return None


def is_square(owner: GroupInstance, expressions: Expressions) -> bool:
    """Whether an image of the group has two axes of one size."""
    facts = owner.facts
    parameter = expressions.sizes.resolved(owner.parameter).value
    return isinstance(facts, Finite) and parameter is not None and facts.sides(parameter)
