"""Symbolic sizes: polynomials in the size names of a spec, whole where the names are.

Their coefficients are whole numbers over one divisor, for n (n + 1) / 2 components of a symmetric
power have no others.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from math import comb, factorial, gcd
from typing import Any, Literal

from symc.ir.model import Model

LIMIT = 2**31
"""Sizes stay below this."""

Monomial = tuple[tuple[str, int], ...]
"""Powers of names, sorted by name: `(("c", 1), ("n", 2))` is c n^2; empty: 1."""


class Term(Model):
    """`coefficient` times a product of powers of size names."""

    coefficient: int
    powers: Monomial


class Size(Model):
    """A polynomial in normal form: terms sorted, no zero coefficient; no terms means 0.

    All of it is over `divisor`, at least 1, with no common factor; `terms` alone are the size where
    it is 1.
    """

    terms: tuple[Term, ...]
    divisor: int = 1

    @classmethod
    def _of(cls, collected: Mapping[Monomial, int], divisor: int = 1) -> Size:
        if divisor > 1:
            common = gcd(divisor, *collected.values())
            reduced = cls._of({powers: c // common for powers, c in collected.items()})
            return cls(terms=reduced.terms, divisor=divisor // common)
        if len(collected) == 1:
            ((powers, coefficient),) = collected.items()
            return cls(terms=(Term(coefficient=coefficient, powers=powers),) if coefficient else ())
        ordered = sorted(collected.items(), key=lambda item: (-sum(p for _, p in item[0]), item[0]))
        return cls(terms=tuple(Term(coefficient=c, powers=m) for m, c in ordered if c))

    @classmethod
    def constant(cls, value: int) -> Size:
        """The whole number `value`."""
        return cls._of({(): value})

    @classmethod
    def variable(cls, name: str) -> Size:
        """The size called `name`."""
        return cls._of({((name, 1),): 1})

    def __add__(self, other: Size) -> Size:
        collected: dict[Monomial, int] = {}
        # Over the product of both: normal form takes out what they share.
        for size, factor in ((self, other.divisor), (other, self.divisor)):
            for term in size.terms:
                found = collected.get(term.powers, 0)
                collected[term.powers] = found + term.coefficient * factor
        return self._of(collected, self.divisor * other.divisor)

    def __neg__(self) -> Size:
        return self._of({term.powers: -term.coefficient for term in self.terms}, self.divisor)

    def __sub__(self, other: Size) -> Size:
        return self + -other

    def __mul__(self, other: Size) -> Size:
        collected: dict[Monomial, int] = {}
        for a in self.terms:
            for b in other.terms:
                powers = dict(a.powers)
                for name, power in b.powers:
                    powers[name] = powers.get(name, 0) + power
                key = tuple(sorted(powers.items()))
                collected[key] = collected.get(key, 0) + a.coefficient * b.coefficient
        return self._of(collected, self.divisor * other.divisor)

    def over(self, divisor: int) -> Size:
        """This over a whole number from 1."""
        return self._of(
            {term.powers: term.coefficient for term in self.terms}, self.divisor * divisor
        )

    @property
    def value(self) -> int | None:
        """The whole number this is, None while a name is in it."""
        if not self.terms:
            return 0
        if self.divisor > 1:
            return None
        if len(self.terms) == 1 and not self.terms[0].powers:
            return self.terms[0].coefficient
        return None

    @property
    def names(self) -> frozenset[str]:
        """The size names in it."""
        return frozenset(name for term in self.terms for name, _ in term.powers)

    def substitute(self, values: Mapping[str, Size]) -> Size:
        """With names replaced; names that `values` lacks stay."""
        total = Size.constant(0)
        for term in self.terms:
            product = Size.constant(term.coefficient)
            for name, power in term.powers:
                factor = values.get(name, Size.variable(name))
                for _ in range(power):
                    product = product * factor
            total = total + product
        return total.over(self.divisor) if self.divisor > 1 else total

    def __str__(self) -> str:
        if not self.terms:
            return "0"
        text = ""
        for term in self.terms:
            factors = [name if power == 1 else f"{name}^{power}" for name, power in term.powers]
            magnitude = abs(term.coefficient)
            if magnitude != 1 or not factors:
                factors.insert(0, str(magnitude))
            sign = "-" if term.coefficient < 0 else "+"
            text += f" {sign} " + "*".join(factors)
        text = text[3:] if text.startswith(" + ") else "-" + text[3:]
        return f"({text})/{self.divisor}" if self.divisor > 1 else text


def polynomial_at(parts: Mapping[int, int], value: int) -> int:
    """The sum of `parts[p] * value^p`."""
    return sum(part * value**power for power, part in parts.items())


def growing(parts: Mapping[int, int]) -> bool:
    """Whether the sum of `parts[p] * u^p` rises with u from 1.

    Where it is 0 or less it need not, as u (u - 1) / 2 does not before 2: no size is that small.
    """
    top = max(parts, default=0)
    rises = {power: part for power, part in parts.items() if power and part}
    for start in range(1, top + 2):
        # At start + v, by the binomial theorem.
        shifted: dict[int, int] = {}
        for power, part in rises.items():
            for low in range(1, power + 1):
                more = part * comb(power, low) * start ** (power - low)
                shifted[low] = shifted.get(low, 0) + more
        if shifted and min(shifted.values()) >= 0 < max(shifted.values()):
            before = [polynomial_at(parts, u) for u in range(1, start + 1)]
            return all(a < b or (a <= 0 and b <= 0) for a, b in pairwise(before))
    return False


def whole_root(parts: Mapping[int, int]) -> int | None:
    """The whole number u from 1, below LIMIT, at which the sum of `parts[p] * u^p` is 0, if any.

    None, too, where the sum does not grow with u: `growing` says whether it does.
    """
    sign = 1 if parts[max(parts)] > 0 else -1
    risen = {power: sign * part for power, part in parts.items() if power}
    if not growing(risen):
        return None
    target = -sign * parts.get(0, 0)
    low, high = 1, LIMIT - 1
    while low < high:
        middle = (low + high) // 2
        if polynomial_at(risen, middle) < target:
            low = middle + 1
        else:
            high = middle
    return low if target > 0 and polynomial_at(risen, low) == target else None


def choose(size: Size, count: int, repeats: bool) -> Size:
    """In how many ways `count` of so many things can be chosen, each once or with `repeats`."""
    total = Size.constant(1)
    for place in range(count):
        total = total * (size + Size.constant(place if repeats else -place))
    return total.over(factorial(count))


class Several(Model):
    """The parameter of a group that takes several sizes, in their order."""

    sizes: tuple[Size, ...]

    @property
    def value(self) -> Any:
        """The whole numbers these are, a tuple, None while a name is in one."""
        values = [size.value for size in self.sizes]
        known = tuple(value for value in values if value is not None)
        return known if len(known) == len(values) else None

    @property
    def names(self) -> frozenset[str]:
        """The size names in them."""
        return frozenset().union(*(size.names for size in self.sizes))

    def substitute(self, values: Mapping[str, Size]) -> Several:
        """With names replaced; names that `values` lacks stay."""
        return Several(sizes=tuple(size.substitute(values) for size in self.sizes))

    def __str__(self) -> str:
        return ", ".join(map(str, self.sizes))


Parameter = Size | Several
"""What a group is made of: one size, or several."""


def sizes_in(parameter: Parameter) -> tuple[Size, ...]:
    """Its sizes, in their order."""
    return parameter.sizes if isinstance(parameter, Several) else (parameter,)


class SizeVariable(Model):
    """A size name: free (read off the tensors at each call), fixed, or ragged up to a bound."""

    name: str
    kind: Literal["free", "fixed", "ragged"]
    value: int | None = None
    bound: int | None = None
