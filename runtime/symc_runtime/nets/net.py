"""What the compiler knows about a net that chooses group elements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal


@dataclass(frozen=True)
class NetOption:
    """A whole-number option of a net, from `low` to `high`."""

    default: int
    low: int
    high: int
    meaning: str


@dataclass(frozen=True)
class Switch:
    """An option of a net that is `true` or `false`."""

    default: bool
    meaning: str


LOOKED_AT = (1, 2, 3)
"""Of so many axes are grids that nets with `reads_images` read."""

HIDDEN = NetOption(32, 1, 4096, "width of the hidden features")
LAYERS = NetOption(3, 1, 64, "number of layers")


class Net:
    """Facts about a net: a subclass each, one a file; `module` names its torch class."""

    name: ClassVar[str]
    title: ClassVar[str]
    fits: ClassVar[Literal["permutation", "orthogonal", "finite", "signs", "nested"]]
    """The kind of element that the net can choose."""
    reads_pairs: ClassVar[bool] = False
    """Whether it reads features of pairs of items."""
    reads_names: ClassVar[bool] = False
    """Whether it passes messages between items that whole numbers name, as along edges."""
    reads_images: ClassVar[bool] = False
    """Whether it reads images on the group's own grid as they are, only all else as features."""
    draws_roots: ClassVar[bool] = False
    """Whether it draws items as roots, by noise of their own and exact colours."""
    options: ClassVar[Mapping[str, NetOption | Switch]] = {"hidden": HIDDEN, "layers": LAYERS}
    module: ClassVar[str]
    """`package.module:Class` of the torch module, imported when a model is built."""
