"""Elements of finite groups by their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch


class ItemTable(NamedTuple):
    """(g x)[places[g, j]] = signs[g, j] x[j].

    `places` [order, m] int64; `signs` [order, m] int8, None where all are 1.
    """

    places: torch.Tensor
    signs: torch.Tensor | None


class RowTable(NamedTuple):
    """g x = R x; `rows` [order, m, m], floating and orthogonal."""

    rows: torch.Tensor


class GridTable(NamedTuple):
    """Axes of a grid in each other's places, perhaps backwards.

    What comes to entry (i, j, ...) of a grid was at f + a i + b j + ..., row by row. f, a, b ...
    are p0 s0 + p1 s1 + ..., where s0 = 1 is the distance of neighbours along the last axis, s1 that
    along the one before, ..., and the last of them the number of all entries. `there`
    [d + 1, d + 1, order, 1, ..., 1] int64, for d axes, holds the parts, then f, a, b ..., of g x;
    `back` those of g^-1 x.
    """

    there: torch.Tensor
    back: torch.Tensor

    @property
    def axes(self) -> int:
        """How many axes the grid has."""
        return self.there.shape[0] - 1


Table = ItemTable | RowTable | GridTable


class Finite(NamedTuple):
    """A batch of elements: `number` [batch] int64, in the order of the group's facts.

    `tables`: what each element of the group does, by representation. `soft`: probabilities
    [batch, order] through which gradients flow in training, or None (straight-through; forward
    values never use them). `share`: how many times its even share of a mean over samples each
    element has, [batch]; None: all the same.
    """

    number: torch.Tensor
    tables: Mapping[str, Table]
    soft: torch.Tensor | None = None
    share: torch.Tensor | None = None
