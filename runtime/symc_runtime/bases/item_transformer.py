"""A transformer with a token an item: particles, nodes, points."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from symc_runtime.bases.shapes import (
    Shape,
    check_inputs,
    label_counts,
    one_hot,
    resolved,
)
from symc_runtime.bases.vit_block import Block


class ItemTransformer(nn.Module):
    """One token for each item of the axis named `items`; shapes name that axis.

        ItemTransformer(
            inputs=[("n", 3), ("n", 3), ("n", "n")], outputs=[("n", 3)], sizes={"n": 5}
        )

    - An input with one item axis gives features of items; they are concatenated.
    - One with two, as [n, n, c], gives an attention bias and, its mean over partners, features.
    - One without is told to every item. `labels=[None, 10, None]` makes an input one-hot.
    - An output with one item axis is read off the tokens, with two off pairs of tokens, with none
      off the mean of the tokens.

    `slots` adds a learned embedding of the item's position, up to `sizes[items]`. Without it the
    transformer is equivariant to permutations of the items already (`symmetrize P by base`).

    `ragged="n"` makes the call take the counts, `forward(*inputs, n=counts)`, counts [batch] of
    whole numbers: items from counts[i] on are padding, no valid item attends to them and no mean
    counts them. `ragged` stays readable as an attribute, which is how a compiled module knows to
    pass the counts on. Padding must be finite (a compiled module zeroes it).

    Raises ValueError for a tensor of another shape, TypeError for counts that are missing or were
    not announced.
    """

    def __init__(
        self,
        inputs: Sequence[Shape],
        outputs: Sequence[Shape],
        *,
        sizes: Mapping[str, int] | None = None,
        labels: Sequence[int | None] | None = None,
        items: str = "n",
        ragged: str | None = None,
        slots: bool = True,
        width: int = 64,
        depth: int = 4,
        heads: int = 4,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.items = items
        self.ragged = ragged
        self.sizes = dict(sizes or {})
        self.labels = label_counts(inputs, labels)
        self.inputs = tuple(self._itemwise(shape) for shape in inputs)
        self.outputs = tuple(self._itemwise(shape) for shape in outputs)
        item_features = pair_features = 0
        for shape, count in zip(self.inputs, self.labels, strict=True):
            channels = self._channels(shape) * (count or 1)
            item_features += channels
            pair_features += channels if shape.count(items) == 2 else 0
        if not any(items in shape for shape in self.inputs):
            raise ValueError(f"no input has an axis named {items!r}")
        self.embed = nn.Linear(item_features, width)
        self.slot_embed: nn.Parameter | None = None
        if slots:
            (bound,) = resolved((items,), self.sizes)
            self.slot_embed = nn.Parameter(torch.randn(bound, width) * 0.02)
        self.pair_bias = nn.Linear(pair_features, depth * heads) if pair_features else None
        self.blocks = nn.ModuleList(Block(width, heads, dropout=dropout) for _ in range(depth))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.readouts = nn.ModuleList(
            _Readout(width, self._channels(shape), shape.count(items)) for shape in self.outputs
        )

    def _itemwise(self, shape: Shape) -> tuple[int | str, ...]:
        """`shape` with every name but that of the items replaced by its size."""
        if shape.count(self.items) > 2:
            raise ValueError(f"shape {tuple(shape)} has more than two axes {self.items!r}")
        return tuple(
            axis if axis == self.items else resolved((axis,), self.sizes)[0] for axis in shape
        )

    def _channels(self, shape: tuple[int | str, ...]) -> int:
        return math.prod(axis for axis in shape if isinstance(axis, int))

    def forward(self, *inputs: Tensor, **counts: Tensor) -> Tensor | tuple[Tensor, ...]:
        """Each input [batch, *shape]; one tensor, or a tuple in the order of `outputs`."""
        check_inputs(self.inputs, self.sizes, inputs)
        expected = set() if self.ragged is None else {self.ragged}
        if set(counts) != expected:
            raise TypeError(f"counts wanted for {sorted(expected)}, given for {sorted(counts)}")
        length = self._length(inputs)
        valid = None
        if self.ragged is not None:
            slot = torch.arange(length, device=inputs[0].device)
            valid = slot < counts[self.ragged].unsqueeze(-1)
        features, pairs = self._features(inputs, length, valid)
        tokens = self.embed(features)
        if self.slot_embed is not None:
            tokens = tokens + self.slot_embed[:length]
        for block, bias in zip(self.blocks, self._biases(pairs, valid), strict=True):
            tokens = block(tokens, bias)
        tokens = self.norm(tokens)
        outputs = [
            self._placed(readout(tokens, valid), shape)
            for readout, shape in zip(self.readouts, self.outputs, strict=True)
        ]
        return outputs[0] if len(outputs) == 1 else tuple(outputs)

    def _length(self, inputs: Sequence[Tensor]) -> int:
        return next(
            tensor.shape[shape.index(self.items) + 1]
            for shape, tensor in zip(self.inputs, inputs, strict=True)
            if self.items in shape
        )

    def _features(
        self, inputs: Sequence[Tensor], length: int, valid: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """Features of items [batch, n, c] and of pairs [batch, n, n, c], if any."""
        features, pairs = [], []
        for tensor, shape, count in zip(inputs, self.inputs, self.labels, strict=True):
            if count is not None:
                tensor = one_hot(tensor, count, self.norm.weight)
            axes = [i + 1 for i, axis in enumerate(shape) if axis == self.items]
            tensor = tensor.movedim(axes, list(range(1, len(axes) + 1)))
            # Channels are counted, not inferred: an empty tensor infers nothing.
            channels = self._channels(shape) * (count or 1)
            flat = tensor.reshape(*tensor.shape[: len(axes) + 1], channels)
            if len(axes) == 2:
                pairs.append(flat)
                flat = _masked_mean(flat, valid)
            elif not axes:
                flat = flat.unsqueeze(1).expand(-1, length, -1)
            features.append(flat)
        return torch.cat(features, dim=-1), torch.cat(pairs, dim=-1) if pairs else None

    def _biases(self, pairs: Tensor | None, valid: Tensor | None) -> list[Tensor | None]:
        """The attention bias of each block, [batch, heads or 1, n or 1, n]."""
        depth = len(self.blocks)
        if pairs is not None and self.pair_bias is not None:
            bias = self.pair_bias(pairs).unflatten(-1, (depth, -1)).permute(3, 0, 4, 1, 2)
        elif valid is None:
            return [None] * depth
        else:
            bias = self.norm.weight.new_zeros(depth, 1, 1, 1, valid.shape[-1])
        if valid is not None:
            # Not -inf: an example without any item would attend to nothing and give NaN.
            lowest = torch.finfo(bias.dtype).min
            bias = bias.masked_fill(~valid[None, :, None, None, :], lowest)
        return list(bias.unbind(0))

    def _placed(self, values: Tensor, shape: tuple[int | str, ...]) -> Tensor:
        """Channels unflattened, item axes moved to where the output declares them."""
        rest = [axis for axis in shape if isinstance(axis, int)]
        axes = [i + 1 for i, axis in enumerate(shape) if axis == self.items]
        lengths = values.shape[: len(axes) + 1]
        values = values.reshape(*lengths, *rest)
        return values.movedim(list(range(1, len(axes) + 1)), axes)


class _Readout(nn.Module):
    """Tokens [batch, n, width] to values with 0, 1 or 2 item axes and `channels` numbers each."""

    def __init__(self, width: int, channels: int, item_axes: int) -> None:
        super().__init__()
        self.item_axes = item_axes
        self.partner = nn.Linear(width, width) if item_axes == 2 else None
        self.act = nn.GELU()
        self.linear = nn.Linear(width, channels)

    def forward(self, tokens: Tensor, valid: Tensor | None) -> Tensor:
        if self.item_axes == 0:
            tokens = _masked_mean(tokens, valid)
        elif self.partner is not None:
            # A GELU between: a sum of two linear maps could express no interaction.
            tokens = self.act(tokens.unsqueeze(2) + self.partner(tokens).unsqueeze(1))
        values: Tensor = self.linear(tokens)
        return values


def _masked_mean(values: Tensor, valid: Tensor | None) -> Tensor:
    """Mean over the axis before the channels, over valid items only; zero where there is none."""
    if valid is None:
        return values.mean(dim=-2)
    if values.ndim == 4:
        valid = valid.unsqueeze(1)
    weight = valid.unsqueeze(-1).to(values.dtype)
    return (values * weight).sum(dim=-2) / weight.sum(dim=-2).clamp(min=1)
