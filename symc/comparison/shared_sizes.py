"""The sizes of two specs put together: where their common tensors have one shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import gcd
from typing import overload

from symc.ir.determination import split
from symc.ir.program import Program
from symc.ir.sizes import Parameter, Several, Size, growing, whole_root
from symc.ir.tensors import Tensor

_OTHER = "@"  # in no name of a spec: marks the free names of the second spec


class Sizes:
    """Free names of two programs, A and B, identified as far as equal shapes demand it.

    `first` and `second` give a size of A or of B in the names that are left. Fixed sizes are
    numbers. `bounds` holds the largest value of each ragged name.
    """

    def __init__(self, a: Program, b: Program) -> None:
        self._known: dict[str, Size] = {}
        self._names = (
            {v.name: v.name for v in a.sizes},
            {v.name: v.name + _OTHER for v in b.sizes},
        )
        self._bounds: dict[str, int] = {}
        for program, names in zip((a, b), self._names, strict=True):
            for variable in program.sizes:
                if variable.value is not None:
                    self._known[names[variable.name]] = Size.constant(variable.value)
                elif variable.bound is not None:
                    self._bounds[names[variable.name]] = variable.bound
        self._eliminated: dict[str, Size] = {}

    @overload
    def first(self, size: Size) -> Size: ...

    @overload
    def first(self, size: Several) -> Several: ...

    def first(self, size: Parameter) -> Parameter:
        """A size of A, or several."""
        return size.substitute(self._known)

    @overload
    def second(self, size: Size) -> Size: ...

    @overload
    def second(self, size: Several) -> Several: ...

    def second(self, size: Parameter) -> Parameter:
        """A size of B, or several."""
        renamed = {name: Size.variable(new) for name, new in self._names[1].items()}
        return size.substitute(renamed).substitute(self._known)

    def unify(self, a: Tensor, b: Tensor) -> bool:
        """Makes the shapes of a tensor of A and one of B equal; False where that cannot be seen.

        Names of B give way to those of A, and a name gives way to a number.
        """
        if len(a.shape) != len(b.shape):
            return False
        before = dict(self._known), dict(self._eliminated)
        if a.names is not None and b.names is not None:
            # Both say how many items there are.
            a, b = a.as_numbers, b.as_numbers
        for one, two in zip(a.shape, b.shape, strict=True):
            if not self._equate(self.first(one) - self.second(two)):
                self._known, self._eliminated = before
                return False
        return True

    def _equate(self, difference: Size) -> bool:
        if not difference.terms:
            return True
        content = gcd(*(term.coefficient for term in difference.terms))
        candidates = []
        for term in difference.terms:
            if len(term.powers) == 1 and term.powers[0][1] == 1:
                name = term.powers[0][0]
                alone = sum(name in dict(other.powers) for other in difference.terms) == 1
                if alone and abs(term.coefficient) == content:
                    candidates.append((_OTHER in name, name, term.coefficient // content))
        if not candidates:
            return self._equate_growing(difference)
        _, name, sign = max(candidates)
        terms = (
            term.model_copy(update={"coefficient": term.coefficient // content * -sign})
            for term in difference.terms
            if term.powers != ((name, 1),)
        )
        rest = Size.constant(0)
        for term in terms:
            rest = rest + Size(terms=(term,))
        if rest.value is not None and rest.value < 1:
            return False
        step = {name: rest}
        self._known = {key: value.substitute(step) for key, value in self._known.items()} | step
        self._eliminated[name] = rest
        return True

    def _equate_growing(self, difference: Size) -> bool:
        """Where a size grows with one name, this is told by a number, or by the same of another."""
        whole = difference.model_copy(update={"divisor": 1})
        names = sorted(difference.names, key=lambda name: (_OTHER in name, name))
        if len(names) == 1:
            root = whole_root(_parts(whole, names[0]))
            value = None if root is None else Size.constant(root)
        elif len(names) == 2:
            alone = whole.substitute({names[0]: Size.constant(0)})
            parts = _parts(alone, names[1]) if alone.names else {}
            sign = 1 if parts and parts[max(parts)] > 0 else -1
            grows = growing({power: sign * part for power, part in parts.items()})
            value = Size.variable(names[0]) if grows else None
            if value is None or whole.substitute({names[1]: value}).terms:
                return False
        else:
            return False
        if value is None:
            return False
        step = {names[-1]: value}
        self._known = {key: known.substitute(step) for key, known in self._known.items()} | step
        self._eliminated[names[-1]] = value
        return True

    def conditions(self) -> tuple[str, ...]:
        """What was assumed of free sizes beyond renaming them: `n = 5`."""
        found = []
        taken: set[str] = set()
        for name in self._eliminated:
            value = self._known[name]
            plain = len(value.terms) == 1 and value.names and str(value) in value.names
            if name.endswith(_OTHER) and plain and str(value) not in taken:
                taken.add(str(value))
                continue
            found.append(f"{shown(name)} = {shown(str(value))}")
        return tuple(sorted(found))

    def possible(self, values: Mapping[str, Size]) -> bool:
        """Whether every name that gave way is a size, from 1 to its bound, at these values."""
        for name in self._eliminated:
            value = self._known[name].substitute(values).value
            if value is not None and not 1 <= value <= self._bounds.get(name, value):
                return False
        return True

    def bound(self, name: str) -> int | None:
        """The largest value of a name that is left, None where there is none."""
        limits = [
            bound
            for other, bound in self._bounds.items()
            if other == name or self._known.get(other) == Size.variable(name)
        ]
        return min(limits, default=None)


def shown(text: str) -> str:
    """A size as people read it."""
    return text.replace(_OTHER, "")


def names_of(sizes: Iterable[Parameter]) -> Sequence[str]:
    """The free names, sorted."""
    return sorted({name for size in sizes for name in size.names})


def _parts(size: Size, name: str) -> dict[int, int]:
    """The coefficients of a size in one name."""
    return {power: part.value or 0 for power, part in split(size, name).items()}
