"""O(d), SO(d) and the linear parts of E(d), SE(d): what generic vectors leave of a rotation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from symc.proofs import parity
from symc.proofs.action import Action
from symc.proofs.cells import Cell
from symc.proofs.factors.factor import Factor, Setting
from symc.proofs.folding import Folded, Node
from symc.proofs.moments import MAXIMUM_POWER, orthogonal_mixed_moment, orthogonal_moment
from symc.proofs.ranges import NONE, ONE, Range
from symc.proofs.records import Stabilizer

_ALL = Range(2**62, None)
"""More vectors than space has dimensions."""


@dataclass(frozen=True)
class Piece:
    """A subspace of `size` dimensions on which the element is the sign of `form`."""

    size: int
    form: int


class Orthogonal(Factor):
    """A sign on the span of the inputs' vectors, anything on the rest of space.

    With M generic vectors in d dimensions, an element that fixes them up to items and signs is
    +-1 on their span, for their Gram matrix, generic too, commutes with multiples of the identity
    alone. What is left is O(d - M) on the complement. Two or more axes in one tensor leave +-1 on
    all of space. A single matrix that two groups share is fixed by signs of its singular
    directions. `whole`: the inputs' vectors span space, or may do so where sizes are open.
    """

    elements = frozenset({"orthogonal", "euclidean"})

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.special = setting.facts.special
        self.parameter = str(setting.group.parameter)
        self.idle_translations = setting.facts.affine and not setting.anchored
        self.dimension = setting.parameters[self.name].value
        vectors, self.exact = _vectors(setting)
        if setting.singular:
            vectors, self.exact = Range(len(setting.singular), len(setting.singular)), True
        known = self.dimension is not None
        self.exact &= known and (vectors.value is not None or vectors.low >= (self.dimension or 0))
        size = 0
        if self.dimension is not None:
            size = self.dimension if vectors.high is None else min(vectors.high, self.dimension)
        self.whole = not known or size == self.dimension
        self.rest = 0 if self.dimension is None else self.dimension - size
        self.minus = setting.variable() if self.whole or size else 0
        self.determinant = 0 if self.special else setting.variable()
        self.pieces = [Piece(size, self.minus)] if size else []
        self.singular = bool(setting.singular)
        self.symmetric = any(cell.power(self.name) for cell in setting.cells)
        self.directions = "principal axes" if self.symmetric else "singular directions"
        if setting.singular:
            self.pieces = [Piece(1, form) for form in setting.singular]
        odd = setting.odd_dimension if self.dimension is None else size % 2 == 1
        if odd is None:
            self.forms += [self.minus, self.determinant]
        on_span = self.minus if odd else 0
        for form in setting.singular:
            on_span ^= form
        # The determinant on the rest is what that on the span leaves of the whole.
        self.rest_determinant = self.determinant ^ on_span
        if self.whole:
            self.forms.append(self.rest_determinant)
        if setting.singular:
            self.forms.append(self.minus)
        self.variables = self.minus | self.determinant
        for form in setting.singular:
            self.variables |= form

    def form(self, action: Action) -> int:
        """Minus one on the span for each axis, the determinant for the character."""
        on_axes = self.minus if action.axes % 2 else 0
        return on_axes ^ (self.determinant if action.character else 0)

    def rigid(self, action: Action) -> bool:
        """Where the inputs' vectors span space."""
        return not action.axes or (self.whole and len(self.pieces) < 2)

    def share(self, action: Action, point: int) -> Fraction | None:
        """By the trace of the element."""
        axes = action.axes
        sign = parity.sign(self.determinant, point) if action.character else 1
        if not axes:
            return Fraction(sign)
        if self.rigid(action):
            return Fraction(sign * parity.sign(self.minus, point) ** axes)
        if self.dimension is None or axes > MAXIMUM_POWER:
            return None
        flip = parity.sign(self.rest_determinant, point)
        total = 0
        # Each trace is that on the span and that on the rest; the latter are chosen in all ways.
        for chosen, on_span in self._expanded(action.cycles, point).items():
            if chosen == (1,) * len(chosen):
                mean = orthogonal_moment(self.rest, len(chosen), False)
                mean += flip * orthogonal_moment(self.rest, len(chosen), True)
            else:
                mean = orthogonal_mixed_moment(self.rest, chosen, False)
                mean += flip * orthogonal_mixed_moment(self.rest, chosen, True)
            total += on_span * mean
        return Fraction(sign * total, self.dimension ** len(action.cycles))

    def _expanded(self, cycles: tuple[int, ...], point: int) -> Counter[tuple[int, ...]]:
        """The traces that are taken on the rest, and the sum of products of the others."""
        found: Counter[tuple[int, ...]] = Counter({(): 1})
        for length in cycles:
            signs = [(p.size, parity.sign(p.form, point) ** length) for p in self.pieces]
            on_span = sum(size * sign for size, sign in signs)
            grown: Counter[tuple[int, ...]] = Counter()
            for chosen, count in found.items():
                grown[chosen] += count * on_span
                grown[(length, *chosen)] += count
            found = grown
        return found

    @property
    def size(self) -> int:
        """The dimension of the span of the inputs' vectors, as far as it is known."""
        return sum(piece.size for piece in self.pieces)

    def alone(self, points: Sequence[int]) -> Stabilizer:
        """The complement's group, with the sign on the span where it is free."""
        own = parity.reduced(point & self.variables for point in points)
        elements = [(bool(p & self.minus), self._flips(p)) for p in parity.span(own)]
        text, words = self._words(elements)
        if self.idle_translations:
            moved = f"T({self.parameter})"
            text = moved if text == "trivial" else f"{moved} x {text}"
            words = (
                "every translation" if words == "only the identity" else f"translations, {words}"
            )
        if self.singular and own:
            text = "Z2" if len(own) == 1 else f"Z2^{len(own)}"
            words = f"signs of its {self.directions}"
        dimension = self.rest * (self.rest - 1) // 2
        if self.idle_translations:
            dimension += self.dimension or 1
        return Stabilizer(text=text, dimension=dimension, words=words, exact=self.exact)

    def _flips(self, point: int) -> bool:
        return parity.sign(self.rest_determinant, point) < 0

    def _words(self, elements: list[tuple[bool, bool]]) -> tuple[str, str]:
        """`elements`: whether a coset negates the span, and whether it flips the complement."""
        rest, negating = self.rest, [flips for negates, flips in elements if negates]
        if self.whole:
            if negating:
                return "Z2", "1 and -1"
            return "trivial", "only the identity"
        flipping = (False, True) in elements
        text = f"{'O' if flipping else 'SO'}({rest})"
        around = "what fixes the inputs' vectors" if self.size else "all of the group"
        if text == "SO(1)":
            text, around = "trivial", "only the identity"
        if not negating:
            return text, around
        around = "what fixes the inputs' vectors, or negates them all"
        if text == "trivial":
            return "Z2", around
        if flipping or False in negating:
            return f"{text} x Z2", around
        # The sign on the span is the determinant on the complement.
        return (f"{text} x Z2" if rest % 2 else f"O({rest})"), around

    def element(self, point: int) -> str | None:
        """The simplest element of the coset."""
        flips = self._flips(point) and not self.whole
        if len(self.pieces) > 1:
            if all(parity.sign(piece.form, point) > 0 for piece in self.pieces):
                return f"a reflection of `{self.name}`" if flips else None
            return f"signs of the {self.directions} in `{self.name}`"
        if point & self.minus:
            if self.whole:
                return f"-1 of `{self.name}`"
            return f"what negates the inputs' vectors in `{self.name}`"
        return f"a reflection of `{self.name}`" if flips else None


