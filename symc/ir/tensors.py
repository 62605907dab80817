"""Inputs and outputs of a spec."""

from __future__ import annotations

from symc.ir.model import Model
from symc.ir.representations import Representation
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


class Tensor(Model):
    """A tensor without its batch axis. `labels`: whole numbers below it, not features."""

    name: str
    axes: tuple[Axis, ...]
    labels: int | None = None

    @property
    def shape(self) -> tuple[Size, ...]:
        """The size of each axis."""
        return tuple(size for axis in self.axes for size in axis.sizes)
