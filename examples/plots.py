"""Pictures of motion, true and predicted, and of objects that are turned."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import torch
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


def plot_curves(path: Path, curves: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Errors in training and test by steps, and in the test by CPU time, a line a variant.

    Args:
        path: the picture's file; its folder exists.
        curves: of each variant rows with `step`, `cpu`, and `train` and `test`, whose `mean`
            is drawn.
    """
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 3, figsize=(11, 3.4), layout="constrained")
    panels = (("step", "train", "training, by steps"), ("step", "test", "test, by steps"))
    for axis, (along, part, title) in zip(
        axes, (*panels, ("cpu", "test", "test, by CPU seconds")), strict=True
    ):
        for number, (name, rows) in enumerate(curves.items()):
            places = [row[along] for row in rows]
            values = [row[part]["mean"] for row in rows]
            colour = COLOURS[number % len(COLOURS)]
            style = ("-", "--", ":")[number // len(COLOURS) % 3]
            axis.plot(places, values, style, color=colour, marker=".", label=name)
        axis.set_title(title, fontsize=11)
        axis.set_yscale("log")
    axes[0].set_ylabel("mean squared error")
    axes[-1].legend(fontsize=8)
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


COLUMNS_OF_VIEW = torch.tensor([[0.87, -0.17, 0.47], [0.5, 0.3, -0.82], [0.0, 0.94, 0.34]])
VIEW = torch.linalg.qr(COLUMNS_OF_VIEW).Q
VIEW = VIEW * (VIEW * COLUMNS_OF_VIEW).sum(0).sign()
"""Orthonormal columns: to the right of the picture, up in it, towards who looks."""


def view_turn(degrees: float) -> Tensor:
    """The rotation [3, 3] that turns what is seen counterclockwise in the picture."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turn = torch.tensor([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
    seen: Tensor = VIEW @ turn @ VIEW.mT
    return seen


def plot_objects(
    path: Path,
    lines: Sequence[Sequence[tuple[float, float, float]]],
    answers: Mapping[str, Sequence[Mapping[str, Any]]],
    turns: Sequence[float],
) -> None:
    """A row a turn, a column a method: the object, and an arrow for the answer to 'which way up'.

    Args:
        path: the picture's file; its folder exists.
        lines: the object's edges, through corners, upright.
        answers: of each method by its name, for every turn: `up` [3], the `kind` that was named
            and whether it is `right`.
        turns: degrees, counterclockwise in the picture.
    """
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(
        len(turns),
        len(answers),
        figsize=(2.1 * len(answers), 2.1 * len(turns) + 0.5),
        squeeze=False,
        layout="constrained",
    )
    for column, (method, each) in enumerate(answers.items()):
        axes[0, column].set_title(method, fontsize=12)
        for axis, degrees, answer in zip(axes[:, column], turns, each, strict=True):
            for line in lines:
                ways = torch.tensor(line).float() @ view_turn(degrees).mT @ VIEW
                axis.plot(*ways[:, :2].T.tolist(), color="0.6", linewidth=1.5)
            _draw_answer(axis, answer, degrees)
    for row, degrees in enumerate(turns):
        axes[row, 0].set_ylabel(f"turned by {degrees:g}°" if degrees else "as trained", fontsize=11)
    figure.suptitle(
        "What is it, and which way is up (dashed)? Word and arrow are answers, orange where wrong"
    )
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _draw_answer(axis: Axes, answer: Mapping[str, Any], degrees: float) -> None:
    """Which way is up, dashed, and what was said of it; green where it is right to 30 degrees."""
    upwards = (view_turn(degrees) @ torch.tensor([0.0, 0.0, 1.0]) @ VIEW)[:2]
    said = (torch.tensor(answer["up"]) @ VIEW)[:2]
    upwards, said = (1.2 * torch.nn.functional.normalize(way, dim=0) for way in (upwards, said))
    right = float(upwards @ said) > 1.44 * math.cos(math.radians(30))
    green, orange = COLOURS[2], COLOURS[1]
    axis.plot(*zip((0, 0), upwards.tolist(), strict=True), "--", color="0.25", linewidth=1.2)
    arrow = {
        "arrowstyle": "-|>",
        "color": green if right else orange,
        "linewidth": 2.5,
        "shrinkA": 0,
        "shrinkB": 0,
    }
    axis.annotate("", xy=(said[0].item(), said[1].item()), xytext=(0, 0), arrowprops=arrow)
    word = answer["kind"] if answer["right"] else f"{answer['kind']}?"
    colour = green if answer["right"] else orange
    axis.text(0.04, 0.04, word, transform=axis.transAxes, color=colour, fontsize=11)
    axis.set(xlim=(-1.6, 1.6), ylim=(-1.6, 1.6), xticks=[], yticks=[], aspect="equal")


def plot_graphs(
    path: Path, rows: Mapping[str, tuple[Tensor, Tensor, Mapping[str, Sequence[float]]]]
) -> None:
    """A row a view of a graph, a column a method: the nodes in the colour of what was said of them.

    Args:
        path: the picture's file; its folder exists.
        rows: of each view by its name: where its nodes are drawn [n, 2], the lengths of its links
            [n, n], infinite where there is none, and a number for each node by who says it, the
            truth first.
    """
    matplotlib.use("Agg")
    from matplotlib import pyplot

    columns = list(next(iter(rows.values()))[2])
    figure, axes = pyplot.subplots(
        len(rows),
        len(columns),
        figsize=(1.9 * len(columns), 1.9 * len(rows) + 0.5),
        squeeze=False,
        layout="constrained",
    )
    for axis, column in zip(axes[0], columns, strict=True):
        axis.set_title(column, fontsize=12)
    for line, (view, (places, lengths, said)) in zip(axes, rows.items(), strict=True):
        line[0].set_ylabel(view, fontsize=11)
        truth = said[columns[0]]
        for axis, column in zip(line, columns, strict=True):
            for link in lengths.isfinite().triu(1).nonzero():
                axis.plot(*places[link].T.tolist(), color="0.7", linewidth=1, zorder=1)
            axis.scatter(
                *places.T.tolist(),
                c=list(said[column]),
                vmin=min(truth),
                vmax=max(truth),
                cmap="viridis",
                s=70,
                zorder=2,
            )
            axis.set(xticks=[], yticks=[])
            axis.margins(0.15)
    figure.suptitle("How far is the farthest node? Colour: what was said of each", fontsize=11)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
