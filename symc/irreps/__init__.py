"""Tensors decomposed into irreducible representations, where there is a rule for all groups."""

from symc.irreps.decompose import Component, Decomposition, decompose

__all__ = ["Component", "Decomposition", "decompose"]
