"""Vectors that are found once some rows of a frame are known."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import nn

from symc_runtime.modules.mixing import added, level_mean, magnitudes, root, squashed
from symc_runtime.numerics.orthogonalization import RowsSoFar
from symc_runtime.reading.readings import Level

MANY = 4
"""Vectors for each row."""
WIDTH = 16
STEEP = 3.0
"""Radians from the middle of the items to the outermost, about: odd waves must not be lines."""
DOUBLINGS = 5
"""Of the power of what is left that brings third rows and later ones to its longest axis."""
SHARE = 1 / 4
"""How much what was summed counts for: beside sums of what differs alone, which count for less than
they lose in digits, these must be found large."""

ROUNDED = 4
"""What is left of a vector along a row is so many of its last digits, or less."""


class AlongRows(nn.Module):
    """Sums over items of what their vectors have beside the rows of a frame so far.

    Of a cloud that is nearly symmetric, a tetrahedron with corners off by delta, a sum with
    invariant weights is of size delta, and all others are along it but for delta^2: a second
    direction would be known to eps / delta^2. But the first one breaks the symmetry: places along
    it differ from item to item. Of two tight clusters, the first lies along their means; lengths
    beside it differ, in units of their own. Items weigh by waves of both.

    Each row is brought towards the longest axis of what is left of the cloud before it is taken:
    what rounding put across it becomes as small as that is thin. Of two clusters as long as each
    other, or three points of which two nearly meet, only the sign of a row hangs on what is small.
    Beside two rows that span the means of pairs of items, what is left looks alike from both sides,
    but for delta^2: third rows and later ones come on to the axis itself.
    """

    def __init__(self, vectors: int, dimension: int, levels: Sequence[Level]) -> None:
        super().__init__()
        self.levels = tuple(level for level in levels if level)
        self.steps = dimension - 1
        self.vectors = vectors
        several = range(len(self.levels))
        self.factors = nn.ModuleList(nn.Linear(vectors, 2 * WIDTH, bias=False) for _ in several)
        places = vectors * self.steps
        readers = [nn.Linear(places + WIDTH, WIDTH) for _ in several]
        for each in readers:
            nn.init.normal_(each.weight, std=STEEP)
            nn.init.uniform_(each.bias, -torch.pi, torch.pi)
        self.read = nn.ModuleList(readers)
        self.weights = nn.ModuleList(nn.Linear(WIDTH, MANY * vectors, bias=False) for _ in several)

    def forward(
        self,
        rows: RowsSoFar,
        vectors: Mapping[Level, torch.Tensor],
        masks: Mapping[str, torch.Tensor],
        told: Mapping[Level, torch.Tensor] | None = None,
    ) -> None:
        """Take d - 1 rows of a frame, and offer it these.

        `vectors` [N, items..., vectors, d]; what a net has `told` of each item, [N, items...].
        """
        d = rows.residual.shape[0]
        left = {level: vectors[level] for level in self.levels}
        lengths = {level: root(x.detach().square().sum(-1)) for level, x in left.items()}
        whole = None
        along: dict[Level, list[torch.Tensor]] = {level: [] for level in self.levels}
        for step in range(d - 1):
            vector, size = self._toward_axis(rows, left, masks)
            whole = size if whole is None else whole
            rows.offer(vector, SHARE * whole * size.pow(3))
            row = rows.next()
            if step >= self.steps:
                # Of an open dimension, larger than the net was built for.
                continue
            sums, sizes = [], []
            drawn = 1 - rows.known if told else None
            for i, level in enumerate(self.levels):
                each = row.reshape(-1, *[1] * len(level), 1, d)
                place = (left[level] * each).sum(-1)
                left[level] = torch.addcmul(left[level], place.unsqueeze(-1), each, value=-1)
                along[level].append(place)
                known = told[level] if told else None
                flat = self._weights(
                    i, level, left[level], lengths[level], along[level], masks, known, drawn
                )
                weight, terms = (
                    x.unflatten(-1, (MANY, self.vectors)) for x in (flat, magnitudes(flat))
                )
                sums.append(_summed(weight, left[level], level, masks))
                length = lengths[level].unsqueeze(-1)
                sizes.append(_summed(terms, length, level, masks).squeeze(-1))
            rows.offer(added(sums), SHARE * added(sizes))

    def _toward_axis(
        self,
        rows: RowsSoFar,
        items: Mapping[Level, torch.Tensor],
        masks: Mapping[str, torch.Tensor],
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """S S row [N, 1, d] for the mean S of x x^T, and the root of the trace of S [N, 1].

        Beside two rows and more it is brought on by a higher power of S, and as long.

        Of a row across the axis, rounding is left: a vector of no size. A row that is drawn stays
        as it is.
        """
        moments = added(
            [_summed(x.transpose(-1, -2), x, level, masks) for level, x in items.items()]
        )
        row, known = rows.best()
        trace = moments.detach().diagonal(dim1=-2, dim2=-1).sum(-1, keepdim=True)
        given = (row * known.unsqueeze(-1)).unsqueeze(1)
        found: torch.Tensor = given @ moments @ moments
        # With no more rows, as in three dimensions, pairs were not wrong, and powers cost time.
        if len(rows.rows) > 1:
            found = _brought(found, moments)
        return found, root(trace)

    def _weights(
        self,
        i: int,
        level: Level,
        left: torch.Tensor,
        lengths: torch.Tensor,
        along: Sequence[torch.Tensor],
        masks: Mapping[str, torch.Tensor],
        told: torch.Tensor | None,
        drawn: torch.Tensor | None,
    ) -> torch.Tensor:
        """Weights [N, items..., MANY * vectors] by places along rows and by lengths beside them.

        And by what else is `told` of items, [N, items...], where a row is `drawn`: 1, else 0, [N].
        `left`: what vectors of these `lengths` have beside the rows.
        """
        one, other = self.factors[i](left.transpose(-1, -2)).chunk(2, -1)
        mean = level_mean(left.square().sum((-2, -1)), level, masks)
        # Of rounding the lengths are none: second derivatives would hold their eighth power.
        whole = level_mean(lengths.square().sum(-1), level, masks)
        some = mean > (ROUNDED * torch.finfo(mean.dtype).eps) ** 2 * whole
        unit = torch.where(some, mean, 1.0).reshape(-1, *[1] * (left.ndim - 2))
        products = squashed((one * other).sum(-2) / unit)
        if told is not None and drawn is not None:
            each = drawn.reshape(-1, *[1] * (products.ndim - 1))
            products = torch.addcmul(products, told.unsqueeze(-1), each)
        missing = self.steps - len(along)
        places = nn.functional.pad(torch.cat(list(along), -1), (0, missing * self.vectors))
        waves = self.read[i](torch.cat([places, products], -1)).sin()
        weights: torch.Tensor = self.weights[i](waves)
        return weights


def _brought(row: torch.Tensor, moments: torch.Tensor) -> torch.Tensor:
    """A row [N, 1, d] brought on to the longest axis of moments [N, d, d], as long as before."""
    power = moments
    for _ in range(DOUBLINGS):
        size = power.diagonal(dim1=-2, dim2=-1).sum(-1).reshape(-1, 1, 1)
        power = power / torch.threshold(size, 0.0, 1.0)
        power = power @ power
    found = row @ power
    before, after = (root(x.square().sum(-1, keepdim=True)) for x in (row, found))
    return found * (before / torch.threshold(after, 0.0, 1.0))


def _summed(
    weight: torch.Tensor, x: torch.Tensor, level: Level, masks: Mapping[str, torch.Tensor]
) -> torch.Tensor:
    """The mean over items of weight [N, items..., m, v] @ x [N, items..., v, c], [N, m, c]."""
    if any(name in masks for name in level):
        return level_mean(weight @ x, level, masks)
    # In one product for each example: many small ones take longer.
    rows = x.flatten(1, -2)
    columns = weight.flatten(1, -3).transpose(1, 2).flatten(2)
    return columns @ rows / math.prod(x.shape[1:-2])
