"""What is known of a size: an interval, so that a proof holds for every value in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from symc.ir.blocks import Block
from symc.ir.program import Program
from symc.ir.sizes import Parameter, Several, Size, sizes_in


@dataclass(frozen=True)
class Range:
    """The whole numbers from `low` to `high`; `high` None: without bound."""

    low: int
    high: int | None

    @property
    def value(self) -> int | None:
        """The one number in it, None if there are several."""
        return self.low if self.low == self.high else None

    def __add__(self, other: Range) -> Range:
        high = None if self.high is None or other.high is None else self.high + other.high
        return Range(self.low + other.low, high)

    def __mul__(self, other: Range) -> Range:
        """The range of products; neither factor has negative numbers in it."""
        if self.high == 0 or other.high == 0:
            return Range(0, 0)
        high = None if self.high is None or other.high is None else self.high * other.high
        return Range(self.low * other.low, high)


NONE = Range(0, 0)
ONE = Range(1, 1)


class Ranges:
    """The ranges of a program's sizes; `values` fixes some of them.

    `blocks`: those of tensors, by name, as they are with these sizes, each with that of the
    program; they are put here once.
    """

    def __init__(self, program: Program, values: Mapping[str, int] | None = None) -> None:
        known = dict(values or {})
        self._names: dict[str, Range] = {}
        self.blocks: dict[str, tuple[tuple[Block, Block], ...]] = {}
        for variable in program.sizes:
            value = known.get(variable.name, variable.value)
            if value is not None:
                self._names[variable.name] = Range(value, value)
            else:
                self._names[variable.name] = Range(1, variable.bound)

    def of(self, size: Size) -> Range:
        """The range of a size, which is at least 1 whatever its names are."""
        low, high = 0, 0
        bounded = (True, True)
        for term in size.terms:
            product = ONE
            for name, power in term.powers:
                for _ in range(power):
                    product = product * self._names.get(name, Range(1, None))
            ends = [term.coefficient * product.low]
            if product.high is not None:
                ends.append(term.coefficient * product.high)
                low, high = low + min(ends), high + max(ends)
            elif term.coefficient > 0:
                low, bounded = low + ends[0], (bounded[0], False)
            else:
                high, bounded = high + ends[0], (False, bounded[1])
        # Sizes are whole numbers: what is between two of them is the next one in.
        low, high = -(-low // size.divisor), high // size.divisor
        return Range(max(low, 1) if bounded[0] else 1, max(high, 1) if bounded[1] else None)

    def told(self, parameter: Parameter) -> Any:
        """What a group is made of as facts take it, a number or several; None while one is open."""
        values = [self.of(size).value for size in sizes_in(parameter)]
        if None in values:
            return None
        return tuple(values) if isinstance(parameter, Several) else values[0]

    def number(self, size: Size) -> int | None:
        """A whole number of any sign that a size is, None while a name in it is open."""
        known = {name: self._names[name].value for name in size.names if name in self._names}
        values = {name: Size.constant(value) for name, value in known.items() if value is not None}
        return size.substitute(values).value

    def product(self, sizes: list[Size]) -> Range:
        """The range of a product of sizes."""
        total = ONE
        for size in sizes:
            total = total * self.of(size)
        return total
