"""Operations that ONNX has not, in those that it has; eager values stay as they are."""

from __future__ import annotations

import torch

from symc_runtime.call.tracing import is_exporting, is_traced

LARGEST = 3
"""The largest matrices whose eigenvectors are found by rotations where a model is exported."""
SWEEPS = 6
"""Over all pairs of axes, until nothing but rounding is left beside the diagonal."""


def with_sign_of(size: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Numbers from 0 with the sign of x. Of a zero that is negative the sign counts in eager only:
    nothing that reads it tells -0 from 0.
    """
    return torch.where(x < 0, -size, size) if is_traced() else size.copysign(x)


def eigenvectors(matrix: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Eigenvalues [N, d], ascending, and unit eigenvectors [N, d, d], as columns, of symmetric
    matrices [N, d, d]; without a gradient.

    Exported, small ones are found by rotations (Jacobi, Crelle's Journal 1846), all written out.
    """
    matrix = matrix.detach()
    d = matrix.shape[-1]
    if not (is_exporting() and isinstance(d, int) and d <= LARGEST):
        values, columns = torch.linalg.eigh(matrix)
        return values, columns
    entries = [list(row.unbind(-1)) for row in matrix.unbind(-2)]
    one, zero = torch.ones_like(entries[0][0]), torch.zeros_like(entries[0][0])
    turned = [[one if i == j else zero for j in range(d)] for i in range(d)]
    for _ in range(SWEEPS if d > 2 else 1):
        for p in range(d):
            for q in range(p + 1, d):
                _rotate(entries, turned, p, q)
    found = torch.stack([entries[i][i] for i in range(d)], -1)
    columns = torch.stack([torch.stack(row, -1) for row in turned], -2)
    values, order = found.sort(-1)
    return values, columns.gather(-1, order.unsqueeze(-2).expand_as(columns))


def _rotate(
    entries: list[list[torch.Tensor]], turned: list[list[torch.Tensor]], p: int, q: int
) -> None:
    """Turn axes p and q so that nothing is left of entry (p, q); in place, in the lists."""
    across, apart = entries[p][q], entries[q][q] - entries[p][p]
    root = (apart.square() + 4 * across.square()).sqrt()
    below = torch.where(apart < 0, apart - root, apart + root)
    # Equal on the diagonal and nothing beside it: there is nothing to turn.
    tangent = 2 * across / torch.where(below == 0, torch.ones_like(below), below)
    cosine = 1 / (1 + tangent.square()).sqrt()
    sine = tangent * cosine
    entries[p][p] = entries[p][p] - tangent * across
    entries[q][q] = entries[q][q] + tangent * across
    entries[p][q] = entries[q][p] = torch.zeros_like(across)
    for r in range(len(entries)):
        if r not in (p, q):
            row = entries[r]
            row[p], row[q] = cosine * row[p] - sine * row[q], sine * row[p] + cosine * row[q]
            entries[p][r], entries[q][r] = row[p], row[q]
        row = turned[r]
        row[p], row[q] = cosine * row[p] - sine * row[q], sine * row[p] + cosine * row[q]
