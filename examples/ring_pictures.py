"""The picture of the rings: charges as colours, true and predicted, as in books and moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib
import torch
from matplotlib.axes import Axes
from torch import Tensor

from huckel import KINDS, Rings

FULL = 0.8
"""The charge of the darkest colours."""


def draw_rings(
    path: Path,
    tests: Mapping[str, Rings],
    said: Mapping[str, Mapping[str, Sequence[Sequence[float]]]],
) -> None:
    """A column a ring, first as in books, then moved; a row for the truth and one a method.

    Args:
        path: the picture's file; its folder exists.
        tests: the rings of each test by its name.
        said: of each method by its name, of each test: the charges [rings, 6].
    """
    matplotlib.use("Agg")
    from matplotlib import pyplot

    truth = {name: rings.charge.tolist() for name, rings in tests.items()}
    rows: dict[str, Mapping[str, Sequence[Sequence[float]]]] = {"true": truth, **said}
    count = len(next(iter(tests.values())))
    figure, axes = pyplot.subplots(
        len(rows),
        count * len(tests),
        figsize=(1.7 * count * len(tests), 1.8 * len(rows) + 0.7),
        squeeze=False,
        layout="constrained",
    )
    for place, (test, rings) in enumerate(tests.items()):
        for ring in range(count):
            column = place * count + ring
            axes[0, column].set_title("as in books" if test == "books" else "moved", fontsize=11)
            for row, charges in enumerate(rows.values()):
                _draw_ring(axes[row, column], rings[ring : ring + 1], charges[test][ring])
    for row, name in enumerate(rows):
        axes[row, 0].set_ylabel(name, fontsize=11)
    figure.suptitle("charges: red positive, blue negative; the first site has a thick edge")
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _draw_ring(axis: Axes, ring: Rings, charges: Sequence[float]) -> None:
    x, y = _seen(ring.points[0]).T.tolist()
    axis.plot([*x, x[0]], [*y, y[0]], color="0.6", linewidth=2, zorder=1)
    axis.scatter(
        x,
        y,
        c=charges,
        cmap="RdBu_r",
        vmin=-FULL,
        vmax=FULL,
        s=330,
        zorder=2,
        edgecolors="0.2",
        linewidths=[2.6, *[0.8] * (len(x) - 1)],
    )
    for kind, across, up in zip(ring.kind[0].tolist(), x, y, strict=True):
        name = KINDS[kind].removeprefix("C-")
        axis.text(across, up, name, ha="center", va="center", fontsize=6, zorder=3)
    axis.set(xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), xticks=[], yticks=[], aspect="equal")


def _seen(points: Tensor) -> Tensor:
    """Points [6, 3] seen from where the ring is broadest, turned in this plane as they lie."""
    centred = points - points.mean(dim=0)
    normal = torch.linalg.svd(centred).Vh[2]
    # The way to rotate the ring's normal to who looks, along the shortest arc.
    towards = torch.tensor([0.0, 0.0, 1.0])
    normal = normal if normal[2] >= 0 else -normal
    axis = torch.linalg.cross(normal, towards)
    cosine = normal @ towards
    cross = torch.tensor(
        [[0.0, -axis[2], axis[1]], [axis[2], 0.0, -axis[0]], [-axis[1], axis[0], 0.0]]
    )
    rotation = torch.eye(3) + cross + cross @ cross / (1 + cosine)
    seen: Tensor = (centred @ rotation.mT)[:, :2]
    return seen
