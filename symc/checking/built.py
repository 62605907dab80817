"""`dual(R)`, `sym(R, k)` and `alt(R, k)`: representations that are built on others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symc.checking.arithmetic import OutOfRangeError, always_too_large
from symc.checking.report import folded
from symc.checking.values import Carried, dual, folded_power
from symc.syntax import ast

if TYPE_CHECKING:
    from symc.checking.expressions import Expressions

LARGEST_POWER = 8
"""Tensors of more indices are no `sym` and no `alt`: they are unfolded at each call."""

BUILT = {
    "dual": "the dual of",
    "sym": "a symmetric power of",
    "alt": "an alternating power of",
}
"""What builds on a representation, in words."""


_ELSEWHERE = {
    **dict.fromkeys(["sym", "symm", "symmetric", "sym2", "symmetricpower", "symmetrize"], "sym"),
    **dict.fromkeys(["alt", "alternating", "antisymmetric", "antisym", "skew"], "alt"),
    **dict.fromkeys(["wedge", "exterior", "alt2"], "alt"),
    **dict.fromkeys(["dual", "contragredient"], "dual"),
}
"""What others call what builds on a representation."""


def built_instead(name: str, text: str) -> str | None:
    """What to write for `symmetric(M.vector, 2)`, or `M.sym`; `text`: what it is built on."""
    if folded(name) in ("traceless", "symtraceless", "symmetrictraceless"):
        return f"write `sym({text}, 2)`, which holds the trace, too"
    known = _ELSEWHERE.get(folded(name))
    if known is None:
        return None
    return f"did you mean `{known}({text}{'' if known == 'dual' else ', 2'})`?"


def read_built(call: ast.Call, name: str, expressions: Expressions) -> Carried | None:
    """A call of one of BUILT."""
    report = expressions.report
    wanted = 1 if name == "dual" else 2
    swapped = wanted == 2 == len(call.arguments) and (
        not isinstance(call.arguments[1].value, ast.Integer)
        and isinstance(call.arguments[0].value, ast.Integer)
        or isinstance(call.arguments[1].value, ast.Attribute)
    )
    if len(call.arguments) != wanted or swapped or any(a.name is not None for a in call.arguments):
        takes = "one representation" if wanted == 1 else "a representation and a whole number"
        report.error(
            "SYM304",
            call.span,
            f"`{name}` takes {takes}{', in this order' if swapped else ''}",
            help=f"write `{_example(name)}`",
        )
        return None
    written = call.arguments[0].value
    base = expressions.representation(written)
    exponent = _exponent(call, name, expressions) if wanted == 2 else 1
    if base is None or exponent is None:
        return None
    if base.affine:
        report.error(
            "SYM306",
            written.span,
            f"there is no such thing as {BUILT[name]} a point: translations do not act on it by "
            "matrices",
            help="write `vector` for `point`, or give the point a tensor of its own",
        )
        return None
    if name == "dual":
        return dual(base)
    return _folded(call, name, base, exponent, expressions)


def _folded(
    call: ast.Call, name: str, base: Carried, exponent: int, expressions: Expressions
) -> Carried | None:
    dimension = expressions.sizes.resolved(base.dimension).value
    alternating = name == "alt"
    if alternating and dimension is not None and exponent > dimension:
        text = expressions.report.excerpt(call.arguments[0].value.span)
        expressions.report.error(
            "SYM304",
            call.arguments[1].value.span,
            f"`{expressions.report.excerpt(call.span)}` is nothing: `{text}` has dimension "
            f"{dimension}, and of so few components no {exponent} are different",
            help=f"write a power up to {dimension}, or `sym({text}, {exponent})`",
        )
        return None
    try:
        carried = folded_power(base, exponent, alternating)
        if not always_too_large(carried.dimension):
            return carried
    except OutOfRangeError:
        pass
    expressions.out_of_range(call)
    return None


def _exponent(call: ast.Call, name: str, expressions: Expressions) -> int | None:
    written = call.arguments[1].value
    size = expressions.size(written)
    if size is None:
        return None
    value = expressions.sizes.resolved(size).value
    if value is not None and 1 <= value <= LARGEST_POWER:
        return value
    text = expressions.report.excerpt(written.span)
    says = f"a power from 1 to {LARGEST_POWER}, not {value}"
    if value is None:
        says = f"a whole number for its power, and `{text}` is none"
    expressions.report.error(
        "SYM304",
        written.span,
        f"`{name}` takes {says}",
        help=f"write `{_example(name)}`, for instance",
    )
    return None


def _example(name: str) -> str:
    return "dual(M.vector)" if name == "dual" else f"{name}(M.vector, 2)"
