"""The whole of a checked spec."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any, Literal, Self

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

    Version 1 had no arguments of atoms and no joint axes, version 2 no groups that a spec defines
    itself, no symmetric powers, no sizes over a divisor and no names of items; they are read as
    what they say.
    """

    version: Literal[3] = 3
    name: str
    doc: str = ""
    sizes: tuple[SizeVariable, ...]
    groups: tuple[GroupInstance, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    stages: tuple[Stage, ...]

    @classmethod
    def model_validate(cls, value: object) -> Self:
        """From what `model_dump` gave, of this version or an earlier one."""
        return super().model_validate(_of_this_version(value))

    @classmethod
    def model_validate_json(cls, text: str | bytes) -> Self:
        """From JSON, of this version or an earlier one."""
        try:
            value = json.loads(text)
        except ValueError:
            # pydantic tells better what is wrong with it.
            return super().model_validate_json(text)
        if not isinstance(value, dict) or value.get("version") not in _EARLIER:
            return super().model_validate_json(text)
        return super().model_validate_json(json.dumps(_of_this_version(value)))

    def group(self, name: str) -> GroupInstance:
        """The group instance called `name`."""
        return next(group for group in self.groups if group.name == name)

    @cached_property
    def blocks(self) -> dict[str, tuple[Block, ...]]:
        """The blocks of each tensor as numbers (names of items one-hot), by its name; cut once."""
        every = (*self.inputs, *self.outputs)
        return {t.name: blocks(t.as_numbers, self.groups) for t in every}


def _of_this_version(value: Any) -> Any:
    """Earlier versions lack what has defaults."""
    if isinstance(value, dict) and value.get("version") in _EARLIER:
        return {**value, "version": 3}
    return value


_EARLIER = (1, 2)
