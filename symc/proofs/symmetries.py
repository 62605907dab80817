"""What the elements of finite groups do to the fixed vectors of a block, in words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod

from symc.ir.blocks import Block
from symc.proofs import parity
from symc.proofs.factors.finite import Finite
from symc.proofs.listing import enumerated
from symc.proofs.stabilizer import Joint
from symc.proofs.subgroups import few

_MOST_ELEMENTS = 512
"""Of more elements than this, no few are looked for of which all are products."""

_HOW = {1: "symmetric under", -1: "negated by"}

Elements = tuple[int, ...]


class Symmetries:
    """The finite groups that act on a block by more than a sign, and the sign of all others.

    `factors`: these groups, `form`: that sign. `known`: whether their elements, those that go
    together, are few enough to be gone through.
    """

    def __init__(self, block: Block, joint: Joint) -> None:
        self.factors: list[Finite] = []
        self.form = concerned = 0
        self._joint = joint
        self._actions = dict(joint.actions(block))
        for name, action in self._actions.items():
            factor = joint.factors[name]
            concerned |= factor.variables
            if isinstance(factor, Finite) and not factor.rigid(action):
                self.factors.append(factor)
            else:
                self.form ^= factor.form(action)
        basis = parity.reduced(point & concerned for point in joint.points)
        every = prod(max(map(len, factor.cosets.values())) for factor in self.factors)
        self.known = every << len(basis) <= _MOST_ELEMENTS
        self._points = list(parity.span(basis)) if self.known else []

    def told(self, form: int) -> str | None:
        """`symmetric under r^2 of `G``, where all others act by the sign of `form`.

        Products of what is named are not named again, nor what does not move the block. None where
        nothing is fixed.
        """
        signs: dict[Elements, int] = {}
        for point in self._points:
            sign = parity.sign(form, point)
            for elements in product(*(factor.coset(point) for factor in self.factors)):
                if signs.setdefault(elements, sign) != sign:
                    return None
        if sum(sign * self._trace(elements) for elements, sign in signs.items()) < len(signs) / 2:
            return None
        still = [elements for elements, sign in signs.items() if sign == self._sign(elements)]
        simplest = sorted(signs, key=lambda elements: (sum(map(bool, elements)), elements))
        one = (0,) * len(self.factors)
        known = few(still, one, self._times)
        moving = few([*known, *simplest], one, self._times)[len(known) :]
        parts = []
        for sign, how in _HOW.items():
            named = [elements for elements in moving if signs[elements] == sign]
            parts += [f"{how} {self._listed(named)}"] if named else []
        return " and ".join(parts)

    def _trace(self, elements: Elements) -> float:
        pairs = zip(self.factors, elements, strict=True)
        return prod(factor.trace(self._actions[factor.name], one) for factor, one in pairs)

    def _sign(self, elements: Elements) -> int:
        pairs = zip(self.factors, elements, strict=True)
        return prod(factor.sign(self._actions[factor.name], one) for factor, one in pairs)

    def _times(self, left: Elements, right: Elements) -> Elements:
        pairs = zip(self.factors, left, right, strict=True)
        return tuple(factor.times(one, other) for factor, one, other in pairs)

    def _listed(self, several: Sequence[Elements]) -> str:
        """`r^2 and s of `G``; elements of several groups as `r of `G` with s of `H``."""
        places = {place for elements in several for place, one in enumerate(elements) if one}
        if len(places) == 1:
            (place,) = places
            return self.factors[place].called(*(elements[place] for elements in several))
        named = []
        for elements in several:
            pairs = zip(self.factors, elements, strict=True)
            named.append(" with ".join(factor.called(one) for factor, one in pairs if one))
        return enumerated(named)
