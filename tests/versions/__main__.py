"""The smoke test on the oldest torch that is supported and on the newest: `make torch-versions`, or

    python -m versions [--torch 2.8.0] [--every K] [--keep] [WORD ...]

from tests/. A version gets a virtual environment of its own under out/, which goes when it is done,
for each holds several gigabytes; pip's cache keeps the downloads. Exits 1 if a promise is broken.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from versions.floor import floor

ROOT = Path(__file__).parents[2]
PLACE = ROOT / "out" / "torch-versions"


def holds(torch: str, options: list[str], *, keep: bool) -> bool:
    """Whether the smoke test passes with what pip installs for `torch`, as in `torch==2.8.0`."""
    folder = PLACE / torch.replace("=", "").replace("*", "x")
    venv.create(folder, with_pip=True, clear=True)
    python = str(folder / "bin" / "python")
    try:
        subprocess.run([python, "-m", "pip", "install", "--quiet", torch, str(ROOT)], check=True)
        # One thread, as in the other tests.
        surroundings = {**os.environ, "PYTHONPATH": str(ROOT / "tests"), "OMP_NUM_THREADS": "1"}
        # From a place without the sources: what is installed is tried.
        done = subprocess.run(
            [python, "-m", "versions.smoke", *options], cwd=folder, env=surroundings
        )
    finally:
        if not keep:
            shutil.rmtree(folder)
    return done.returncode == 0


def main(arguments: list[str]) -> int:
    """1 if a version breaks a promise."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--torch", action="append", help="a version; default: floor and newest")
    parser.add_argument("--keep", action="store_true", help="keep the virtual environments")
    options, rest = parser.parse_known_args(arguments)
    chosen = [f"torch=={version}" for version in options.torch or []]
    broken = [
        torch
        for torch in chosen or [f"torch=={floor()}.*", "torch"]
        if not holds(torch, rest, keep=options.keep)
    ]
    print(f"broken: {', '.join(broken)}" if broken else "every version holds")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
