"""The shapes from which base models are built, without the batch axis.

An axis is a number or the name of a size: `("n", 3)` with `sizes={"n": 64}`. A named axis may come
shorter at a call (a ragged batch padded to less than its bound); a number must be met exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

Axis = int | str
Shape = Sequence[Axis]


def resolved(shape: Shape, sizes: Mapping[str, int]) -> tuple[int, ...]:
    """`shape` with every named axis replaced by its bound; ValueError for a name without one."""
    unknown = [axis for axis in shape if isinstance(axis, str) and axis not in sizes]
    if unknown:
        raise ValueError(f"no bound for the size {unknown[0]!r}; say sizes={{{unknown[0]!r}: ...}}")
    return tuple(sizes[axis] if isinstance(axis, str) else axis for axis in shape)


def label_counts(
    inputs: Sequence[Shape], labels: Sequence[int | None] | None
) -> tuple[int | None, ...]:
    """For each input the number of its labels, or None for numbers; ValueError on a wrong count."""
    if labels is None:
        return (None,) * len(inputs)
    if len(labels) != len(inputs):
        raise ValueError(f"labels has {len(labels)} entries for {len(inputs)} inputs")
    return tuple(labels)


def check_inputs(
    shapes: Sequence[Shape], sizes: Mapping[str, int], tensors: Sequence[Tensor]
) -> None:
    """Raise ValueError, naming input and axis, where a tensor does not fit its declared shape."""
    if len(tensors) != len(shapes):
        raise ValueError(f"the base takes {len(shapes)} inputs, {len(tensors)} came")
    for position, (shape, tensor) in enumerate(zip(shapes, tensors, strict=True)):
        if tensor.ndim != len(shape) + 1:
            raise ValueError(
                f"input {position} has {tensor.ndim} axes, expected {len(shape) + 1} with the batch"
            )
        for axis, expected in enumerate(shape):
            got = tensor.shape[axis + 1]
            if isinstance(expected, int):
                fits, says = got == expected, f"{expected}"
            elif expected in sizes:
                fits, says = got <= sizes[expected], f"{expected} <= {sizes[expected]}"
            else:
                continue
            if not fits:
                raise ValueError(f"input {position}, axis {axis}: expected {says}, got {got}")


def named_lengths(shapes: Sequence[Shape], tensors: Sequence[Tensor]) -> dict[str, int]:
    """The length of each named size at this call, read off the tensors."""
    return {
        axis: tensor.shape[position + 1]
        for shape, tensor in zip(shapes, tensors, strict=True)
        for position, axis in enumerate(shape)
        if isinstance(axis, str)
    }


def one_hot(labels: Tensor, count: int, like: Tensor) -> Tensor:
    """Labels [...] as [..., count] in the dtype of `like`; other numbers give rows of zeros."""
    classes = torch.arange(count, device=labels.device)
    return (labels.unsqueeze(-1) == classes).to(like.dtype)
