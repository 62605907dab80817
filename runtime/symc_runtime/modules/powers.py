"""What a matrix, or factors of it, make of vectors again and again, told apart from one another."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from symc_runtime.modules.mixing import root


def apart_by_products(
    z: torch.Tensor, a: torch.Tensor, b: torch.Tensor, count: int, tol: float
) -> list[torch.Tensor]:
    """What z a has beside z, z a b beside both ...: `count` of rows z [N, m, d], as long.

    A matrix may leave little of a second direction, and that little is all that tells it. What
    rounding adds to it, outside the matrix's range, is gone when it acts once more; inside it is
    not, so that these are for what other vectors of the range have left. A share below `tol` is
    none.
    """
    # Lengths are about 1, so this is rounding; its square must not vanish.
    least = torch.finfo(z.dtype).eps ** 2
    found = [z]
    for step in range(1, count + 1):
        given = found[-1] @ (a if step % 2 else b)
        left = given
        # Twice: where little is left, rounding leaves something along the others.
        for other in (*found, *found):
            square = torch.threshold(other.square().sum(-1, keepdim=True), least, 1.0)
            left = left - (left * other).sum(-1, keepdim=True) / square * other
        size, whole = (root(x.square().sum(-1, keepdim=True)) for x in (left, given))
        told = size > tol * whole + least
        found.append(left * torch.where(told, whole / torch.where(told, size, 1.0), 0.0))
    return found[1:]


def through_factors(
    given: Sequence[torch.Tensor],
    scale: torch.Tensor,
    factors: Sequence[torch.Tensor],
    tol: float,
) -> list[torch.Tensor]:
    """w X for each y of `given` [K*N, m, d]: w is what y X^T has beside those before.

    Each w is as long as the first y. X [N, ..., d]: all rows of factors, of length 1 each. After
    Golub and Kahan, Calculating the singular values and pseudo-inverse of a matrix, 1965: y X^T X
    would square the condition number of X, and lose its direction where y is nearly orthogonal to
    it. So would the y that products of matrices tell: the next y is what the last w X has beside
    those before, and that of `given` where this is nothing.
    `scale` [K*N, m] is what was summed to make the first y; a share below `tol` is none.
    """
    if not factors:
        return [torch.zeros_like(y) for y in given]
    rows = factors[0] if len(factors) == 1 else torch.cat(list(factors), 1)
    length = root(given[0].square().sum(-1, keepdim=True))
    # In the first product, rounding is a share of what was summed.
    summed = torch.maximum(length, scale.unsqueeze(-1)) / torch.threshold(length, 0.0, 1.0)
    before: list[torch.Tensor] = []
    found: list[torch.Tensor] = []
    mapped: list[torch.Tensor] = []
    for y in given:
        unit = _unit_beside(y, (), 0.0)
        if mapped:
            told = _unit_beside(mapped[-1], before, tol)
            unit = torch.where(told.detach().square().sum(-1, keepdim=True) > 0, told, unit)
        before.append(unit)
        through = unit.unflatten(0, (-1, rows.shape[0])) @ rows.transpose(1, 2)
        found.append(_unit_beside(through.flatten(0, 1), found, tol if found else tol * summed))
        mapped.append((found[-1].unflatten(0, (-1, rows.shape[0])) @ rows).flatten(0, 1))
    return [length * x for x in mapped]


def _unit_beside(
    x: torch.Tensor, units: Sequence[torch.Tensor], least: torch.Tensor | float
) -> torch.Tensor:
    """What x [..., d] has beside `units`, to length 1 as theirs; 0 where it is not `least` long."""
    # Twice: where little is left, rounding leaves something along the others.
    for other in (*units, *units):
        x = x - (x * other).sum(-1, keepdim=True) * other
    size = root(x.square().sum(-1, keepdim=True))
    told = size > least + torch.finfo(x.dtype).eps ** 2
    return x * torch.where(told, 1 / torch.where(told, size, 1.0), 0.0)
