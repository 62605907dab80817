"""How many links apart items are, for all pairs at once and in few operations.

Seidel's recursion (On the all-pairs-shortest-path problem in unweighted undirected graphs, JCSS
1995): distances in a graph follow from those in its square, so their number of doublings, not their
length, is the number of steps; nothing hangs on the data.
"""

from __future__ import annotations

import torch

from symc_runtime.call.tracing import is_readable, is_traced
from symc_runtime.numerics.parts import parts

DOUBLINGS = 6
"""Paths of at most 2^6 links are followed. A constant: the number of items may be known only at the
call, and a loop over it would be traced for one of them."""
FAR = 128.0
"""Stands for no path where a number is wanted: more than 2^6."""


def hops(links: torch.Tensor) -> torch.Tensor:
    """Lengths of shortest paths [N, n, n] along links [N, n, n]; `FAR` where there is none.

    `links`: 1.0 where two items are linked, else 0.0; symmetric, zero on the diagonal. Whole
    numbers in its dtype, exact in single precision to n = 4096. Items more than 64 links apart have
    no path; of an item to itself it is 0.
    """
    if is_traced():
        return _hops(links)
    several = [_hops(links[rows]) for rows in parts(links, 2 * links.shape[1] * links.shape[2])]
    return several[0] if len(several) == 1 else torch.cat(several)


def _hops(links: torch.Tensor) -> torch.Tensor:
    n = links.shape[-1]
    item = torch.arange(n, device=links.device)
    apart = (item.unsqueeze(-1) != item).to(links.dtype)
    squares = [links]
    for _ in range(DOUBLINGS):
        last = squares[-1]
        square = torch.baddbmm(last, last, last).clamp_(max=1).mul_(apart)
        if is_readable(square) and torch.equal(square, last):
            # All that can be reached has been: so it stays, and lengths that follow from it.
            break
        squares.append(square)
    near = squares.pop()
    # In the last square there is one step or none. Where there is none, two stand for more: of
    # these, only those next to an item one step away are asked for, and they are two away.
    length = (2 - near).mul_(apart)
    for square in reversed(squares):
        # The last link of a path comes from nearer by or not: so the path is odd or even.
        before = torch.bmm(length, square)
        degree = square.sum(1, keepdim=True)
        # All in whole numbers: 1 where fewer than length * degree.
        odd = before.neg_().addcmul_(length, degree).clamp_(0, 1)
        length = length.mul_(2).sub_(odd)
    # 1 where there is no path, off the diagonal.
    none = apart - near
    return length.mul_(near).add_(none, alpha=FAR)
