"""Irreducible representations of O(d) and SO(d) in tensor powers of the vector.

Those of O(d) belong to the Young diagrams whose first two columns hold at most d boxes; times V,
a diagram gains or loses one box, within these (Wenzl, Annals of Mathematics 128, 1988). Times the
determinant, the first column of c boxes becomes one of d - c. Restricted to SO(d), a diagram and
that one are the same; where they are one, d is even and it falls into two over the complex numbers,
over the real ones only if 4 divides d (Fulton and Harris, Representation Theory, 19.5).
"""

from __future__ import annotations

from collections import Counter

from symc.ir.sizes import Size
from symc.irreps.irreducible import Irreducible, Powers
from symc.irreps.partitions import Partition, conjugate, with_box, without_box

_NAMES = {
    (): "trivial",
    (1,): "vector",
    (2,): "traceless symmetric",
    (1, 1): "antisymmetric",
}
_TWISTED = {(): "pseudoscalar", (1,): "pseudovector"}


def powers(parameter: Size, exponent: int, sign: bool, special: bool) -> Powers:
    """The `exponent`-th power of the vector, times the determinant if `sign`."""
    value = parameter.value
    generic = 2 * exponent + 1
    d = generic if value is None else value
    terms: Counter[Irreducible] = Counter()
    for diagram, count in _walks(d, exponent).items():
        twisted = _twisted(diagram, d) if sign and value is not None else diagram
        if special:
            for irreducible in _rotations(twisted, d, value is None):
                terms[irreducible] += count
        else:
            terms[_reflections(twisted, d, value is None, sign and value is None)] += count
    plain = not special and not sign
    bound = exponent if plain else generic
    return Powers(terms, bound if value is None and exponent > 1 else None)


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


def _twisted(diagram: Partition, d: int) -> Partition:
    """The diagram times the determinant."""
    columns = conjugate(diagram)
    first = d - (columns[0] if columns else 0)
    return conjugate((first, *columns[1:]) if first else columns[1:])


def _reflections(diagram: Partition, d: int, open_: bool, sign: bool) -> Irreducible:
    """An irreducible of O(d)."""
    other = _twisted(diagram, d)
    tall = not open_ and len(diagram) > len(other)
    short = other if tall else diagram
    if d == 3 and not open_:
        degree, parity = (short[0] if short else 0), "eo"[sum(diagram) % 2]
        return Irreducible(f"{degree}{parity}", trivial=not diagram)
    twisted = tall or sign
    if d == 2 and not open_ and short:
        return Irreducible("vector" if short == (1,) else f"(l={short[0]})")
    if twisted:
        label = _TWISTED.get(short) or f"pseudoscalar*{_label(short)}"
        return Irreducible(label)
    return Irreducible(_label(short), trivial=not short)


def _rotations(diagram: Partition, d: int, open_: bool) -> tuple[Irreducible, ...]:
    """What an irreducible of O(d) is under SO(d)."""
    other = _twisted(diagram, d)
    short = other if not open_ and len(diagram) > len(other) else diagram
    if d in (2, 3) and not open_:
        degree = short[0] if short else 0
        return (Irreducible(f"(l={degree})", not degree, complex_type=d == 2 and degree > 0),)
    label = _label(short)
    if open_ or 2 * len(short) != d:
        return (Irreducible(label, trivial=not short),)
    if d % 4 == 0:
        return tuple(Irreducible(f"{label} {half}") for half in ("(+)", "(-)"))
    return (Irreducible(label, complex_type=True),)


def _label(diagram: Partition) -> str:
    return _NAMES.get(diagram) or f"[{','.join(map(str, diagram))}]"
