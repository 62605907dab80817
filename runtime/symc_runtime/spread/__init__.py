"""How concentrated the distributions of a module are: what `Symmetrized.spread` measures."""
