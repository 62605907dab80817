"""The picture of the modalities: test accuracy while training, a panel an amount of graphs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

COLOURS = {"pretrained": "#0072b2", "shuffled": "#d55e00", "scratch": "#009e73"}


def draw_curves(
    path: Path,
    results: Mapping[tuple[str, int], Mapping[str, Mapping[int, Mapping[str, Any]]]],
) -> None:
    """Write the picture to `path`; its folder exists.

    Args:
        path: the picture's file.
        results: of each task and amount, then start, then seed, a run, with its `curve` of CPU
            seconds, steps and accuracy. Lines are means over seeds, bands go from the worst to the
            best.
    """
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(
        1, len(results), figsize=(3.6 * len(results), 3.6), squeeze=False, layout="constrained"
    )
    for axis, ((task, amount), rows) in zip(axes[0], results.items(), strict=True):
        for start, runs in rows.items():
            content, frozen = start.split(",")[0], "frozen" in start
            curves = [np.array(run["curve"]) for run in runs.values()]
            seconds = np.linspace(
                max(curve[0, 0] for curve in curves), min(curve[-1, 0] for curve in curves), 60
            )
            found = np.stack([np.interp(seconds, curve[:, 0], curve[:, 2]) for curve in curves])
            axis.plot(
                seconds,
                found.mean(axis=0),
                "--" if frozen else "-",
                color=COLOURS[content],
                linewidth=1.6,
                label=start,
            )
            axis.fill_between(
                seconds, found.min(axis=0), found.max(axis=0), color=COLOURS[content], alpha=0.08
            )
        axis.set(title=f"{task}, {amount} graphs", xlabel="CPU seconds of training")
    axes[0, 0].set_ylabel("right of test graphs, relabelled")
    axes[0, -1].legend(fontsize=8)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
