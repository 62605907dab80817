"""Lengths of tensors, those of full tensors where components stand for more than one entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from symc_runtime.actions.symmetric import multiplicities
from symc_runtime.spec.layout import (
    Alt,
    Joint,
    Product,
    Representation,
    Sum,
    Sym,
    dimension,
)


def widened(x: torch.Tensor) -> torch.Tensor:
    """x in double precision."""
    return x.to(torch.complex128) if x.is_complex() else x.double()


def length(x: torch.Tensor) -> torch.Tensor:
    """Euclidean length of each row, [batch], float64, whatever the size of its numbers."""
    rows = widened(x).abs().reshape(x.shape[0], -1)
    if not rows.numel():
        return torch.zeros(x.shape[0], dtype=torch.float64)
    largest = rows.amax(1)
    scaled = rows / torch.where(largest > 0, largest, 1.0).unsqueeze(1)
    return largest * scaled.square().sum(1).sqrt()


def weights_of(
    axes: Sequence[Representation], sizes: Mapping[str, int], device: torch.device | None = None
) -> torch.Tensor | None:
    """What components [*axes] are multiplied by, so that their length is that of the full tensor.

    None where every component stands at one place.
    """
    if not any(_repeats(axis) for axis in axes):
        return None
    total = torch.ones((), dtype=torch.float64, device=device)
    for axis in axes:
        if isinstance(axis, Joint):
            shape = [1] * len(axis.sizes)
            total = total.reshape(*total.shape, *shape)
            continue
        total = total.unsqueeze(-1) * _places(axis, sizes, device).sqrt()
    return total


def _repeats(axis: Representation) -> bool:
    if isinstance(axis, (Sym, Alt)):
        return True
    if isinstance(axis, Product):
        return any(_repeats(factor) for factor in axis.factors)
    return isinstance(axis, Sum) and any(_repeats(term) for term in axis.terms)


def _places(
    axis: Representation, sizes: Mapping[str, int], device: torch.device | None
) -> torch.Tensor:
    """How much the square of each component counts, float64."""
    if isinstance(axis, Product):
        total = torch.ones(1, dtype=torch.float64, device=device)
        for factor in axis.factors:
            total = torch.outer(total, _places(factor, sizes, device)).flatten()
        return total
    if isinstance(axis, Sum):
        return torch.cat([_places(term, sizes, device) for term in axis.terms])
    if isinstance(axis, (Sym, Alt)):
        n = dimension(axis.carried, sizes)
        alternating = isinstance(axis, Alt)
        number = multiplicities(n, axis.power, alternating, device).double()
        # A component of the dual is the sum over its places.
        total = 1 / number if isinstance(axis, Sym) and axis.dual else number
        inside = _places(axis.carried, sizes, device)
        one = Alt if alternating else Sym
        return total * _rising(inside, one, axis.power)
    return torch.ones(dimension(axis, sizes), dtype=torch.float64, device=device)


def _rising(values: torch.Tensor, kind: type[Sym] | type[Alt], power: int) -> torch.Tensor:
    """The products of values with the indices of each component."""
    choose = torch.combinations(
        torch.arange(values.shape[0], device=values.device), power, kind is Sym
    )
    return values[choose].prod(-1)
