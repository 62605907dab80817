"""Deep Sets of Deep Sets, for items in blocks."""

from __future__ import annotations

from symc_runtime.nets.net import HIDDEN, Net, NetOption


class Nested(Net):
    """Items see their block, blocks see their items and each other; both are scored."""

    name = "nested"
    title = "Deep Sets of blocks of Deep Sets"
    fits = "nested"
    reads_pairs = True
    options = {"hidden": HIDDEN, "layers": NetOption(2, 1, 64, "number of layers")}
    module = "symc_runtime.modules.nested:Nested"
