"""Constructors of groups, and representations of groups by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symc.checking import pending
from symc.checking.atoms import VOXELS, read_atom, read_called
from symc.checking.built import BUILT, built_instead, read_built
from symc.checking.familiar import familiar
from symc.checking.groups import available
from symc.checking.meant import axis_text, representation_alone
from symc.checking.names import ARTICLE, walk
from symc.checking.report import folded, listed, nearest
from symc.checking.values import Carried, Value, kind_of
from symc.checking.wreath import FAMILY as WREATH
from symc.checking.wreath import USAGE as WREATH_USAGE
from symc.diagnostics.diagnostic import Related
from symc.ir.groups import GroupInstance
from symc.ir.sizes import Size
from symc.syntax import ast
from symc_runtime.catalogue import compiled_groups
from symc_runtime.catalogue import groups as families

if TYPE_CHECKING:
    from symc.checking.expressions import Expressions


# What others call representations.
_ELSEWHERE = {
    **dict.fromkeys(["invariant", "trivial", "l0"], "scalar"),
    **dict.fromkeys(["l1", "polar", "standard", "direction", "velocity", "displacement"], "vector"),
    **dict.fromkeys(["axial", "axialvector"], "pseudovector"),
    **dict.fromkeys(["position", "pos", "coordinate", "coordinates", "coords", "affine"], "point"),
    **dict.fromkeys(["permutation", "items"], "natural"),
    **dict.fromkeys(["parity", "det", "determinant"], "pseudoscalar"),
    **dict.fromkeys(["image", "images", "picture", "pixels", "plane", "spatial"], "grid"),
    **dict.fromkeys(["ring", "cycle", "corners"], "natural"),
}
_QUARTERS = "; images are turned by quarters, `grid` of `C(4)` and `D(4)`"
_SIGNS = {"pseudoscalar": "sign", "sign": "pseudoscalar"}
"""What one group calls `sign` is another's `pseudoscalar`."""


def read_attribute(expression: ast.Attribute, expressions: Expressions) -> Carried | None:
    """`group.name`."""
    owner = _owner(expression, expressions)
    if owner is None:
        return None
    facts = owner.facts
    name = expression.name
    if name.text in facts.atoms:
        return read_atom(owner, name.text, expression, expressions)
    # Irreducible representations come for rotations of space; elsewhere the name is wrong.
    rotates = facts.turns
    if name.text in pending.IRREDUCIBLE and rotates and owner.parameter == Size.constant(3):
        pending.irreducible(expressions.report, expression.span)
        return None
    near = _ELSEWHERE.get(folded(name.text))
    near = near if near in facts.atoms else _SIGNS.get(near or name.text)
    near = near if near in facts.atoms else nearest(name.text, facts.atoms)
    power = built_instead(name.text, f"{owner.name}.vector") if "vector" in facts.atoms else None
    hint = f"did you mean `{near}`?" if near else f"it has {listed(facts.atoms)}"
    if near is None and "grid" in (name.text, _ELSEWHERE.get(folded(name.text))):
        space = expressions.joint is not None and len(expressions.joint) == 3
        hint += f"; {VOXELS}" if space else _QUARTERS
    if near is None and power is not None:
        hint = power
    expressions.report.error(
        "SYM303",
        name.span,
        f"`{owner.name}` has no representation `{name.text}`",
        help=hint,
        fix=near,
    )
    return None


def _owner(expression: ast.Attribute, expressions: Expressions) -> GroupInstance | None:
    if isinstance(expression.owner, ast.Name):
        known = compiled_groups().values()
        having = [facts for facts in known if expression.name.text in facts.atoms]
        # E(3).vector and O(3).vector read alike; the linear group is the simpler example.
        having.sort(key=lambda facts: (facts.affine, facts.special))
        if having:
            usual = "n" if having[0].permutes else "3"
            text = axis_text(expressions) or usual
            expressions.example = having[0].usage if having[0].nests else having[0].written(text)
    owner = expressions.value(expression.owner)
    expressions.example = None
    if owner is None or isinstance(owner, GroupInstance):
        return owner
    text = expressions.report.excerpt(expression.owner.span)
    expressions.report.error(
        "SYM204",
        expression.owner.span,
        f"`{text}` is {kind_of(owner)}: only a group has representations",
        help=f"declare a group, as in `group P = S({text})`"
        if isinstance(expression.owner, ast.Name)
        else "write `group.name`, as in `M.vector`",
    )
    return None


def read_call(call: ast.Call, expressions: Expressions) -> Value | None:
    """A constructor, or a form that takes no arguments or comes later."""
    function = call.function
    if isinstance(function, ast.Attribute):
        return _called_representation(call, function, expressions)
    if not isinstance(function, ast.Name):
        expressions.report.error(
            "SYM302", function.span, "only a group constructor takes arguments"
        )
        return None
    name = function.text
    lorentz = name in ("O", "SO") and _integers(call) == (1, 3)
    if pending.is_group(name) or lorentz:
        pending.group(expressions.report, name, call.span, lorentz)
        return None
    if name in BUILT:
        return read_built(call, name, expressions)
    if name in families() and name != WREATH:
        return _constructor(call, name, expressions)
    entry = expressions.declared.get(name)
    if entry is not None:
        expressions.report.error(
            "SYM304",
            call.span,
            f"`{name}` is {ARTICLE[entry.kind]} and takes no arguments",
            help=f"write `{name}`",
            related=[Related(entry.span, f"`{name}` is declared here")],
        )
    else:
        _no_group(call, function, expressions)
    return None


