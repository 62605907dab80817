"""A defect of symc, and how it is told."""

from __future__ import annotations

import os
from pathlib import Path

from symc.commands.printing import one_line, tell

DEFECT = 70  # EX_SOFTWARE of sysexits.h


def tell_defect(error: Exception) -> None:
    """Says that this is our fault, and what helps to find it."""
    if os.environ.get("SYMC_TRACEBACK"):
        import traceback

        traceback.print_exc()
    place = ""
    trace = error.__traceback__
    while trace is not None:
        place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
        trace = trace.tb_next
    lines = [
        f"symc has a defect: {type(error).__name__}: {one_line(str(error)[:200])} ({place})",
        "Your spec is not at fault. Please report this line, the command and the spec.",
        "SYMC_TRACEBACK=1 in the environment shows the traceback.",
    ]
    tell("\n".join(lines) + "\n")
