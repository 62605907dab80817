"""How the cost of the wrapper grows with n, S(n) in eval: n log n with features of items, n^2 with
features of pairs.

    python benchmarks/growth.py

The base hands on what it got, so all that is timed is the wrapper: features, net, sorting, actions.
Items: `input x[n: P, 8]` with the default net of such specs, `deepsets`. Pairs: an adjacency matrix
with the default net of those, `gin`, up to `--pairs-to` nodes: its features of pairs take some
n^2 tenths of a kilobyte. Slopes of log cost over log n are fitted to the upper half of the sizes.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import torch
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

import symc
from saving import OUT, save
from timing import interleaved, keep_pages

COLOURS = {"items": "#0072b2", "pairs": "#d55e00"}


class HandOn(nn.Module):
    """A base that returns its input; of a matrix, its first row."""

    def forward(self, x: Tensor) -> Tensor:
        return x if x.shape[1] != x.shape[2] else x[:, 0]


SPECS = {
    "items": "input x[n: S(n), 8]  output y[n: S(n), 8]",
    "pairs": "input x[n: S(n), n: S(n)]  output y[n: S(n)]",
}
NETS = {"items": "deepsets", "pairs": "gin"}
"""The defaults for many items; of a free size `refine` is, which takes time in n to the third."""


@dataclass(frozen=True)
class Curve:
    """CPU seconds of one call at each size."""

    sizes: list[int]
    seconds: list[float]

    @property
    def slope(self) -> float:
        """Of log seconds over log size, least squares over the upper half of the sizes."""
        return slope(self._upper(self.sizes), self._upper(self.seconds))

    @property
    def linearithmic(self) -> float:
        """The slope that n log n itself has there."""
        upper = self._upper(self.sizes)
        return slope(upper, [n * math.log(n) for n in upper])

    @staticmethod
    def _upper(values: list[int] | list[float]) -> list[float]:
        return [float(value) for value in values[len(values) // 2 :]]


def slope(x: list[float], y: list[float]) -> float:
    """Least squares of log y over log x; NaN for fewer than two sizes."""
    if len(x) < 2:
        return math.nan
    a, b = torch.tensor(x).double().log(), torch.tensor(y).double().log()
    a, b = a - a.mean(), b - b.mean()
    return ((a * b).sum() / (a * a).sum()).item()


def measured(kind: str, n: int, *, samples: int, batch: int, rounds: int) -> float:
    """Median CPU seconds of one call in eval."""
    torch.manual_seed(0)
    numbers = f"samples={samples}, eval_samples={samples}, net={NETS[kind]}"
    text = f"{SPECS[kind]}  symmetrize by probabilistic({numbers})"
    model = symc.build(text, HandOn()).eval()
    shape = (batch, n, 8) if kind == "items" else (batch, n, n)
    x = torch.randn(shape)
    with torch.no_grad():
        return interleaved({"call": lambda: model(x)}, rounds=rounds).median("call")


def table(curves: dict[str, Curve]) -> Table:
    """A line a size; slopes in the last."""
    view = Table(title="wrapper in eval, CPU ms a call", box=SIMPLE, show_footer=True)
    view.add_column("n", "slope", justify="right")
    for kind, curve in curves.items():
        view.add_column(kind, f"{curve.slope:.2f}", justify="right")
        view.add_column("x", justify="right")
    for i, n in enumerate(curves["items"].sizes):
        cells = [f"{n:,}"]
        for curve in curves.values():
            here = i < len(curve.sizes)
            cells.append(f"{1e3 * curve.seconds[i]:.2f}" if here else "")
            cells.append(f"{curve.seconds[i] / curve.seconds[i - 1]:.1f}" if here and i else "")
        view.add_row(*cells)
    return view


def plot(path: Path, curves: dict[str, Curve]) -> None:
    """Both curves, with n log n and n^2 drawn through their last points."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axis = pyplot.subplots(figsize=(6.4, 4.4), layout="constrained")
    laws: dict[str, tuple[Callable[[int], float], str]] = {
        "items": (lambda n: n * math.log(n), "n log n"),
        "pairs": (lambda n: float(n * n), "n²"),
    }
    for kind, curve in curves.items():
        law, name = laws[kind]
        colour, last = COLOURS[kind], curve.sizes[-1]
        through = [1e3 * curve.seconds[-1] * law(n) / law(last) for n in curve.sizes]
        measured_ = [1e3 * s for s in curve.seconds]
        label = f"features of {kind}, slope {curve.slope:.2f}"
        axis.plot(curve.sizes, measured_, "o-", color=colour, label=label)
        axis.plot(curve.sizes, through, ":", color=colour, label=name)
    axis.set(xscale="log", yscale="log", xlabel="n", ylabel="CPU ms a call")
    ticks = curves["items"].sizes
    axis.set_xticks(ticks, [str(n) for n in ticks], minor=False)
    axis.set_xticks([], minor=True)
    axis.set_title("what the wrapper costs, S(n) in eval", fontsize=11)
    axis.legend(frameon=False)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def main() -> None:
    """Time both kinds at all sizes, print the table, save the plot."""
    parser = argparse.ArgumentParser(description="Growth of the wrapper's cost with n.")
    parser.add_argument("--to", type=int, default=4096, help="largest n with features of items")
    parser.add_argument("--pairs-to", type=int, default=4096, help="largest n with pairs")
    parser.add_argument("--samples", type=int, default=2)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--keep-pages", action="store_true", help="glibc gives no memory back")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    if options.keep_pages:
        keep_pages()
    console = Console()
    curves: dict[str, Curve] = {}
    for kind, largest in {"items": options.to, "pairs": options.pairs_to}.items():
        sizes = [2**k for k in range(6, 32) if 2**k <= largest]
        seconds = []
        for n in sizes:
            with console.status(f"{kind}, n = {n}"):
                seconds.append(
                    measured(
                        kind,
                        n,
                        samples=options.samples,
                        batch=options.batch if kind == "items" else 1,
                        rounds=options.rounds,
                    )
                )
        curves[kind] = Curve(sizes, seconds)
    console.print(table(curves))
    console.print(f"n log n itself has slope {curves['items'].linearithmic:.2f} there")
    settings = {
        "samples": options.samples,
        "batch": options.batch,
        "batch_pairs": 1,
        "rounds": options.rounds,
        "keep_pages": options.keep_pages,
    }
    result = {
        kind: {"sizes": c.sizes, "seconds": c.seconds, "slope": c.slope}
        for kind, c in curves.items()
    }
    save(options.out, "growth", settings, result)
    plot(options.out / "growth.png", curves)
    console.print(f"plot: {options.out / 'growth.png'}")


if __name__ == "__main__":
    main()
