"""Random specs against the measured rank: `make proofs`, or, from tests/,

    python -m prooforacle --specs 1000 --finite 500 --powers 500

Then random specs whose groups are all handled by `canonical` are built and run, to see whether
noise chooses where nothing was said. All of it without groups that act by tables, and with them;
then both with `sym`, `alt` and `dual`.
Exits 1 on a false alarm, on an output that vanishes or a choice of noise unnoticed, or where fewer
than a quarter of the specs have a confined output or fewer than a tenth one that vanishes.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from prooforacle.choices import Choice, choices
from prooforacle.compare import Compared, Draws, Output

FAMILIES = ("S", "O", "SO", "E", "SE", "T", "C", "D")


def main() -> int:
    """Compare, then tables."""
    parser = argparse.ArgumentParser(prog="prooforacle", description=__doc__)
    parser.add_argument("--specs", type=int, default=1000)
    parser.add_argument("--finite", type=int, default=500, help="specs with groups by tables")
    parser.add_argument("--powers", type=int, default=500, help="specs with sym, alt and dual")
    parser.add_argument("--choices", type=int, default=300, help="specs that are built and run")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 120)
    right = True
    half = arguments.powers // 2
    for count, finite, powers in (
        (arguments.specs, False, False),
        (arguments.finite, True, False),
        (arguments.powers - half, False, True),
        (half, True, True),
    ):
        if count:
            what = "With groups that act by tables" if finite else "Without such groups"
            console.print(f"{what}, with powers:" if powers else f"{what}:")
            right &= compare(Draws(arguments.seed, finite, powers), count, console)
            right &= choose(choices(arguments.seed, finite, powers), arguments.choices, console)
    return 0 if right else 1


def compare(draws: Draws, count: int, console: Console) -> bool:
    """Verdicts beside the measured rank; whether all are right, and of each there are enough."""
    verdicts: Counter[tuple[str, str]] = Counter()
    specs: Counter[str] = Counter()
    wrong: list[tuple[Compared, Output]] = []
    times: list[float] = []
    with Progress(console=console) as progress:
        task = progress.add_task("specs", total=count)
        for compared in islice(draws, count):
            times.append(compared.seconds)
            specs.update({output.found for output in compared.outputs})
            specs.update(f"{g.family}" for g in compared.spec.groups)
            for output in compared.outputs:
                verdicts[output.found, output.said] += 1
                if output.false_alarm or output.missed:
                    wrong.append((compared, output))
            progress.advance(task)
    table = Table("measured", "said", "outputs")
    for (found, said), outputs in sorted(verdicts.items()):
        table.add_row(found, said, str(outputs))
    console.print(table)
    for compared, output in wrong:
        kind = "FALSE ALARM" if output.false_alarm else "missed"
        kind += ", with labels" if compared.labelled else ""
        console.print(f"{kind}: {output.name}\n{compared.spec.text}{output}", highlight=False)
    false_alarms = sum(output.false_alarm for _, output in wrong)
    unnoticed = sum(o.found == "zero" and o.said != "zero" for _, o in wrong)
    times.sort()
    console.print(
        f"{count} specs: {specs['confined']} confine an output, {specs['zero']} have one "
        f"that vanishes. False alarms: {false_alarms}. Vanishing outputs missed: {unnoticed}. "
        f"Other misses: {len(wrong) - false_alarms - unnoticed}. Refused by the checker before any "
        f"proof: {draws.refused}; without a clear measurement: {draws.unmeasured}.\n"
        f"Check of one spec: median {times[len(times) // 2] * 1e3:.1f} ms, "
        f"longest {times[-1] * 1e3:.1f} ms."
    )
    console.print("Groups: " + ", ".join(f"{n} {specs[n]}" for n in FAMILIES if specs[n]))
    enough = specs["confined"] * 4 >= count and specs["zero"] * 10 >= count
    return not false_alarms and not unnoticed and enough


def choose(drawn: Iterator[Choice], count: int, console: Console) -> bool:
    """Whether noise chooses exactly where that is said."""
    told: Counter[tuple[bool, bool]] = Counter()
    with Progress(console=console) as progress:
        task = progress.add_task("choices", total=count)
        for choice in islice(drawn, count):
            told[choice.noisy, choice.said] += 1
            if choice.noisy != choice.said:
                console.print(f"said: {choice.said}, noisy: {choice.noisy}\n{choice.text}")
            progress.advance(task)
    console.print(
        f"{count} specs by `canonical`: noise chose in {told[True, True]} that were "
        f"reported and {told[True, False]} that were not; {told[False, True]} false alarms."
    )
    return not told[True, False] and not told[False, True]


if __name__ == "__main__":
    sys.exit(main())
