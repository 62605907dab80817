"""Sums, products and multiplicities in each other: which axis of a piece is which."""

from __future__ import annotations

import pytest
import torch
from models import example_counts, sizes_for
from torch import nn

import symc
from symc_runtime.testing import equivariance_error
from symc_runtime.verification.bases import flat_base
from symc_runtime.verification.inputs import make_inputs

F64 = torch.float64
ANCHORS = {
    "a sum, multiplicity last": "_: L.point + 2*L.point, b: Q, 5",
    "a sum, multiplicity first": "_: 2*L.point + L.point, b: Q, 5",
    "nothing behind": "_: L.point + 2*L.point, b: Q",
    "a multiple of a sum": "_: 2*(L.point + 2*L.point), b: Q",
    "items before": "b: Q, _: L.point + 2*L.point",
    "a product of sums": "_: (Q.scalar + Q.scalar) * (L.point + 2*L.point), b: Q",
}
PRODUCTS = {
    "both orders": "_: N*L + L*N",
    "a power of a sum": "_: (N + L)^2",
    "two axes": "_: N + L, _: N + L",
    "pseudovectors": "_: N.pseudovector*L + L*N.pseudovector",
}


def error_of(text: str) -> float:
    """The largest error of the coupled law in double precision, with a base without symmetry."""
    torch.manual_seed(0)
    probe = symc.build(text, nn.Identity())
    sizes = sizes_for(probe.inputs + probe.outputs, probe.fixed)
    model = symc.build(text, flat_base(probe.inputs, probe.outputs, sizes)).double()
    generator = torch.Generator().manual_seed(0)
    inputs = make_inputs(
        "random", model.inputs, model.groups, sizes, 4, dtype=F64, generator=generator
    )
    counts = example_counts(model, sizes, 4)
    return float(equivariance_error(model, *inputs, counts=counts, generator=generator))


@pytest.mark.parametrize("method", ["canonical", "frame"])
@pytest.mark.parametrize("group", ["T", "SE", "E"])
@pytest.mark.parametrize("axes", ANCHORS.values(), ids=ANCHORS)
def test_centres_of_anchors_with_several_pieces(axes: str, group: str, method: str) -> None:
    text = f"""
    size b <= 4
    group Q = S(b)
    group L = {group}(3)
    input x[{axes}]
    output y[3: L.point]
    symmetrize L by {method}
    symmetrize Q by frame
    """
    assert error_of(text) < 1e-9


@pytest.mark.parametrize("stages", ["P by canonical; N, L by frame", "P, N, L by probabilistic"])
@pytest.mark.parametrize("dimensions", [(3, 3), (2, 3)])
@pytest.mark.parametrize("axes", PRODUCTS.values(), ids=PRODUCTS)
def test_nets_read_products_in_one_order(
    axes: str, dimensions: tuple[int, int], stages: str
) -> None:
    kind = "O" if "pseudo" in axes else "SO"
    text = f"""
    group P = S(4)
    group N = {kind}({dimensions[0]})
    group L = {kind}({dimensions[1]})
    input x[4: P, {axes}]
    input p[4: P]
    output y[4: P]
    """
    text += "\n".join(f"symmetrize {line}" for line in stages.split("; "))
    assert error_of(text) < 1e-9
