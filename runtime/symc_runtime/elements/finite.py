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
    """Quarter turns of an image after a flip of its second axis: `codes` [order] int64.

    The number of quarter turns, from the first axis to the second, and 4 more with a flip.
    """

    codes: torch.Tensor


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
