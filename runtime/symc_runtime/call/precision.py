"""Elements are found and applied in the precision of their weights, whatever autocast wants."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

from symc_runtime.call.tracing import is_exporting, tells_exports


def without_autocast(device: torch.device) -> AbstractContextManager[object]:
    """A context in which `torch.autocast` is off on this kind of device.

    Where it is off anyway nothing is entered: autocast takes as long as ten small operations, and
    torch.compile keeps no graph in its cache that has it inside; of a call inside autocast, it
    makes another. What is exported is called inside autocast, too. The meta device has none.
    """
    kind = device.type
    if kind == "meta":
        return nullcontext()
    if _told_later() or torch.is_autocast_enabled(kind):
        return torch.autocast(kind, enabled=False)
    return nullcontext()


def _told_later() -> bool:
    """Whether what is traced is called where autocast may be on, and nothing looks again."""
    if is_exporting():
        return True
    return torch.compiler.is_compiling() and not tells_exports()
