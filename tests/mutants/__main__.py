"""Plants each defect in a copy of the repository and runs the tests: `make mutants`.

The same from tests/:

    python -m mutants --jobs 2 [--match TEXT]

Prints which test caught which. Exits 1 if a defect survives, or if the text that it replaces does
not stand exactly once in its file.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Column, Table

from mutants.defects import DEFECTS, Defect

REPOSITORY = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns(
    ".*", "__pycache__", "out", "build", "dist", "*.egg-info", "benchmarks"
)
LIMIT = 1200
"""Seconds that the tests of a defect may take; one that hangs is caught."""


@dataclass(frozen=True)
class Outcome:
    """What came of a defect: the test that caught it, None where none did."""

    defect: Defect
    test: str | None
    seconds: float
    stale: bool = False


def run(defect: Defect, source: Path, failing: list[str]) -> Outcome:
    """The tests of a defect, in a copy of `source` that has it; `failing` ones do not count."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        copy = Path(folder) / "repository"
        shutil.copytree(source, copy)
        path = copy / defect.file
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        if text.count(defect.old) != 1:
            return Outcome(defect, f"its text stands {text.count(defect.old)} times", 0.0, True)
        path.write_text(text.replace(defect.old, defect.new), encoding="utf-8")
        for tests in defect.tests or ("",):
            caught = _failures(copy, tests, ["-x", *(f"--deselect=tests/{t}" for t in failing)])
            if caught:
                return Outcome(defect, caught[0], time.monotonic() - start)
    return Outcome(defect, None, time.monotonic() - start)


def _failures(copy: Path, tests: str, options: list[str]) -> list[str]:
    """The tests of a file (or, of no file, all tests) that fail."""
    paths = [copy, copy / "runtime", copy / "examples"]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "OMP_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "-rfE", "-p", "no:cacheprovider"]
    try:
        ended = subprocess.run(
            [*command, *options, str(Path("tests") / tests)],
            cwd=copy,
            env=environment,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return [f"{tests}: no end in {LIMIT} s"]
    if ended.returncode == 0:
        return []
    # The summary cuts a long line after " - ", never the name before it.
    lines = re.findall(r"^(?:FAILED|ERROR) (?:tests/)?(.+)$", ended.stdout, re.MULTILINE)
    names = [line.split(" - ")[0] for line in lines]
    return names or [f"{tests}: pytest exits {ended.returncode}"]


def main() -> int:
    """The tests without a defect, then with each one, then a table."""
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--match", default="", help="only defects whose name holds this")
    arguments = parser.parse_args()
    chosen = [defect for defect in DEFECTS if arguments.match in defect.name]
    console = Console(width=None if sys.stdout.isatty() else 160)
    outcomes: dict[str, Outcome] = {}
    with (
        tempfile.TemporaryDirectory(prefix="mutants-") as folder,
        ThreadPoolExecutor(arguments.jobs) as pool,
        Progress(console=console) as progress,
    ):
        # A copy of its own, for the repository may change meanwhile.
        source = Path(folder) / "repository"
        shutil.copytree(REPOSITORY, source, ignore=LEFT_OUT)
        files = sorted({tests for defect in chosen for tests in defect.tests or ("",)})
        task = progress.add_task("without a defect", total=len(files))
        failing: list[str] = []
        for tests in pool.map(lambda name: _failures(source, name, []), files):
            failing += tests
            progress.advance(task)
        task = progress.add_task("mutants", total=len(chosen))
        for future in as_completed(pool.submit(run, d, source, failing) for d in chosen):
            outcome = future.result()
            outcomes[outcome.defect.name] = outcome
            progress.advance(task)
    table = Table("defect", Column("caught by", overflow="fold"), "seconds")
    for defect in chosen:
        outcome = outcomes[defect.name]
        caught = outcome.test or "nothing: it survives"
        colour = "red" if outcome.stale or outcome.test is None else "green"
        table.add_row(defect.name, f"[{colour}]{escape(caught)}[/]", f"{outcome.seconds:.0f}")
    console.print(table)
    survivors = [o for o in outcomes.values() if o.stale or o.test is None]
    console.print(f"{len(chosen) - len(survivors)} of {len(chosen)} defects caught.")
    for name in failing:
        console.print(f"[red]fails without any defect:[/] {escape(name)}", highlight=False)
    return 1 if survivors or failing else 0


if __name__ == "__main__":
    sys.exit(main())
