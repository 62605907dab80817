"""A small vision transformer of Dosovitskiy et al. (2021), and how its blocks go to another task.

An image is cut into a square of patches, whatever its size: each patch is a token. The blocks see
tokens alone, so that those trained on images of one size serve any other, and what is no image but
a matrix. What reads a patch, where it lies and the answer belong to a task and stay with it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from symc_runtime.bases.vit_block import Block


class ImageTransformer(nn.Module):
    """Images [batch, h, w] of one grey, h and w at most `side`, to logits [batch, classes].

    `patches` x `patches` tokens; smaller images are filled up with zeros, below and to the right.
    The parameters are named as in timm's ViT (`patch_embed`, `pos_embed` [1, tokens, width],
    `blocks.0.norm1` ..., `norm`, `head`); all tokens are averaged for the answer.
    """

    def __init__(
        self,
        side: int,
        classes: int,
        *,
        patches: int = 4,
        width: int = 64,
        depth: int = 4,
        heads: int = 4,
    ) -> None:
        super().__init__()
        patch = math.ceil(side / patches)
        self.side = side
        self.filled = patch * patches
        self.patch_embed = nn.Conv2d(1, width, patch, stride=patch)
        self.pos_embed = nn.Parameter(torch.randn(1, patches**2, width) * 0.02)
        self.blocks = nn.ModuleList(Block(width, heads, expansion=2) for _ in range(depth))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, classes)

    def forward(self, image: Tensor) -> Tensor:
        """Raises ValueError where the image is larger than `side`."""
        height, width = image.shape[-2:]
        if max(height, width) > self.side:
            raise ValueError(
                f"an image of {height} x {width} pixels, for a transformer of at most "
                f"{self.side} x {self.side}"
            )
        filled = F.pad(image, (0, self.filled - width, 0, self.filled - height))
        tokens = self.patch_embed(filled.unsqueeze(1)).flatten(2).mT + self.pos_embed
        for block in self.blocks:
            tokens = block(tokens)
        logits: Tensor = self.head(self.norm(tokens).mean(dim=1))
        return logits


def carried(values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Of a state_dict, what goes to another task: attention, MLPs and norms."""
    return {name: value for name, value in values.items() if name.startswith(("blocks.", "norm."))}


def shuffled(values: Mapping[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
    """The same numbers within each tensor, at random places: their sizes without what they say."""
    return {
        name: value.flatten()[torch.randperm(value.numel(), generator=generator)].view_as(value)
        for name, value in values.items()
    }


def start(
    model: ImageTransformer, values: Mapping[str, Tensor] | None, *, frozen: bool = False
) -> None:
    """Put carried values in, none where they are None, and keep these parameters as they are.

    Raises RuntimeError where names or shapes of the values are not those of the model.
    """
    own = dict(model.named_parameters())
    if values is not None:
        missing, unknown = model.load_state_dict(values, strict=False)
        missing = list(carried(dict.fromkeys(missing, torch.empty(0))))
        if missing or unknown:
            raise RuntimeError(f"blocks of another depth: missing {missing}, unknown {unknown}")
    for parameter in carried(own).values():
        parameter.requires_grad_(not frozen)
