"""Orthonormal frames from vectors, whatever they are: written out, finite gradients, no sync."""

from __future__ import annotations

import torch

from symc_runtime.exportable import with_sign_of


def tolerance(dtype: torch.dtype) -> float:
    """Below this share of what was summed, a residual counts as zero: sqrt(eps)."""
    return float(torch.finfo(dtype).eps ** 0.5)


AMPLE = 0.5
"""A residual of this share of what was summed to make it holds nearly all digits."""
RESERVE = 2.0
"""A vector in reserve serves where this many times as much of it is left."""
NEARLY = 0.9
"""With nearly as much left as the best, a vector is as good: digits tell parallel ones apart."""
FILLING = 1e-10
"""Length of noise that fills a frame: its square is no share, and no number too small."""


def complete_frame(
    vectors: torch.Tensor,
    scales: torch.Tensor,
    noise: torch.Tensor,
    tol: float,
    special: bool = False,
    preferred: int | None = None,
    late: int = 0,
) -> torch.Tensor:
    """d orthonormal rows [N, d, d] from candidates [N, m, d] and isotropic noise [N, r, d], r >= d.

    Gram-Schmidt, twice over. A candidate's residual is measured by scales [N, m], the magnitudes
    that were summed to make it: the first above 1/2 is taken, else the first that is nearly the
    largest, above `tol`. What the candidates leave open is filled by noise, likewise.
    Equivariant: rotated candidates and noise give rotated rows. Without the NaNs of QR.
    `special`: the last row is turned so that the determinant is 1. `preferred`: candidates behind
    so many are in reserve; the last `late` of them are not for the first two rows.
    """
    count, d = vectors.shape[1], vectors.shape[2]
    reserve = slice(count if preferred is None else preferred, count)
    # Noise comes far below any share that counts.
    given = _over(vectors, scales)
    filling = noise.permute(2, 1, 0)
    candidates = torch.cat([given, FILLING * filling], 1) if count else filling
    # Which vectors are chosen has no gradient. Without one, the chosen are what was compared.
    learns = candidates.requires_grad
    residual = candidates.detach() if learns else candidates
    rows: list[torch.Tensor] = []
    for step in range(d):
        if d == step + 1 and d in (2, 3):
            last = _complement(rows)
            if not special:
                along = (candidates.detach() * last.detach()).sum(0)
                index = _choice(along.square(), count, tol, reserve)
                last = last * _signs(along.gather(0, index))
            return _as_rows([*rows, last])
        squares = residual.square().sum(0)
        if late and len(rows) < 2:
            squares[count - late : count] = 0
        index = _choice(squares, count, tol, reserve)
        chosen = (candidates if learns else residual).gather(1, index.expand(d, -1, -1))
        for row in rows if learns else ():
            chosen = _without(chosen, row)
        rows.append(_direction(chosen, rows))
        if step + 2 < d or (step + 1 < d and d > 3):
            residual = _without(residual, rows[-1].detach() if learns else rows[-1])
    frame = _as_rows(rows)
    return proper(frame.transpose(1, 2)).transpose(1, 2) if special else frame


def _choice(squares: torch.Tensor, count: int, tol: float, reserve: slice) -> torch.Tensor:
    """Which vector comes next, [1, N], by squared residuals [m + r, N] of candidates and noise."""
    if count:
        # In place: nothing else reads these squares.
        torch.threshold_(squares[:count], tol**2, 0.0)
        if reserve.start < count:
            squares[reserve].mul_(RESERVE**-2)
        enough = squares.amax(0).mul_(NEARLY**2).clamp_(max=AMPLE**2)
        squares = torch.minimum(squares, enough)
    # Of equal numbers, the first is the largest.
    return squares.max(0, keepdim=True).indices


