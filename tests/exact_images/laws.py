"""Models of images, voxels and sequences that do and do not tell their poses apart, and what holds.

Turning an image by h, with its noise, must give each sample h times what it was, every bit of it.
Only the mean over samples is summed in another order.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import NamedTuple

import torch
from generated_groups import written
from torch import Tensor, nn

import symc
from symc_runtime.actions.tables import move, turn, unmove, unturn
from symc_runtime.symmetrized import Symmetrized

METHODS = ("average", "frame(samples=2)", "canonical", "probabilistic(samples=2)")
GROUPS = ("C(4)", "D(4)")
"""Of images."""
SOLID = {
    "voxels": (3, written("octahedral")),
    "boxes": (3, written("prism")),
    "sequences": (1, written("reversal")),
}
"""Grids of groups by generators: how many axes, and the group."""
KINDS = ("any", "few values", "constant", "zero", "one pixel", "half turned", "mirrored", "fixed")
"""What an image is; the last three are left alone by some elements."""
SPEC = """
size h
group R = {group}
input  image[2, {grid}: R.grid]
input  arrow[{axes}: R.vector]
output field[{axes}: R.vector, {grid}: R.grid]
output name[3]
symmetrize R by {method}
"""


class Pixelwise(nn.Module):
    """A base that knows up from down, with sums along rows of memory alone."""

    def forward(self, image: Tensor, arrow: Tensor) -> tuple[Tensor, Tensor]:
        # Not `numel` of it, which would fix an open size.
        grid = list(image.shape)[2:]
        place = torch.arange(math.prod(grid), device=image.device).to(image.dtype)
        channels = torch.cat([image, image[:, :1]], 1)[:, : arrow.shape[1]]
        moved = arrow.reshape(*arrow.shape, *[1] * len(grid))
        weighted = channels * place.cos().reshape(grid) + moved
        whole = weighted.flatten(1).sum(1, keepdim=True)
        return weighted, whole * torch.arange(1, 4, device=image.device).to(image.dtype)


class Counted(NamedTuple):
    """How many images were tried, and how many were wrong: in what, by its name."""

    tried: int
    wrong: dict[str, int]


def built(group: str, method: str, seed: int = 0) -> Symmetrized:
    """A model from the seed's weights."""
    torch.manual_seed(seed)
    axes, called = SOLID.get(group, (2, group))
    grid = f"({', '.join('h' * axes)})" if axes > 1 else "h"
    text = SPEC.format(group=called, method=method, axes=axes, grid=grid)
    model: Symmetrized = symc.build(text, Pixelwise())
    return model


def images(kind: str, batch: int, side: int, generator: torch.Generator, axes: int = 2) -> Tensor:
    """Double-precision images [batch, 2, side, side] of a kind; or of other numbers of axes."""
    shape = (batch, 2, *[side] * axes)
    last = axes + 1
    x = torch.randn(shape, generator=generator, dtype=torch.float64)
    match kind:
        case "few values":
            return x.sign()
        case "constant":
            return x[(..., *[slice(1)] * axes)].expand(shape).clone()
        case "zero":
            return torch.zeros(shape, dtype=torch.float64)
        case "one pixel":
            at = torch.randint(side**axes, (batch, 2, 1), generator=generator)
            return torch.zeros_like(x).flatten(2).scatter(2, at, 1.0).reshape(shape)
        case "half turned":
            return torch.maximum(x, x.flip(2, last) if axes > 1 else x.flip(2))
        case "mirrored":
            return torch.maximum(x, x.flip(last))
        case "fixed":
            turned = [x.permute(0, 1, *order) for order in permutations(range(2, last + 1))]
            for axis in range(2, last + 1):
                turned += [each.flip(axis) for each in turned]
            return torch.stack(turned).amax(0)
    return x


def _bits(a: Tensor, b: Tensor) -> Tensor:
    """Which rows differ in some bit."""
    return (a != b).flatten(1).any(1)


def wrong(model: Symmetrized, image: Tensor, arrow: Tensor, generator: torch.Generator) -> Counted:
    """Turns each image by an element of its own."""
    stage = model.R
    batch = image.shape[0]
    number = torch.randint(stage.order, (batch,), generator=generator)
    h = stage.element(number)
    noise = model.draw_noise(image, arrow, generator=generator)["R"]
    samples = noise.shape[0]
    many = stage.element(number.repeat(samples))
    moved_noise = stage.act_on_noise(many, noise.flatten(0, 1)).unflatten(0, (samples, batch))
    there = turn(image, h, 2), move(arrow, h, "vector", 1)
    found: dict[str, Tensor] = {}

    element = stage(noise.flatten(0, 1), image, arrow)
    posed = unturn(image, element, 2)
    many_images = image.repeat(samples, *[1] * (image.ndim - 1))
    found["back"] = _bits(turn(posed, element, 2), many_images)
    element_there = stage(moved_noise.flatten(0, 1), *there)
    products = stage.products(many.number)
    found["element"] = products.gather(1, element.number[:, None])[:, 0] != element_there.number
    found["pose"] = _bits(posed, unturn(there[0], element_there, 2))
    found["arrow"] = _bits(unmove(arrow, element, "vector", 1),
                           unmove(there[1], element_there, "vector", 1))  # fmt: skip
    results, weights = model(image, arrow, noise={"R": noise}, return_samples=True)
    results_there, weights_there = model(*there, noise={"R": moved_noise}, return_samples=True)
    field, name = (y.flatten(0, 1) for y in results)
    field = move(turn(field, many, 2), many, "vector", 1)
    found["field"] = _bits(field, results_there[0].flatten(0, 1))
    found["name"] = _bits(name, results_there[1].flatten(0, 1))
    found["weight"] = (weights != weights_there).flatten()
    # Of a mean the last digits, alone.
    mean, mean_there = (
        model(*given, noise={"R": drawn})[0]
        for given, drawn in (((image, arrow), noise), (there, moved_noise))
    )
    off = (move(turn(mean, h, 2), h, "vector", 1) - mean_there).abs().flatten(1).amax(1)
    size = mean.abs().flatten(1).amax(1) + results[0].abs().flatten(2).amax((0, 2))
    found["mean"] = off > 8 * torch.finfo(mean.dtype).eps * size
    counted = {key: int(each.reshape(-1, batch).any(0).sum()) for key, each in found.items()}
    return Counted(batch, {key: count for key, count in counted.items() if count})


def trials(
    sides: tuple[int, ...], groups: Sequence[str] = GROUPS
) -> Iterator[tuple[str, str, bool, torch.dtype, int, str]]:
    """Group, method, whether in training, dtype, side and kind."""
    for group in groups:
        for method in METHODS:
            for training in (False, True):
                for dtype in (torch.float32, torch.float64):
                    for side in sides:
                        for kind in KINDS:
                            yield group, method, training, dtype, side, kind


def tried(
    group: str,
    method: str,
    training: bool,
    dtype: torch.dtype,
    side: int,
    kind: str,
    *,
    batch: int,
    seed: int,
) -> Counted:
    """One trial, on `batch` images."""
    generator = torch.Generator().manual_seed(seed)
    model = built(group, method, seed).to(dtype).train(training)
    axes = SOLID.get(group, (2, ""))[0]
    image = images(kind, batch, side, generator, axes).to(dtype)
    arrow = torch.randn(batch, axes, generator=generator, dtype=torch.float64)
    # Without an arrow what leaves the image alone leaves everything alone.
    arrow = arrow * (torch.arange(batch) % 2)[:, None]
    with torch.no_grad():
        return wrong(model, image, arrow.to(dtype), generator)
