"""What the items of a level learn from the whole and from levels of one axis more or less."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from symc_runtime.reading.readings import Level


class LevelUpdate(nn.Module):
    """A state [N, items..., hidden] of each item, plus a perceptron of it and of what it hears.

    `alone`: there is nothing else, and the context is this state.
    """

    def __init__(self, hidden: int, hears: bool, alone: bool = False) -> None:
        super().__init__()
        self.own = nn.Linear(hidden, hidden)
        self.shared = None if alone else nn.Linear(hidden, hidden, bias=False)
        self.near = nn.Linear(hidden, hidden, bias=False) if hears else None
        self.rest = nn.Sequential(nn.LayerNorm(hidden), nn.SiLU(), nn.Linear(hidden, hidden))

    def forward(
        self, state: torch.Tensor, context: torch.Tensor, near: torch.Tensor | None
    ) -> torch.Tensor:
        """The next state, from a context [N, 1..., hidden] and `near`, of neighbouring levels."""
        heard = self.own(state)
        if self.shared is not None:
            heard = heard + self.shared(context)
        if self.near is not None and near is not None:
            heard = heard + self.near(near)
        result: torch.Tensor = state + self.rest(heard)
        return result


def neighbours(level: Level, levels: Sequence[Level]) -> list[tuple[Level, int]]:
    """Levels of one axis more or less, and which axis of the finer one the other has not.

    The level of no items has none: the context reads it, and every level the context.
    """
    found: list[tuple[Level, int]] = []
    for other in levels:
        if len(other) == len(level) + 1:
            found += [
                (other, k)
                for k in reversed(range(len(other)))
                if level and other[:k] + other[k + 1 :] == level
            ]
        elif len(other) == len(level) - 1:
            found += [
                (other, k)
                for k in range(len(level))
                if other and level[:k] + level[k + 1 :] == other
            ]
    return found
