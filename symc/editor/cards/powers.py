"""What is shown about `dual`, `sym` and `alt`."""

from __future__ import annotations

from symc.checking.built import LARGEST_POWER

_CARDS = {
    "dual": "`dual(R)`: g acts by the transposed matrix of its inverse. Representations by "
    "orthogonal matrices are their own duals; of `sym(R, k)` it is what has an invariant product "
    "with it: each component counts as often as it stands in the full tensor.",
    "sym": "`sym(R, k)`: symmetric tensors with k indices, each of which R moves. Its components "
    "are the entries with rising indices, i <= j <= ..., in lexicographic order, not normalised: "
    "`6: sym(M.vector, 2)` is (xx, xy, xz, yy, yz, zz).",
    "alt": "`alt(R, k)`: alternating tensors with k indices, which change their sign if two are "
    "exchanged. Its components are the entries with strictly rising indices, i < j < ..., in "
    "lexicographic order: `3: alt(M.vector, 2)` is (xy, xz, yz).",
}


def built_card(name: str) -> str | None:
    """What a function of representations builds; None for other names."""
    found = _CARDS.get(name)
    return found if found is None or name == "dual" else f"{found} k is 1 to {LARGEST_POWER}."
