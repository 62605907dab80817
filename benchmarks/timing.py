"""Interleaved timing: several calls take turns, so that a busy machine slows all of them alike."""

from __future__ import annotations

import ctypes
import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Timing:
    """CPU seconds of each call, by its name, a number a round."""

    seconds: dict[str, list[float]]

    def median(self, name: str) -> float:
        """The median CPU seconds of one call."""
        return statistics.median(self.seconds[name])

    def ratio(self, name: str, other: str) -> float:
        """The median over rounds of the ratio of two calls."""
        pairs = zip(self.seconds[name], self.seconds[other], strict=True)
        return statistics.median(a / b for a, b in pairs)

    def difference(self, name: str, other: str) -> float:
        """The median over rounds of one call less another, in seconds."""
        pairs = zip(self.seconds[name], self.seconds[other], strict=True)
        return statistics.median(a - b for a, b in pairs)

    def spread(self, name: str, other: str) -> tuple[float, float]:
        """The quartiles of that ratio."""
        pairs = zip(self.seconds[name], self.seconds[other], strict=True)
        low, _, high = statistics.quantiles([a / b for a, b in pairs], n=4)
        return low, high


TRIM_THRESHOLD, MMAP_MAX = -1, -4
"""Parameters of glibc's `mallopt`."""


def keep_pages() -> None:
    """Let the allocator give no page back to the system: by default glibc gives them back at one
    call and takes them again at the next, of one model more than of another, by chance.

    Raises OSError where the C library has no `mallopt`.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:
        raise OSError("only glibc can be told to keep pages") from None
    for parameter, value in ((TRIM_THRESHOLD, -1), (MMAP_MAX, 0)):
        if not mallopt(parameter, value):
            raise OSError(f"mallopt refused parameter {parameter}")


def interleaved(calls: Mapping[str, Callable[[], object]], *, rounds: int) -> Timing:
    """Each round makes every call once on one thread, every second round in reverse order.

    Two rounds more come first, to warm up, and are not counted. Python collects no garbage
    meanwhile, as in `timeit`: all of torch's objects would be looked through in some call or other.
    """
    torch.set_num_threads(1)
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    names = list(calls)
    gc.collect()
    gc.disable()
    try:
        for turn in range(-2, rounds):
            for name in names if turn % 2 == 0 else names[::-1]:
                start = time.process_time()
                calls[name]()
                elapsed = time.process_time() - start
                if turn >= 0:
                    seconds[name].append(elapsed)
    finally:
        gc.enable()
    return Timing(seconds)
