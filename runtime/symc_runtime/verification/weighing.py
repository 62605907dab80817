"""Stages that draw elements in training and weigh them in eval mode: do they do both alike?

The elements of one input are counted, by their weights. No law of equivariance tells the two modes
apart: each of them may be right and the one another function than the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log, sqrt

import torch

from symc_runtime.elements.finite import Finite
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.verification.call import Counts
from symc_runtime.verification.drawing import ROWS

CONFIDENCE = 0.999


@dataclass(frozen=True)
class Weighing:
    """Of one stage: the largest difference of the probabilities of an element, and its bound."""

    key: str
    difference: float
    allowed: float
    draws: int


@dataclass(frozen=True)
class Probabilities:
    """Of the elements of each stage that weighs, by key: [order]; from so many draws."""

    of: Mapping[str, torch.Tensor]
    draws: int


@torch.no_grad()
def weighing(
    model: Symmetrized,
    *inputs: torch.Tensor,
    counts: Counts | None = None,
    draws: int = 4000,
    generator: torch.Generator | None = None,
) -> Probabilities:
    """How probable each element of an input [1, ...] is, in the mode in which the model is."""
    counts = dict(counts or {})
    tensors, _, valid = model._checked(inputs, counts, {})
    model.draw_so_many(1)
    elements = max(z.shape[0] for z in model.draw_noise(*inputs, sizes=counts).values())
    each = max(1, min(draws, ROWS // elements))
    model.draw_so_many(each)
    total: dict[str, torch.Tensor] = {}
    calls = -(-draws // each)
    for _ in range(calls):
        noise = model.draw_noise(*inputs, generator=generator, sizes=counts)
        drawn = model.symmetrize(*tensors, *valid, *(noise[e.key] for e in model.draws))[1]
        weight = torch.ones(1, dtype=torch.float64)
        for element in drawn:
            if isinstance(element, Finite) and element.share is not None:
                weight = weight * element.share.double()
        for entry, element in zip(model.draws, drawn, strict=True):
            if entry.weighs and isinstance(element, Finite):
                number = element.number
                order = noise[entry.key].shape[-1]
                shares = (weight / len(number)).expand(len(number))
                found = torch.zeros(order, dtype=torch.float64).index_add_(0, number, shares)
                total[entry.key] = total.get(entry.key, 0) + found / calls
    return Probabilities(total, calls * each)


def compared(train: Probabilities, weighed: Probabilities) -> list[Weighing]:
    """Both, a stage each: in eval mode one draw holds all elements, so the same bound is ample."""
    found = []
    for key, drawn in train.of.items():
        alpha = (1 - CONFIDENCE) / (2 * len(drawn) * len(train.of))
        # Hoeffding, of a mean of numbers between 0 and 1 on each side.
        allowed = sum(sqrt(log(2 / alpha) / (2 * n)) for n in (train.draws, weighed.draws))
        difference = float((drawn - weighed.of[key]).abs().max())
        found.append(Weighing(key, difference, allowed, train.draws))
    return found
