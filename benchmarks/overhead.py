"""What symmetrization costs: the whole model over its base alone on the same K-folded batch.

    python benchmarks/overhead.py

One thread, calls interleaved, medians. In eval the whole draws its noise, without gradients; in
training both run forward and backward from a scalar loss to every parameter. The inputs of the
base alone require no gradient. Bars are for the default nets unless a net is named.

`--keep-pages` takes page faults out of it: freed memory stays with the process, as with jemalloc or
tcmalloc. Without, they are a tenth of some calls, more in one run than in another.

A ratio says as much about the base as about the wrapper. The MLP here is large, five hidden layers
of 2048, 25 million weights; with three of 256 the base takes 7 ms and the same wrapper is many
times that. `--hidden` and `--layers` choose another.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import torch
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from cases import Case, canonical, framed, graph_case, particles
from saving import OUT, save
from symc_runtime.actions.axes import fold
from timing import Timing, interleaved, keep_pages

MODES = ("eval", "train")


def cases(hidden: int, layers: int) -> dict[str, tuple[Case, dict[str, float]]]:
    """Every case by a short name, with its bars."""
    gin = graph_case(", net=gin(hidden=64, layers=3)", hidden=hidden, layers=layers)
    return {
        "graphs": (graph_case("", hidden=hidden, layers=layers), {"eval": 1.10, "train": 1.30}),
        "gin": (gin, {"eval": 1.20, "train": 1.40}),
        "particles": (particles(), {"eval": 1.08, "train": 1.15}),
        "frame": (framed(), {"eval": 1.06}),
        "canonical": (canonical(), {"eval": 1.10}),
    }


def step(model: nn.Module, inputs: tuple[Tensor, ...]) -> Callable[[], None]:
    """Forward and backward to the parameters."""

    def call() -> None:
        model.zero_grad(set_to_none=True)
        torch.autograd.backward(model(*inputs).square().mean())

    return call


def answer(model: nn.Module, inputs: tuple[Tensor, ...]) -> Callable[[], None]:
    """Forward alone."""

    def call() -> None:
        with torch.no_grad():
            model(*inputs)

    return call


def measured(case: Case, mode: str, *, batch: int | None, rounds: int) -> Timing:
    """The whole beside its base alone on a batch that repeats the inputs K times."""
    model = case.build().train(mode == "train")
    inputs = case.draw(batch)
    folded = tuple(fold(x, case.folds) for x in inputs)
    call = step if mode == "train" else answer
    return interleaved(
        {"whole": call(model, inputs), "base": call(model.base, folded)}, rounds=rounds
    )


def table(rows: list[dict[str, object]]) -> Table:
    """A line a case and mode."""
    view = Table(title="whole / base, same K-folded batch, one thread", box=SIMPLE)
    for column in ("case", "mode"):
        view.add_column(column)
    for column in ("whole\nms", "base\nms", "ratio", "quartiles", "bar", "met"):
        view.add_column(column, justify="right")
    for row in rows:
        bar, met = row["bar"], row["met"]
        view.add_row(
            str(row["case"]),
            str(row["mode"]),
            f"{row['whole_ms']:.1f}",
            f"{row['base_ms']:.1f}",
            f"{row['ratio']:.3f}",
            f"{row['low']:.2f} {row['high']:.2f}",
            "" if bar is None else f"{bar:.2f}",
            "" if met is None else "yes" if met else "no",
        )
    return view


def main() -> None:
    """Time every case in both modes, print the table."""
    parser = argparse.ArgumentParser(description="What symmetrization costs.")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--cases", nargs="+", choices=cases(1, 1), default=list(cases(1, 1)))
    parser.add_argument("--modes", nargs="+", choices=MODES, default=list(MODES))
    parser.add_argument("--batch", type=int, help="examples; default: what the case says")
    parser.add_argument("--hidden", type=int, default=2048, help="width of the MLP")
    parser.add_argument("--layers", type=int, default=5, help="hidden layers of the MLP")
    parser.add_argument("--keep-pages", action="store_true", help="glibc gives no memory back")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    if options.keep_pages:
        keep_pages()
    rows: list[dict[str, object]] = []
    console = Console()
    for name in options.cases:
        case, bars = cases(options.hidden, options.layers)[name]
        for mode in options.modes:
            with console.status(f"{case.name}, {mode}"):
                timing = measured(case, mode, batch=options.batch, rounds=options.rounds)
            ratio, bar = timing.ratio("whole", "base"), bars.get(mode)
            low, high = timing.spread("whole", "base")
            rows.append(
                {
                    "case": case.name,
                    "mode": mode,
                    "samples": case.folds,
                    "batch": options.batch or case.batch,
                    "whole_ms": 1e3 * timing.median("whole"),
                    "base_ms": 1e3 * timing.median("base"),
                    "ratio": ratio,
                    "low": low,
                    "high": high,
                    "bar": bar,
                    "met": None if bar is None else ratio <= bar,
                }
            )
    console.print(table(rows))
    settings = {
        "rounds": options.rounds,
        "hidden": options.hidden,
        "layers": options.layers,
        "keep_pages": options.keep_pages,
    }
    save(options.out, "overhead", settings, rows)


if __name__ == "__main__":
    main()
