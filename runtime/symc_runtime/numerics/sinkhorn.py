"""Soft permutations, for gradients only: forward values never use them.

SoftSort (Prillo and Eisenschlos, ICML 2020) of standardised scores, made nearly doubly stochastic
by Sinkhorn's scaling (Sinkhorn and Knopp, 1967; Mena et al., ICLR 2018). In sorted places the
kernel exp(-|z_a - z_b| gain) is symmetric, so one product serves rows and columns.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch.autograd import forward_ad

from symc_runtime.call.tracing import is_exporting, tells_exports
from symc_runtime.numerics.parts import parts, rows_of
from symc_runtime.numerics.sorting import magnitude

ITERATIONS = 2
"""The gradient is within 4e-4 of the converged one (cosine); more cost time only."""
NEIGHBOURS = 80
"""Places over which a soft item spreads at temperature 1, at most a fifth of all: sharper ones
pass gradients to nearest neighbours only, and learn little (circular skip links: 11% against 82%).
"""

ROUNDED = 8
"""So many last digits of the largest score, and less, is no spread of scores."""


def in_plain_operations() -> bool:
    """Whether derivatives must be those of plain operations: forward mode, torch.func, exports."""
    # A backward of one's own that a compiler traces inside of a transform has no derivative.
    if torch._C._are_functorch_transforms_active():
        return True
    if torch.compiler.is_compiling():
        # Before torch 2.7 a backward of one's own is traced wrongly: gradients were off by their
        # own size. There, what is compiled is in plain operations, too.
        return not tells_exports() or is_exporting()
    forward_mode: bool = forward_ad._current_level >= 0
    return forward_mode


class SoftOrder(NamedTuple):
    """A soft permutation in sorted places: entry (a, b) is how much place a holds of item order[b].

    `path` [N, n, n] holds no data: a gradient with respect to the soft matrix that reaches it goes
    on to the scores. In plain operations it is the soft matrix. `places` [N, n]: standardised
    scores, ascending; `gain` [N, 1]: one over the distance that an item spreads; `valid` [N, n] or
    None: places that hold no padding.
    """

    path: torch.Tensor
    places: torch.Tensor
    gain: torch.Tensor
    valid: torch.Tensor | None


def soft_order(
    scores: torch.Tensor,
    index: torch.Tensor,
    temperature: float,
    valid: torch.Tensor | None = None,
    least: torch.Tensor | None = None,
) -> SoftOrder:
    """The soft permutation of scores [N, n] that `index` [N, n] sorts.

    Scores are measured in mean gaps between neighbours, so that one temperature serves every n.
    Two scores are one gap apart whatever they are, which no gradient can change: beside them,
    a score of 1 has that length, too.
    Where they spread by no more than `least` [N, 1], by default some last digits of the largest,
    they are as they come: no gradient is to be over what rounding left. `valid` [N, n] by item.
    """
    n, items = scores.shape[-1], valid
    if valid is None:
        count = scores.new_full((scores.shape[0], 1), float(n))
        mean = scores.mean(-1, keepdim=True)
        squares = (scores - mean).square().sum(-1, keepdim=True)
    else:
        weight = valid.to(scores.dtype)
        count = weight.sum(-1, keepdim=True).clamp(min=1)
        mean = (scores * weight).sum(-1, keepdim=True) / count
        squares = ((scores - mean).square() * weight).sum(-1, keepdim=True)
        valid = valid.gather(-1, index)
    # Of two scores only.
    variance = squares / count + (count == 2).to(scores.dtype)
    info = torch.finfo(scores.dtype)
    if least is None:
        least = ROUNDED * info.eps * magnitude(scores, items)
    flat = variance <= least.square() + info.tiny
    deviation = torch.where(flat, torch.ones_like(variance), variance).sqrt()
    places = ((scores - mean) / deviation).gather(-1, index)
    # Standardised scores of n items lie about 3.5 / n apart; a gap is the unit.
    spread = (NEIGHBOURS * temperature * torch.ones_like(count)).minimum(count / 5)
    gain = count / 3.5 / spread
    if in_plain_operations():
        return SoftOrder(_matrix(places, gain, valid), places, gain, valid)
    function: Any = _Path.apply
    return SoftOrder(function(places, gain, valid), places, gain, valid)


def soft_matrix(soft: SoftOrder, iterations: int = ITERATIONS) -> torch.Tensor:
    """The soft permutation itself, [N, n, n] in sorted places; zero where padding is."""
    return _matrix(soft.places, soft.gain, soft.valid, iterations)


def _matrix(
    places: torch.Tensor,
    gain: torch.Tensor,
    valid: torch.Tensor | None,
    iterations: int = ITERATIONS,
) -> torch.Tensor:
    kernel, padding = _kernel(places, gain, valid)
    rows, columns = _scalings(kernel, padding, iterations)
    return rows[-1].unsqueeze(-1) * kernel * columns[-1].unsqueeze(-2)


def entropy(soft: SoftOrder) -> torch.Tensor:
    """Mean entropy of the rows of a soft permutation, in nats: [N]."""
    if in_plain_operations():
        logarithm = _logarithm(soft.path)
        return -(soft.path * logarithm).sum((-1, -2)) / soft.path.shape[-1]
    function: Any = _Entropy.apply
    result: torch.Tensor = function(soft.path, soft.places, soft.gain, soft.valid)
    return result


def _kernel(
    places: torch.Tensor, gain: torch.Tensor, valid: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor | float]:
    """exp(-|z_a - z_b| gain), zero at padding, and what keeps sums over padding from zero."""
    scaled = places * gain
    apart = scaled.unsqueeze(-1) - scaled.unsqueeze(-2)
    # Of places that are equal, too, one is behind the other: so is the derivative.
    exponent = apart.abs_().neg_() if not apart.requires_grad else _behind(places).neg() * apart
    if valid is None:
        return exponent.exp_() if not exponent.requires_grad else exponent.exp(), 0.0
    # Before exp: padding lies anywhere, and would be infinite.
    pairs = valid.unsqueeze(-1) & valid.unsqueeze(-2)
    kernel = exponent.masked_fill(~pairs, -torch.inf).exp()
    return kernel, (~valid).to(places.dtype)


def _behind(places: torch.Tensor) -> torch.Tensor:
    """The sign of a - b for places a and b, [n, n]: that of z_a - z_b, which ascend."""
    item = torch.arange(places.shape[-1], device=places.device)
    return (item.unsqueeze(-1) - item).sign().to(places.dtype)


def _scalings(
    kernel: torch.Tensor, padding: torch.Tensor | float, iterations: int
) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Of each iteration the scalings of the rows and of the columns, [N, n] each."""
    columns, rows = [torch.ones_like(kernel[:, 0])], []
    for _ in range(iterations):
        rows.append(1 / (_apply(kernel, columns[-1]) + padding))
        columns.append(1 / (_apply(kernel, rows[-1]) + padding))
    rows.append(1 / (_apply(kernel, columns[-1]) + padding))
    return rows, columns


