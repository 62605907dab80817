"""Message passing along a list of edges: sums by index, and no matrix of pairs."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class EdgeMessages(nn.Module):
    """Items that hear from those that edges name: the base for `input edges[2, e] of P`.

    `EdgeMessages(items=4, edges=1, outputs=3)` takes, in the order of the spec, numbers of items
    [batch, n, 4], `edges` [batch, 2, e], whole numbers that name items, source then target, and
    numbers of edges [batch, e, 1]; it returns [batch, n, 3]. With `edges=0` there are no numbers of
    edges. `whole`: one result an example, [batch, 3], the sum over items; of one number, [batch].

    Where its forward gets counts, `n` and `e` [batch], what lies behind them sends nothing and is
    in no sum: a spec with `size n <= 64` and `size e <= 200` gives them by these names. Edges may
    be repeated, and lead from an item to itself. The two ends of an edge have weights of their own.
    It is equivariant to S(n) itself, and does not read the order of edges: `symmetrize P by base`.
    """

    def __init__(
        self,
        items: int,
        edges: int,
        outputs: int,
        *,
        hidden: int = 32,
        layers: int = 3,
        whole: bool = False,
    ) -> None:
        super().__init__()
        self.edges, self.whole = edges, whole
        self.start = nn.Linear(items, hidden)
        self.told = nn.ModuleList(nn.Linear(edges + 1, hidden) for _ in range(layers))
        self.ends = nn.ModuleList(nn.Linear(hidden, 2 * hidden, bias=False) for _ in range(layers))
        self.own = nn.ModuleList(nn.Linear(3 * hidden, hidden) for _ in range(layers))
        self.norms = nn.ModuleList(nn.LayerNorm(hidden) for _ in range(layers))
        self.head = nn.Linear(hidden, outputs)

    def forward(
        self,
        x: Tensor,
        edges: Tensor,
        *numbers: Tensor,
        n: Tensor | None = None,
        e: Tensor | None = None,
    ) -> Tensor:
        """Items [batch, n, items], edges [batch, 2, e], of edges [batch, e, edges] where told."""
        edges = edges.long()
        rows, length, links = x.shape[0], x.shape[1], edges.shape[2]
        h = self.start(x)
        first = torch.arange(rows, device=edges.device).unsqueeze(-1) * length
        source, target = ((edges[:, end] + first).flatten() for end in (0, 1))
        kept = _mask(e, links, edges.device)
        given = [w.reshape(rows, links, -1) for w in numbers]
        known = torch.cat([*given, x.new_ones(rows, links, 1)], -1)
        for told, ends, own, norm in zip(self.told, self.ends, self.own, self.norms, strict=True):
            sent, received = ends(h).flatten(0, 1).chunk(2, -1)
            message = F.silu(sent[source] + received[target] + told(known).flatten(0, 1))
            if kept is not None:
                message = message.masked_fill(~kept.reshape(-1, 1), 0)
            none = torch.zeros_like(sent)
            heard = [none.index_add(0, end, message) for end in (target, source)]
            h = norm(h + F.silu(own(torch.cat([h, *(y.reshape(h.shape) for y in heard)], -1))))
        y: Tensor = self.head(h)
        there = _mask(n, length, edges.device)
        if there is not None:
            y = y.masked_fill(~there.unsqueeze(-1), 0)
        if self.whole:
            y = y.sum(1)
            return y.squeeze(-1) if y.shape[-1] == 1 else y
        return y


def _mask(counts: Tensor | None, length: int, device: torch.device) -> Tensor | None:
    """Which of `length` places are valid, [batch, length]; None: all."""
    if counts is None:
        return None
    return torch.arange(length, device=device) < counts.unsqueeze(-1)
