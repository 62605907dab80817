"""Elements are found and applied in the precision of their weights, whatever autocast wants."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch


def without_autocast(device: torch.device) -> AbstractContextManager[object]:
    """A context in which `torch.autocast` is off on this kind of device.

    Where it is off anyway nothing is entered: autocast takes as long as ten small operations. A
    compiler traces for calls inside autocast, too. The meta device has none.
    """
    kind = device.type
    if kind == "meta":
        return nullcontext()
    if torch.compiler.is_compiling() or torch.is_autocast_enabled(kind):
        return torch.autocast(kind, enabled=False)
    return nullcontext()