def _apply(kernel: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """x^T kernel, several times faster than kernel x; a symmetric kernel's are the same."""
    return torch.bmm(x.unsqueeze(1), kernel).squeeze(1)


def _logarithm(matrix: torch.Tensor) -> torch.Tensor:
    return matrix.clamp(min=torch.finfo(matrix.dtype).tiny).log_()


class _Entropy(torch.autograd.Function):
    """Row entropies; the gradient goes to the soft matrix, whose path leads to the scores."""

    @staticmethod
    def forward(
        ctx: Any,
        path: torch.Tensor,
        places: torch.Tensor,
        gain: torch.Tensor,
        valid: torch.Tensor | None,
    ) -> torch.Tensor:
        matrix = soft_matrix(SoftOrder(path, places, gain, valid))
        logarithm = _logarithm(matrix)
        ctx.save_for_backward(logarithm, places, gain, valid)
        return -(matrix.mul_(logarithm)).sum((-1, -2)) / places.shape[-1]

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None, None, None]:
        # Rows sum to 1 whatever the scores, so the derivative -log - 1 may go without its 1.
        logarithm, places, gain, valid = ctx.saved_tensors
        if torch.is_grad_enabled():
            # Where this is differentiated in turn, the logarithm depends on the places.
            logarithm = _logarithm(_matrix(places, gain, valid))
        weight = -gradient / logarithm.shape[-1]
        return logarithm * weight.reshape(-1, 1, 1), None, None, None


class _Path(torch.autograd.Function):
    """Nothing forward; backward, the gradient of `soft_matrix` with respect to the places."""

    @staticmethod
    def forward(
        ctx: Any, places: torch.Tensor, gain: torch.Tensor, valid: torch.Tensor | None
    ) -> torch.Tensor:
        ctx.save_for_backward(places, gain, valid)
        rows, n = places.shape
        return places.new_zeros(1, 1, 1).expand(rows, n, n)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        places, gain, valid = ctx.saved_tensors
        if torch.is_grad_enabled() or torch.compiler.is_compiling():
            return _to_places(gradient, places, gain, valid), None, None
        several = [
            _to_places(gradient[rows], places[rows], gain[rows], rows_of(valid, rows))
            for rows in parts(gradient)
        ]
        return several[0] if len(several) == 1 else torch.cat(several), None, None


def _to_places(
    gradient: torch.Tensor, places: torch.Tensor, gain: torch.Tensor, valid: torch.Tensor | None
) -> torch.Tensor:
    """The gradient with respect to places [N, n] from that to the soft matrix [N, n, n]."""
    kernel, padding = _kernel(places, gain, valid)
    rows, columns = _scalings(kernel, padding, ITERATIONS)
    row, column = rows[-1], columns[-1]
    # soft = diag(row) kernel diag(column); each scaling adds an outer product to the gradient with
    # respect to the kernel.
    weighted = gradient * kernel
    scaled = weighted * column.unsqueeze(-2)
    left = [-scaled.sum(-1) * row.square()]
    right = [column]
    to_column = _apply(weighted, row) + _apply(kernel, left[0])
    for step in reversed(range(ITERATIONS)):
        right.append(-to_column * columns[step + 1].square())
        left.append(rows[step])
        to_row = _apply(kernel, right[-1])
        left.append(-to_row * rows[step].square())
        right.append(columns[step])
        to_column = _apply(kernel, left[-1])
    outer = torch.bmm(torch.stack(left, -1), torch.stack(right, 1))
    # Gradient with respect to the kernel's exponents.
    exponents = torch.addcmul(scaled * row.unsqueeze(-1), kernel, outer)
    signed = exponents * _behind(places)
    return -gain * (signed.sum(-1) - signed.sum(-2))
