"""A residual convolutional network, as ResNet-18 is one, for images of any size."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from symc_runtime.bases.shapes import Axis, Shape, check_inputs, label_counts, one_hot, resolved

Norm = Literal["group", "batch"]


class ResidualCNN(nn.Module):
    """Blocks of two 3 x 3 convolutions (He et al., CVPR 2016), a stage for each size of the image.

        ResidualCNN([(3, "h", "h")], [(10,)])                                   # 11 million weights
        ResidualCNN([(1, "h", "h")], [(10,)], width=16, blocks=(1, 1))          # a small one
        ResidualCNN([(3, 32, 32), (2,)], [(2, 32, 32), ()], image=(32, 32))

    - Shapes are those of the spec, without the batch axis. An input or output is an image where its
      last two axes are `image`, the names or numbers of rows and columns; all axes before them are
      channels. Any size of a named axis is taken. `labels=[None, 10]` makes an input one-hot.
    - Every other input is told to every pixel; it has axes of known size, or named in `sizes`.
    - An output that is an image is read off all stages, brought to its size; any other off the mean
      of the last stage. An output `()` is one number an example, [batch].
    - The first stage, `width` channels wide, is of the size of the image; each further one has
      twice the channels and half of the rows and columns. `blocks`: how many blocks each has. The
      defaults are those of ResNet-18 for small images, with a first convolution of 3 x 3.
    - `norm`: "group", of all channels as one, keeps the examples of a batch apart; "batch" is as
      published.

    Raises ValueError, naming input and axis, for a tensor of another shape.
    """

    def __init__(
        self,
        inputs: Sequence[Shape],
        outputs: Sequence[Shape],
        *,
        sizes: Mapping[str, int] | None = None,
        labels: Sequence[int | None] | None = None,
        image: tuple[Axis, Axis] = ("h", "h"),
        width: int = 64,
        blocks: Sequence[int] = (2, 2, 2, 2),
        norm: Norm = "group",
    ) -> None:
        super().__init__()
        self.image = tuple(image)
        # Named axes of an image may be of any size, which a call tells.
        self.bounds = dict(sizes or {})
        self.inputs = tuple(tuple(shape) for shape in inputs)
        self.outputs = tuple(tuple(shape) for shape in outputs)
        self.labels = label_counts(inputs, labels)
        if not any(self._is_image(shape) for shape in self.inputs):
            raise ValueError(f"no input ends in the axes {self.image}")
        channels = told = 0
        for shape, count in zip(self.inputs, self.labels, strict=True):
            if self._is_image(shape):
                channels += self._channels(shape) * (count or 1)
            else:
                told += math.prod(resolved(shape, self.bounds)) * (count or 1)
        self.stem = _convolution(channels, width)
        self.told = nn.Linear(told, width) if told else None
        self.stages = nn.ModuleList()
        before, widths = width, []
        for place, count in enumerate(blocks):
            after = width * 2**place
            chain = [_Block(before, after, 2 if place else 1, norm)]
            chain += [_Block(after, after, 1, norm) for _ in range(count - 1)]
            self.stages.append(nn.Sequential(*chain))
            before = after
            widths.append(after)
        self.first_norm = _normalisation(width, norm)
        dense = sum(self._channels(shape) for shape in self.outputs if self._is_image(shape))
        self.dense = nn.ModuleList([nn.Conv2d(each, dense, 1) for each in widths] if dense else [])
        others = [shape for shape in self.outputs if not self._is_image(shape)]
        numbers = sum(math.prod(resolved(shape, self.bounds)) for shape in others)
        self.head = nn.Linear(before, numbers) if others else None

    def _is_image(self, shape: Shape) -> bool:
        return tuple(shape[-2:]) == self.image

    def _channels(self, shape: Shape) -> int:
        return math.prod(resolved(shape[:-2], self.bounds))

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        """Each input [batch, *shape]; one tensor, or a tuple in the order of `outputs`."""
        check_inputs(self.inputs, self._checked_bounds(), inputs)
        images, others = [], []
        for shape, count, x in zip(self.inputs, self.labels, inputs, strict=True):
            picture = self._is_image(shape)
            if count is not None:
                x = one_hot(x, count, self.stem.weight)
                x = x.movedim(-1, -3) if picture else x
            if picture:
                images.append(x.reshape(x.shape[0], -1, *x.shape[-2:]))
            else:
                others.append(x.flatten(1))
        h = self.stem(images[0] if len(images) == 1 else torch.cat(images, 1))
        h = self.first_norm(h)
        if self.told is not None:
            # Behind the norm, which would take away what all pixels have in common.
            h = h + self.told(torch.cat(others, 1))[..., None, None]
        h = F.relu(h)
        found = []
        for stage in self.stages:
            h = stage(h)
            found.append(h)
        return self._read(found, images[0].shape[-2:])

    def _checked_bounds(self) -> dict[str, int]:
        return {name: bound for name, bound in self.bounds.items() if name not in self.image}

    def _read(self, found: list[Tensor], size: torch.Size) -> Tensor | tuple[Tensor, ...]:
        dense: Tensor | None = None
        for head, h in zip(self.dense, found, strict=False):
            piece = head(h)
            if dense is not None:
                piece = dense + F.interpolate(piece, size, mode="nearest")
            dense = piece
        flat = None if self.head is None else self.head(found[-1].mean((-2, -1)))
        outputs = []
        at = begun = 0
        for shape in self.outputs:
            if self._is_image(shape) and dense is not None:
                count = self._channels(shape)
                leading = resolved(shape[:-2], self.bounds)
                piece = dense.narrow(1, at, count)
                outputs.append(piece.reshape(piece.shape[0], *leading, *size))
                at += count
            elif flat is not None:
                bound = resolved(shape, self.bounds)
                count = math.prod(bound)
                outputs.append(flat.narrow(1, begun, count).reshape(-1, *bound))
                begun += count
        return outputs[0] if len(outputs) == 1 else tuple(outputs)


class _Block(nn.Module):
    """Two convolutions beside the identity, or beside what brings the input to another size."""

    def __init__(self, before: int, after: int, stride: int, norm: Norm) -> None:
        super().__init__()
        self.first = _convolution(before, after, stride)
        self.first_norm = _normalisation(after, norm)
        self.second = _convolution(after, after)
        self.second_norm = _normalisation(after, norm)
        self.beside = nn.Sequential()
        if stride != 1 or before != after:
            self.beside.append(nn.Conv2d(before, after, 1, stride, bias=False))
            self.beside.append(_normalisation(after, norm))

    def forward(self, x: Tensor) -> Tensor:
        h = F.relu(self.first_norm(self.first(x)))
        return F.relu(self.second_norm(self.second(h)) + self.beside(x))


def _convolution(before: int, after: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(before, after, 3, stride, padding=1, bias=False)


def _normalisation(channels: int, norm: Norm) -> nn.Module:
    if norm == "batch":
        return nn.BatchNorm2d(channels)
    return nn.GroupNorm(1, channels)
