"""Pictures of true and predicted motion."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from torch import Tensor

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00")


def plot_trajectories(path: Path, paths: Tensor, predicted: Mapping[str, Tensor]) -> None:
    """A row a system, a column a method: the true way, seen along z, and the predicted end.

    Args:
        path: the picture's file; its folder exists.
        paths: true positions [frames, systems, particles, 3].
        predicted: final positions [systems, particles, 3] of each method, by its name.
    """
    matplotlib.use("Agg")
    from matplotlib import pyplot

    systems = paths.shape[1]
    figure, axes = pyplot.subplots(
        systems,
        len(predicted),
        figsize=(2.6 * len(predicted), 2.6 * systems + 0.5),
        squeeze=False,
        layout="constrained",
    )
    for column, (method, ends) in enumerate(predicted.items()):
        axes[0, column].set_title(method, fontsize=11)
        for system in range(systems):
            _draw_system(axes[system, column], paths[:, system, :, :2], ends[system, :, :2])
    for system in range(systems):
        axes[system, 0].set_ylabel(f"test system {system + 1}")
    figure.suptitle("true motion (from dot to circle) and predicted end (cross)", fontsize=11)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def _draw_system(axis: Axes, ways: Tensor, ends: Tensor) -> None:
    """True ways [frames, particles, 2] and predicted ends [particles, 2]."""
    for particle, (way, end) in enumerate(zip(ways.unbind(1), ends.tolist(), strict=True)):
        colour = COLOURS[particle % len(COLOURS)]
        (x, y), (first, last) = way.T.tolist(), way[[0, -1]].tolist()
        axis.plot(x, y, color=colour, linewidth=1.5)
        axis.plot(*first, ".", color=colour, markersize=5)
        axis.plot(*last, "o", color=colour, markersize=8, fillstyle="none")
        axis.plot(*end, "x", color=colour, markersize=6)
        axis.plot([last[0], end[0]], [last[1], end[1]], ":", color=colour, linewidth=1)
    low, high = ways.flatten(0, 1).amin(dim=0), ways.flatten(0, 1).amax(dim=0)
    # One square window a system, so that its pictures compare and lengths are true.
    half = 0.6 * (high - low).amax().item()
    x_centre, y_centre = ((low + high) / 2).tolist()
    axis.set(
        xlim=(x_centre - half, x_centre + half),
        ylim=(y_centre - half, y_centre + half),
        xticks=[],
        yticks=[],
        aspect="equal",
    )