def _more_may_fix(cell: Cell, name: str, alone: bool) -> bool:
    """Whether more than 1 and -1 may fix a generic tensor of a power.

    A symmetric matrix is fixed by more where there are many dimensions, or alternating powers by
    rotations of its planes; all others have forms of a third degree or several matrices in them.
    """
    power = cell.power(name)
    lone = alone and cell.width.value == 1
    if power is not None and lone:
        return power.alternating or power.exponent == 2
    return any(_alternates(node) for node in cell.powers)


def _alternates(node: Node) -> bool:
    return isinstance(node, Folded) and (
        node.alternating or any(_alternates(part) for part in node.inside)
    )


def _vectors(setting: Setting) -> tuple[Range, bool]:
    """How many vectors of the group the inputs have, and whether no other group shares them."""
    name, total, plain = setting.group.name, NONE, True
    own = setting.parameters[name]
    vectors = [c.width.low for c in setting.cells if c.axes[name] == 1 and not c.labels]
    spanned = own.value is not None and sum(vectors) >= own.value
    for cell in setting.cells:
        if cell.axes[name] > 1:
            total = total + _ALL
            plain &= spanned or not _more_may_fix(cell, name, len(setting.cells) == 1)
        count = cell.width
        for other, power in cell.axes.items():
            if other != name and other in setting.linear:
                for _ in range(power):
                    count = count * setting.parameters[other]
                plain &= setting.parameters[other] == ONE or own == ONE
        total = total + count
    return total, plain
