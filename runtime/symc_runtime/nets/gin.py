"""Graph isomorphism network with a virtual node (Xu et al., ICLR 2019)."""

from __future__ import annotations

from symc_runtime.nets.net import Net


class Gin(Net):
    """Message passing along pairs, (1 + eps) != 1, and along edges that name items.

    The default of S(n) where whole numbers name items, and of many items with pair features.
    """

    name = "gin"
    title = "message passing with a virtual node"
    fits = "permutation"
    module = "symc_runtime.modules.gin:Gin"
    reads_pairs = True
    reads_names = True
