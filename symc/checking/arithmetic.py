"""Arithmetic on sizes that stays small: `2^10^10` is refused before it is computed."""

from __future__ import annotations

from symc.ir.sizes import LIMIT, Size, choose

MAXIMUM_EXPONENT = 31
"""2^31 is out of range already; the bound holds for symbolic sizes and representations too."""

_COEFFICIENT = 2**62
_TERMS = 24


class OutOfRangeError(ValueError):
    """A size that cannot be below LIMIT, or a polynomial too large to be meant."""


def _checked(size: Size) -> Size:
    if len(size.terms) > _TERMS or any(abs(t.coefficient) > _COEFFICIENT for t in size.terms):
        raise OutOfRangeError
    return size


def add(left: Size, right: Size) -> Size:
    """Sum; raises OutOfRangeError."""
    return _checked(left + right)


def multiply(left: Size, right: Size) -> Size:
    """Product; raises OutOfRangeError."""
    if len(left.terms) * len(right.terms) > _TERMS * 4:
        raise OutOfRangeError
    return _checked(left * right)


def chosen(size: Size, count: int, repeats: bool) -> Size:
    """In how many ways `count` of so many can be chosen; raises OutOfRangeError."""
    return _checked(choose(size, count, repeats))


def power(base: Size, exponent: int) -> Size:
    """Power with a whole exponent from 0; raises OutOfRangeError."""
    if base.value in (0, 1):
        return base if exponent else Size.constant(1)
    if exponent > _COEFFICIENT.bit_length():
        raise OutOfRangeError
    result = Size.constant(1)
    for digit in f"{exponent:b}":
        result = multiply(result, result)
        if digit == "1":
            result = multiply(result, base)
    return result


def never_positive(size: Size) -> bool:
    """Whether it is below 1 for all values of its names from 1."""
    rising = any(term.coefficient > 0 and term.powers for term in size.terms)
    return not rising and sum(term.coefficient for term in size.terms) < size.divisor


def always_too_large(size: Size) -> bool:
    """Whether it is LIMIT or more for all values of its names from 1."""
    falling = any(term.coefficient < 0 and term.powers for term in size.terms)
    least = sum(term.coefficient for term in size.terms)
    return not falling and least >= LIMIT * size.divisor


def root(factor: int, exponent: int, value: int) -> int | None:
    """The whole number u from 1, below LIMIT, with `factor * u^exponent = value`, if any."""
    if factor == 0 or value % factor:
        return None
    target = value // factor
    if target < 1:
        return None
    low, high = 1, LIMIT - 1
    while low < high:
        middle = (low + high) // 2
        if middle**exponent < target:
            low = middle + 1
        else:
            high = middle
    return low if low**exponent == target else None
