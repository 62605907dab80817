"""Directions of an input's own items, for rows of a frame that nothing else tells."""

from __future__ import annotations

import torch

FAINTEST = 1e-18
"""The square that a drawn direction counts for: below any share that counts, above filling."""
PLACE = 0.3
"""How much it changes the order where an item is along the rows so far."""


class Directions:
    """Candidates `vectors` [d, q, N], the longest of length 1, in an order that all agree on.

    First comes the one with the largest square beside the rows so far, times `order` [q, N], which
    is positive, about 1, and invariant. Those that agree in it, to a tolerance, are drawn among by
    `keys` [q, N] from 0 to 1: of a cloud whose symmetry takes them to each other, the choice makes
    no difference but this symmetry.
    """

    def __init__(self, vectors: torch.Tensor, order: torch.Tensor, keys: torch.Tensor) -> None:
        self.vectors = vectors
        self.order = order
        self.counted = FAINTEST * (1 + keys)
        self.count = vectors.shape[1]

    def squares(self, left: torch.Tensor, tol: float) -> torch.Tensor:
        """What each counts for, [q, N]: nothing but for the first. `left`: squares beside rows."""
        ranked = left * self.order
        least = ranked.amax(0).mul_(1 - tol).clamp_(min=tol**2)
        return (ranked >= least) * self.counted

    def told(self, along: torch.Tensor) -> None:
        """Let the order hang on one more row: `along` [q, N] it are what is left beside others."""
        self.order = torch.addcmul(self.order, self.order, along, value=PLACE)
