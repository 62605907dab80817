"""Counts wrong images, of which there must be none; from tests/:

    python -m exact_images --images 100000
    python -m exact_images --images 100000 --of voxels

Every group, method, mode, precision, kind of image, of odd and even sides. Exits 1 if any is wrong.
"""

from __future__ import annotations

import argparse
import sys

import torch
from rich.console import Console
from rich.progress import track

from exact_images.laws import GROUPS, trials, tried

SIDES = {
    "images": (1, 2, 3, 4, 7, 8, 9, 16, 17, 28),
    "voxels": (1, 2, 3, 4, 5, 8),
    "boxes": (1, 2, 3, 4, 5, 8),
    "sequences": (1, 2, 3, 4, 7, 8, 9, 16, 17, 28),
}


def main() -> int:
    """Run all trials, print what was wrong."""
    parser = argparse.ArgumentParser(description="Images under quarter turns, bit for bit.")
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--of", choices=SIDES, default="images")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    console = Console()
    groups = GROUPS if options.of == "images" else (options.of,)
    every = list(trials(SIDES[options.of], groups))
    batch = -(-options.images // len(every))
    count = failed = 0
    for place, trial in enumerate(track(every, console=console, transient=True)):
        found = tried(*trial, batch=batch, seed=options.seed + place)
        count += found.tried
        if found.wrong:
            failed += max(found.wrong.values())
            console.print(*map(str, trial), found.wrong)
    console.print(f"{count:,} {options.of}, {failed:,} wrong")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
