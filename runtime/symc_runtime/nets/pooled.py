"""Pooled invariants, for groups whose every pose is looked at."""

from __future__ import annotations

from symc_runtime.nets.net import HIDDEN, Net


class Pooled(Net):
    """Features of a pose that later groups leave alone, pooled to a score."""

    name = "pooled"
    title = "pooled features of every pose"
    fits = "finite"
    options = {"hidden": HIDDEN}
    module = "symc_runtime.modules.pooled:Pooled"
