"""CPU seconds of `symc check` in a fresh process, median over runs, for each reference spec.

    python benchmarks/check_time.py

The bar: under 0.3 s for the largest, torch not imported.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
from pathlib import Path

RUNS = 7
SPECS = sorted((Path(__file__).parents[1] / "specs").glob("*.sym"))


def cpu_seconds(*arguments: str) -> float:
    """User and system time of one run of the command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print a line a spec, beside a bare interpreter."""
    bare = statistics.median(cpu_seconds("-c", "pass") for _ in range(RUNS))
    print(f"{'bare python':<24}{bare:8.3f} s")
    for path in SPECS:
        times = [cpu_seconds("-m", "symc", "check", str(path)) for _ in range(RUNS)]
        print(f"{path.name:<24}{statistics.median(times):8.3f} s")


if __name__ == "__main__":
    main()
