"""The pre-norm transformer block of a vision transformer, under the names of its checkpoints.

Dosovitskiy et al. (2021). The parameters are `norm1`, `attn.qkv`, `attn.proj`, `norm2`, `mlp.fc1`
and `mlp.fc2`, shaped as in timm's ViT (LayerNorm eps 1e-6, exact GELU), so that the block weights
of a pretrained ViT load as they are.
"""

from __future__ import annotations

from torch import Tensor, nn


class Attention(nn.Module):
    """Multi-head self-attention over tokens [batch, tokens, width], with an additive bias."""

    def __init__(self, width: int, heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"width {width} is not a multiple of heads {heads}")
        self.heads = heads
        self.scale = (width // heads) ** -0.5
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.drop = nn.Dropout(dropout)

    def forward(self, tokens: Tensor, bias: Tensor | None = None) -> Tensor:
        """`bias`, broadcastable to [batch, heads, tokens, tokens], is added to the logits."""
        query, key, value = (
            self.qkv(tokens).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)
        )
        # Written out: the fused kernel takes no bias that wants a gradient.
        logits = (query * self.scale) @ key.transpose(-2, -1)
        if bias is not None:
            logits = logits + bias
        mixed = logits.softmax(dim=-1) @ value
        output: Tensor = self.drop(self.proj(mixed.transpose(1, 2).flatten(2)))
        return output


class FeedForward(nn.Module):
    """Two linear maps with a GELU between, on each token alone."""

    def __init__(self, width: int, hidden: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.act = nn.GELU()
        self.fc2 = nn.Linear(hidden, width)
        self.drop = nn.Dropout(dropout)

    def forward(self, tokens: Tensor) -> Tensor:
        output: Tensor = self.drop(self.fc2(self.act(self.fc1(tokens))))
        return output


class Block(nn.Module):
    """`x + attn(norm1(x))`, then `x + mlp(norm2(x))`, on tokens [batch, tokens, width]."""

    def __init__(self, width: int, heads: int, *, expansion: int = 4, dropout: float = 0.0) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = Attention(width, heads, dropout)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = FeedForward(width, expansion * width, dropout)

    def forward(self, tokens: Tensor, bias: Tensor | None = None) -> Tensor:
        tokens = tokens + self.attn(self.norm1(tokens), bias)
        output: Tensor = tokens + self.mlp(self.norm2(tokens))
        return output
