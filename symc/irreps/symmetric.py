"""Irreducible representations of S(n) in tensor powers of the natural one.

With M the natural representation, M (x) S = Ind Res S for every S: a box of the diagram is taken
away and one is put back (the branching rule, e.g. Sagan, The Symmetric Group, 2.8). For n >= 2k
a larger n makes the first rows longer and changes nothing else.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

from symc.ir.sizes import Size
from symc.irreps.irreducible import Irreducible, Powers
from symc.irreps.partitions import Partition, conjugate, with_box, without_box


@lru_cache(maxsize=256)
def powers(parameter: Size, exponent: int, sign: bool) -> Powers:
    """The `exponent`-th power of the natural representation, times the sign if `sign`."""
    value = parameter.value
    start = value if value is not None else max(2 * exponent, 2)
    found: Counter[Partition] = Counter({(start,): 1})
    for _ in range(exponent):
        grown: Counter[Partition] = Counter()
        for diagram, count in found.items():
            for less in without_box(diagram):
                for more in with_box(less):
                    grown[more] += count
        found = grown
    terms = {}
    for diagram, count in found.items():
        if value is not None:
            label = _conjugated(diagram) if sign else _rows(diagram, 0)
        else:
            label = _tail(parameter, diagram, sign)
        terms[Irreducible(label, trivial=label in (f"({value})", f"({parameter})"))] = count
    return Powers(terms, 2 * exponent if value is None and exponent else None)


def _rows(rows: Partition, ones: int) -> str:
    """A diagram of these rows and of `ones` rows of 1, many of them as a power."""
    ones += rows.count(1)
    longer = [str(length) for length in rows if length > 1]
    return f"({','.join([*longer, f'1^{ones}'] if ones > 3 else [*longer, *['1'] * ones])})"


def _conjugated(diagram: Partition) -> str:
    """The conjugate diagram, of which only the columns below the first row are gone through."""
    below = diagram[1] if len(diagram) > 1 else 0
    return _rows(tuple(1 + length for length in conjugate(diagram[1:])), diagram[0] - below)


def _tail(parameter: Size, diagram: Partition, sign: bool) -> str:
    """A diagram whose first row is as long as it must be for `parameter` items."""
    tail = diagram[1:]
    head = str(parameter - Size.constant(sum(tail))).replace(" ", "")
    label = f"({','.join([head, *map(str, tail)])})"
    if not sign:
        return label
    return f"sign*{label}" if tail else "sign"
