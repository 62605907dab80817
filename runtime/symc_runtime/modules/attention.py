"""Self-attention over items (Lee et al., Set Transformer, ICML 2019), with noise."""

from __future__ import annotations

import torch
from torch import nn

from symc_runtime.actions.axes import fold_like
from symc_runtime.modules.channels import ChannelLinear
from symc_runtime.modules.mixing import perceptron
from symc_runtime.modules.scores import Scored, item_scores


class Attention(nn.Module):
    """Scores [K*N, n] by self-attention; pair features [N, c, n, n] are attention biases."""

    def __init__(self, hidden: int, layers: int, noise: int, posed: int, channels: int) -> None:
        super().__init__()
        apart = noise + posed
        self.heads = next(h for h in (4, 2, 1) if hidden % h == 0)
        self.apart = nn.Linear(apart, hidden) if apart else None
        self.norms = nn.ModuleList(nn.LayerNorm(hidden) for _ in range(layers))
        self.projections = nn.ModuleList(nn.Linear(hidden, 3 * hidden) for _ in range(layers))
        self.outputs = nn.ModuleList(nn.Linear(hidden, hidden) for _ in range(layers))
        self.blocks = nn.ModuleList(perceptron(hidden, hidden, hidden) for _ in range(layers))
        self.biases = nn.ModuleList(ChannelLinear(channels, self.heads) for _ in range(layers))
        self.score = nn.Linear(hidden, 1, bias=False)
        self.skip = nn.Linear(apart, 1, bias=False) if apart else None

    def forward(
        self,
        apart: torch.Tensor,
        nodes: torch.Tensor,
        pairs: torch.Tensor | None,
        mask: torch.Tensor | None,
    ) -> Scored:
        """Scores from noise, then posed features [K*N, n, noise + posed] and nodes [N, n, hidden].

        Items that mask [N, n] leaves out have no influence.
        """
        h = fold_like(nodes, apart)
        if self.apart is not None:
            h = h + self.apart(apart)
        valid = None if mask is None else fold_like(mask, apart)
        for norm, project, output, block, biased in zip(
            self.norms, self.projections, self.outputs, self.blocks, self.biases, strict=True
        ):
            q, k, v = project(norm(h)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
            weights = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
            if pairs is not None:
                weights = weights + fold_like(biased(pairs), apart)
            if valid is not None:
                weights = weights.masked_fill(~valid[:, None, None, :], -1e9)
            mixed = (weights.softmax(-1) @ v).transpose(1, 2).flatten(2)
            h = h + output(mixed)
            h = h + block(h)
        scores, summed = item_scores(self.score, h, valid)
        if self.skip is not None:
            more, also = item_scores(self.skip, apart, valid)
            scores, summed = scores + more, summed + also
        return scores, summed
