"""Solid things on a grid of voxels: cones, cups, tables and chairs, each of its own proportions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations, product
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

SIDE = 8
KINDS = ("cone", "cup", "table", "chair")
NOISE = 0.15


@dataclass(frozen=True)
class Solids:
    """A batch: `density` [n, SIDE, SIDE, SIDE], axes x, y, z; `kind` [n]; `up` [n, 3], where z
    went; `mask` [n, SIDE, SIDE, SIDE], 1 on the upper half of the thing.
    """

    density: Tensor
    kind: Tensor
    up: Tensor
    mask: Tensor

    def __len__(self) -> int:
        return len(self.kind)

    def __getitem__(self, indices: Tensor) -> Solids:
        return Solids(*[each[indices] for each in self._all])

    @property
    def _all(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        return self.density, self.kind, self.up, self.mask

    def moved(self, generator: torch.Generator) -> Solids:
        """Each by a symmetry of the cube, at random: axes exchanged and reversed."""
        every = list(product(permutations(range(3)), product((1, -1), repeat=3)))
        density, up, mask = (torch.empty_like(x) for x in (self.density, self.up, self.mask))
        for row, number in enumerate(torch.randint(48, (len(self),), generator=generator)):
            order, signs = every[int(number)]
            reversed_axes = [axis for axis, sign in enumerate(signs) if sign < 0]
            density[row] = self.density[row].permute(order).flip(reversed_axes)
            mask[row] = self.mask[row].permute(order).flip(reversed_axes)
            up[row] = self.up[row][list(order)] * torch.tensor(signs)
        return Solids(density, self.kind, up, mask)


def made(count: int, generator: torch.Generator) -> Solids:
    """Things that stand on the ground, as many of each kind, with noise in every voxel."""
    place = (torch.arange(SIDE) + 0.5) * 2 / SIDE - 1
    x, y, z = torch.meshgrid(place, place, place, indexing="ij")
    kind = torch.arange(count) % len(KINDS)
    density, mask = [], []
    for each in kind.tolist():
        a, b, c = (0.7 + 0.3 * torch.rand(3, generator=generator)).tolist()
        aside = (0.15 * torch.randn(2, generator=generator)).tolist()
        dx, dy = x - aside[0], y - aside[1]
        thing = _thing(KINDS[each], dx, dy, z, a, b, c)
        density.append(thing)
        mask.append(thing * (z > 0))
    solid = torch.stack(density)
    noise = NOISE * torch.randn(solid.shape, generator=generator)
    up = torch.tensor([0.0, 0.0, 1.0]).expand(count, 3).clone()
    return Solids(solid + noise, kind, up, torch.stack(mask))


def _thing(kind: str, x: Tensor, y: Tensor, z: Tensor, a: float, b: float, c: float) -> Tensor:
    round_ = (x.square() + y.square()).sqrt()
    wide = (x.abs() < a) & (y.abs() < b)
    leg = (x.abs() > a - 0.5) & (y.abs() > b - 0.5) & wide
    if kind == "cone":
        return (round_ < 0.55 * a * (1.1 - z)).float()
    if kind == "cup":
        wall = (round_ < a) & (round_ > a - 0.45)
        return (wall | ((round_ < a) & (z < -0.6))).float()
    if kind == "table":
        return ((wide & (z > 0.3 * c)) & (z < 0.3 * c + 0.5) | (leg & (z < 0.3 * c))).float()
    seat = wide & (z > -0.4 * c) & (z < -0.4 * c + 0.4)
    back = wide & (y > b - 0.45) & (z > 0)
    return (seat | back | (leg & (z < 0))).float()


def drawn(path: Path, answers: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """A row a model: the densest voxels seen along the axis that shows the arrow best."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    count = max(len(each) for each in answers.values())
    figure, axes = plt.subplots(
        len(answers), count, figsize=(2.1 * count, 2.4 * len(answers)), squeeze=False
    )
    for row, (name, told) in zip(axes, answers.items(), strict=True):
        for place, answer in zip(row, told, strict=True):
            up = torch.tensor(answer["up"])
            along = int(up.abs().argmin())
            seen = torch.tensor(answer["density"]).amax(along)
            marked = torch.tensor(answer["mask"]).amax(along)
            place.imshow(seen.T, cmap="Greys", origin="lower", vmin=-0.5, vmax=1.8)
            place.contour(marked.T, levels=[0.5], colors="tab:orange", linewidths=1.2)
            first, second = (up[axis].item() for axis in range(3) if axis != along)
            middle = (SIDE - 1) / 2
            color = "tab:blue" if answer["right"] else "tab:red"
            place.arrow(middle, middle, 2.5 * first, 2.5 * second, color=color, head_width=0.5)
            place.set_title(f"{name}: {answer['said']}", fontsize=8, color=color)
            place.set_axis_off()
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)
