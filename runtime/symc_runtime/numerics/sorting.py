"""Scores to permutations: hard, stable, ties decided by noise."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from symc_runtime.call.tracing import is_compiled, is_traced


def valid_items(counts: torch.Tensor | None, rows: torch.Tensor) -> torch.Tensor | None:
    """Mask [N, n] of the valid items of rows [N, n, ...], None where all are."""
    if counts is None:
        return None
    return torch.arange(rows.shape[1], device=rows.device) < counts.unsqueeze(-1)


def magnitude(column: torch.Tensor, valid: torch.Tensor | None = None) -> torch.Tensor:
    """Largest absolute value [N, 1] of the valid entries of a column [N, n]."""
    column = column.detach()
    if valid is not None:
        column = column.masked_fill(~valid, 0)
    return column.abs().amax(-1, keepdim=True)


def refined_clusters(
    column: torch.Tensor,
    scale: torch.Tensor,
    clusters: torch.Tensor | None,
    valid: torch.Tensor | None,
    tol: float,
) -> torch.Tensor:
    """Refine cluster ranks [N, n] by a column [N, n]: a gap above tol * scale [N, 1] cuts.

    Items are ordered by cluster, inside a cluster by the column; ranks count the cuts.
    """
    column = column.detach()
    if valid is not None:
        column = column.masked_fill(~valid, 0)
    # Which of two equal values comes first decides nothing: no cut parts them.
    values, order = torch.sort(column, dim=-1)
    if clusters is not None:
        order = ordered_clusters(clusters, order)
        values = column.gather(-1, order)
    # Around, the first beside the last: tensors of n - 1 items would make exports ask n for 3.
    cut = (values - values.roll(1, -1)) > tol * scale
    if clusters is not None:
        ranks = clusters.gather(-1, order)
        cut = cut | (ranks != ranks.roll(1, -1))
    cuts = cut.long()
    dense = cuts.cumsum(-1) - cuts[..., :1]
    return torch.empty_like(dense).scatter_(-1, order, dense)


def ordered_clusters(clusters: torch.Tensor, order: torch.Tensor) -> torch.Tensor:
    """An order of items [..., n] sorted by cluster, else kept: a stable sort, but faster."""
    ranks = clusters.gather(-1, order)
    n = order.shape[-1]
    keys = ranks * n + torch.arange(n, device=ranks.device)
    return order.gather(-1, torch.argsort(keys, dim=-1))


MANY = 128
"""So many numbers, and more, are compared by sorting them, not each with each."""


def how_many_equal(x: torch.Tensor) -> torch.Tensor:
    """For whole numbers [..., n] how many of their row equal each, itself counted."""
    # What a compiler makes of each with each computes them anew for every pair.
    if not (is_compiled() or (not is_traced() and x.shape[-1] >= MANY)):
        return (x.unsqueeze(-1) == x.unsqueeze(-2)).sum(-1)
    x = x.contiguous()
    ascending = torch.sort(x, dim=-1).values
    last = torch.searchsorted(ascending, x, right=True)
    return last - torch.searchsorted(ascending, x)


def sorting_index(
    columns: Sequence[torch.Tensor],
    secondary: torch.Tensor,
    valid: torch.Tensor | None = None,
    scales: Sequence[torch.Tensor] | None = None,
    *,
    tol: float,
) -> torch.Tensor:
    """idx [N, n] with x[idx] in ascending lexicographic order of the columns, each [N, n].

    Values closer than `tol` of a column's scale [N, 1] count as equal: rounding never decides. A
    scale is the magnitude of what the column was computed from, by default of the column itself.
    What stays equal is ordered by `secondary` [N, n], random keys. Items that are not `valid`
    [N, n] come last and keep their places.
    """
    # Padding is a cluster of its own, the last.
    clusters = None if valid is None else (~valid).long()
    if scales is None:
        scales = [magnitude(column, valid) for column in columns]
    for column, scale in zip(columns, scales, strict=True):
        clusters = refined_clusters(column, scale, clusters, valid, tol)
    if valid is not None:
        places = torch.arange(valid.shape[-1], device=valid.device, dtype=secondary.dtype)
        secondary = torch.where(valid, secondary, places)
    by_key = torch.argsort(secondary, dim=-1)
    if clusters is None:
        return by_key
    return ordered_clusters(clusters, by_key)
