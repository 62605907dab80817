"""Orthonormal frames from vectors, whatever they are: written out, finite gradients, no sync."""

from __future__ import annotations

import torch

from symc_runtime.call.exportable import with_sign_of
from symc_runtime.numerics.directions import FAINTEST, Directions


def tolerance(dtype: torch.dtype) -> float:
    """Below this share of what was summed, a residual counts as zero: sqrt(eps)."""
    return float(torch.finfo(dtype).eps ** 0.5)


AMPLE = 0.5
"""A residual of this share of what was summed to make it holds nearly all digits."""
RESERVE = 2.0
"""A vector in reserve serves where this many times as much of it is left."""
NEARLY = 0.9
"""With nearly as much left as the best, a vector is as good: digits tell parallel ones apart."""
FILLING = 1e-12
"""Length of noise that fills a frame: its square is no share, and no number too small."""


def complete_frame(
    vectors: torch.Tensor,
    scales: torch.Tensor,
    noise: torch.Tensor,
    tol: float,
    special: bool = False,
    preferred: int | None = None,
    late: int = 0,
    directions: Directions | None = None,
) -> torch.Tensor:
    """d orthonormal rows [N, d, d] from candidates [N, m, d] and isotropic noise [N, r, d], r >= d.

    Gram-Schmidt, twice over. A candidate's residual is measured by scales [N, m], the magnitudes
    that were summed to make it: the first above 1/2 is taken, else the first that is nearly the
    largest, above `tol`. What the candidates leave open is filled by `directions`, what these do by
    noise, likewise.
    Equivariant: rotated candidates and noise give rotated rows. Without the NaNs of QR.
    `special`: the last row is turned so that the determinant is 1. `preferred`: candidates behind
    so many are in reserve; the last `late` of them are not for the first two rows.
    """
    count, d = vectors.shape[1], vectors.shape[2]
    reserve = slice(count if preferred is None else preferred, count)
    # Noise comes far below any share that counts.
    given = _over(vectors, scales)
    filling = noise.permute(2, 1, 0)
    first = 0 if directions is None else directions.count
    if directions is not None:
        candidates = torch.cat([directions.vectors, given, FILLING * filling], 1)
    else:
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
                index = _choice(along.square(), count, tol, reserve, directions)
                last = last * _signs(along.gather(0, index))
            return _as_rows([*rows, last])
        squares = residual.square().sum(0)
        if late and len(rows) < 2:
            squares[first + count - late : first + count] = 0
        index = _choice(squares, count, tol, reserve, directions)
        chosen = (candidates if learns else residual).gather(1, index.expand(d, -1, -1))
        for row in rows if learns else ():
            chosen = _without(chosen, row)
        rows.append(_direction(chosen, rows))
        if step + 2 < d or (step + 1 < d and d > 3):
            row = rows[-1].detach() if learns else rows[-1]
            if directions is not None:
                directions.told((residual[:, :first] * row).sum(0).detach())
            residual = _without(residual, row)
    frame = _as_rows(rows)
    return proper(frame.transpose(1, 2)).transpose(1, 2) if special else frame


def _choice(
    squares: torch.Tensor,
    count: int,
    tol: float,
    reserve: slice,
    directions: Directions | None,
) -> torch.Tensor:
    """Which vector comes next, [1, N], by squared residuals of directions, candidates and noise."""
    first = 0
    if directions is not None:
        first = directions.count
        squares[:first].copy_(directions.squares(squares[:first], tol))
    if count:
        # In place: nothing else reads these squares.
        _counted(squares[first : first + count], tol, reserve.start)
    return _chosen(squares, first) if count else squares.max(0, keepdim=True).indices


def _counted(squares: torch.Tensor, tol: float, preferred: int) -> torch.Tensor:
    """What squares [c, N] of candidates count for, in place; those behind so many, in reserve."""
    torch.threshold_(squares, tol**2, 0.0)
    if preferred < squares.shape[0]:
        squares[preferred:].mul_(RESERVE**-2)
    return squares


