"""The whole matrix, in a long run: `make conformance`, or, from tests/,

    python -m conformance --samples 1000000 --jobs 2

Finished cells are kept in a file, one a line, so that a run can be stopped and taken up again; a
change of the compiler or the runtime makes them void. Exits 1 if a sample is wrong, a law is
broken or more than 0.1% of the samples could not be judged. `--apart 0.01`: inputs nearly as
symmetric, tied or flat as their kind says, as those of measurements are.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from conformance.cases import Cell
from conformance.matrix import Refused, cells
from conformance.measure import COMBINATIONS, Record, record_of

REPOSITORY = Path(__file__).parents[2]
LIMIT = 1e-3
"""The share of samples that may be excluded."""
SHOWN = 12


def fingerprint() -> str:
    """A hash of everything that is measured, and of what measures it."""
    digest = hashlib.sha256()
    for folder in ("symc", "runtime", "grammar", "tests/conformance"):
        for path in sorted((REPOSITORY / folder).rglob("*")):
            if path.suffix in (".py", ".lark"):
                digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def finished(path: Path, key: str) -> dict[str, Record]:
    """The records of an earlier run that still hold, by the name of the cell."""
    if not path.exists():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    # A run that was killed may have left half a line.
    whole = [json.loads(line) for line in lines if line.endswith("}")]
    return {record["name"]: record for record in whole if record.pop("key") == key}


def measured(
    pending: list[Cell], jobs: int, given: tuple[int, int, float], progress: Progress, task: Any
) -> Iterator[Record]:
    """The records of cells, in the order in which they end; `given`: rows, seed, how far apart."""
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        waiting = iter(pending)
        # A few ahead, so that no worker waits.
        first = islice(waiting, 2 * jobs)
        running = {pool.submit(record_of, cell, *given) for cell in first}
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                following = next(waiting, None)
                if following is not None:
                    running.add(pool.submit(record_of, following, *given))
                progress.advance(task)
                yield future.result()


def _share(records: Iterable[Record], key: str) -> tuple[int, int]:
    records = list(records)
    return sum(r[key] for r in records), sum(r["samples"] for r in records)


def _wrong(record: Record) -> int:
    return sum(record["wrong"].values())


def summary(records: list[Record], console: Console) -> None:
    """A table a family of groups, and the worst cells."""
    table = Table("group", title="Coupled noise, membership, padding, gradients")
    for heading in ("cells", "samples", "wrong", "excluded", "worst error / bound", "faults"):
        table.add_column(heading, justify="right")
    families = sorted({r["name"].split("(")[0] for r in records})
    for family in [*families, "all"]:
        mine = [r for r in records if family == "all" or r["name"].split("(")[0] == family]
        excluded, samples = _share(mine, "unclear")
        if family == "all":
            table.add_section()
        table.add_row(
            family,
            f"{len(mine):,}",
            f"{samples:,}",
            f"{sum(map(_wrong, mine)):,}",
            f"{excluded / max(samples, 1):.4%}",
            f"{max((r['ratio'] for r in mine), default=0):.3g}",
            f"{sum(len(r['faults']) for r in mine):,}",
        )
    console.print(table)
    counts = sorted({r["samples"] for r in records})
    console.print(f"Samples a cell: {counts[0]:,} to {counts[-1]:,}." if counts else "No cell.")
    _listing("Nearest to the bound", records, "ratio", console)
    _listing("Excluded most", [r for r in records if r["unclear"]], "unclear", console)
    for record in records:
        if record["wrong"] or record["faults"]:
            console.print(f"[red]{record['name']}[/]", highlight=False)
            for place, count in record["wrong"].items():
                console.print(f"    {count} wrong: {place}", markup=False, highlight=False)
            for fault in record["faults"][:SHOWN]:
                console.print(f"    {fault}", markup=False, highlight=False)


def _listing(title: str, records: list[Record], key: str, console: Console) -> None:
    if not records:
        return
    console.print(f"\n{title}:")
    for record in sorted(records, key=lambda r: -float(r[key]))[:SHOWN]:
        value = record[key]
        shown = f"{value:.3g}" if isinstance(value, float) else f"{value} of {record['samples']}"
        where = record["worst"] if key == "ratio" else ", ".join(sorted(record["excluded"])[:3])
        line = f"    {shown:>12}  {record['name']}  ({where})"
        console.print(line, markup=False, highlight=False)


def main() -> int:
    """Measure what is not measured yet, then print everything."""
    parser = argparse.ArgumentParser(prog="conformance", description=__doc__)
    parser.add_argument("--samples", type=int, default=1_000_000, help="at least so many in all")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--every", type=int, default=1, help="one row of the matrix in so many")
    parser.add_argument("--full", action="store_true", help="every output and net for every row")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--apart", type=float, default=0.0, help="so far from symmetric, tied, flat ... inputs"
    )
    parser.add_argument("--match", default="", help="only cells whose name holds this")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "out" / "conformance.jsonl")
    parser.add_argument("--fresh", action="store_true", help="forget finished cells")
    arguments = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 160)
    refused = Refused()
    with console.status("asking the checker which cells there are"):
        everything = cells(refused, full=arguments.full, every=arguments.every)
        chosen = [cell for cell in everything if arguments.match in cell.name]
    rows = max(1, math.ceil(arguments.samples / COMBINATIONS / max(len(chosen), 1)))
    console.print(
        f"{len(chosen):,} cells of {rows * COMBINATIONS:,} samples: {COMBINATIONS} combinations of "
        f"kind, precision and mode, {rows} of each. The checker refused {refused.total:,} cells: "
        + ", ".join(f"{count} {code}" for code, count in sorted(refused.codes.items()))
    )
    given = (rows, arguments.seed, arguments.apart)
    key = " ".join(map(str, (fingerprint(), *given)))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    found = {} if arguments.fresh else finished(arguments.out, key)
    known = [found[cell.name] for cell in chosen if cell.name in found]
    pending = [cell for cell in chosen if cell.name not in found]
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    records = list(known)
    with (
        arguments.out.open("a" if found else "w", encoding="utf-8") as file,
        Progress(*columns, console=console) as progress,
    ):
        task = progress.add_task("cells", total=len(chosen), completed=len(known))
        for record in measured(pending, arguments.jobs, given, progress, task):
            file.write(json.dumps({"key": key, **record}) + "\n")
            file.flush()
            records.append(record)
            wrong = sum(map(_wrong, records))
            progress.update(task, description=f"cells, {wrong} samples wrong")
    summary(sorted(records, key=lambda r: str(r["name"])), console)
    excluded, samples = _share(records, "unclear")
    broken = any(_wrong(r) or r["faults"] for r in records)
    return 1 if broken or excluded > LIMIT * samples else 0


if __name__ == "__main__":
    sys.exit(main())
