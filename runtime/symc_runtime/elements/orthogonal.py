"""Elements of O(d) and SO(d)."""

from __future__ import annotations

from typing import NamedTuple

import torch


class Orthogonal(NamedTuple):
    """A batch of orthogonal matrices [batch, d, d], floating: g v = matrix @ v.

    `share`: how many times its even share of a mean over samples each element has, [batch]; None:
    all the same.
    """

    matrix: torch.Tensor
    share: torch.Tensor | None = None


def determinant(matrix: torch.Tensor) -> torch.Tensor:
    """Determinant +-1 of orthogonal matrices [batch, d, d], as [batch] of their dtype.

    Constant on each component of O(d), so no gradient flows through it.
    """
    wide = matrix.detach()
    if wide.dtype in (torch.float16, torch.bfloat16):
        wide = wide.float()
    return torch.where(torch.linalg.det(wide) < 0, -1.0, 1.0).to(matrix.dtype)
