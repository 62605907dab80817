"""What the compiler knows about a method of symmetrization."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

OptionKind = Literal["count", "positive", "nonnegative", "net", "input"]
"""`count`: a whole number from 1; `positive`, `nonnegative`: numbers; `net`; `input`: a name."""

ENUMERATION_BUDGET = 5040
"""Elements that all enumerating stages together may have, 7!."""


@dataclass(frozen=True)
class MethodOption:
    """One named option of a method: its kind, its default and what it does.

    `element`: the kind of elements that it is about, None for all; others ignore it.
    """

    kind: OptionKind
    default: int | float | None
    meaning: str
    element: str | None = None


SAMPLES = MethodOption("count", 20, "elements drawn a call")
EVAL_SAMPLES = MethodOption("count", None, "elements drawn a call in eval mode (default: samples)")
ANCHOR = MethodOption("input", None, "the input whose mean is the origin of points")


class Method:
    """A choice of p(g | x) with p(h g | h x) = p(g | x): a subclass each, one a file."""

    name: ClassVar[str]
    title: ClassVar[str]
    options: ClassVar[dict[str, MethodOption]]
    learned: ClassVar[bool] = False
    """Whether a net with weights chooses the element."""
    acts: ClassVar[bool] = True
    """False: no element at all, the base has the symmetry already."""
    exhaustive: ClassVar[bool] = False
    """Without `samples`, the method takes every element it has, where they are few enough."""
