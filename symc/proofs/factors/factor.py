"""One group's part in the stabilizer of a generic input."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from symc.ir.groups import GroupInstance
from symc.proofs.action import Action
from symc.proofs.cells import Cell
from symc.proofs.ranges import Range
from symc.proofs.records import Stabilizer
from symc_runtime.groups.family import Family


@dataclass(frozen=True)
class Setting:
    """What a factor is made from.

    `sizes`: of the group, as many as its family takes. `cells`: those with an axis of the group,
    natural or moved by tables. `parameters`: of all groups that move, by name; `linear`: those
    that act by matrices. `odd_dimension`: the parity
    that is assumed where the dimension of space, or the number of signs, is open, None if none is.
    `anchored`: an input
    carries a point of the group. `singular`: the signs of singular directions, where a matrix of
    two linear groups is all that they act on. `variable`: makes a new parity variable, a power of
    two.
    """

    group: GroupInstance
    facts: Family
    sizes: Sequence[Range]
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

    @classmethod
    def reaches(cls, facts: Family, parameter: Range) -> bool:
        """Whether there is a rule for this one; else the group stays at rest."""
        return True

    @abstractmethod
    def form(self, action: Action) -> int:
        """The sign by which the group acts so on an input, or where it is rigid."""

    @abstractmethod
    def rigid(self, action: Action) -> bool:
        """Whether every element acts so by a sign alone, that of `form`."""

    @abstractmethod
    def share(self, action: Action, point: int) -> Fraction | None:
        """Mean character over the coset `point`, over the dimension; None: not counted."""

    @abstractmethod
    def alone(self, points: Sequence[int]) -> Stabilizer:
        """The stabilizer inside this group; `points`: a basis of its cosets, the rest at rest."""

    @abstractmethod
    def element(self, point: int) -> str | None:
        """In words, an element of the coset; None for the identity."""
