"""The patch transformer of Kim et al. (2023): flattened inputs cut into patches, a ViT on them.

'Learning Probabilistic Symmetrization for Architecture Agnostic Equivariance', section 3: a base
that serves any input, because it sees one long vector, and whose blocks are those of a ViT.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from symc_runtime.bases.flattening import Flattening, Unflattening
from symc_runtime.bases.shapes import Shape
from symc_runtime.bases.vit_block import Block


class PatchTransformer(nn.Module):
    """All inputs as one vector, patches of `patch` numbers, one token a patch.

    Shapes, labels and named sizes are given as to `MLP`. Each token is a linear map of its patch
    plus a learned positional embedding; after the blocks each token gives, by one shared linear
    map, its piece of the flattened outputs (the first token alone where one number is asked).

    The parameters are named as in timm's ViT: `pos_embed` [1, tokens, width], `blocks.0.norm1` ...
    `blocks.0.mlp.fc2`, `norm`. The block weights of a ViT of the same width load as they are;
    `patch_embed` and `head` are this problem's own.
    """

    def __init__(
        self,
        inputs: Sequence[Shape],
        outputs: Sequence[Shape],
        *,
        sizes: Mapping[str, int] | None = None,
        labels: Sequence[int | None] | None = None,
        patch: int = 16,
        width: int = 128,
        depth: int = 4,
        heads: int = 4,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        bounds = dict(sizes or {})
        self.flatten = Flattening(inputs, sizes=bounds, labels=labels)
        self.unflatten = Unflattening(inputs, outputs, bounds)
        self.patch = patch
        self.tokens = math.ceil(self.flatten.width / patch)
        self.patch_embed = nn.Linear(patch, width)
        self.pos_embed = nn.Parameter(torch.randn(1, self.tokens, width) * 0.02)
        self.blocks = nn.ModuleList(Block(width, heads, dropout=dropout) for _ in range(depth))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, math.ceil(self.unflatten.width / self.tokens))

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        """Each input [batch, *shape]; one tensor, or a tuple in the order of `outputs`."""
        flat = F.pad(self.flatten(*inputs), (0, self.tokens * self.patch - self.flatten.width))
        tokens = self.patch_embed(flat.view(-1, self.tokens, self.patch)) + self.pos_embed
        for block in self.blocks:
            tokens = block(tokens)
        pieces = self.head(self.norm(tokens)).flatten(1)
        return self.unflatten(pieces[:, : self.unflatten.width], inputs)
