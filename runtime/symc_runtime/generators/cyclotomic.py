"""Exact real numbers: sums of rational multiples of roots of unity.

Whole numbers, fractions, square roots and cosines of rational parts of a turn all lie in such a
field, Q(zeta) with zeta = exp(2 pi i / n). Its elements are rational combinations of the powers
zeta^0 to zeta^(m - 1), m = phi(n), in one way, so that equality is decided, and whole ones are the
algebraic integers of the field (Washington, Introduction to Cyclotomic Fields, theorem 2.6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from math import gcd, isqrt, lcm

LARGEST = 256
"""Fields of a larger degree are not computed in."""

_BITS = 320
"""Of values, behind the point; all but the last few are right."""


class TooFineError(ValueError):
    """A field of a degree above LARGEST."""


class Field:
    """Q(zeta) for a root of unity of order `order`; `degree`: its dimension."""

    def __init__(self, order: int) -> None:
        self.order = order
        self.modulus = _cyclotomic(order)
        self.degree = len(self.modulus) - 1

    def rational(self, value: Fraction | int) -> Number:
        """A rational number."""
        return Number(self, (Fraction(value), *[Fraction(0)] * (self.degree - 1)))

    def root(self, power: int) -> Number:
        """zeta^power."""
        return Number(self, tuple(map(Fraction, self._powers[power % self.order])))

    def reduced(self, coefficients: Sequence[Fraction]) -> Number:
        """The number with these coefficients at zeta^0, zeta^1, ..., of any length."""
        total = [Fraction(0)] * self.degree
        for power, coefficient in enumerate(coefficients):
            if coefficient:
                for place, one in enumerate(self._powers[power % self.order]):
                    if one:
                        total[place] += coefficient * one
        return Number(self, tuple(total))

    @cached_property
    def _powers(self) -> list[tuple[int, ...]]:
        """zeta^0 to zeta^(order - 1)."""
        powers = [(1, *[0] * (self.degree - 1))]
        while len(powers) < self.order:
            last = powers[-1]
            over = last[-1]
            shifted = (0, *last[:-1])
            powers.append(
                tuple([a - over * b for a, b in zip(shifted, self.modulus, strict=False)])
            )
        return powers

    @cached_property
    def cosines(self) -> list[int]:
        """cos(2 pi k / order), in units of 2^-_BITS."""
        one = 1 << _BITS
        angle = 2 * _pi() // self.order
        cosine = sine = 0
        term, step = one, 0
        while term:
            # The signs of cosine's and sine's series alternate.
            sign = -1 if step % 4 > 1 else 1
            if step % 2:
                sine += sign * term
            else:
                cosine += sign * term
            step += 1
            term = (term * angle >> _BITS) // step
        found, (x, y) = [one], (one, 0)
        for _ in range(1, self.order):
            x, y = (x * cosine - y * sine) >> _BITS, (x * sine + y * cosine) >> _BITS
            found.append(x)
        return found


@lru_cache(maxsize=32)
def field(order: int) -> Field:
    """Q(zeta). Raises TooFineError above a degree of LARGEST."""
    # phi(n)^2 is at least n / 2.
    if order > 2 * LARGEST**2 or _totient(order) > LARGEST:
        raise TooFineError(f"roots of unity of order {order}")
    return Field(order)


@dataclass(frozen=True)
class Number:
    """A number of a field: its coefficients at the powers of zeta. All that are made are real."""

    field: Field
    coefficients: tuple[Fraction, ...]

    def __add__(self, other: Number) -> Number:
        pairs = zip(self.coefficients, other.coefficients, strict=True)
        return Number(self.field, tuple([a + b for a, b in pairs]))

    def __neg__(self) -> Number:
        return Number(self.field, tuple([-a for a in self.coefficients]))

    def __sub__(self, other: Number) -> Number:
        return self + -other

    def __mul__(self, other: Number) -> Number:
        left = [(i, a) for i, a in enumerate(self.coefficients) if a]
        right = [(j, b) for j, b in enumerate(other.coefficients) if b]
        product = [Fraction(0)] * (2 * self.field.degree - 1)
        for i, a in left:
            for j, b in right:
                product[i + j] += a * b
        return self.field.reduced(product)

    def __truediv__(self, other: Number) -> Number:
        return self * other.inverse()

    def __bool__(self) -> bool:
        return any(self.coefficients)

    @property
    def whole(self) -> bool:
        """Whether it is an algebraic integer."""
        return all(each.denominator == 1 for each in self.coefficients)

    @property
    def rational(self) -> Fraction | None:
        """Its value, where that is a rational number."""
        return None if any(self.coefficients[1:]) else self.coefficients[0]

    def inverse(self) -> Number:
        """1 over the number. Raises ZeroDivisionError."""
        if self.rational is not None:
            return self.field.rational(1 / self.rational)
        # The extended algorithm of Euclid: s * self = r modulo the cyclotomic polynomial.
        r0 = [Fraction(c) for c in self.field.modulus]
        r1 = _trimmed(list(self.coefficients))
        s0: list[Fraction] = []
        s1 = [Fraction(1)]
        while len(r1) > 1:
            quotient, rest = _divided(r0, r1)
            r0, r1 = r1, rest
            s0, s1 = s1, _less(s0, quotient, s1)
        return self.field.reduced([c / r1[0] for c in s1])

    def sized(self, conjugate: int = 1) -> Fraction:
        """The real part of the number with zeta^conjugate for zeta, right to 2^-200 of its terms.

        It is the number itself where `conjugate` is 1.
        """
        cosines, order = self.field.cosines, self.field.order
        terms = [
            each * cosines[place * conjugate % order]
            for place, each in enumerate(self.coefficients)
            if each
        ]
        return sum(terms, Fraction(0)) / (1 << _BITS)

    def conjugates(self) -> list[Fraction]:
        """The values of all numbers that no equation with rational coefficients tells from it."""
        order = self.field.order
        found = range(1, order // 2 + 1) if order > 2 else [1]
        return [self.sized(each) for each in found if gcd(each, order) == 1]

    def __float__(self) -> float:
        """The nearest float; 0.0 only of zero."""
        exact = self.rational
        return float(self.sized() if exact is None else exact)

    def __str__(self) -> str:
        """A fraction, or four digits behind the point."""
        exact = self.rational
        return f"{float(self):.4f}" if exact is None else str(exact)


def cosine(turns: Fraction, within: Field) -> Number:
    """cos(2 pi turns), in a field that has it, see `of_cosine`."""
    step = turns * within.order
    return (within.root(int(step)) + within.root(-int(step))) * within.rational(Fraction(1, 2))


def of_cosine(turns: Fraction) -> int:
    """The order of roots of unity in whose field cos(2 pi turns) lies."""
    return turns.denominator


def square_root(value: Fraction, within: Field) -> Number:
    """The square root of a number from 0, in a field that has it, see `of_root`."""
    outside, primes = _factors(value)
    total = within.rational(outside)
    for prime in primes:
        total = total * _root_of_prime(prime, within)
    return total


def of_root(value: Fraction) -> int:
    """The order of roots of unity in whose field a square root lies. Raises TooFineError."""
    _, primes = _factors(value)
    return lcm(1, *[8 if p == 2 else p if p % 4 == 1 else 4 * p for p in primes])


def _root_of_prime(prime: int, within: Field) -> Number:
    if prime == 2:
        return cosine(Fraction(1, 8), within) * within.rational(2)
    # Gauss: the sum of zeta_p^(k^2) is the root, or i times it where p is 3 modulo 4.
    squares = [k * k % prime for k in range(prime)]
    step = within.order // prime
    total = within.rational(0)
    quarter = 0 if prime % 4 == 1 else -within.order // 4
    for square in squares:
        total = total + within.root(square * step + quarter)
    return total


def _factors(value: Fraction) -> tuple[Fraction, list[int]]:
    """r and primes p, q, ... with value = r^2 p q ..."""
    if not value:
        return value, []
    rest, outside, primes = value.numerator * value.denominator, Fraction(1, value.denominator), []
    for prime in range(2, LARGEST + 2):
        count = 0
        while rest % prime == 0:
            rest //= prime
            count += 1
        outside *= prime ** (count // 2)
        if count % 2:
            primes.append(prime)
    root = isqrt(rest)
    if root * root != rest:
        raise TooFineError(f"the square root of {value}")
    return outside * root, primes


def _totient(order: int) -> int:
    found, rest, prime = order, order, 2
    while prime * prime <= rest:
        if rest % prime == 0:
            found -= found // prime
            while rest % prime == 0:
                rest //= prime
        prime += 1
    return found - found // rest if rest > 1 else found


@lru_cache(maxsize=64)
def _cyclotomic(order: int) -> tuple[int, ...]:
    """Coefficients of the polynomial whose roots are the roots of unity of this order."""
    whole = [-1, *[0] * (order - 1), 1]
    for divisor in range(1, order):
        if order % divisor == 0:
            factor = _cyclotomic(divisor)
            quotient = [0] * (len(whole) - len(factor) + 1)
            for place in reversed(range(len(quotient))):
                quotient[place] = whole[place + len(factor) - 1]
                for j, coefficient in enumerate(factor):
                    whole[place + j] -= quotient[place] * coefficient
            whole = quotient
    return tuple(whole)


def _pi() -> int:
    """pi, in units of 2^-_BITS, by Machin's formula."""

    def arctangent(inverse: int) -> int:
        total, term, step = 0, (1 << (_BITS + 16)) // inverse, 1
        while term:
            total += term // step if step % 4 == 1 else -(term // step)
            term //= inverse * inverse
            step += 2
        return total

    return (16 * arctangent(5) - 4 * arctangent(239)) >> 16


def _trimmed(polynomial: list[Fraction]) -> list[Fraction]:
    while polynomial and not polynomial[-1]:
        polynomial.pop()
    return polynomial


def _divided(
    whole: Sequence[Fraction], by: Sequence[Fraction]
) -> tuple[list[Fraction], list[Fraction]]:
    """Quotient and rest of polynomials."""
    rest = list(whole)
    quotient = [Fraction(0)] * max(len(whole) - len(by) + 1, 0)
    for place in reversed(range(len(quotient))):
        quotient[place] = rest[place + len(by) - 1] / by[-1]
        if quotient[place]:
            for j, coefficient in enumerate(by):
                rest[place + j] -= quotient[place] * coefficient
    return quotient, _trimmed(rest)


def _less(
    first: Sequence[Fraction], quotient: Sequence[Fraction], second: Sequence[Fraction]
) -> list[Fraction]:
    """first - quotient * second."""
    total = [*first, *[Fraction(0)] * max(len(quotient) + len(second) - 1 - len(first), 0)]
    for i, a in enumerate(quotient):
        for j, b in enumerate(second):
            total[i + j] -= a * b
    return total
