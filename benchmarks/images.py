"""What symmetrization of images costs: the whole over its base alone, and moving over torch.rot90.

    python benchmarks/images.py

The base is `ResidualCNN` with the widths of ResNet-18 and batch norm, 11 million weights, which
takes 0.7 s of one thread for 64 images of 32 pixels; `--width` chooses another. Calls interleaved,
medians, as in `overhead.py`. Moving: a batch by elements of its own, over one quarter turn of the
whole batch, made contiguous.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import torch
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from torch import Tensor

from cases import Case
from overhead import MODES, measured, table
from saving import OUT, save
from symc_runtime.actions.tables import table as made
from symc_runtime.actions.tables import turn, unturn
from symc_runtime.bases.residual_cnn import ResidualCNN
from symc_runtime.elements.finite import Finite
from symc_runtime.groups.finite import Finite as Facts
from symc_runtime.spec.layout import Group
from timing import Timing, interleaved, keep_pages

GROUPS = ("C(4)", "D(4)")
BARS = {"C(4)": {"eval": 1.08, "train": 1.12}, "D(4)": {"eval": 1.12, "train": 1.18}}
MOVING = 1.3
SHAPES = ((64, 3, 32, 32), (256, 1, 28, 28), (64, 3, 224, 224))


def image_case(group: str, *, side: int, width: int) -> Case:
    """Classification, one learned pose."""
    spec = f"""
        size h
        group R = {group}
        input  image[3, (h, h): R.grid]
        output logits[10]
        symmetrize R by canonical
    """

    def base() -> ResidualCNN:
        return ResidualCNN([(3, "h", "h")], [(10,)], width=width, norm="batch")

    def inputs(batch: int) -> tuple[Tensor, ...]:
        return (torch.randn(batch, 3, side, side),)

    name = f"residual CNN, {group}, {side} px"
    return Case(name, spec, base, inputs, batch=64, folds=1)


def moving(group: str, shape: tuple[int, ...], *, rounds: int) -> Timing:
    """There and back by elements of their own, beside a quarter turn of all."""
    family, _, parameter = group.removesuffix(")").partition("(")
    facts = Group("R", family, int(parameter)).facts
    if not isinstance(facts, Facts):
        raise TypeError(f"{group} has no tables")
    order = len(facts.every(int(parameter)))
    tables = {"grid": made(facts, "grid", (), int(parameter))}
    torch.manual_seed(1)
    x = torch.randn(shape)
    element = Finite(torch.randint(order, shape[:1]), tables)
    calls: dict[str, Callable[[], Tensor]] = {
        "turn": lambda: turn(x, element, 2),
        "unturn": lambda: unturn(x, element, 2),
        "rot90": lambda: torch.rot90(x, 1, (2, 3)).contiguous(),
    }
    return interleaved(calls, rounds=rounds)


def moving_table(rows: list[dict[str, object]]) -> Table:
    """A line a group, shape and direction."""
    view = Table(title="moving / rot90 of the whole batch, one thread", box=SIMPLE)
    view.add_column("case")
    for column in ("ms", "ratio", "quartiles", "bar", "met"):
        view.add_column(column, justify="right")
    for row in rows:
        view.add_row(
            str(row["case"]),
            f"{row['ms']:.3f}",
            f"{row['ratio']:.2f}",
            f"{row['low']:.2f} {row['high']:.2f}",
            f"{row['bar']:.2f}",
            "yes" if row["met"] else "no",
        )
    return view


def whole_rows(options: argparse.Namespace, console: Console) -> list[dict[str, object]]:
    """Whole over base."""
    rows: list[dict[str, object]] = []
    for group in options.groups:
        case = image_case(group, side=options.side, width=options.width)
        for mode in options.modes:
            with console.status(f"{case.name}, {mode}"):
                timing = measured(case, mode, batch=options.batch, rounds=options.rounds)
            ratio = timing.ratio("whole", "base")
            low, high = timing.spread("whole", "base")
            bar = BARS[group][mode]
            rows.append(
                {
                    "case": case.name,
                    "mode": mode,
                    "whole_ms": 1e3 * timing.median("whole"),
                    "base_ms": 1e3 * timing.median("base"),
                    "ratio": ratio,
                    "low": low,
                    "high": high,
                    "bar": bar,
                    "met": ratio <= bar,
                }
            )
    return rows


def moving_rows(options: argparse.Namespace) -> list[dict[str, object]]:
    """Moving over rot90."""
    rows: list[dict[str, object]] = []
    for group in options.groups:
        for shape in SHAPES:
            timing = moving(group, shape, rounds=10 if shape[-1] > 100 else 101)
            for way in ("turn", "unturn"):
                ratio = timing.ratio(way, "rot90")
                low, high = timing.spread(way, "rot90")
                rows.append(
                    {
                        "case": f"{way}, {group}, {list(shape)}",
                        "ms": 1e3 * timing.median(way),
                        "ratio": ratio,
                        "low": low,
                        "high": high,
                        "bar": MOVING,
                        "met": ratio <= MOVING,
                    }
                )
    return rows


def main() -> None:
    """Time everything, print two tables."""
    parser = argparse.ArgumentParser(description="What symmetrization of images costs.")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--groups", nargs="+", choices=GROUPS, default=list(GROUPS))
    parser.add_argument("--modes", nargs="*", choices=MODES, default=list(MODES))
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--side", type=int, default=32, help="rows and columns of an image")
    parser.add_argument("--width", type=int, default=64, help="of the first stage of the base")
    parser.add_argument("--keep-pages", action="store_true", help="glibc gives no memory back")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    if options.keep_pages:
        keep_pages()
    console = Console()
    moved = moving_rows(options)
    console.print(moving_table(moved))
    rows = whole_rows(options, console)
    if rows:
        console.print(table(rows))
    settings = {key: value for key, value in vars(options).items() if key != "out"}
    save(options.out, "images", settings, rows + moved)


if __name__ == "__main__":
    main()