class RowsSoFar:
    """The rows that a frame would take from candidates [N, c, d] of sizes [N, c], one by one.

    Those offered later are in reserve, as in `complete_frame`.
    """

    def __init__(self, vectors: torch.Tensor, scales: torch.Tensor, tol: float) -> None:
        self.residual = _over(vectors, scales)
        self.tol = tol
        self.count = vectors.shape[1]
        self.rows: list[torch.Tensor] = []
        self.there = [torch.ones_like(self.residual[0, 0])]
        self.offered: list[tuple[torch.Tensor, torch.Tensor]] = []

    def best(self) -> tuple[torch.Tensor, torch.Tensor]:
        """What would be the next row [N, d], and 1 where there is one [N], and all before it.

        Zero where there is none.
        """
        squares = self.residual.detach().square().sum(0)
        reserve = slice(self.count, squares.shape[0])
        index = _choice(squares, squares.shape[0], self.tol, reserve)
        chosen = self.residual.gather(1, index.expand(self.residual.shape[0], -1, -1))
        # `_choice` left nothing of those that are too small: their direction is rounding, and its
        # derivatives no numbers.
        none = squares.gather(0, index) == 0
        row = _direction(chosen.masked_fill(none, 0), self.rows)[:, 0].T
        return row, self.there[-1] * ~none[0]

    def next(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The next row [N, d], taken, and 1 where there is one [N], and all before it."""
        row, there = self.best()
        self.rows.append(row.T.unsqueeze(1))
        self.there.append(there)
        self.residual = _without(self.residual, self.rows[-1])
        return row, there

    def offer(self, vectors: torch.Tensor, scales: torch.Tensor) -> None:
        """Further candidates, orthogonal to the rows so far."""
        self.offered.append((vectors, scales))
        self.residual = torch.cat([self.residual, _over(vectors, scales)], 1)

    def taken(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The rows so far, and what would be the next, as candidates of a frame: zero if missing.

        Rows [N, m, d] and their sizes [N, m].
        """
        row, there = self.best()
        rows = torch.cat([*self.rows, row.T.unsqueeze(1)], 1)
        every = torch.stack([*self.there[1:], there])
        return (rows * every).permute(2, 1, 0), torch.ones_like(every).T


def frame_of_eigenspaces(
    noise: torch.Tensor,
    columns: torch.Tensor,
    same: torch.Tensor,
    signs: torch.Tensor,
    special: bool = False,
) -> torch.Tensor:
    """d orthonormal rows [K*B, d, d], row i in the eigenspace of slot i, times signs [K*B, d].

    Gram-Schmidt of isotropic noise [K*B, r, d], projected on each eigenspace: columns [B, d, d] are
    eigenvectors, same [B, d, d] is 1 where two slots share an eigenspace. `special`: the last row
    is turned so that the determinant is 1.
    """
    batch, d = columns.shape[:2]
    samples = 1 if noise.shape[0] == batch else noise.shape[0] // batch
    given = noise.permute(2, 1, 0).contiguous()
    axes = columns.permute(1, 2, 0)
    if special and d in (2, 3):
        # An axis may point either way: so that a complement in eigenvector coordinates is one in
        # space too.
        given_axes = list(axes[:, :-1].split(1, 1))
        axes = torch.cat([*given_axes, _complement(given_axes)], 1)
    turn = repeated(axes, samples).unsqueeze(2)
    # Eigenvector coordinates [d, r, K*B], and which of them each slot keeps.
    coordinates = contracted(turn, given.unsqueeze(1))
    kept = repeated(same.permute(1, 2, 0), samples).unsqueeze(2)
    rows: list[torch.Tensor] = []
    for slot in range(d):
        if d == slot + 1 and d in (2, 3):
            last = _complement(rows)
            if not special:
                along = contracted(coordinates, last)
                last = last * _signs(along.amax(0) + along.amin(0))
            rows.append(last)
            break
        residual = coordinates * kept[slot]
        for row in rows:
            residual = _without(residual, row)
        index = residual.square().sum(0).max(0, keepdim=True).indices
        rows.append(_direction(residual.gather(1, index.expand(d, -1, -1)), rows))
    sign = signs.T
    if special and d in (2, 3):
        sign = torch.cat([sign[:-1], sign[:-1].prod(0, keepdim=True)])
    found = contracted(turn.transpose(0, 1), torch.cat(rows, 1).unsqueeze(1)) * sign
    frame = found.permute(2, 1, 0)
    return proper(frame.transpose(1, 2)).transpose(1, 2) if special and d not in (2, 3) else frame


def contracted(a: torch.Tensor, b: torch.Tensor, start: torch.Tensor | None = None) -> torch.Tensor:
    """sum over i of a[i] * b[i], added to `start`: without the products of them all at once."""
    pairs = list(zip(a.unbind(0), b.unbind(0), strict=True))
    total = pairs[0][0] * pairs[0][1] if start is None else torch.addcmul(start, *pairs[0])
    for x, y in pairs[1:]:
        total = torch.addcmul(total, x, y)
    return total


def repeated(x: torch.Tensor, samples: int) -> torch.Tensor:
    """x [..., B] for each of K samples: [..., K*B], sample-major."""
    return x.unsqueeze(-2).expand(*x.shape[:-1], samples, x.shape[-1]).flatten(-2)


def _as_rows(rows: list[torch.Tensor]) -> torch.Tensor:
    """Rows [d, 1, N] as [N, d, d]."""
    return torch.cat(rows, 1).permute(2, 1, 0)


def _over(vectors: torch.Tensor, scales: torch.Tensor) -> torch.Tensor:
    """Vectors [N, m, d] as [d, m, N], what was summed for each [N, m] brought to size 1.

    Components first, rows of the batch last: loops over short inner axes are slow.
    """
    return vectors.permute(2, 1, 0) / _positive(scales.detach().T)


def _without(x: torch.Tensor, row: torch.Tensor) -> torch.Tensor:
    """x [d, ...] less what lies along a unit row [d, ...]."""
    return torch.addcmul(x, (x * row).sum(0), row, value=-1)


def _direction(residual: torch.Tensor, rows: list[torch.Tensor]) -> torch.Tensor:
    """A residual [d, 1, ...] at unit length, once more made orthogonal to the rows so far.

    Little of it goes in this second pass: twice is enough (Giraud et al., Numerische Mathematik
    2005).
    """
    for row in rows:
        residual = _without(residual, row)
    return residual / _length(residual)


def _complement(rows: list[torch.Tensor]) -> torch.Tensor:
    """The unit vector [d, 1, ...] orthogonal to d - 1 rows, d = 2 or 3, with determinant 1."""
    if len(rows) == 1:
        x, y = rows[0].unbind(0)
        return torch.stack([-y, x])
    normal: torch.Tensor = torch.linalg.cross(rows[0], rows[1], dim=0)
    return normal


def _signs(x: torch.Tensor) -> torch.Tensor:
    """+-1, of the sign of x."""
    return with_sign_of(torch.ones_like(x), x)


def _length(x: torch.Tensor) -> torch.Tensor:
    """Length over the first axis, 1 for zero; finite gradients."""
    return _positive(x.square().sum(0)).sqrt()


def _positive(x: torch.Tensor) -> torch.Tensor:
    """x where it is positive, else 1."""
    return torch.threshold(x, 0.0, 1.0)


def proper(matrix: torch.Tensor) -> torch.Tensor:
    """Orthogonal [N, d, d] with the last column turned so that the determinant is 1."""
    from symc_runtime.elements.orthogonal import determinant

    flip = determinant(matrix).reshape(-1, 1, 1)
    return torch.cat([matrix[..., :-1], matrix[..., -1:] * flip], dim=-1)
