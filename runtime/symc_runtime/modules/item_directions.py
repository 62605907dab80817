"""Which direction of an item a frame takes where the net's vectors leave a row open.

The net's vectors lie in the space that the symmetry of the input leaves alone: of water, one
axis, of benzene, nothing. Directions of the items span what the input does.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

from symc_runtime.numerics.directions import Directions
from symc_runtime.numerics.orthogonalization import repeated
from symc_runtime.reading.readings import Level

AROUND = 1 / 4
"""How much the order hangs on what lies around an item."""
MAPPED = 0.4
"""How long what matrices of size 1 make of directions is beside these."""


@torch.no_grad()
def order_of(x: torch.Tensor, told: torch.Tensor, special: bool) -> torch.Tensor:
    """Numbers [N, q] above 1, invariant, that tell vectors x [N, q, d] of length 1 at most apart.

    `told` [N, q] in (0, 1) is what a net tells of each. Beside it, how the others lie around each
    of them, by moments of up to fourth degree: the five ends of a bipyramid are of two sorts. With
    t their products, it is the sum of (t + t^2)^2. `special`: mirror images differ, in two
    dimensions and three.
    """
    d = x.shape[-1]
    weight = 1 + told
    powers = torch.cat([x, (x.unsqueeze(-1) * x.unsqueeze(-2)).flatten(2)], -1)
    around = powers @ ((powers * weight.unsqueeze(-1)).transpose(1, 2) @ powers)
    order = torch.add(weight, (around * powers).sum(-1).log1p(), alpha=AROUND)
    if not special or d not in (2, 3):
        return order
    first, second = around[..., :d], around[..., d:].unflatten(-1, (d, d))
    second = (second * x.unsqueeze(-2)).sum(-1)
    return torch.add(order, _volume(x, first, second).asinh(), alpha=AROUND)


def _volume(x: torch.Tensor, y: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    """The determinant of three vectors [N, q, 3], or of two [N, q, 2], x and y: [N, q]."""
    if x.shape[-1] == 2:
        (a, b), (c, d) = x.unbind(-1), y.unbind(-1)
        return a * d - b * c
    volume: torch.Tensor = (torch.linalg.cross(x, y) * z).sum(-1)
    return volume


def item_directions(
    vectors: Mapping[Level, torch.Tensor],
    told: Mapping[Level, torch.Tensor],
    ties: torch.Tensor,
    special: bool,
    matrices: torch.Tensor | None = None,
) -> Directions:
    """Vectors [N, items..., c, d] of all levels of items, for K samples.

    `told` [N, items...]: what a net tells of each item, in (0, 1). `ties` [K*N, d]: a noise vector
    a sample, along which the longest of those that agree is taken. `matrices` [N, c, d, d] tell
    directions apart, and what they make of them are directions, too.
    """
    flat, known = [], []
    for level, each in told.items():
        x = vectors[level]
        flat.append(x.flatten(1, -2))
        known.append(each.unsqueeze(-1).expand(*x.shape[:-1]).flatten(1))
    x, each = (y[0] if len(y) == 1 else torch.cat(y, 1) for y in (flat, known))
    longest = x.detach().square().sum(-1).amax(1)
    x = x / torch.threshold(longest, 0.0, 1.0).sqrt().reshape(-1, 1, 1)
    order = order_of(x.detach(), each.detach(), special)
    if matrices is not None:
        mapped = x @ matrices.sum(1)
        order = order + AROUND * (mapped * x).detach().sum(-1).asinh()
        order = order + AROUND * mapped.detach().square().sum(-1).log1p()
        x, order = torch.cat([x, MAPPED * mapped], 1), torch.cat([order, order], 1)
    order = order.T
    samples = ties.shape[0] // x.shape[0]
    rows = x.permute(2, 1, 0)
    if samples > 1:
        rows, order = repeated(rows, samples), repeated(order, samples)
    keys = (rows.detach() * ties.T.unsqueeze(1)).sum(0).sigmoid()
    return Directions(rows, order, keys)
