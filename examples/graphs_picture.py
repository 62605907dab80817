"""The picture of the skip links: what a base sees of one graph, before training and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib

View = Sequence[Sequence[float]]


def draw_views(path: Path, views: Mapping[tuple[str, str], Sequence[View]]) -> None:
    """Write the picture to `path`; its folder exists.

    Args:
        path: the picture's file.
        views: of each base and method the mean matrix before training and after it.
    """
    if not views:
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(
        2, len(views), figsize=(1.9 * len(views) + 0.6, 4.4), squeeze=False
    )
    for column, ((base, method), pair) in enumerate(views.items()):
        for row, (when, view) in enumerate(zip(("before", "after"), pair, strict=True)):
            axis = axes[row][column]
            axis.imshow(view, cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
            axis.set_xticks([])
            axis.set_yticks([])
            if column == 0:
                axis.set_ylabel(when, fontsize=9)
        axes[0][column].set_title(f"{base}\n{method}", fontsize=8)
    figure.suptitle("one graph as the base sees it: mean over draws of its order", fontsize=10)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
