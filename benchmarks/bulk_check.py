"""Seconds of `symc check` over 1,000 random specs in one process, and where they go.

    python benchmarks/bulk_check.py

The bar: under 20 s of CPU. The summary line of the command stands first.
"""

from __future__ import annotations

import cProfile
import pstats
import random
import resource
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from random_specs import random_spec

NUMBER = 1000


def write_specs(folder: Path, number: int = NUMBER, seed: int = 0) -> None:
    """The specs of a seed, some in folders of their own."""
    rng = random.Random(seed)
    for place in range(number):
        path = folder / f"part{place % 7}" / f"spec{place:04}.sym"
        path.parent.mkdir(exist_ok=True)
        path.write_text(random_spec(rng), encoding="utf-8")


def main() -> None:
    """Measure the command, then profile the checker alone on the same specs."""
    with TemporaryDirectory() as name:
        write_specs(Path(name))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "symc", "check", name]
        done = subprocess.run(command, capture_output=True, text=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(done.stderr.splitlines()[-1])
        print(f"{seconds:.2f} s of CPU, {after.ru_maxrss / 1024:.0f} MiB at most")

        from symc.compilation import Compilation
        from symc.source import Source

        sources = [Source(str(p), p.read_text()) for p in sorted(Path(name).rglob("*.sym"))]
        with cProfile.Profile() as profile:
            right = sum(Compilation(source).program is not None for source in sources)
        print(f"{right:,} of {len(sources):,} specs are right")
        pstats.Stats(profile).sort_stats("cumulative").print_stats("symc", 16)


if __name__ == "__main__":
    main()
