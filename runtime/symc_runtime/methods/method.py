"""What the compiler knows about a method of symmetrization."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

from symc_runtime.groups.family import Family

OptionKind = Literal["count", "positive", "nonnegative", "share", "net", "input"]
"""`count`: a whole number from 1; `positive`, `nonnegative`: numbers; `share`: from 0 to 1; `net`;
`input`: a name.
"""

_RULED = frozenset({"average", "base", "canonical", "frame", "probabilistic"})

ENUMERATION_BUDGET = 5040
"""Elements that all enumerating stages together may have, 7!."""


def left_of(budget: int, elements: int | None, asked: bool = False) -> int | None:
    """What a stage that enumerates leaves of a budget; None where it must draw instead.

    One whose elements the spec asks for takes them whatever is left.
    """
    if elements is None or (elements > budget and not asked):
        return None
    return max(budget // elements, 1)


@dataclass(frozen=True)
class MethodOption:
    """One named option of a method: its kind, its default and what it does.

    `elements`: the kinds of elements that it is about, none for all; others ignore it.
    """

    kind: OptionKind
    default: int | float | None
    meaning: str
    elements: tuple[str, ...] = ()

    def is_about(self, element: str) -> bool:
        """Whether a stage whose elements are of this kind reads it."""
        return not self.elements or element in self.elements


SAMPLES = MethodOption("count", 1, "elements drawn a call in training")
EVAL_SAMPLES = MethodOption(
    "count", 20, "elements drawn a call in eval mode (`samples`, where that is larger)"
)
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
    generic: ClassVar[bool] = False
    """The elements that it takes, where it takes all, are those of a generic input: what other
    inputs leave open is drawn.
    """
    weighs: ClassVar[bool] = False
    """It does so in eval mode alone, each with its probability; in training it draws."""

    @property
    def ruled(self) -> bool:
        """Whether the compiler knows how to draw its elements."""
        return self.name in _RULED

    @property
    def samples(self) -> bool:
        """Whether a number of samples says how many elements it takes."""
        return "samples" in self.options

    def elements(self, group: Family, parameter: int) -> int | None:
        """How many elements it takes where it takes all it has.

        None where it only draws: where they are infinitely many, or too many for a number.
        """
        return None if self.samples else 1

    def formula(self, group: Family, parameter: str) -> int | str | None:
        """The same for a parameter as it is written; a number where it does not hang on it.

        None also where it is infinite for some values of what is open in the parameter.
        """
        return None if self.samples else 1


def numbers_of_samples(
    samples: int | None, eval_samples: int | None, methods: Iterable[Method] = ()
) -> tuple[int, int]:
    """K in training and in eval mode: what is said, else the largest default of the methods.

    Eval mode takes as many as training at least, unless it is said.
    """
    options = [method.options for method in methods if method.samples]

    def default(name: str, general: MethodOption) -> int:
        values = [each[name].default for each in options] or [general.default]
        return max(value for value in values if isinstance(value, int))

    training = default("samples", SAMPLES) if samples is None else samples
    if eval_samples is not None:
        return training, eval_samples
    return training, max(default("eval_samples", EVAL_SAMPLES), training)
