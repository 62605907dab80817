"""What the examples share: methods trained in turn, a file each, a table, a sentence, a picture."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from training import load_results, progress_bar, save_result, say_kept

Results = Mapping[str, Mapping[str, Any]]
"""What was measured of each method, by its name."""


@dataclass(frozen=True)
class Comparison:
    """In what the examples differ.

    `run(method, seconds, seed, title, progress)` trains one and returns what JSON can hold;
    `table` and `conclusion` read what all have returned, `draw` writes a picture of it to a file.
    """

    name: str
    title: str
    methods: Sequence[str]
    seconds: float
    run: Callable[[str, float, int, str, Progress], dict[str, object]]
    table: Callable[[Results], Table]
    conclusion: Callable[[Results], str]
    draw: Callable[[Path, Results], None]
    drawn: str
    unless_asked: Sequence[str] = ()
    """Methods that only `--methods` brings: with all of them it would take too long."""

    def main(self, arguments: Sequence[str] | None = None) -> None:
        """Train what is not there yet, print the table and the sentence, save the picture."""
        parser = argparse.ArgumentParser(prog=f"{self.name}.py", description=self.title)
        parser.add_argument(
            "--seconds",
            type=float,
            default=self.seconds,
            help=f"CPU seconds a method ({self.seconds:g})",
        )
        parser.add_argument(
            "--methods",
            nargs="+",
            choices=self.methods,
            default=[name for name in self.methods if name not in self.unless_asked],
            metavar="METHOD",
            help=f"of {', '.join(repr(name) for name in self.methods)}",
        )
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--out", type=Path, default=Path("out") / self.name)
        parser.add_argument("--show", action="store_true", help="train nothing, show what is there")
        options = parser.parse_args(arguments)
        torch.set_num_threads(1)
        console = Console()
        settings: dict[str, object] = {"seconds": options.seconds, "seed": options.seed}
        kept = load_results(options.out, settings)
        methods = [] if options.show else options.methods
        say_kept(console, options.out, [method for method in methods if method in kept])
        with progress_bar(console) as progress:
            for place, method in enumerate(methods, start=1):
                if method not in kept:
                    title = f"{method}, {place} of {len(methods)}"
                    result = self.run(method, options.seconds, options.seed, title, progress)
                    save_result(options.out, method, settings, result)
        found = load_results(options.out, settings)
        results = {method: found[method] for method in self.methods if method in found}
        if not results:
            console.print(f"nothing in {options.out} with these settings", soft_wrap=True)
            return
        console.print(self.table(results))
        console.print(self.conclusion(results))
        picture = options.out / f"{self.name}.png"
        self.draw(picture, results)
        console.print(f"{self.drawn}: {picture}", soft_wrap=True)


def narrow_table(title: str, results: Results, columns: Sequence[str]) -> Table:
    """An empty table with a method a row, narrow enough for 80 columns; '\\n' breaks a heading."""
    spent = [float(result["effort"]["cpu_seconds"]) for result in results.values()]
    view = Table(
        title=title,
        caption=f"{sum(spent) / len(spent):.0f} CPU seconds a method",
        box=SIMPLE,
        collapse_padding=True,
        pad_edge=False,
    )
    view.add_column("method", no_wrap=True)
    for column in columns:
        view.add_column(column, justify="right", no_wrap=True)
    return view
