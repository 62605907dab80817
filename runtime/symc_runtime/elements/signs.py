"""Elements of Z2(k)."""

from __future__ import annotations

from typing import NamedTuple

import torch


class Signs(NamedTuple):
    """A batch of sign flips: (g x)[i] = signs[i] x[i]; each is its own inverse.

    `signs`: [batch, k] floating, each exactly 1 or -1; in training gradients flow through them
    straight to the scores that chose them. `share`: how many times its even share of a mean over
    samples each element has, [batch]; None: all the same.
    """

    signs: torch.Tensor
    share: torch.Tensor | None = None


def sign_of(x: torch.Tensor) -> torch.Tensor:
    """1 or -1 for numbers [...], in their dtype; of 0 it is 1."""
    return torch.where(x < 0, -1.0, 1.0).to(x.dtype)
