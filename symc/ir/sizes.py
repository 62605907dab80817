"""Symbolic sizes: polynomials with integer coefficients in the size names of a spec."""

from __future__ import annotations

from collections.abc import Mapping
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
    """A polynomial in normal form: terms sorted, no zero coefficient; no terms means 0."""

    terms: tuple[Term, ...]

    @classmethod
    def _of(cls, collected: Mapping[Monomial, int]) -> Size:
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
        for term in (*self.terms, *other.terms):
            collected[term.powers] = collected.get(term.powers, 0) + term.coefficient
        return self._of(collected)

    def __neg__(self) -> Size:
        return self._of({term.powers: -term.coefficient for term in self.terms})

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
        return self._of(collected)

    @property
    def value(self) -> int | None:
        """The whole number this is, None while a name is in it."""
        if not self.terms:
            return 0
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
        return total

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
        return text[3:] if text.startswith(" + ") else "-" + text[3:]


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
