"""Sizes as a spec writes them, and how they are read off the shapes of a call."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, overload

Size = int | str
"""A whole number, or a polynomial in size names, `"n"` or `"2*n^2 + 1"`.

It may be over a whole number that divides it at all sizes, `"(n^2 + n)/2"`.
"""

Parameter = Size | tuple[Size, ...]
"""What a group is made of: one size, or several."""

_TERM = re.compile(r"\s*([+-]?)\s*([A-Za-z0-9_^*]+)")

Polynomial = tuple[tuple[int, tuple[tuple[str, int], ...]], ...]
"""Terms: a coefficient and the powers of the names in it."""


class UndeterminedSizeError(ValueError):
    """A size that the given shapes do not determine; `name` says which."""

    def __init__(self, name: str) -> None:
        super().__init__(f"nothing determines the size `{name}`; pass sizes={{{name!r}: ...}}")
        self.name = name


def polynomial(size: Size) -> Polynomial:
    """The terms of a size, of what its divisor is to divide.

    Raises ValueError on text that is no polynomial.
    """
    if isinstance(size, int):
        return ((size, ()),)
    if size.isidentifier():
        return ((1, ((size, 1),)),)
    terms: list[tuple[int, tuple[tuple[str, int], ...]]] = []
    position = 0
    text = _parted(size)[0]
    while position < len(text):
        match = _TERM.match(text, position)
        if match is None:
            raise ValueError(f"{size!r} is not a polynomial in size names")
        coefficient = -1 if match[1] == "-" else 1
        powers: dict[str, int] = {}
        for factor in match[2].split("*"):
            name, _, exponent = factor.partition("^")
            if name.isdigit():
                coefficient *= int(name) ** int(exponent or 1)
            else:
                powers[name] = powers.get(name, 0) + int(exponent or 1)
        terms.append((coefficient, tuple(sorted(powers.items()))))
        position = match.end()
    return tuple(terms)


def divisor(size: Size) -> int:
    """What the terms of a size are to be divided by."""
    return 1 if isinstance(size, int) else _parted(size)[1]


def _parted(size: str) -> tuple[str, int]:
    text = size.strip()
    if text[:1] != "(":
        return text, 1
    terms, _, below = text[1:].partition(")/")
    return terms, int(below)


def choose(size: int, count: int, repeats: bool) -> int:
    """In how many ways `count` of so many things can be chosen, each once or with `repeats`."""
    total = 1
    for place in range(count):
        # After each step a number of choices, so nothing is left over.
        total = total * (size + place if repeats else size - place) // (place + 1)
    return total


def names(size: Parameter) -> frozenset[str]:
    """The size names in it."""
    if isinstance(size, int):
        return frozenset()
    if isinstance(size, tuple):
        return frozenset([name for each in size for name in names(each)])
    return frozenset([name for _, powers in polynomial(size) for name, _ in powers])


def written(parameter: Parameter) -> str:
    """As a spec writes it, several with commas between them."""
    if isinstance(parameter, tuple):
        return ", ".join([str(size) for size in parameter])
    return str(parameter)


def unknown_names(size: Parameter, known: Collection[str]) -> list[str]:
    """The size names in it that are not known, in the order of the alphabet."""
    return [name for name in sorted(names(size)) if name not in known]


@overload
def evaluate(size: Size, values: Mapping[str, int]) -> int: ...


@overload
def evaluate(size: tuple[Size, ...], values: Mapping[str, int]) -> Any: ...


def evaluate(size: Parameter, values: Mapping[str, int]) -> Any:
    """Its value, of several sizes a tuple; KeyError names a size that `values` lacks.

    Works on symbolic integers of torch.
    """
    if isinstance(size, int):
        return size
    if isinstance(size, tuple):
        return tuple([evaluate(each, values) for each in size])
    if size in values:
        return values[size]
    total = 0
    for coefficient, powers in polynomial(size):
        term = coefficient
        for name, power in powers:
            for _ in range(power):
                term = term * values[name]
        total = total + term
    below = divisor(size)
    return total if below == 1 else total // below


def _risen(size: str, name: str, observed: int, known: Mapping[str, int]) -> int:
    """The first value of a name at which a size that grows with it is not below `observed`."""
    low, high = 1, 1
    while evaluate(size, {**known, name: high}) < observed:
        low, high = high, 2 * high
    while low < high:
        middle = (low + high) // 2
        if evaluate(size, {**known, name: middle}) < observed:
            low = middle + 1
        else:
            high = middle
    return low


def _solved(
    size: Size, observed: int, known: Mapping[str, int], several: bool = False
) -> tuple[str, int] | None:
    """The one unknown name of the equation size = observed, if it stands in one power alone.

    `several`: or in several powers, with which the size grows.
    """
    unknown = unknown_names(size, known)
    if len(unknown) != 1:
        return None
    (name,) = unknown
    if size == name:
        return name, observed
    rest, factor, exponent = observed * divisor(size), 0, 0
    for coefficient, powers in polynomial(size):
        # In a loop: `prod` cannot be traced.
        others, power = coefficient, 0
        for each, times in powers:
            if each == name:
                power = times
                continue
            others = others * known[each] ** times
        if power == 0:
            rest = rest - others
        elif exponent in (0, power):
            exponent, factor = power, factor + others
        elif several:
            return name, _risen(str(size), name, observed, known)
        else:
            return None
    if factor == 0:
        return None
    value = rest // factor
    if exponent > 1:
        value = max(round(max(value, 0) ** (1 / exponent)), 1)
    return name, value


def solve(equations: Iterable[tuple[Size, int]], known: Mapping[str, int]) -> dict[str, int]:
    """Sizes by name from (size, observed) pairs, one name at a time; `known` ones stay.

    Whether every equation then holds is for the caller to check. Names that stay undetermined
    are missing from the answer.
    """
    values = dict(known)
    several = False
    pending = [
        (size, observed)
        for size, observed in equations
        if not isinstance(size, int) and size not in values
    ]
    progress = True
    while progress and pending:
        progress = False
        remaining = []
        for size, observed in pending:
            found = _solved(size, observed, values, several)
            if found is None:
                remaining.append((size, observed))
            elif found[0] not in values:
                values[found[0]] = found[1]
                progress = True
                # One more name may tell others as plainly.
                several = False
        pending = [item for item in remaining if unknown_names(item[0], values)]
        if not progress and not several:
            progress = several = True
    return values
