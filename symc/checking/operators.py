"""Sums, products and powers of sizes and of representations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symc.checking.arithmetic import (
    MAXIMUM_EXPONENT,
    OutOfRangeError,
    add,
    always_too_large,
    multiply,
    power,
)
from symc.checking.report import nearest
from symc.checking.values import Carried, Value, direct_sum, product, tensor_power, trivial
from symc.ir.sizes import Size
from symc.syntax import ast
from symc_runtime.catalogue import compiled_groups

if TYPE_CHECKING:
    from symc.checking.expressions import Expressions


def read_binary(expressions: Expressions, expression: ast.Binary, wants_size: bool) -> Value | None:
    """`left operator right`, without `wr`."""
    operator = expression.operator
    left = _operand(expressions, expression.left, expression, wants_size)
    right = _operand(expressions, expression.right, expression, wants_size)
    if left is None or right is None:
        return None
    try:
        if operator == "^":
            return _power(expressions, expression, left, right)
        if operator == "/":
            expressions.report.error(
                "SYM205",
                expression.span,
                "a size is no quotient",
                help="name the smaller size and write the larger one as its multiple, as in `2*n`",
            )
            return None
        if isinstance(left, Size) and isinstance(right, Size):
            return _sizes(operator, left, right)
        if operator == "*":
            return _product(expressions, expression, left, right)
        if operator == "-":
            expressions.mixed(expression, "representations cannot be subtracted")
            return None
        if isinstance(left, Size) or isinstance(right, Size):
            if expressions.unknown_groups(expression):
                return None
            expressions.mixed(expression, "a size and a representation cannot be added")
            return None
        first = expressions.carried(left, expression.left)
        second = expressions.carried(right, expression.right)
        if first is None or second is None:
            return None
        return _in_range(expressions, expression, direct_sum(first, second))
    except OutOfRangeError:
        expressions.out_of_range(expression)
        return None


def _operand(
    expressions: Expressions, operand: ast.Expression, parent: ast.Binary, wants_size: bool
) -> Value | None:
    """An operand of a product may be a multiplicity, which comes into being here."""
    if parent.operator == "*" and isinstance(operand, ast.Name) and not wants_size:
        text = operand.text
        known = expressions.declared.keys() | expressions.unread | compiled_groups().keys()
        if text not in known:
            groups = [name for name, entry in expressions.declared.items() if entry.kind == "group"]
            near = nearest(text, groups) if len(text) > 3 else None
            if near is None or text in expressions.size_words:
                return expressions.sizes.use(text, operand.span)
    return expressions.value(operand, wants_size)


def _sizes(operator: str, left: Size, right: Size) -> Size:
    match operator:
        case "*":
            return multiply(left, right)
        case "-":
            return add(left, -right)
        case _:
            return add(left, right)


def _product(
    expressions: Expressions, expression: ast.Binary, left: Value, right: Value
) -> Carried | None:
    parts = []
    for side, value in ((expression.left, left), (expression.right, right)):
        if isinstance(value, Size):
            expressions.counted.append((value, side.span))
            parts.append(trivial(value))
        else:
            carried = expressions.carried(value, side)
            if carried is None:
                return None
            parts.append(carried)
    if expressions.refuse_product(parts[0], parts[1], expression.span):
        return None
    return _in_range(expressions, expression, product(parts[0], parts[1]))


def _power(
    expressions: Expressions, expression: ast.Binary, left: Value, right: Value
) -> Value | None:
    exponent = expressions.sizes.resolved(right).value if isinstance(right, Size) else None
    written = expressions.report.excerpt(expression.right.span)
    if exponent is None:
        expressions.report.error(
            "SYM205",
            expression.right.span,
            f"the exponent `{written}` is no whole number",
            help="write a number, as in `n^2` or `M.vector^2`",
        )
        return None
    if isinstance(left, Size):
        if exponent < 0:
            expressions.report.error(
                "SYM205",
                expression.right.span,
                f"the exponent `{written}` is below 0",
                help="a size is a whole number, and no quotient: write a power from 0, as in `n^2`",
            )
            return None
        if left.value is None and exponent > MAXIMUM_EXPONENT:
            raise OutOfRangeError
        return power(left, exponent)
    base = expressions.carried(left, expression.left)
    if base is None:
        return None
    if not 1 <= exponent <= MAXIMUM_EXPONENT:
        expressions.report.error(
            "SYM205",
            expression.right.span,
            f"a representation has powers from 1 to {MAXIMUM_EXPONENT}, not {exponent}",
            help=f"a size stays below 2^{MAXIMUM_EXPONENT}"
            if exponent > MAXIMUM_EXPONENT
            else "`R^1` is `R`, and `R^2` is `R * R`; what nothing moves is a `scalar`, as in "
            "`_: 1*M.scalar`",
        )
        return None
    if exponent > 1 and expressions.refuse_product(base, base, expression.span):
        return None
    return _in_range(expressions, expression, tensor_power(base, exponent))


def _in_range(
    expressions: Expressions, expression: ast.Expression, carried: Carried
) -> Carried | None:
    if always_too_large(carried.dimension):
        expressions.out_of_range(expression)
        return None
    return carried
