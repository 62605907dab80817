"""Irreducible representations of O(d) and SO(d) in tensor powers of the vector.

Those of O(d) belong to the Young diagrams whose first two columns hold at most d boxes; times V,
a diagram gains or loses one box, within these (Wenzl, Annals of Mathematics 128, 1988). Times the
determinant, the first column of c boxes becomes one of d - c. Restricted to SO(d), a diagram and
that one are the same; where they are one, d is even and it falls into two over the complex numbers,
over the real ones only if 4 divides d (Fulton and Harris, Representation Theory, 19.5).
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from functools import lru_cache

from symc.ir.sizes import Size
from symc.irreps.irreducible import Irreducible, Powers
from symc.irreps.partitions import Partition, conjugate, with_box, without_box
from symc.proofs.moments import cycle_types, cycle_weight, symmetric_character

_NAMES = {
    (): "trivial",
    (1,): "vector",
    (2,): "traceless symmetric",
    (1, 1): "antisymmetric",
}
_TWISTED = {(): "pseudoscalar", (1,): "pseudovector"}


@lru_cache(maxsize=256)
def powers(parameter: Size, exponent: int, sign: bool, special: bool) -> Powers:
    """The `exponent`-th power of the vector, times the determinant if `sign`."""
    value = parameter.value
    generic = 2 * exponent + 1
    terms: Counter[Irreducible] = Counter()
    for diagram, count in _walks(generic if value is None else value, exponent).items():
        short, twisted = (diagram, sign) if value is None else _short(diagram, sign, value)
        if special:
            for irreducible in _rotations(short, value):
                terms[irreducible] += count
        else:
            terms[_reflections(short, twisted, value)] += count
    bound = generic if special or sign else exponent
    return Powers(terms, bound if value is None and exponent > 1 else None)


@lru_cache(maxsize=256)
def mixed_powers(parameter: Size, lengths: tuple[int, ...], sign: bool, special: bool) -> Powers:
    """What has the product of tr(R^c) over `lengths`, times the determinant if `sign`.

    A product of power sums is one of Schur functions. Of these, O(d) leaves what is left of their
    diagrams when one with even rows is taken off (Littlewood), and a diagram that is too long is
    another one but for a sign (King, Journal of Mathematical Physics 12, 1971).
    """
    value = parameter.value
    exponent = sum(lengths)
    d = 2 * exponent + 1 if value is None else value
    terms: Counter[Irreducible] = Counter()
    for shape in cycle_types(exponent):
        weight = symmetric_character(shape, lengths)
        for diagram, count in _restricted(shape).items() if weight else ():
            found = _modified(diagram, d)
            if found is None:
                continue
            factor, short, twisted = found
            twisted = (twisted != sign) and 2 * len(short) != d
            named = _rotations(short, value) if special else (_reflections(short, twisted, value),)
            for irreducible in named:
                terms[irreducible] += weight * count * factor
    bound = d if special or sign else exponent
    return Powers(
        {irreducible: count for irreducible, count in terms.items() if count},
        bound if value is None and exponent > 1 else None,
    )


@lru_cache(maxsize=256)
def _restricted(shape: Partition) -> Counter[Partition]:
    """How often a diagram is left of another when one with even rows is taken off."""
    found: Counter[Partition] = Counter()
    size = sum(shape)
    for taken in range(0, size + 1, 2):
        for even in cycle_types(taken):
            if any(row % 2 for row in even):
                continue
            for left in cycle_types(size - taken):
                found[left] += _littlewood_richardson(shape, even, left)
    return +found


@lru_cache(maxsize=4096)
def _littlewood_richardson(whole: Partition, one: Partition, two: Partition) -> int:
    """How often s_whole is in s_one s_two, by characters of symmetric groups."""
    total = Fraction()
    for first in cycle_types(sum(one)):
        left = cycle_weight(first, False) * symmetric_character(one, first)
        for second in cycle_types(sum(two)) if left else ():
            right = cycle_weight(second, False) * symmetric_character(two, second)
            total += left * right * symmetric_character(whole, first + second)
    return int(total)


def _modified(diagram: Partition, d: int) -> tuple[int, Partition, bool] | None:
    """A sign, a diagram with at most d / 2 rows, and whether the determinant multiplies it.

    Strips of the border are taken off from the foot of the first column; None: it is nothing.
    """
    factor, twisted = 1, False
    while 2 * len(diagram) > d:
        strip, rows = 2 * len(diagram) - d, len(diagram)
        places = [row + rows - 1 - i for i, row in enumerate(diagram)]
        if strip not in places:
            return None
        crossed = sum(place < strip for place in places)
        left = sorted((place for place in (*places, 0) if place != strip), reverse=True)
        longer = (place - (rows - 1 - i) for i, place in enumerate(left))
        diagram = tuple(row for row in longer if row)
        # With each column but one that the strip touches, the sign changes.
        factor = -factor if (strip - crossed) % 2 == 0 else factor
        twisted = not twisted
    return factor, diagram, twisted


def _walks(d: int, steps: int) -> Counter[Partition]:
    found: Counter[Partition] = Counter({(): 1})
    for _ in range(steps):
        grown: Counter[Partition] = Counter()
        for diagram, count in found.items():
            for other in (*with_box(diagram), *without_box(diagram)):
                if sum(conjugate(other)[:2]) <= d:
                    grown[other] += count
        found = grown
    return found


def _short(diagram: Partition, sign: bool, d: int) -> tuple[Partition, bool]:
    """The same with at most d / 2 rows, and whether it is to be multiplied by the determinant."""
    if 2 * len(diagram) < d:
        return diagram, sign
    if 2 * len(diagram) == d:
        return diagram, False  # the determinant changes nothing
    first, *columns = conjugate(diagram)
    return conjugate((d - first, *columns) if d > first else tuple(columns)), not sign


def _reflections(short: Partition, twisted: bool, d: int | None) -> Irreducible:
    """An irreducible of O(d)."""
    trivial = not short and not twisted
    if d == 3:
        degree, parity = (short[0] if short else 0), "eo"[(sum(short) + twisted) % 2]
        return Irreducible(f"{degree}{parity}", trivial)
    if d == 2 and len(short) == 1 and short[0] > 1:
        return Irreducible(f"(l={short[0]})")
    if twisted:
        return Irreducible(_TWISTED.get(short) or f"pseudoscalar*{_label(short)}")
    return Irreducible(_label(short), trivial)


def _rotations(short: Partition, d: int | None) -> tuple[Irreducible, ...]:
    """What an irreducible of O(d) is under SO(d)."""
    if d in (2, 3):
        degree = short[0] if short else 0
        return (Irreducible(f"(l={degree})", not degree, complex_type=d == 2 and degree > 0),)
    label = _label(short)
    if d is None or 2 * len(short) != d:
        return (Irreducible(label, trivial=not short),)
    if d % 4 == 0:
        return tuple(Irreducible(f"{label} {half}") for half in ("(+)", "(-)"))
    return (Irreducible(label, complex_type=True),)


def _label(diagram: Partition) -> str:
    return _NAMES.get(diagram) or f"[{','.join(map(str, diagram))}]"
