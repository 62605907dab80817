"""What follows `=` behind an output, `-grad(energy, pos)`: a rational multiple of a gradient."""

from __future__ import annotations

from fractions import Fraction

from symc.checking.names import walk
from symc.checking.report import Report
from symc.ir.tensors import Derivation
from symc.syntax import ast

FUNCTION = "grad"


def read_derivation(value: ast.Expression, report: Report) -> Derivation | None:
    """What follows `=` behind an output, None where it is no multiple of a gradient."""
    found = _multiple(value)
    if not isinstance(found, tuple):
        _refuse(value, report)
        return None
    factor, call = found
    given = [argument.value for argument in call.arguments if argument.name is None]
    names = [each.text for each in given if isinstance(each, ast.Name)]
    if len(names) != 2 or len(call.arguments) != 2:
        report.error(
            "SYM330",
            call.span,
            f"`{FUNCTION}` takes the name of an output and the name of an input",
            help="write `grad(energy, pos)`, an output that is one number and an input",
        )
        return None
    if factor == 0:
        report.error(
            "SYM330",
            value.span,
            f"`{report.excerpt(value.span)}` is always zero",
            help=f"write `-grad({', '.join(names)})`, or drop the output",
        )
        return None
    of, by = names
    return Derivation(of=of, by=by, numerator=factor.numerator, denominator=factor.denominator)


def _multiple(value: ast.Expression) -> tuple[Fraction, ast.Call] | Fraction | None:
    """A number, or a number times a gradient; None for anything else."""
    match value:
        case ast.Integer(value=number):
            return Fraction(number)
        case ast.Call(function=ast.Name(text="grad")):
            return Fraction(1), value
        case ast.Negative(operand=operand):
            return _times(Fraction(-1), _multiple(operand))
        case ast.Binary(operator="*", left=left, right=right):
            one, other = _multiple(left), _multiple(right)
            return _times(one, other) if isinstance(one, Fraction) else _times(other, one)
        case ast.Binary(operator="/", left=left, right=right):
            divisor = _multiple(right)
            if not isinstance(divisor, Fraction) or divisor == 0:
                return None
            return _times(1 / divisor, _multiple(left))
    return None


def _times(
    factor: tuple[Fraction, ast.Call] | Fraction | None,
    value: tuple[Fraction, ast.Call] | Fraction | None,
) -> tuple[Fraction, ast.Call] | Fraction | None:
    if not isinstance(factor, Fraction) or value is None:
        return None
    if isinstance(value, Fraction):
        return factor * value
    return factor * value[0], value[1]


def _refuse(value: ast.Expression, report: Report) -> None:
    text = report.excerpt(value.span)
    help = "write `= -grad(energy, pos)`, the gradient of an output that is one number by an input"
    inner = value.operand if isinstance(value, ast.Negative) else value
    if isinstance(inner, ast.Call) and isinstance(inner.function, ast.Name):
        arguments = ", ".join(report.excerpt(each.span) for each in inner.arguments)
        sign = "-" if inner is not value else ""
        help = f"the one function here is `{FUNCTION}`: write `{sign}grad({arguments})`"
    elif any(isinstance(node, ast.Decimal) for node in walk(value)):
        help = "write the factor as a fraction, `-1/2*grad(energy, pos)`"
    report.error("SYM330", value.span, f"`{text}` is no gradient", help=help)
