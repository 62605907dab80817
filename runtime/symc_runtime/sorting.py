"""Scores to permutations: hard, stable, ties decided by noise."""

from __future__ import annotations

from collections.abc import Sequence

import torch


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


def _clusters(
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
    values, order = torch.sort(column, dim=-1, stable=True)
    if clusters is not None:
        regrouped = torch.argsort(clusters.gather(-1, order), dim=-1, stable=True)
        order = order.gather(-1, regrouped)
        values = column.gather(-1, order)
    cut = (values[..., 1:] - values[..., :-1]) > tol * scale
    if clusters is not None:
        ranks = clusters.gather(-1, order)
        cut = cut | (ranks[..., 1:] != ranks[..., :-1])
    first = torch.zeros_like(order[..., :1])
    dense = torch.cat([first, cut.long().cumsum(-1)], -1)
    return torch.empty_like(dense).scatter_(-1, order, dense)


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
        clusters = _clusters(column, scale, clusters, valid, tol)
    if valid is not None:
        secondary = secondary.masked_fill(~valid, 0)
    by_key = torch.argsort(secondary, dim=-1, stable=True)
    if clusters is None:
        return by_key
    return by_key.gather(-1, torch.argsort(clusters.gather(-1, by_key), dim=-1, stable=True))
