"""All inputs as one vector and one vector as all outputs: the two ends of a flat base."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from symc_runtime.bases.shapes import (
    Shape,
    check_inputs,
    label_counts,
    named_lengths,
    one_hot,
    resolved,
)


class Flattening(nn.Module):
    """Inputs, each [batch, *shape], as one [batch, width]; labels enter one-hot.

    A named axis that comes shorter than its bound is filled up with zeros on the right.
    """

    def __init__(
        self,
        inputs: Sequence[Shape],
        *,
        sizes: Mapping[str, int],
        labels: Sequence[int | None] | None,
    ) -> None:
        super().__init__()
        self.shapes = tuple(tuple(shape) for shape in inputs)
        self.sizes = dict(sizes)
        self.labels = label_counts(inputs, labels)
        self.bounds = tuple(resolved(shape, sizes) for shape in inputs)
        self.width = sum(
            math.prod(bound) * (count or 1)
            for bound, count in zip(self.bounds, self.labels, strict=True)
        )
        # Follows the module's dtype, so that labels alone still know theirs.
        self.register_buffer("unit", torch.ones(()), persistent=False)
        self.unit: Tensor

    def forward(self, *inputs: Tensor) -> Tensor:
        check_inputs(self.shapes, self.sizes, inputs)
        return torch.cat(
            [
                self._flat(tensor, bound, count)
                for tensor, bound, count in zip(inputs, self.bounds, self.labels, strict=True)
            ],
            dim=-1,
        )

    def _flat(self, tensor: Tensor, bound: tuple[int, ...], labels: int | None) -> Tensor:
        padding: list[int] = []
        for length, full in zip(reversed(tensor.shape[1:]), reversed(bound), strict=True):
            padding += [0, full - length]
        if labels is not None:
            # Padding is no label: -1 has no one in its one-hot row.
            tensor = F.pad(tensor, padding, value=-1) if any(padding) else tensor
            return one_hot(tensor, labels, self.unit).flatten(1)
        tensor = F.pad(tensor, padding) if any(padding) else tensor
        return tensor.flatten(1)


class Unflattening:
    """One [batch, width] as the outputs, each [batch, *shape]; a scalar `()` is [batch]."""

    def __init__(
        self, inputs: Sequence[Shape], outputs: Sequence[Shape], sizes: Mapping[str, int]
    ) -> None:
        self.inputs = tuple(tuple(shape) for shape in inputs)
        self.shapes = tuple(tuple(shape) for shape in outputs)
        self.bounds = tuple(resolved(shape, sizes) for shape in outputs)
        self.widths = [math.prod(bound) for bound in self.bounds]
        self.width = sum(self.widths)

    def __call__(self, flat: Tensor, inputs: Sequence[Tensor]) -> Tensor | tuple[Tensor, ...]:
        """Named axes are cut to the length that they have in `inputs`; one output comes alone."""
        lengths = named_lengths(self.inputs, inputs)
        outputs = []
        for piece, shape, bound in zip(
            torch.split(flat, self.widths, dim=-1), self.shapes, self.bounds, strict=True
        ):
            output = piece.reshape(-1, *bound)
            for position, axis in enumerate(shape):
                if isinstance(axis, str) and axis in lengths:
                    output = output.narrow(position + 1, 0, lengths[axis])
            outputs.append(output)
        return outputs[0] if len(outputs) == 1 else tuple(outputs)
