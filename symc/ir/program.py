"""The whole of a checked spec."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from symc.ir.blocks import Block, blocks
from symc.ir.groups import GroupInstance, Stage
from symc.ir.model import Model
from symc.ir.sizes import SizeVariable
from symc.ir.tensors import Tensor


class Program(Model):
    """A checked spec: everything that codegen needs, nothing of the text.

    `stages` holds every group once, in the order in which elements are drawn: explicit lines
    first, then what no line handles (linear and Euclidean groups, finite ones, permutations).
    Stages handled `by base` keep their place but draw nothing.
    """

    version: Literal[1] = 1
    name: str
    doc: str = ""
    sizes: tuple[SizeVariable, ...]
    groups: tuple[GroupInstance, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    stages: tuple[Stage, ...]

    def group(self, name: str) -> GroupInstance:
        """The group instance called `name`."""
        return next(group for group in self.groups if group.name == name)

    @cached_property
    def blocks(self) -> dict[str, tuple[Block, ...]]:
        """The blocks of each tensor, by its name; cut once."""
        return {t.name: blocks(t, self.groups) for t in (*self.inputs, *self.outputs)}
