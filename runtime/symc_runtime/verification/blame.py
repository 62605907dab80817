"""An error of a user's code in a few words, with the line that it came from."""

from __future__ import annotations

from pathlib import Path

import torch

import symc_runtime

LIBRARIES = tuple(str(Path(str(module.__file__)).parent) for module in (torch, symc_runtime))


def said(error: BaseException, *skipped: str) -> str:
    """Its class, its first line, and the last line of code outside torch, symc and `skipped`."""
    trace, place = error.__traceback__, ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if not file.startswith(("<", *LIBRARIES, *skipped)):
            place = f" ({Path(file).name}:{trace.tb_lineno})"
        trace = trace.tb_next
    text = str(error).strip().splitlines()
    # It stands in reports, on terminals: what steers those is shown as its code.
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[0]) if text else ""
    return f"{type(error).__name__}{f': {shown}' if shown else ''}{place}"
