"""Matrix entries as a spec writes them: `-1`, `3/5`, `sqrt(3)/2`, `cos(2*pi/7)`, as exact numbers.

What is read is the syntax of Python's expressions, with `^` for powers; nothing is run.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from fractions import Fraction
from math import lcm
from typing import TypeVar

from symc_runtime.generators.cyclotomic import (
    Field,
    Number,
    TooFineError,
    cosine,
    field,
    of_cosine,
    of_root,
    square_root,
)

T = TypeVar("T")

_MOST_DIGITS = 60
"""Longer whole numbers are no entries of a matrix."""
_LARGEST_POWER = 64
_MOST_BITS = 4096
"""Nor are results of computing with them."""
_COMPLEX = ("i", "j", "I", "J", "im")
_ELSEWHERE = {
    "tan": "write `sin(t)/cos(t)`",
    "exp": "entries are real: write `cos(t)` and `sin(t)`",
    "phi": "the golden ratio is `(1 + sqrt(5))/2`",
    "tau": "write `2*pi`",
    "Pi": "write `pi`",
    "PI": "write `pi`",
}


class EntryError(ValueError):
    """An entry that is no exact real number: what is wrong, and `instead` what to write."""

    def __init__(self, message: str, instead: str) -> None:
        super().__init__(message)
        self.instead = instead


def parsed(text: str) -> ast.expr:
    """The expression of a text. Raises EntryError."""
    try:
        return ast.parse(text.strip().replace("^", "**"), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise EntryError(f"`{text}` is no number", "write `1/2`, `sqrt(3)/2`") from error


def order_of(entry: ast.expr) -> int:
    """The order of roots of unity in whose field the entry lies. Raises EntryError."""
    found = 1
    for call in _calls(entry):
        found = lcm(found, _called(call, of_cosine, of_root))
    _fits(found, entry)
    return found


def value_of(entry: ast.expr, within: Field) -> Number:
    """The entry as a number of a field that has it, see `order_of`. Raises EntryError."""
    match entry:
        case ast.Constant(value=int() as value) if not isinstance(value, bool):
            if value.bit_length() > 3 * _MOST_DIGITS:
                raise EntryError("a number of so many digits is no entry", "write a smaller one")
            return within.rational(value)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -value_of(operand, within)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _power(value_of(left, within), right, entry, within)
        case ast.BinOp(left=left, op=operator, right=right):
            one, two = value_of(left, within), value_of(right, within)
            match operator:
                case ast.Add():
                    return one + two
                case ast.Sub():
                    return one - two
                case ast.Mult():
                    return one * two
                case ast.Div():
                    if not two:
                        raise EntryError(f"`{_text(entry)}` divides by zero", "write another entry")
                    return one / two
        case ast.Call():
            return _called(
                entry,
                lambda turns: cosine(turns, within),
                lambda value: square_root(value, within),
            )
        case ast.Name(id=name):
            if name in _COMPLEX:
                raise EntryError(
                    f"`{name}` is no real number",
                    "complex matrices are not available yet; as a real one, i is "
                    "`[[0, -1], [1, 0]]`",
                )
            if name == "pi":
                raise EntryError(
                    "`pi` stands alone: only cosines and sines of its parts are known exactly",
                    "write `cos(2*pi/7)`",
                )
            raise EntryError(
                f"`{name}` is no number", _ELSEWHERE.get(name, "entries are numbers: `1/2`, `-1`")
            )
        case ast.Constant(value=float()):
            raise EntryError(f"`{_text(entry)}` is a decimal", "write a fraction, as in `1/2`")
    raise EntryError(
        f"`{_text(entry)}` is no number",
        "entries are whole numbers, fractions, `sqrt(3)/2` and `cos(2*pi/7)`",
    )


def _calls(entry: ast.expr) -> Iterator[ast.Call]:
    """Functions of numbers, outermost ones alone: what is in their brackets is rational."""
    if isinstance(entry, ast.Call):
        yield entry
        return
    for child in ast.iter_child_nodes(entry):
        if isinstance(child, ast.expr):
            yield from _calls(child)


def _called(
    call: ast.Call, of_turns: Callable[[Fraction], T], of_square: Callable[[Fraction], T]
) -> T:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    if name not in ("cos", "sin", "sqrt"):
        raise EntryError(
            f"`{_text(call.func)}` is no function that is known exactly",
            _ELSEWHERE.get(name, "there are `sqrt`, `cos` and `sin`"),
        )
    if len(call.args) != 1 or call.keywords:
        raise EntryError(f"`{name}` takes one number", f"write `{name}({_USUAL[name]})`")
    (inside,) = call.args
    if name == "sqrt":
        value = _rational(inside, 0)
        if value is None:
            raise EntryError(
                f"`{_text(call)}` is the root of something that is no fraction",
                "roots of fractions are known, and cosines: `sqrt(2 + sqrt(2))` is `2*cos(pi/8)`",
            )
        if value < 0:
            raise EntryError(
                f"`{_text(call)}` is no real number", "the root of a positive number is one"
            )
        return _fine(of_square, value, call)
    angle = _rational(inside, 1)
    if angle is None and _rational(inside, 0) == 0:
        angle = Fraction(0)
    if angle is None:
        raise EntryError(
            f"`{_text(call)}` is not known exactly: its angle is no fraction of pi",
            f"write `{_in_pi(call)}`",
        )
    turns = angle / 2 if name == "cos" else angle / 2 - Fraction(1, 4)
    return of_turns(turns % 1)


def _in_pi(call: ast.Call) -> str:
    """The call, where its angle is a fraction of `Pi` or `PI`; else one that is known."""
    names = {node.id for node in ast.walk(call) if isinstance(node, ast.Name)}
    (name,) = (call.func.id,) if isinstance(call.func, ast.Name) else ("cos",)
    other = names - {name}
    if len(other) == 1 and other <= {"Pi", "PI", "π"}:
        return _text(call).replace(other.pop(), "pi")
    return f"{name}(2*pi/7)"


_USUAL = {"cos": "2*pi/7", "sin": "2*pi/7", "sqrt": "3"}


def _fine(of: Callable[[Fraction], T], value: Fraction, call: ast.expr) -> T:
    try:
        return of(value)
    except TooFineError:
        raise _too_fine(call) from None


def _fits(order: int, entry: ast.expr) -> None:
    try:
        field(order)
    except TooFineError:
        raise _too_fine(entry) from None


def _too_fine(entry: ast.expr) -> EntryError:
    return EntryError(
        f"`{_text(entry)}` is too fine a number to compute with exactly",
        "numbers of a smaller field are: with smaller numbers below roots and in angles",
    )


def _rational(entry: ast.expr, of_pi: int) -> Fraction | None:
    """The value of a rational number, `of_pi` 1: of a rational multiple of pi, over pi."""
    found = _with_pi(entry)
    return found[1] if found is not None and found[0] == of_pi else None


def _with_pi(entry: ast.expr) -> tuple[int, Fraction] | None:
    """A power of pi, 0 or 1, and what multiplies it; zero is of either: (0, 0)."""
    match entry:
        case ast.Constant(value=int() as value) if not isinstance(value, bool):
            return (0, Fraction(value)) if value.bit_length() < 3 * _MOST_DIGITS else None
        case ast.Name(id="pi"):
            return 1, Fraction(1)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = _with_pi(operand)
            return inner and (inner[0], -inner[1])
        case ast.BinOp(left=left, op=operator, right=right):
            one, two = _with_pi(left), _with_pi(right)
            if one is None or two is None:
                return None
            (p, a), (q, b) = one, two
            match operator:
                case ast.Add() | ast.Sub() if p == q:
                    return p, a + b if isinstance(operator, ast.Add) else a - b
                case ast.Mult() if p + q < 2:
                    return p + q, a * b
                case ast.Div() if b and p - q >= 0:
                    return p - q, a / b
                case ast.Pow() if p == q == 0 and b.denominator == 1:
                    if abs(b) <= _LARGEST_POWER and (a or b >= 0) and _short(a):
                        return 0, a ** int(b)
    return None


def _power(base: Number, exponent: ast.expr, entry: ast.expr, within: Field) -> Number:
    value = _rational(exponent, 0)
    if value is None or value.denominator != 1 or abs(value) > _LARGEST_POWER:
        raise EntryError(
            f"`{_text(entry)}`: an exponent is a whole number, {_LARGEST_POWER} at most",
            "roots are written `sqrt(3)`",
        )
    if value < 0 and not base:
        raise EntryError(f"`{_text(entry)}` divides by zero", "write another entry")
    total = within.rational(1)
    for _ in range(abs(int(value))):
        total = total * base
        if not all(map(_short, total.coefficients)):
            raise EntryError(f"`{_text(entry)}` is too long a number", "write a smaller one")
    return total.inverse() if value < 0 else total


def _short(value: Fraction) -> bool:
    return max(value.numerator.bit_length(), value.denominator.bit_length()) <= _MOST_BITS


def _text(entry: ast.expr) -> str:
    return ast.unparse(entry).replace(" ** ", "^").replace(" * ", "*").replace(" / ", "/")
