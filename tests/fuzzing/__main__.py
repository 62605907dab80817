"""A long run of the fuzzer: `make fuzz`, or, from tests/,

    python -m fuzzing --inputs 200000

One input in twenty comes from the grammar and the strategies of Hypothesis, which take long to
draw; the rest are damaged specs; all bombs come first. Exits 1 if something did not hold, with the
shortest input for each fault in a folder. The same seed makes the same damaged specs.
"""

from __future__ import annotations

import argparse
import random
import re
import resource
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from fuzzing.bombs import BOMBS
from fuzzing.judge import judge
from fuzzing.mutations import mutated
from fuzzing.strategies import grammatical, specs
from random_specs import random_spec

REPOSITORY = Path(__file__).parents[2]
MEBIBYTE = 2**20
MEMORY = 512 * MEBIBYTE
"""No input makes the process larger than this; what Python and Hypothesis take is in it."""
BATCH = 250
"""Hypothesis remembers all that it drew in one run: shorter ones take less memory."""


def damaged(number: int, seed: int) -> Iterator[str]:
    """Specs of this repository and random ones, after some mutations."""
    for place in range(number):
        rng = random.Random(f"{seed} {place}")
        yield mutated(rng, random_spec(rng, wrong=0) if place % 2 else None)


class Run:
    """Counts what came of the inputs; keeps the shortest text for each fault."""

    def __init__(self) -> None:
        self.codes: Counter[str] = Counter()
        self.inputs = self.right = 0
        self.slowest = 0.0
        self.faults: dict[str, str] = {}

    def take(self, text: str) -> None:
        """Judges a text; a fault is kept and not raised."""
        self.inputs += 1
        start = time.process_time()
        try:
            compilation = judge(text)
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{Path(last.filename).name}:{last.lineno}"
            key = f"{type(error).__name__}: {str(error)[:200]} ({place})"
            if key not in self.faults or len(text) < len(self.faults[key]):
                self.faults[key] = text
        else:
            self.right += compilation.program is not None
            self.codes.update({diagnostic.code for diagnostic in compilation.diagnostics})
        self.slowest = max(self.slowest, time.process_time() - start)

    def take_drawn(self, number: int, seed: int, advance: Callable[[], None]) -> None:
        """Texts of Hypothesis, half from the grammar, half from what fits together."""
        for start in range(0, number, BATCH):
            self._take_batch(min(BATCH, number - start), seed * number + start, advance)

    def _take_batch(self, number: int, seed: int, advance: Callable[[], None]) -> None:
        @seeded(seed)
        @settings(
            max_examples=number,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(grammatical() | specs())
        def draw(text: str) -> None:
            self.take(text)
            advance()

        draw()


def _peak() -> int:
    """The most memory that this process held, in bytes.

    Linux counts what a parent held before it began this process into `ru_maxrss`.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        found = re.search(r"^VmHWM:\s+(\d+) kB$", status.read_text(), re.M)
        if found is not None:
            return int(found[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> int:
    """Run, then say what was seen."""
    parser = argparse.ArgumentParser(prog="fuzzing", description=__doc__)
    parser.add_argument("--inputs", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-bombs", action="store_true")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "out" / "fuzzing")
    arguments = parser.parse_args()
    # An input that eats all memory fails with MemoryError here and not the machine.
    resource.setrlimit(resource.RLIMIT_AS, (4 * MEMORY, resource.RLIM_INFINITY))
    console = Console()
    run = Run()
    bombs = [] if arguments.no_bombs else list(BOMBS.values())
    drawn = arguments.inputs // 20
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("inputs", total=len(bombs) + arguments.inputs)

        def advance() -> None:
            description = f"inputs, {len(run.faults)} faults"
            progress.update(task, advance=1, description=description)

        for text in bombs:
            run.take(text)
            advance()
        # Hypothesis draws fewer where it runs out of new texts: damaged ones make up for it.
        run.take_drawn(drawn, arguments.seed, advance)
        missing = len(bombs) + arguments.inputs - run.inputs
        for text in damaged(missing, arguments.seed):
            run.take(text)
            advance()
    peak = _peak()
    if peak > MEMORY:
        run.faults[f"{peak / MEBIBYTE:.0f} MiB of memory"] = ""
    console.print(
        f"{run.inputs:,} inputs, {run.right:,} of them right specs, {len(run.codes)} codes seen; "
        f"slowest {run.slowest:.2f} s of CPU for all that is asked, {peak / MEBIBYTE:.0f} MiB",
        highlight=False,
    )
    for place, (fault, text) in enumerate(run.faults.items()):
        arguments.out.mkdir(parents=True, exist_ok=True)
        file = arguments.out / f"fault{place}.sym"
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
        console.print(f"{file}: {fault}", markup=False, highlight=False)
    return 1 if run.faults else 0


if __name__ == "__main__":
    sys.exit(main())
