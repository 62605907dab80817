"""Edges: inputs at which a change in the last digits gives another element.

Of what a symmetric input leaves open the noise decides; its poses are told apart by the last digits
where actions are exact. So elements of groups that act by tables are looked at as if the digits in
which numbers are given were not the last: a change of these breaks no tie.
"""

from __future__ import annotations

from typing import Any

import torch

from symc_runtime.call.sampling import check_noise
from symc_runtime.distributions.finite import FiniteDistribution
from symc_runtime.elements.finite import Finite
from symc_runtime.elements.orthogonal import Orthogonal
from symc_runtime.elements.permutation import Permutation
from symc_runtime.elements.signs import Signs
from symc_runtime.elements.wreath import Wreath, joint_order
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.verification.call import Call, changes_of
from symc_runtime.verification.guard import copied

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
    model = _tolerant(model, floating[0].dtype)
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
    """Whether an element that is no permutation leaps, [batch], as last digits in `dtype` change.

    Of many samples one alone may: their mean hides it.
    """
    leaps = torch.zeros(call.inputs[0].shape[0], dtype=torch.bool)
    before = _matrices(model, call)
    for _ in range(EDGE_TRIALS if before else 0):
        after = _matrices(model, call.changed(model, 4 * torch.finfo(dtype).eps, generator))
        for a, b in zip(before, after, strict=True):
            leaps |= ((a - b).abs().flatten(2).amax(2) > LEAP).any(0)
    return leaps


def _matrices(model: Symmetrized, call: Call) -> list[torch.Tensor]:
    """Orthogonal matrices and numbers of each stage that draws some, [K, batch, ...]."""
    batch = call.inputs[0].shape[0]
    elements = _elements(model, call)
    values = [e.matrix for e in elements if isinstance(e, Orthogonal)]
    values += [e.number.double().unsqueeze(-1) for e in elements if isinstance(e, Finite)]
    return [x.unflatten(0, (-1, batch)) for x in values]


def _orders(model: Symmetrized, call: Call) -> list[torch.Tensor]:
    """Permutations, numbers and signs of each stage that draws some, [K, batch, n]."""
    batch = call.inputs[0].shape[0]
    elements = _elements(model, call)
    orders = [e.order for e in elements if isinstance(e, Permutation)]
    orders += [e.number.unsqueeze(-1) for e in elements if isinstance(e, Finite)]
    orders += [joint_order(e) for e in elements if isinstance(e, Wreath)]
    orders += [e.signs for e in elements if isinstance(e, Signs)]
    return [x.unflatten(0, (-1, batch)) for x in orders]


def _tolerant(model: Symmetrized, dtype: torch.dtype) -> Symmetrized:
    """The model, or a copy that takes for ties what numbers of `dtype` hardly tell apart."""
    if not any(isinstance(module, FiniteDistribution) for module in model.modules()):
        return model
    made: Symmetrized = copied(model)
    for module in made.modules():
        if isinstance(module, FiniteDistribution):
            module.resolution = dtype
    return made


def _elements(model: Symmetrized, call: Call) -> tuple[Any, ...]:
    """The elements of the stages that draw some."""
    tensors, _, valid = model._checked(call.inputs, call.counts, {})
    noise = check_noise(model.draws, call.noise, call.inputs[0].shape[0])
    return model.symmetrize(*tensors, *valid, *noise)[1]
