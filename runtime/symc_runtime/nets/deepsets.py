"""Deep Sets (Zaheer et al., NeurIPS 2017)."""

from __future__ import annotations

from symc_runtime.nets.net import Net


class DeepSets(Net):
    """Features of items and their mean; no pairs. The default of S(n) without pair features."""

    name = "deepsets"
    title = "features of items with their mean"
    fits = "permutation"
    module = "symc_runtime.modules.deepsets:DeepSets"
