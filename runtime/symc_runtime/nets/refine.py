"""Individualization and refinement, as graphs are labelled canonically, and a learned score."""

from __future__ import annotations

from symc_runtime.nets.net import HIDDEN, LAYERS, Net, NetOption, Switch


class Refine(Net):
    """Roots are drawn among items that are alike, and told apart; scores see how far they are.

    The default of S(n) with pair features. `rounds` roots at most; items that the inputs tell
    apart need none. `traversal`: roots are drawn in the largest class of items that are still
    alike, and the order starts as component, then distance from its root.
    """

    name = "refine"
    title = "roots, refinement and message passing"
    fits = "permutation"
    module = "symc_runtime.modules.refine:Refine"
    reads_pairs = True
    draws_roots = True
    options = {
        "hidden": HIDDEN,
        "layers": LAYERS,
        "rounds": NetOption(4, 1, 64, "roots that are drawn, one after the other"),
        "traversal": Switch(True, "whether the order starts as a traversal from the roots"),
    }
