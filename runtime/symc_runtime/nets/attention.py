"""Self-attention over items (Set Transformer, Lee et al., ICML 2019)."""

from __future__ import annotations

from symc_runtime.nets.net import Net


class Attention(Net):
    """Self-attention over items; pair features enter as attention biases."""

    name = "attention"
    title = "self-attention over items"
    fits = "permutation"
    module = "symc_runtime.modules.attention:Attention"
    reads_pairs = True
