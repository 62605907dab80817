"""The picture of the robot: its arms at the end of reaches to the left and to the right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes

from plots import COLOURS
from reaching import CLOSE


def draw_reaches(path: Path, said: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]]) -> None:
    """A row a method, a column a reach, seen from above, forward up: those to the left come first.

    Args:
        path: the picture's file; its folder exists.
        said: of each method by its name, of each side, of each reach: the `target` [2], the two
            `arms` [2, 5, 2] at the end, and the way of the `hand` [steps, 2].
    """
    matplotlib.use("Agg")
    from matplotlib import pyplot

    columns = sum(len(reaches) for reaches in next(iter(said.values())).values())
    figure, axes = pyplot.subplots(
        len(said),
        columns,
        figsize=(1.8 * columns, 1.7 * len(said) + 0.6),
        squeeze=False,
        layout="constrained",
    )
    for row, (method, sides) in enumerate(said.items()):
        every = [(side, reach) for side, reaches in sides.items() for reach in reaches]
        for axis, (side, reach) in zip(axes[row], every, strict=True):
            _draw_reach(axis, reach)
            if row == 0:
                axis.set_title(f"to the {side}", fontsize=10)
        axes[row, 0].set_ylabel(method, fontsize=11)
    figure.suptitle("reaches (dotted: the hand's way) for a target (cross, orange where missed)")
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _draw_reach(axis: Axes, reach: Mapping[str, Any]) -> None:
    def seen(places: Sequence[Sequence[float]]) -> tuple[list[float], list[float]]:
        """Forward is up, left is left."""
        return [-left for _, left in places], [forward for forward, _ in places]

    for arm in reach["arms"]:
        axis.plot(*seen(arm), "-o", color="0.45", linewidth=2.5, markersize=3.5)
    axis.plot(*seen(reach["hand"]), ":", color=COLOURS[0], linewidth=1.6)
    (forward, left), (at, beside) = reach["target"], reach["hand"][-1]
    right = ((forward - at) ** 2 + (left - beside) ** 2) ** 0.5 < CLOSE
    colour = COLOURS[2] if right else COLOURS[1]
    axis.plot(*seen([reach["target"]]), "x", color=colour, markersize=9, markeredgewidth=2.5)
    axis.set(xlim=(-1.3, 1.3), ylim=(-0.5, 1.4), xticks=[], yticks=[], aspect="equal")
