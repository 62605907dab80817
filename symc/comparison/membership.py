"""Does an element of one symmetry act as some element of another? Decided exactly.

An element g of A acts on each axis of a tensor by a matrix M, and on the tensor by the Kronecker
product of these. An element of B does the same iff its matrices N agree with them up to factors
whose product is 1 on each tensor; as all are orthogonal, the factors are signs. On a pure block
of B, N is a Kronecker product of a permutation or an orthogonal matrix for each group of B, times
signs. So M must fall into a Kronecker product on each block, which it does in one way up to
numbers; this fixes each permutation, each orthogonal matrix up to its sign, and leaves a linear
system over the field of two elements for the signs and determinants. Of a group that acts by tables
the elements are gone through: those are kept that do what is wanted up to signs, which each of them
knows. A translation is linear in its vector: it is read off.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from math import prod

from symc.comparison.elements import Element
from symc.comparison.layout import Factor as Index
from symc.comparison.layout import Layout, Piece, entries
from symc.comparison.parity import Parities
from symc.comparison.sparse import (
    Rows,
    alike,
    factorize,
    identity,
    is_identity,
    is_negative,
    is_permutation,
    is_signs,
    kronecker,
    leading,
    normalized,
)
from symc.comparison.tables import Name, matrix
from symc_runtime.groups.family import Family, Parameter
from symc_runtime.groups.finite import Finite
from symc_runtime.groups.wreath import Wreath

LARGEST = 1 << 12
"""Longer axes are not written out as matrices, nor larger finite groups gone through."""


class TooLargeError(ValueError):
    """An axis whose matrix would be too large to compare."""


@dataclass(frozen=True)
class Factor:
    """A group of a symmetry at given sizes: its facts and its parameter."""

    facts: Family
    size: Parameter


@dataclass(frozen=True)
class Symmetry:
    """A spec at given sizes: the groups by name, and the axes of the tensors compared.

    `reduced`: groups of which one generator of each kind is as good as all, see `reduction`.
    """

    factors: Mapping[str, Factor]
    tensors: tuple[tuple[Layout[int], ...], ...]
    reduced: frozenset[str] = frozenset()


@dataclass
class Preimage:
    """An element that acts as wanted; what a group lacks here is the identity.

    `matrices`: permutations and orthogonal matrices up to positive factors. `odd`: groups whose
    sign is -1. `shifts`: translations. `numbers`: elements of groups that act by tables.
    """

    matrices: dict[str, Rows] = field(default_factory=dict)
    odd: frozenset[str] = frozenset()
    shifts: dict[str, dict[int, Fraction]] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)


_Tabled = tuple[str, Name]
# On a piece of B: whether the sign is -1, and a normalized matrix for each factor, None: identity.
_Action = tuple[bool, Sequence[Rows | None]]


def preimage(element: Element, of: Symmetry, target: Symmetry) -> Preimage | None:
    """An element of `target` that acts as `element` of `of` does; None if there is none.

    The tensors of both are the same, in the same order. Raises TooLargeError.
    """
    search = _Search(target)
    for number, (axes, others) in enumerate(zip(of.tensors, target.tensors, strict=True)):
        for position, (axis, other) in enumerate(zip(axes, others, strict=True)):
            actions = _actions(element, axis, other)
            if actions is None or not search.place((number, position), other, actions):
                return None
        own = [position for position, other in enumerate(others) if not other.even]
        search.require(((number, position) for position in own), False)
    found = search.signs_solved()
    if found is None:
        return None
    if element.shift and not _shifted(element, of, target, found):
        return None
    return found


class _Search:
    """What is known of the element of the target so far."""

    def __init__(self, target: Symmetry) -> None:
        self.target = target
        self.equations: list[tuple[tuple[Hashable, ...], bool, tuple[_Tabled, ...]]] = []
        self.matrices: dict[str, Rows | None] = {}
        self.numbers: dict[str, list[int]] = {}
        self.nested: dict[str, dict[str, Rows | None]] = {}

    def require(
        self, unknown: Iterable[Hashable], negative: bool, tabled: Iterable[_Tabled] = ()
    ) -> None:
        """Unknown signs and those of elements that act by tables are together as said."""
        self.equations.append((tuple(unknown), negative, tuple(tabled)))

    def place(self, axis: tuple[int, int], layout: Layout[int], actions: Sequence[_Action]) -> bool:
        """Takes in what an axis must do, piece by piece; False if no element does that."""
        for piece, (negative, matrices) in zip(layout.pieces, actions, strict=True):
            unknown: list[Hashable] = [axis]
            unknown += [("sign", name) for name in piece.characters]
            tabled = []
            for factor, wanted in zip(piece.factors, matrices, strict=True):
                owner = factor.group
                facts = self.target.factors[owner].facts if owner else None
                if owner is not None and factor.atom is not None:
                    if isinstance(facts, Wreath):
                        if not self._nest(owner, facts, factor.atom, wanted):
                            return False
                        continue
                    name = factor.atom, factor.arguments
                    if not self._keep(owner, name, wanted):
                        return False
                    tabled.append((owner, name))
                    continue
                if owner is None or facts is None or not _has_matrix(facts):
                    if wanted is not None:
                        return False
                    continue
                if not alike(self.matrices.setdefault(owner, wanted), wanted):
                    return False
                if not facts.permutes:
                    unknown.append(("negated", owner))
                elif wanted is not None and not is_permutation(wanted):
                    return False
                if facts.flips and wanted is not None and not is_signs(wanted):
                    return False
            self.require(unknown, negative, tabled)
        return True

    def _nest(self, owner: str, facts: Wreath, atom: str, wanted: Rows | None) -> bool:
        """Whether blocks of items, or blocks, can move so, and as they do elsewhere."""
        known = self.nested.setdefault(owner, {})
        if wanted is not None and not is_permutation(wanted):
            return False
        if not alike(known.setdefault(atom, wanted), wanted):
            return False
        if "natural" not in known:
            return True
        m, n = self.target.factors[owner].size
        places = _places(known["natural"], m * n)
        blocks = facts.blocks_of((m, n), places)
        return blocks is not None and (
            "blocks" not in known or blocks == _places(known["blocks"], n)
        )

    def _keep(self, owner: str, name: Name, wanted: Rows | None) -> bool:
        """Keeps the elements that do what is wanted up to a sign; False if there are none."""
        factor = self.target.factors[owner]
        facts, size = factor.facts, factor.size
        if not isinstance(facts, Finite):
            raise TypeError(f"{facts.name} has no tables")
        if owner not in self.numbers:
            order = facts.order(size)
            if order is None or order > LARGEST:
                many = f"with {order:,} elements" if order else "with so many elements"
                raise TooLargeError(f"{facts.written(f'{size:,}')}, {many}")
            self.numbers[owner] = list(range(order))
        self.numbers[owner] = [
            number
            for number in self.numbers[owner]
            if alike(_up_to_sign(facts, size, name, number), wanted)
        ]
        return bool(self.numbers[owner])

    def _systems(self) -> Iterator[tuple[dict[str, int], Parities]]:
        """For every choice of elements that act by tables what the signs must fulfil."""
        choices = prod(map(len, self.numbers.values()))
        if choices > LARGEST:
            raise TooLargeError(f"{choices:,} elements that differ in signs")
        for chosen in product(*self.numbers.values()):
            numbers = dict(zip(self.numbers, chosen, strict=True))
            signs = Parities()
            for unknown, negative, tabled in self.equations:
                for owner, name in tabled:
                    factor = self.target.factors[owner]
                    facts = factor.facts
                    if not isinstance(facts, Finite):
                        raise TypeError(f"{facts.name} has no tables")
                    found = matrix(facts, factor.size, name, numbers[owner])[1]
                    negative ^= leading(found) < 0
                signs.require(unknown, negative)
            if signs.consistent:
                yield numbers, signs

    def signs_solved(self) -> Preimage | None:
        """The element without its translations, None where the signs contradict each other."""
        for name, factor in self.target.factors.items():
            known, sign = name in self.matrices, ("sign", name)
            found = self.matrices.get(name)
            odd = found is not None and is_negative(found)
            if factor.facts.permutes:
                if known or factor.size < 2:
                    self.require([sign], odd)
            elif factor.facts.turns or factor.facts.flips:
                if known:
                    negated = [("negated", name)] * (factor.size % 2)
                    self.require([sign, *negated], odd)
                if factor.facts.special:
                    self.require([sign], False)
        solved = next(self._systems(), None)
        if solved is None:
            return None
        numbers, signs = solved
        bits = signs.solution()
        matrices: dict[str, Rows] = {}
        for name, found in self.matrices.items():
            rows = identity(self.target.factors[name].size) if found is None else found
            flip = bits.get(("negated", name), 0)
            matrices[name] = [{j: -v if flip else v for j, v in r.items()} for r in rows]
        odd_ones = frozenset(n for n in self.target.factors if bits.get(("sign", n), 0))
        return Preimage(matrices, odd_ones, numbers=numbers)


def _places(rows: Rows | None, size: int) -> tuple[int, ...]:
    """Where a matrix of a single 1 in each row takes each entry; None: it is the identity."""
    to = dict(enumerate(range(size)))
    for place, row in enumerate(rows or []):
        to[next(iter(row))] = place
    return tuple(to[j] for j in range(size))


def _has_matrix(facts: Family) -> bool:
    """Whether elements multiply a natural axis by a matrix."""
    return facts.permutes or facts.turns or facts.flips


def _actions(element: Element, axis: Layout[int], other: Layout[int]) -> list[_Action] | None:
    """How an element acts on an axis, on each piece of `other`; None if it mixes the pieces."""
    if element.shift or element.group not in axis.groups:
        return [(False, [None] * len(piece.factors)) for piece in other.pieces]
    if axis.place == other.place:
        return [_on_piece(element, piece) for piece in axis.pieces]
    if axis.length > LARGEST:
        raise TooLargeError(f"an axis of {axis.length:,} entries")
    whole = _written_out(element, axis)
    actions: list[_Action] = []
    for piece in other.pieces:
        number = {at: i for i, (_, at) in enumerate(entries(piece))}
        rows: Rows = []
        for at in number:
            if not whole[at].keys() <= number.keys():
                return None
            rows.append({number[j]: value for j, value in whole[at].items()})
        factors = factorize(rows, piece.shape)
        if factors is None:
            return None
        actions.append((leading(rows) < 0, [None if is_identity(f) else f for f in factors]))
    return actions


def _on_piece(element: Element, piece: Piece[int]) -> _Action:
    negative = element.odd and element.group in piece.characters
    matrices: list[Rows | None] = []
    for factor in piece.factors:
        found = element.on(factor)
        if found is None:
            matrices.append(None)
            continue
        negative ^= leading(found) < 0
        found = normalized(found)
        matrices.append(None if is_identity(found) else found)
    return negative, matrices


def _up_to_sign(facts: Finite, size: int, name: Name, number: int) -> Rows | None:
    """What an element does, None where that is nothing, or a change of sign."""
    found = normalized(matrix(facts, size, name, number)[1])
    return None if is_identity(found) else found


def _written_out(element: Element, axis: Layout[int]) -> Rows:
    """The matrix of an element on a whole axis."""
    whole: Rows = [{} for _ in range(axis.length)]
    for piece in axis.pieces:
        places = [at for _, at in entries(piece)]
        whole_piece = kronecker([_matrix_on(element, factor) for factor in piece.factors])
        sign = -1 if element.odd and element.group in piece.characters else 1
        for i, row in enumerate(whole_piece):
            whole[places[i]] = {places[j]: sign * value for j, value in row.items()}
    return whole


def _matrix_on(element: Element, factor: Index[int]) -> Rows:
    found = element.on(factor)
    return identity(factor.size) if found is None else found


def _shifted(element: Element, of: Symmetry, target: Symmetry, found: Preimage) -> bool:
    """Fills in translations that move all tensors as `element` does; False if none do."""
    for axes, others in zip(of.tensors, target.tensors, strict=True):
        vectors = [_vector(element, axis) for axis in axes]
        moved = next((i for i, vector in enumerate(vectors) if vector), None)
        own = [i for i, axis in enumerate(others) if any(p.affine for p in axis.pieces)]
        if not own:
            if moved is not None:
                return False
            continue
        position = own[0]
        vector = _along(position, moved, vectors, [axis.length for axis in others])
        if vector is None or not _read_off(vector, others[position], target, found):
            return False
    return True


def _vector(element: Element, axis: Layout[int]) -> dict[int, Fraction]:
    """What a translation adds along an axis, entries other than 0."""
    added: dict[int, Fraction] = {}
    shift = dict(element.shift)
    for piece in axis.pieces:
        if piece.affine == element.group:
            along = next(i for i, f in enumerate(piece.factors) if f.group == element.group)
            if axis.length > LARGEST:
                raise TooLargeError(f"an axis of {axis.length:,} entries")
            added |= {at: shift[i[along]] for i, at in entries(piece) if i[along] in shift}
    return added


def _along(
    position: int, moved: int | None, vectors: Sequence[dict[int, Fraction]], lengths: Sequence[int]
) -> dict[int, Fraction] | None:
    """The same translation of the tensor as a vector along another axis, None if it is none."""
    if moved is None:
        return {}
    if moved == position:
        return vectors[moved]
    values = {vectors[moved].get(i) for i in range(lengths[moved])}
    if len(values) > 1 or None in values:
        return None
    if lengths[position] > LARGEST:
        raise TooLargeError(f"an axis of {lengths[position]:,} entries")
    (value,) = values
    return {} if value is None else dict.fromkeys(range(lengths[position]), value)


def _read_off(
    vector: Mapping[int, Fraction], axis: Layout[int], target: Symmetry, found: Preimage
) -> bool:
    """Takes the target's translation vectors from what must be added along an axis."""
    for piece in axis.pieces:
        if piece.affine is None:
            if vector and any(at in vector for _, at in entries(piece)):
                return False
            continue
        name = piece.affine
        size = target.factors[name].size
        if not vector:
            wanted: dict[int, Fraction] = {}
        else:
            along = next(i for i, f in enumerate(piece.factors) if f.group == name)
            wanted = {}
            seen: dict[int, Fraction] = {}
            for index, at in entries(piece):
                value = vector.get(at, Fraction(0))
                if seen.setdefault(index[along], value) != value:
                    return False
            wanted = {i: value for i, value in seen.items() if value and i < size}
        if found.shifts.setdefault(name, wanted) != wanted:
            return False
    return True
