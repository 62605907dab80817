"""The picture of the digits: images turned, and what was said of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import torch
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from handwriting import INK, SIDE
from plots import COLOURS

MARKED = LinearSegmentedColormap.from_list("marked", [(1, 0.62, 0, 0), (1, 0.62, 0, 0.75)])


def draw_digits(path: Path, said: Mapping[str, Sequence[Sequence[Mapping[str, Any]]]]) -> None:
    """A block of columns a method, in it a column a digit; a row for each turn.

    Args:
        path: the picture's file; its folder exists.
        said: of each method by its name, of each turn, of each digit: the `image` [8, 8], the
            `label` that was named and whether it is `right`, the `mask` [8, 8] from 0 to 1, and
            the `field` [2, 8, 8].
    """
    matplotlib.use("Agg")
    from matplotlib import pyplot

    turns, digits = len(next(iter(said.values()))), len(next(iter(said.values()))[0])
    figure = pyplot.figure(
        figsize=(1.25 * digits * len(said) + 0.6, 1.25 * turns + 0.9), layout="constrained"
    )
    blocks = figure.subfigures(1, len(said), squeeze=False)[0]
    for place, (block, (method, rows)) in enumerate(zip(blocks, said.items(), strict=True)):
        block.suptitle(method, fontsize=12)
        axes = block.subplots(turns, digits, squeeze=False)
        for turn, row in enumerate(rows):
            for axis, answer in zip(axes[turn], row, strict=True):
                _draw_answer(axis, answer)
            if place == 0:
                axes[turn, 0].set_ylabel(f"{90 * turn}°" if turn else "upright", fontsize=10)
    figure.suptitle(
        "Which digit, its upper half (orange), which way is its top (arrows)? Red where wrong",
        fontsize=11,
    )
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _draw_answer(axis: Axes, answer: Mapping[str, Any]) -> None:
    image, field = torch.tensor(answer["image"]), torch.tensor(answer["field"])
    axis.imshow(1 - image / 2, cmap="gray", vmin=0, vmax=1)
    axis.imshow(torch.tensor(answer["mask"]).round().tolist(), cmap=MARKED, vmin=0, vmax=1)
    colour = COLOURS[2] if answer["right"] else COLOURS[1]
    # Every second pixel of the stroke has its arrow, or they cover one another.
    place = torch.arange(SIDE)
    every = (place.unsqueeze(1) + place) % 2 == 0
    rows, columns = ((image >= INK) & every).nonzero().unbind(1)
    down, right = field[:, rows, columns]
    axis.quiver(
        columns.tolist(),
        rows.tolist(),
        right.tolist(),
        down.tolist(),
        angles="xy",
        scale_units="xy",
        scale=1.0,
        color=COLOURS[0],
        width=0.014,
    )
    axis.text(0.04, 0.04, str(answer["label"]), transform=axis.transAxes, color=colour, fontsize=14)
    axis.set(xticks=[], yticks=[], xlim=(-0.5, SIDE - 0.5), ylim=(SIDE - 0.5, -0.5))
