"""Inputs and outputs of a spec."""

from __future__ import annotations

from fractions import Fraction

from symc.ir.model import Model
from symc.ir.representations import Atom, Representation
from symc.ir.sizes import Size


class Axis(Model):
    """An axis, or several together: the size and what is carried (Trivial for a channel axis).

    `joint`: the sizes of axes that carry one representation together, entries row by row; `size` is
    their product. Empty for one axis.
    """

    size: Size
    representation: Representation
    joint: tuple[Size, ...] = ()

    @property
    def sizes(self) -> tuple[Size, ...]:
        """The size of each axis of the tensor."""
        return self.joint or (self.size,)


class Derivation(Model):
    """`numerator` / `denominator` times the gradient of an output by an input.

    `of`: the output, which the base returns, one number an example; `by`: the input. In lowest
    terms, the denominator from 1.
    """

    of: str
    by: str
    numerator: int = 1
    denominator: int = 1

    @property
    def factor(self) -> Fraction:
        """What the gradient is multiplied by."""
        return Fraction(self.numerator, self.denominator)

    def __str__(self) -> str:
        if self.denominator != 1:
            return f"{self.factor}*grad({self.of}, {self.by})"
        factor = {1: "", -1: "-"}.get(self.numerator, f"{self.numerator}*")
        return f"{factor}grad({self.of}, {self.by})"


class Tensor(Model):
    """A tensor without its batch axis. `labels`: whole numbers below it, not features.

    `names`: the items that its whole numbers name, from 0; an element moves these, and so relabels
    the numbers. `derivation`: of an output that the base does not return, what it is.
    """

    name: str
    axes: tuple[Axis, ...]
    labels: int | None = None
    names: Atom | None = None
    derivation: Derivation | None = None

    @property
    def whole(self) -> bool:
        """Whether it holds whole numbers: labels, or names of items."""
        return self.labels is not None or self.names is not None

    @property
    def as_numbers(self) -> Tensor:
        """The tensor as a group acts on it: names of items one-hot, on an axis of those items."""
        if self.names is None:
            return self
        items = Axis(size=self.names.dimension, representation=self.names)
        return Tensor(name=self.name, axes=(*self.axes, items))

    @property
    def shape(self) -> tuple[Size, ...]:
        """The size of each axis."""
        return tuple(size for axis in self.axes for size in axis.sizes)
