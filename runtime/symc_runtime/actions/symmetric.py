"""Symmetric and alternating tensors: their components, and the full tensors that these stand for.

Of a full tensor T[i, j, ...] with n entries an axis, the components are those with i <= j <= ...,
or with i < j < ... if it alternates, in lexicographic order. A full tensor is moved axis by axis,
as any other, and its components are read off again: entries are gathered, so that every bit comes
back.
"""

from __future__ import annotations

import torch

from symc_runtime.spec.polynomials import choose


def full_tensor(
    x: torch.Tensor,
    dim: int,
    n: int,
    power: int,
    alternating: bool = False,
    weighed: bool = False,
) -> torch.Tensor:
    """The full tensor of components along dim: there are `power` axes of n entries in its place.

    Of one that alternates, entries change their sign with the order of their indices, and are zero
    where two are equal. `weighed`: the components are those of a dual, each the sum over all places
    at which it stands in the full tensor.
    """
    if power == 1:
        return x
    if weighed and x.is_floating_point():
        x = x / _along(multiplicities(n, power, alternating, x.device).to(x.dtype), x, dim)
    indices = _indices(n, power, x.device)
    ordered = indices.sort(0).values
    place = _place(ordered, n, alternating)
    if alternating:
        sign = _sign(indices)
        place = torch.where(sign == 0, 0, place)
        found = x.index_select(dim, place) * _along(sign.to(x.dtype), x, dim)
    else:
        found = x.index_select(dim, place)
    whole: torch.Tensor = found.unflatten(dim, (n,) * power)
    return whole


def components(
    x: torch.Tensor,
    dim: int,
    n: int,
    power: int,
    alternating: bool = False,
    weighed: bool = False,
) -> torch.Tensor:
    """The components of a full tensor on `power` axes from dim on; undoes `full_tensor`."""
    if power == 1:
        return x
    indices = _indices(n, power, x.device)
    count = choose(n, power, not alternating)
    steps = indices[1:] - indices[:-1]
    kept = (steps >= int(alternating)).all(0)
    # What is no component goes to a place behind the last one.
    place = torch.where(kept, _place(indices, n, alternating), count)
    source = torch.zeros(count + 1, dtype=torch.long, device=x.device)
    source = source.scatter(0, place, torch.arange(indices.shape[1], device=x.device))
    found = x.flatten(dim, dim + power - 1).index_select(dim, source[:-1])
    if weighed and x.is_floating_point():
        weights = multiplicities(n, power, alternating, x.device)
        found = found * _along(weights.to(x.dtype), found, dim)
    return found


def multiplicities(
    n: int, power: int, alternating: bool, device: torch.device | None = None
) -> torch.Tensor:
    """At how many places of the full tensor each component stands, whole numbers."""
    count = choose(n, power, not alternating)
    if alternating:
        return torch.full((count,), _orders(power), device=device)
    place = _place(_indices(n, power, device).sort(0).values, n, False)
    zeros = torch.zeros(count, dtype=torch.long, device=device)
    return zeros.scatter_add(0, place, torch.ones_like(place))


def _orders(power: int) -> int:
    """In how many orders so many indices can stand."""
    total = 1
    for count in range(2, power + 1):
        total = total * count
    return total


def _along(values: torch.Tensor, x: torch.Tensor, dim: int) -> torch.Tensor:
    shape = [1] * x.ndim
    shape[dim] = values.shape[0]
    return values.reshape(shape)


def _indices(n: int, power: int, device: torch.device | None) -> torch.Tensor:
    """The indices of every entry of the full tensor, row by row: [power, n^power]."""
    each = torch.arange(n, device=device)
    rows = []
    for axis in range(power):
        shape = [1] * power
        shape[axis] = n
        rows.append(each.reshape(shape).expand([n] * power).reshape(-1))
    return torch.stack(rows)


def _place(ordered: torch.Tensor, n: int, alternating: bool) -> torch.Tensor:
    """The number of the component with these rising indices [power, m].

    Before it are, for each index, those that agree in all before it and are smaller there: so many
    as what follows can be chosen of what is left.
    """
    power = ordered.shape[0]
    before = torch.zeros_like(ordered[0])
    least = torch.zeros_like(ordered[0])
    for axis in range(power):
        left = power - axis
        more = 0 if alternating else left - 1
        before = before + _binomial(n - least + more, left)
        before = before - _binomial(n - ordered[axis] + more, left)
        least = ordered[axis] + int(alternating)
    return before


def _binomial(of: torch.Tensor, count: int) -> torch.Tensor:
    total = torch.ones_like(of)
    for place in range(count):
        total = total * (of - place) // (place + 1)
    return total


def _sign(indices: torch.Tensor) -> torch.Tensor:
    """1 or -1, as the indices [power, m] are an even or odd order; 0 where two are equal."""
    total = torch.ones_like(indices[0])
    for last in range(1, indices.shape[0]):
        for first in range(last):
            total = total * torch.sign(indices[last] - indices[first])
    return total