def _chosen(squares: torch.Tensor, first: int) -> torch.Tensor:
    """The first of squares [m, N] that is nearly as good as the best of those from `first` on."""
    enough = squares[first:].amax(0).mul_(NEARLY**2).clamp_(4 * FAINTEST, AMPLE**2)
    # Of equal numbers, the first is the largest.
    return torch.minimum(squares, enough).max(0, keepdim=True).indices


class RowsSoFar:
    """The rows that a frame takes from candidates [N, c, d] of sizes [N, c], one by one.

    Those offered later are in reserve, as in `complete_frame`; where all leave a row open, it is
    one of the `directions`, else one of the noise vectors [N, r, d].
    """

    def __init__(
        self,
        vectors: torch.Tensor,
        scales: torch.Tensor,
        tol: float,
        noise: torch.Tensor,
        directions: Directions | None,
    ) -> None:
        filling = FILLING * noise.permute(2, 1, 0)
        given = _over(vectors, scales)
        drawn = [] if directions is None else [directions.vectors]
        self.residual = torch.cat([filling, *drawn, given], 1)
        self.tol = tol
        self.directions = directions
        self.noise = noise.shape[1]
        self.first = self.noise + (0 if directions is None else directions.count)
        self.count = vectors.shape[1]
        self.rows: list[torch.Tensor] = []
        self.squares: torch.Tensor | None = None
        self.known = torch.ones_like(given[0, 0])
        """1 where no row so far is noise, nor a direction of an item [N]."""
        self.offered: list[tuple[torch.Tensor, torch.Tensor]] = []

    def _choice(self) -> torch.Tensor:
        if self.squares is None:
            squares = self.residual.detach().square().sum(0)
            if self.directions is not None:
                drawn = squares[self.noise : self.first]
                drawn.copy_(self.directions.squares(drawn, self.tol))
            _counted(squares[self.first :], self.tol, self.count)
            self.squares = squares
        return _chosen(self.squares, self.first)

    def best(self) -> tuple[torch.Tensor, torch.Tensor]:
        """What would be the next row [N, d], and 1 where it and all before it are known [N]."""
        index = self._choice()
        chosen = self.residual.gather(1, index.expand(self.residual.shape[0], -1, -1))[:, 0]
        return (chosen / _length(chosen)).T, self.known * (index[0] >= self.first)

    def next(self) -> torch.Tensor:
        """The next row [N, d], taken."""
        index = self._choice()
        chosen = self.residual.gather(1, index.expand(self.residual.shape[0], -1, -1))
        row = _direction(chosen, self.rows)
        self.known = self.known * (index[0] >= self.first)
        self.rows.append(row)
        along = (self.residual * row).sum(0)
        if self.directions is not None:
            self.directions.told(along[self.noise : self.first].detach())
        self.residual = torch.addcmul(self.residual, along, row, value=-1)
        self.squares = None
        return row[:, 0].T

    def offer(self, vectors: torch.Tensor, scales: torch.Tensor) -> None:
        """Further candidates, orthogonal to the rows so far."""
        self.offered.append((vectors, scales))
        more = _over(vectors, scales)
        self.residual = torch.cat([self.residual, more], 1)
        if self.squares is not None:
            squares = _counted(more.detach().square().sum(0), self.tol, 0)
            self.squares = torch.cat([self.squares, squares])

    def frame(self, special: bool) -> torch.Tensor:
        """Orthonormal rows [N, d, d], but for one all taken. `special`: of determinant 1."""
        d = self.residual.shape[0]
        if d not in (2, 3):
            self.next()
            frame = _as_rows(self.rows)
            return proper(frame.transpose(1, 2)).transpose(1, 2) if special else frame
        last = _complement(self.rows)
        if not special:
            index = self._choice()
            along = self.residual.detach().gather(1, index.expand(d, -1, -1))
            last = last * _signs((along * last.detach()).sum(0))
        return _as_rows([*self.rows, last])


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
