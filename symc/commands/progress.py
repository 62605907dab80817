"""A bar that says how far a long run is: on a terminal alone, gone when the run ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec

FEW = 50
"""So many files are checked before a bar could be read."""


@contextmanager
def progress(doing: str, total: int, wanted: bool = True) -> Iterator[Callable[[], None]]:
    """A function to call after each of `total` steps, which moves a bar on standard error.

    There is none for FEW steps, where it is not wanted, where standard error is no terminal, or
    without rich, which nothing else here needs.
    """
    dumb = os.environ.get("TERM") == "dumb"
    if not wanted or total <= FEW or dumb or not sys.stderr.isatty() or find_spec("rich") is None:
        yield lambda: None
        return
    # Rich takes a tenth of a second to load.
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(doing, total=total)
        yield lambda: bar.advance(task)
