"""Edges: inputs at which a change in the last digits gives another element."""

from __future__ import annotations

from typing import Any

import torch

from symc_runtime.elements.orthogonal import Orthogonal
from symc_runtime.elements.permutation import Permutation
from symc_runtime.elements.signs import Signs
from symc_runtime.sampling import check_noise
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.verification.call import Call, changes_of

EDGE_TRIALS = 16
LEAP = 1e-3
"""Changes in the last digits that move entries of an element by so much, in double precision, are
no rounding."""


def on_edge(
    model: Symmetrized, call: Call, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """What changes in the last digits do: to outputs [outputs, batch], and whether an order, or a
    sign, flips.

    The element then hangs on a comparison that rounding decides.
    """
    floating = [x for x in call.inputs if x.is_floating_point()]
    batch = call.inputs[0].shape[0]
    flips = torch.zeros(batch, dtype=torch.bool)
    if not floating:
        return torch.zeros(len(model.outputs), batch).double(), flips
    step = 4 * torch.finfo(floating[0].dtype).eps
    changes = changes_of(model, call, step, EDGE_TRIALS, generator)
    before = _orders(model, call)
    for _ in range(EDGE_TRIALS if before else 0):
        after = _orders(model, call.changed(model, step, generator))
        for a, b in zip(before, after, strict=True):
            flips |= (a != b).any(-1).any(0)
    return changes, flips


def leaps_of(
    model: Symmetrized, call: Call, dtype: torch.dtype, generator: torch.Generator
) -> torch.Tensor:
    """Whether an orthogonal element leaps, [batch], where the last digits in `dtype` change.

    Of many samples one alone may: their mean hides it.
    """
    leaps = torch.zeros(call.inputs[0].shape[0], dtype=torch.bool)
    before = _matrices(model, call)
    for _ in range(EDGE_TRIALS if before else 0):
        after = _matrices(model, call.changed(model, 4 * torch.finfo(dtype).eps, generator))
        for a, b in zip(before, after, strict=True):
            leaps |= ((a - b).abs().amax((-1, -2)) > LEAP).any(0)
    return leaps


def _matrices(model: Symmetrized, call: Call) -> list[torch.Tensor]:
    """The orthogonal matrices of each stage that draws some, [K, batch, d, d]."""
    batch = call.inputs[0].shape[0]
    matrices = [e.matrix for e in _elements(model, call) if isinstance(e, Orthogonal)]
    return [x.unflatten(0, (-1, batch)) for x in matrices]


def _orders(model: Symmetrized, call: Call) -> list[torch.Tensor]:
    """The permutations, or the signs, of each stage that draws some, [K, batch, n]."""
    batch = call.inputs[0].shape[0]
    orders = []
    for element in _elements(model, call):
        if isinstance(element, Permutation):
            orders.append(element.order)
        elif isinstance(element, Signs):
            orders.append(element.signs)
    return [x.unflatten(0, (-1, batch)) for x in orders]


def _elements(model: Symmetrized, call: Call) -> tuple[Any, ...]:
    """The elements of the stages that draw some."""
    tensors, _, valid = model._checked(call.inputs, call.counts, {})
    noise = check_noise(model.draws, call.noise, call.inputs[0].shape[0])
    return model.symmetrize(*tensors, *valid, *noise)[1]
