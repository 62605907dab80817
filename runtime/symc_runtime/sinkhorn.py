"""Soft permutation matrices, for gradients only: forward values never use them."""

from __future__ import annotations

import torch

ITERATIONS = 3
"""After two the gradient is within 4e-4 of the converged one (cosine); more cost time only."""
NEIGHBOURS = 80
"""Places over which a soft item spreads at temperature 1, at most a fifth of all: sharper ones
pass gradients to nearest neighbours only, and learn little (circular skip links: 11% against 82%).
"""


def soft_permutation(
    scores: torch.Tensor,
    index: torch.Tensor,
    temperature: float,
    valid: torch.Tensor | None = None,
    iterations: int = ITERATIONS,
) -> torch.Tensor:
    """A nearly doubly stochastic [N, n, n], close to one where index[a] == j.

    SoftSort (Prillo and Eisenschlos, ICML 2020) of standardised scores [N, n], then Sinkhorn in
    scaling form. Scores are measured in mean gaps between neighbours, so that one temperature
    serves every n. Rows and columns of items that are not valid are zero.
    """
    n = scores.shape[-1]
    if valid is None:
        count = scores.new_full((scores.shape[0], 1), float(n))
        kept = scores
        mean = kept.mean(-1, keepdim=True)
        spread = (kept - mean).square().sum(-1, keepdim=True)
    else:
        weight = valid.to(scores.dtype)
        count = weight.sum(-1, keepdim=True).clamp(min=1)
        mean = (scores * weight).sum(-1, keepdim=True) / count
        spread = ((scores - mean).square() * weight).sum(-1, keepdim=True)
    variance = spread / count
    flat = variance <= torch.finfo(scores.dtype).tiny
    deviation = torch.where(flat, torch.ones_like(variance), variance).sqrt()
    standard = (scores - mean) / deviation
    ordered = standard.gather(-1, index)
    # Standardised scores of n items lie about 3.5 / n apart; a gap is the unit.
    distance = (ordered.unsqueeze(-1) - standard.unsqueeze(-2)).abs() * (count / 3.5).unsqueeze(-1)
    spread = (NEIGHBOURS * temperature * torch.ones_like(count)).minimum(count / 5)
    logits = -distance / spread.unsqueeze(-1)
    if valid is not None:
        sorted_valid = valid.gather(-1, index)
        allowed = sorted_valid.unsqueeze(-1) & valid.unsqueeze(-2)
        logits = logits.masked_fill(~allowed, -torch.inf)
        kernel = (logits - logits.detach().amax(-1, keepdim=True).clamp(min=-1e30)).exp()
    else:
        kernel = (logits - logits.detach().amax(-1, keepdim=True)).exp()
    kernel = kernel + torch.finfo(scores.dtype).tiny
    if valid is not None:
        kernel = kernel.masked_fill(~allowed, 0)
    columns = torch.ones_like(scores).unsqueeze(-1)
    rows = columns
    small = torch.finfo(scores.dtype).tiny
    for _ in range(iterations):
        rows = 1 / (kernel @ columns).clamp(min=small)
        columns = 1 / (kernel.transpose(1, 2) @ rows).clamp(min=small)
    rows = 1 / (kernel @ columns).clamp(min=small)
    return rows * kernel * columns.transpose(1, 2)


def entropy(soft: torch.Tensor) -> torch.Tensor:
    """Mean entropy of the rows of a soft permutation [N, n, n], in nats: [N]."""
    tiny = torch.finfo(soft.dtype).tiny
    return -(soft * soft.clamp(min=tiny).log()).sum(-1).mean(-1)
