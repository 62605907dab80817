"""Irreducible representations of S(n) in tensor powers of the natural one.

With M the natural representation, M (x) S = Ind Res S for every S: a box of the diagram is taken
away and one is put back (the branching rule, e.g. Sagan, The Symmetric Group, 2.8). For n >= 2k
a larger n makes the first rows longer and changes nothing else.
"""

from __future__ import annotations

from collections import Counter

from symc.ir.sizes import Size
from symc.irreps.irreducible import Irreducible, Powers
from symc.irreps.partitions import Partition, conjugate, with_box, without_box


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
            shown = conjugate(diagram) if sign else diagram
            label = f"({','.join(map(str, _shortened(shown)))})"
        else:
            label = _tail(parameter, diagram, sign)
        terms[Irreducible(label, trivial=label in (f"({value})", f"({parameter})"))] = count
    return Powers(terms, 2 * exponent if value is None and exponent else None)


def _shortened(diagram: Partition) -> list[int | str]:
    """Many rows of 1 as a power."""
    ones = diagram.count(1)
    rows: list[int | str] = list(diagram[: len(diagram) - ones])
    return [*rows, f"1^{ones}"] if ones > 3 else list(diagram)


def _tail(parameter: Size, diagram: Partition, sign: bool) -> str:
    """A diagram whose first row is as long as it must be for `parameter` items."""
    tail = diagram[1:]
    head = str(parameter - Size.constant(sum(tail))).replace(" ", "")
    label = f"({','.join([head, *map(str, tail)])})"
    if not sign:
        return label
    return f"sign*{label}" if tail else "sign"
