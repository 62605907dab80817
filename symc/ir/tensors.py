"""Inputs and outputs of a spec."""

from __future__ import annotations

from symc.ir.model import Model
from symc.ir.representations import Representation
from symc.ir.sizes import Size


class Axis(Model):
    """An axis: its size and what it carries (Trivial for a channel axis)."""

    size: Size
    representation: Representation


class Tensor(Model):
    """A tensor without its batch axis. `labels`: whole numbers below it, not features."""

    name: str
    axes: tuple[Axis, ...]
    labels: int | None = None
