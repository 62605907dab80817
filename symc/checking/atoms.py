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

_WORDS = {1: "one", 2: "two", 3: "three", 4: "four"}
_LETTERS = ("h", "w")
_VOXELS = ("d", "h", "w")


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
    if facts.axis == "grid":
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
    if sides is None and count == 1 and expressions.alone is not None:
        sides = (expressions.alone,)
    if _choices(owner, name, expressions) == [] and not owner.definition:
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
            if count == 1:
                stands = f"`{text}` stands on one axis alone"
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


VOXELS = (
    "voxels are turned by a group of 3 x 3 matrices, "
    "`generated { element r = [[0, -1, 0], [1, 0, 0], [0, 0, 1]] }`"
)


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
    if sides is None and owner.constructor == "C(2)":
        return (
            f"write `({_together(owner, expressions)}): {text}`, the axes in brackets; a sequence "
            "that is read from either end is turned by `generated { element r = [[-1]] }`"
        )
    if sides is not None and len(sides) > 2 and not owner.definition:
        return f"`{owner.name}` turns the two axes of an image; {VOXELS}"
    together = _together(owner, expressions)
    if "," not in together:
        return f"write `{together}: {text}`: channels have an axis of their own"
    return f"write `({together}): {text}`, the axes in brackets"


def _together(owner: GroupInstance, expressions: Expressions) -> str:
    """Sizes that a grid of the group may have: `h, w`, or one twice where these are exchanged."""
    first = axis_text(expressions)
    return ", ".join(sides_of(owner, expressions, first))


def sides_of(owner: GroupInstance, expressions: Expressions, first: str | None = None) -> list[str]:
    """Names of sizes for the axes of a grid of the group, `first` for the first of them.

    Axes that some element exchanges have one name; where the parameter is open none do.
    """
    count = next(a.axes for a in owner.facts.atoms.values() if a.axis == "grid")
    classes = exchanged(owner, expressions) or tuple((axis,) for axis in range(count))
    if first is not None and (first.isdigit() or first == "w"):
        classes = (tuple(range(count)),)
    letters = _VOXELS if count == 3 and len(classes) == 3 else _LETTERS
    found = [""] * count
    for number, together in enumerate(classes):
        name = letters[number] if number < len(letters) else f"h{number}"
        name = "n" if count == 1 else name
        for axis in together:
            found[axis] = first if number == 0 and first is not None else name
    return found


def image_of(owner: GroupInstance, expressions: Expressions) -> str | None:
    """The representation of the group that stands on several axes, `grid`, where it has one."""
    for name, facts in owner.facts.atoms.items():
        if facts.axes > 1 and _choices(owner, name, expressions):
            return name
    return None


def exchanged(owner: GroupInstance, expressions: Expressions) -> tuple[tuple[int, ...], ...] | None:
    """Which axes of a grid of the group are of one size; None while that is not known."""
    facts = owner.facts
    parameter = expressions.sizes.resolved(owner.parameter).value
    if not isinstance(facts, Finite) or parameter is None or not facts.choices("grid", parameter):
        return None
    return facts.exchanged(parameter)


def is_square(owner: GroupInstance, expressions: Expressions) -> bool:
    """Whether a grid of the group has axes that must be of one size."""
    return any(len(together) > 1 for together in exchanged(owner, expressions) or ())
