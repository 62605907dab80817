"""Elements of T(d), E(d) and SE(d)."""

from __future__ import annotations

from typing import NamedTuple

import torch


class Translation(NamedTuple):
    """A batch of translations [batch, d]: points move by `vector`."""

    vector: torch.Tensor


class Euclidean(NamedTuple):
    """(t, R): points go to R x + t, vectors to R x. `vector` [batch, d], `matrix` [batch, d, d]."""

    vector: torch.Tensor
    matrix: torch.Tensor
