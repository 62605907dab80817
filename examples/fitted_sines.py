"""Many small networks, each trained to fit a sine, all at once; and their weights."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

UNITS = 6
POINTS, STEPS, LEARNING_RATE = 24, 150, 0.03


class Networks(NamedTuple):
    """The weights of networks w3 silu(w2 silu(w1 x + b1) + b2) + b3 of one number x.

    `w1`, `b1`, `b2`, `w3` [networks, units], `w2` [networks, units, units], `b3` [networks, 1], and
    the `frequency` [networks] of the sine that each was trained to fit.
    """

    w1: Tensor
    b1: Tensor
    w2: Tensor
    b2: Tensor
    w3: Tensor
    b3: Tensor
    frequency: Tensor

    def at(self, rows: Tensor) -> Networks:
        """Those of these numbers."""
        return Networks(*(x[rows] for x in self))

    @property
    def weights(self) -> tuple[Tensor, ...]:
        """All but the frequency."""
        return tuple(self[:-1])


def answers(weights: tuple[Tensor, ...], x: Tensor) -> Tensor:
    """What networks make of x [networks, points]."""
    w1, b1, w2, b2, w3, b3 = weights
    first = F.silu(x.unsqueeze(-1) * w1.unsqueeze(1) + b1.unsqueeze(1))
    second = F.silu(first @ w2.transpose(1, 2) + b2.unsqueeze(1))
    return (second @ w3.unsqueeze(-1)).squeeze(-1) + b3


def fitted(count: int, seed: int) -> Networks:
    """Networks that were trained from random weights, each on the points of a sine of its own."""
    generator = torch.Generator().manual_seed(seed)

    def random(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    x = torch.linspace(-2, 2, POINTS).expand(count, -1)
    frequency = 0.5 + 2 * torch.rand(count, generator=generator)
    phase = 2 * math.pi * torch.rand(count, generator=generator)
    target = torch.sin(frequency.unsqueeze(1) * x + phase.unsqueeze(1))
    wide = 1 / math.sqrt(UNITS)
    weights = [
        random(count, UNITS), random(count, UNITS), wide * random(count, UNITS, UNITS),
        wide * random(count, UNITS), wide * random(count, UNITS), 0 * random(count, 1),
    ]  # fmt: skip
    for weight in weights:
        weight.requires_grad_()
    optimizer = torch.optim.Adam(weights, LEARNING_RATE)
    for _ in range(STEPS):
        # Summed over networks: each has the gradient of its own.
        loss = (answers(tuple(weights), x) - target).square().mean(1).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    w1, b1, w2, b2, w3, b3 = (weight.detach() for weight in weights)
    return Networks(w1, b1, w2, b2, w3, b3, frequency)


def renumbered(networks: Networks, generator: torch.Generator) -> Networks:
    """The same networks, the units of both layers in other orders."""
    count = len(networks.frequency)
    one = torch.rand(count, UNITS, generator=generator).argsort(1)
    two = torch.rand(count, UNITS, generator=generator).argsort(1)
    w2 = networks.w2.gather(1, two.unsqueeze(-1).expand_as(networks.w2))
    return networks._replace(
        w1=networks.w1.gather(1, one),
        b1=networks.b1.gather(1, one),
        w2=w2.gather(2, one.unsqueeze(1).expand_as(w2)),
        b2=networks.b2.gather(1, two),
        w3=networks.w3.gather(1, two),
    )