def _no_group(call: ast.Call, function: ast.Name, expressions: Expressions) -> None:
    """A constructor that does not exist; it may have another name elsewhere."""
    name = function.text
    # Names of groups are too short to be near each other: SL(2) is no slip for S(2).
    near = next((family for family in compiled_groups() if family == name.upper()), None)
    listing = f"available: {available()}"
    hint = listing if near is None else f"did you mean `{near}`? {listing}"
    alone = representation_alone(name, expressions)
    # `Z(4)`, the whole numbers modulo 4; a bare `Z` is a name like any other.
    known = familiar("cyclic" if name == "Z" else name) if near is None else None
    built = nearest(name, BUILT)
    base = next((a.value for a in call.arguments if not isinstance(a.value, ast.Integer)), None)
    power = None
    if base is not None and any(isinstance(node, ast.Attribute) for node in walk(base)):
        power = built_instead(name, expressions.report.excerpt(base.span))
    if name == WREATH:
        hint = WREATH_USAGE
    elif power is not None:
        hint, near = power, None
    elif alone is not None:
        hint = alone[0]
    elif near is None and known is None and built is not None:
        near, hint = built, f"did you mean `{built}`? {listing}"
    elif known is not None:
        given = call.arguments[0].value.span if len(call.arguments) == 1 else None
        size = expressions.report.excerpt(given) if given else axis_text(expressions)
        if known.available:
            near = known.symbol if given else None
            meant = f"{known.symbol}({size})" if given else known.written(size)
            hint = f"did you mean `{meant}`? {listing}"
        else:
            hint = known.advice(size, available())
    expressions.report.error(
        "SYM302", function.span, f"there is no group `{name}`", help=hint, fix=near
    )


def _called_representation(
    call: ast.Call, function: ast.Attribute, expressions: Expressions
) -> Carried | None:
    owner = _owner(function, expressions)
    if owner is None:
        return None
    name = function.name.text
    atoms = owner.facts.atoms
    if name in atoms and atoms[name].arguments:
        return read_called(owner, name, call, expressions)
    before = expressions.report.count
    carried = read_attribute(function, expressions)
    if carried is not None and expressions.report.count == before:
        expressions.report.error(
            "SYM304",
            call.span,
            f"`{expressions.report.excerpt(function.span)}` takes no arguments",
            help=f"write `{expressions.report.excerpt(function.span)}`",
        )
    return None


def _constructor(call: ast.Call, family: str, expressions: Expressions) -> GroupInstance | None:
    parameter = read_parameter(call, family, expressions)
    if parameter is None:
        return None
    return expressions.groups.inline(family, parameter, call.span, expressions.report)


def read_parameter(call: ast.Call, family: str, expressions: Expressions) -> Size | None:
    """The parameter of `S(n)` and the like; None where it is wrong, which is reported."""
    facts = families()[family]
    arguments = call.arguments
    usage = f"write `{facts.usage}` with one whole number from 1, or a size"
    if len(arguments) != 1 or arguments[0].name is not None:
        count = f"{len(arguments)} are" if arguments else "none is"
        message = f"`{family}` takes one argument, but {count} given"
        if len(arguments) == 1:
            message = f"`{family}` takes its argument without a name"
        expressions.report.error("SYM304", call.span, message, help=usage)
        return None
    value = arguments[0].value
    text = expressions.report.excerpt(value.span)
    if isinstance(value, ast.Decimal | ast.String | ast.MatrixLiteral):
        message = f"`{text}` is no parameter of `{family}`"
        expressions.report.error("SYM304", value.span, message, help=usage)
        return None
    parameter = expressions.size(value)
    if parameter is None:
        return None
    known = expressions.sizes.resolved(parameter).value
    if known is not None and known < 1:
        message = f"`{family}({text})` does not exist: the parameter is a whole number from 1"
        expressions.report.error("SYM304", value.span, message, help=usage)
        return None
    ragged = parameter.names & expressions.sizes.ragged.keys()
    if ragged and (not facts.permutes or parameter not in map(Size.variable, ragged)):
        name = min(ragged)
        message = f"`{text}` is computed from the ragged size `{name}`"
        hint = f"a ragged size stands alone on an axis and in `S({name})`"
        if facts.tabled:
            message = f"`{family}` of a ragged size, as `{name}` is, is no one group"
        elif facts.flips:
            message = f"`{family}` of a ragged size, as `{name}` is, is not available yet"
            hint = f"write `size {name}`, and fill items that are not there with zeros"
        elif not facts.permutes:
            message = f"the dimension of a space cannot be ragged, as `{name}` is"
        expressions.report.error(
            "SYM207",
            value.span,
            message,
            help=hint,
            related=[Related(expressions.sizes.seen[name], f"`{name}` is declared ragged here")],
        )
        return None
    expressions.counted.append((parameter, value.span))
    return parameter


def _integers(call: ast.Call) -> tuple[int, ...]:
    values = [argument.value for argument in call.arguments]
    return tuple(value.value for value in values if isinstance(value, ast.Integer))
