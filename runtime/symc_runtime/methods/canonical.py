"""Learned canonicalization (Kaba et al., ICML 2023)."""

from __future__ import annotations

from symc_runtime.methods.method import ANCHOR, Method, MethodOption

NET = MethodOption("net", None, "the equivariant net that chooses the element")
TEMPERATURE = MethodOption(
    "positive",
    0.1,
    "softness of the gradient through a choice among finitely many elements",
    ("permutation", "nested", "finite", "signs"),
)


class Canonical(Method):
    """One learned element an input; noise decides only what the input leaves open."""

    name = "canonical"
    title = "one learned element"
    options = {"net": NET, "temperature": TEMPERATURE, "anchor": ANCHOR}
    learned = True
