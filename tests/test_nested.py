"""Sums, products and multiplicities in each other: which axis of a piece is which."""

from __future__ import annotations

import pytest
import torch
from models import example_counts, on_flat_base, sizes_for
from torch import nn

import symc
from symc_runtime.testing import equivariance_error
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
    model = on_flat_base(text).double()
    sizes = sizes_for(model.inputs + model.outputs, model.fixed)
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


@pytest.mark.parametrize(
    "stages", ["", "symmetrize K by base\nsymmetrize M by canonical", "symmetrize M, K by frame"]
)
@pytest.mark.parametrize("group", ["T", "SE", "E"])
@pytest.mark.parametrize("axes", ["q[b, 2: K.point]", "o[2: K.point]\ninput q[b, 2: K.point]"])
def test_nets_see_no_padding_of_points_that_no_group_permutes(
    axes: str, group: str, stages: str
) -> None:
    text = f"""
    size b <= 4
    group M = O(2)
    group K = {group}(2)
    input v[3, 2: M.vector]
    input {axes}
    output y[2: M.vector]
    {stages}
    """
    model = symc.build(text, nn.Identity())
    tensors = {t.name: t for t in model.inputs}
    # Groups `by base` need a base that has them: it looks at M's vectors alone.
    first = list(tensors).index("v")

    class Vectors(nn.Module):
        def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
            return torch.tanh(inputs[first].flatten(1)[:, :2] + inputs[first].sum((1, 2))[:, None])

    model = symc.build(text, Vectors()).double()
    x = [torch.randn(3, *([3, 2] if n == "v" else [2] if n == "o" else [4, 2])) for n in tensors]
    inputs = [y.double() for y in x]
    counts = {"b": torch.tensor([1, 2, 4])}
    noise = model.draw_noise(*inputs, sizes=counts)
    shift = torch.tensor([3.0, -2.0], dtype=F64)
    moved = [y if n == "v" else y + shift for n, y in zip(tensors, inputs, strict=True)]
    there = model(*moved, noise=noise, sizes=counts)
    assert (there - model(*inputs, noise=noise, sizes=counts)).abs().max() < 1e-10


@pytest.mark.parametrize("group", ["T", "E"])
@pytest.mark.parametrize("order", ["P, M", "M, P"])
def test_gradients_do_not_see_where_the_origin_is(order: str, group: str) -> None:
    method = {"T": "canonical", "E": "probabilistic"}[group]
    first, second = order.split(", ")
    by = {"P": "probabilistic", "M": method}
    text = f"""
    group P = S(6)
    group M = {group}(3)
    input x[6: P, 3: M.point]
    output y[6: P, 3: M.point]
    symmetrize {first} by {by[first]}
    symmetrize {second} by {by[second]}
    """
    torch.manual_seed(0)
    model = on_flat_base(text).double()
    x = torch.randn(2, 6, 3, dtype=F64)
    noise = model.draw_noise(x)
    found = []
    for shift in (0.0, 1000.0):
        model.zero_grad()
        (model(x + shift, noise=noise) - shift).square().sum().backward()
        found.append(
            torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])
        )
    assert (found[0] - found[1]).abs().max() < 1e-6 * found[0].abs().max()


@pytest.mark.parametrize("method", ["canonical", "probabilistic(samples=2)"])
def test_gradients_at_scalars_of_zero(method: str) -> None:
    text = f"""
    group M = SO(2)
    input v[3, 2: M.vector]
    input z[2]
    output y[2: M.vector]
    symmetrize M by {method}
    """
    torch.manual_seed(0)
    model = on_flat_base(text).double()
    v = torch.randn(1, 3, 2, dtype=F64)
    z = torch.tensor([[0.0, 0.5]], dtype=F64, requires_grad=True)
    noise = model.draw_noise(v, z)
    found = torch.autograd.grad(model(v, z, noise=noise).sum(), z)[0][0, 0]
    step = torch.tensor([[1e-6, 0.0]], dtype=F64)
    with torch.no_grad():
        above, below = (model(v, z + s, noise=noise).sum() for s in (step, -step))
    assert abs(float(found - (above - below) / 2e-6)) < 1e-6 * max(1.0, abs(float(found)))
