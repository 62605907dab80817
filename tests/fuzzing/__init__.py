"""Texts that nobody wrote, for everything that reads specs: `python -m fuzzing` from tests/."""

import sys
from pathlib import Path

# Run from tests/ as a command, it needs the random specs that pytest finds by its own settings.
sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
