"""Vectors weighted by invariants (after Villar et al., NeurIPS 2021)."""

from __future__ import annotations

from symc_runtime.nets.net import Net


class VectorNeurons(Net):
    """Equivariant vectors as sums of input vectors weighted by learned invariants."""

    name = "vector_neurons"
    title = "input vectors weighted by invariants"
    fits = "orthogonal"
    module = "symc_runtime.modules.vector_neurons:VectorNeurons"
