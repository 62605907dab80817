"""Two finite groups as a package of a user's would bring them: even permutations and sign flips."""

from __future__ import annotations

import math
from functools import cache
from itertools import permutations

from symc_runtime.groups.family import Atom, factor
from symc_runtime.groups.finite import Finite, Image, Items


@cache
def _even(n: int) -> tuple[tuple[int, ...], ...]:
    """Even permutations of n items, in lexicographic order."""

    def crossings(p: tuple[int, ...]) -> int:
        return sum(p[i] > p[j] for j in range(n) for i in range(j))

    return tuple(p for p in permutations(range(n)) if crossings(p) % 2 == 0)


@cache
def _numbers(n: int) -> dict[tuple[int, ...], int]:
    return {p: number for number, p in enumerate(_even(n))}


class Alternating(Finite):
    """The even permutations of n items, in lexicographic order."""

    name = "A"
    title = "alternating group"
    parameter = "n"
    atoms = {"natural": Atom("table"), "scalar": Atom("trivial")}
    bare = "natural"
    examples = (2, 3, 4, 5)

    def rest_order(self, parameter: int) -> int | None:
        return max(math.factorial(parameter) // 2, 1) if parameter < 21 else None

    def rest_order_formula(self, parameter: str) -> str:
        return f"{factor(parameter)}!/2"

    def product(self, parameter: int, left: int, right: int) -> int:
        p, q = _even(parameter)[left], _even(parameter)[right]
        return _numbers(parameter)[tuple(p[j] for j in q)]

    def inverse(self, parameter: int, element: int) -> int:
        p = _even(parameter)[element]
        return _numbers(parameter)[tuple(p.index(j) for j in range(parameter))]

    def generators(self, parameter: int) -> list[int]:
        """The cycles (0 1 j)."""
        found = []
        for third in range(2, parameter):
            p = list(range(parameter))
            p[0], p[1], p[third] = 1, third, 0
            found.append(_numbers(parameter)[tuple(p)])
        return found

    def image(self, atom: str, arguments: tuple[int, ...], parameter: int, element: int) -> Image:
        if atom == "natural":
            return Items(_even(parameter)[element], (1,) * parameter)
        return Items((0,), (1,))


class SignFlips(Finite):
    """k signs: element e negates item j where bit j of e is set."""

    name = "Flip"
    title = "group of sign flips"
    parameter = "k"
    atoms = {"natural": Atom("table"), "sign": Atom("table"), "scalar": Atom("trivial")}
    bare = "natural"
    examples = (1, 2, 3, 4)

    def rest_order(self, parameter: int) -> int | None:
        return 1 << parameter if parameter < 63 else None

    def rest_order_formula(self, parameter: str) -> str:
        return f"2^{factor(parameter)}"

    def product(self, parameter: int, left: int, right: int) -> int:
        return left ^ right

    def inverse(self, parameter: int, element: int) -> int:
        return element

    def generators(self, parameter: int) -> list[int]:
        return [1 << j for j in range(parameter)]

    def image(self, atom: str, arguments: tuple[int, ...], parameter: int, element: int) -> Image:
        signs = tuple(-1 if element >> j & 1 else 1 for j in range(parameter))
        if atom == "natural":
            return Items(tuple(range(parameter)), signs)
        return Items((0,), (math.prod(signs) if atom == "sign" else 1,))
