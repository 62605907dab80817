"""The wreath product S(m) wr S(n): n blocks of m items."""

from __future__ import annotations

from itertools import permutations, product

from symc_runtime.groups.family import LARGEST, Atom, Family, factor

Index = tuple[int, ...]
"""An element by where it takes the items, block by block: (g x)[index[k]] = x[k]."""


class Wreath(Family):
    """All permutations of n * m items that take blocks of m items to blocks.

    Item j of block i is item i * m + j. An element permutes the items of each block, block i by a
    permutation sigma_i of its own, and the blocks: (g x)[pi(i), sigma_i(j)] = x[i, j].
    """

    name = "wr"
    title = "wreath product"
    parameter = "m, n"
    element = "nested"
    atoms = {
        "natural": Atom("nested", meaning="n blocks of m items: items move inside, and blocks"),
        "blocks": Atom("blocks", meaning="a number for each block, which move as wholes"),
        "scalar": Atom("trivial"),
    }
    bare = "natural"
    examples = ((1, 1), (3, 1), (1, 3), (2, 2), (2, 3), (3, 2))

    def written(self, parameter: str) -> str:
        """`S(m) wr S(n)`"""
        inner, outer = parameter.split(", ")
        return f"S({inner}) wr S({outer})"

    def rest_order(self, parameter: tuple[int, int]) -> int | None:
        """(m!)^n n!"""
        m, n = parameter
        inner = outer = 1
        # In loops that can be traced where m and n are open; nothing grows far above LARGEST.
        for number in range(2, m + 1):
            inner *= number
            if inner > LARGEST:
                return None
        for number in range(2, n + 1):
            outer *= number
            if outer > LARGEST:
                return None
        for _ in range(n if inner > 1 else 0):
            outer *= inner
            if outer > LARGEST:
                return None
        return outer

    def rest_order_formula(self, parameter: str) -> str:
        """`(m!)^n*n!`"""
        m, n = parameter.split(", ")
        if m == "1":
            return f"{factor(n)}!"
        return f"({factor(m)}!)^{factor(n)}*{factor(n)}!"

    def every(self, parameter: tuple[int, int]) -> list[Index]:
        """The indices [(m!)^n n!, n m] of the items."""
        m, n = parameter
        inner = list(permutations(range(m)))
        return [
            joint(pi, sigmas)
            for pi in permutations(range(n))
            for sigmas in product(inner, repeat=n)
        ]

    def generators(self, parameter: tuple[int, int]) -> list[Index]:
        """Of the items of the first block, then of the blocks: an exchange, and a cycle."""
        m, n = parameter
        still = tuple(range(m))
        found = [joint(tuple(range(n)), [move, *[still] * (n - 1)]) for move in _of_items(m)]
        return found + [joint(move, [still] * n) for move in _of_items(n)]

    def blocks_of(self, parameter: tuple[int, int], index: Index) -> Index | None:
        """Where an element takes the blocks; None where the index of items keeps no blocks."""
        m, n = parameter
        moved = [index[i * m] // m for i in range(n)]
        kept = all(index[i * m + j] // m == moved[i] for i in range(n) for j in range(m))
        return tuple(moved) if kept else None


def joint(pi: Index, sigmas: list[Index] | tuple[Index, ...]) -> Index:
    """The index of the items from that of the blocks and one for the items of each block."""
    m = len(sigmas[0])
    return tuple([to * m + j for to, sigma in zip(pi, sigmas, strict=True) for j in sigma])


def _of_items(count: int) -> list[Index]:
    """Generators of all permutations of so many items."""
    exchange = [(1, 0, *range(2, count))] if count > 1 else []
    return exchange + ([(*range(1, count), 0)] if count > 2 else [])
