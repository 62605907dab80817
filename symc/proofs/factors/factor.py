"""One group's part in the stabilizer of a generic input."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from symc.ir.groups import GroupInstance
from symc.proofs.cells import Cell
from symc.proofs.ranges import Range
from symc.proofs.records import Stabilizer
from symc_runtime.groups.group import Group


@dataclass(frozen=True)
class Setting:
    """What a factor is made from.

    `cells`: those with an axis of the group. `parameters`: of all groups that move, by name;
    `linear`: those that act by matrices. `odd_dimension`: the parity that is assumed where the
    dimension of space, or the number of signs, is open, None if none is. `anchored`: an input
    carries a point of the group. `singular`: the signs of singular directions, where a matrix of
    two linear groups is all that they act on. `variable`: makes a new parity variable, a power of
    two.
    """

    group: GroupInstance
    facts: Group
    cells: Sequence[Cell]
    parameters: Mapping[str, Range]
    linear: frozenset[str]
    odd_dimension: bool | None
    anchored: bool
    singular: Sequence[int]
    variable: Callable[[], int]


class Factor(ABC):
    """The stabilizer's projection to one group, as cosets that parity variables number.

    A generic input fixes every element up to a few signs (is it odd, does it negate the span of
    the inputs, what is its determinant) and to what moves no input at all. `forms` say which
    combinations of the variables are zero; those of the inputs' cells come on top, and tie the
    groups together. Every element so described does fix every input, so what is deduced from
    them holds; `exact` says that there are no others.
    """

    elements: ClassVar[frozenset[str]]
    """The kinds of elements, of the catalogue of groups, that this file is about."""

    variables: int = 0
    exact: bool = True

    def __init__(self, setting: Setting) -> None:
        self.name = setting.group.name
        self.forms: list[int] = []

    @abstractmethod
    def form(self, axes: int, character: bool) -> int:
        """The sign by which the group acts on an input with these natural axes and character."""

    @abstractmethod
    def rigid(self, axes: int) -> bool:
        """Whether every element acts by a sign alone, that of `form`, on so many natural axes."""

    @abstractmethod
    def share(self, axes: int, character: bool, point: int) -> Fraction | None:
        """Mean character over the coset `point`, over the dimension; None: not counted."""

    @abstractmethod
    def alone(self, points: Sequence[int]) -> Stabilizer:
        """The stabilizer inside this group; `points`: a basis of its cosets, the rest at rest."""

    @abstractmethod
    def element(self, point: int) -> str | None:
        """In words, an element of the coset; None for the identity."""
