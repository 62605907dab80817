"""Elements of finite groups by their numbers."""

from __future__ import annotations

from typing import NamedTuple

import torch


class Finite(NamedTuple):
    """A batch of elements: `number` [batch] int64, in the order of the group's facts."""

    number: torch.Tensor
