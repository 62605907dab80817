"""The picture of the pairs: test accuracy while training, a panel a base, a line a method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

COLOURS = {
    "probabilistic": "#0072b2",
    "frozen": "#56b4e9",
    "average": "#d55e00",
    "canonical": "#009e73",
    "plain": "#cc79a7",
    "message passing": "#e69f00",
}
TITLES = {
    "mlp": "MLP",
    "transformer": "transformer",
    "messages": "message passing with positions",
}


def draw_curves(
    path: Path,
    results: Mapping[tuple[str, str], Sequence[Mapping[str, Any]]],
    goal: float,
) -> None:
    """Write the picture to `path`; its folder exists.

    Args:
        path: the picture's file.
        results: of each base and method its runs, one a seed, with their `curve` of pairs of CPU
            seconds and accuracy; message passing alone is drawn in every panel.
        goal: the accuracy of the dashed line.
    """
    matplotlib.use("Agg")
    from matplotlib import pyplot

    bases = [base for base in TITLES if any(key[0] == base for key in results)] or ["alone"]
    figure, axes = pyplot.subplots(
        1,
        len(bases),
        figsize=(4.2 * len(bases), 3.4),
        squeeze=False,
        sharey=True,
        layout="constrained",
    )
    for axis, base in zip(axes[0], bases, strict=True):
        for (its, method), runs in results.items():
            if its not in (base, "alone"):
                continue
            for place, run in enumerate(runs):
                seconds, accuracy = zip(*run["curve"], strict=True)
                axis.plot(
                    seconds,
                    accuracy,
                    ".-",
                    color=COLOURS[method],
                    label=None if place else method,
                    linewidth=1.5,
                )
        axis.axhline(goal, color="0.5", linestyle="--", linewidth=1)
        axis.set(title=TITLES.get(base, base), xlabel="CPU seconds of training", ylim=(0.4, 1.03))
        axis.legend(fontsize=8, loc="center right")
    axes[0, 0].set_ylabel("right of test graphs, relabelled")
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
