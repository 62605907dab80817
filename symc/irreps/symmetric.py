"""Irreducible representations of S(n) in tensor powers of the natural one.

With M the natural representation, M (x) S = Ind Res S for every S: a box of the diagram is taken
away and one is put back (the branching rule, e.g. Sagan, The Symmetric Group, 2.8). For n >= 2k
a larger n makes the first rows longer and changes nothing else.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from functools import lru_cache

from symc.ir.sizes import Size
from symc.irreps.irreducible import Irreducible, Powers
from symc.irreps.partitions import Partition, conjugate, with_box, without_box
from symc.proofs.moments import cycle_types, cycle_weight, symmetric_character


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
    return _named(parameter, found, exponent, sign)


@lru_cache(maxsize=256)
def mixed_powers(parameter: Size, lengths: tuple[int, ...], sign: bool) -> Powers:
    """What has the product of the traces of pi^c over `lengths`, sums and differences.

    From twice as many items on as these are together, diagrams only grow in their first row.
    """
    value = parameter.value
    exponent = sum(lengths)
    enough = 2 * exponent
    items = enough if value is None else min(value, enough)
    found: Counter[Partition] = Counter()
    for diagram in cycle_types(items):
        total = Fraction()
        for cycles in cycle_types(items):
            product = cycle_weight(cycles, False) * symmetric_character(diagram, cycles)
            for length in lengths:
                product *= sum(cycle for cycle in cycles if length % cycle == 0)
            total += product
        longer = (diagram[0] + (items if value is None else value) - items, *diagram[1:])
        found[longer] = int(total)
    return _named(parameter, found, exponent, sign)


def _named(parameter: Size, found: Counter[Partition], exponent: int, sign: bool) -> Powers:
    value = parameter.value
    terms = {}
    for diagram, count in found.items():
        if not count:
            continue
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
