"""Distributions over elements: coupled laws on symmetric inputs, enumeration, what noise does."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from symc_runtime.actions.axes import fold
from symc_runtime.distributions.orthogonal_average import OrthogonalNoise
from symc_runtime.distributions.orthogonal_net import LearnedOrthogonal
from symc_runtime.distributions.permutation_net import LearnedPermutation
from symc_runtime.distributions.principal_frame import PrincipalFrame
from symc_runtime.elements.orthogonal import Orthogonal, determinant
from symc_runtime.spec import layout
from symc_runtime.spec.draws import Draw
from symc_runtime.spec.layout import Natural, Tensor, Trivial
from symc_runtime.testing import random_motion

CPU = torch.device("cpu")
F64 = torch.float64
P = layout.Group("P", "S", "n")
POSITIONS = Tensor("positions", (Natural("P", "n"), Natural("M", 3)))

CUBE = torch.tensor([[x, y, z] for x in (-1.0, 1) for y in (-1.0, 1) for z in (-1.0, 1)])
CLOUDS = {
    "cube": CUBE,
    "tetrahedron": torch.tensor([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]),
    "planar": CUBE * torch.tensor([1.0, 2, 0]) + torch.tensor([0.1, 0.3, 0]),
    "line": CUBE * torch.tensor([1.0, 0, 0]),
    "zero": 0 * CUBE,
    "huge": CUBE[:5] * 1e30,
    "tiny": CUBE[:5] * 1e-30,
}
METHODS = ("probabilistic", "canonical", "frame")


def stage_of(method: str, family: str, d: int = 3) -> OrthogonalNoise:
    """A stage of O(d) or SO(d) before S(n), untrained."""
    torch.manual_seed(0)
    group = layout.Group("M", family, d)
    inputs = (Tensor("positions", (Natural("P", "n"), Natural("M", d))),)
    if method == "frame":
        return PrincipalFrame(inputs, (P, group), "M", later=("P",))
    return LearnedOrthogonal(
        inputs, (P, group), "M", later=("P",), probabilistic=method == "probabilistic"
    )


@pytest.mark.parametrize("dtype", [torch.float32, F64])
@pytest.mark.parametrize("family", ["O", "SO"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("cloud", CLOUDS)
def test_coupled_law_and_membership(
    cloud: str, method: str, family: str, dtype: torch.dtype
) -> None:
    stage = stage_of(method, family).to(dtype)
    samples, batch = 4, 20
    group = layout.Group("M", family, 3)
    pose = random_motion(group, 3, batch).matrix
    h = random_motion(group, 3, batch).matrix
    cloud64 = CLOUDS[cloud].double() @ pose.transpose(1, 2)
    x = cloud64.to(dtype).requires_grad_()
    generator = torch.Generator().manual_seed(1)
    noise = stage.draw(samples, batch, {}, dtype, CPU, generator).flatten(0, 1)
    matrix = stage(noise, x).matrix
    eps = torch.finfo(dtype).eps
    error = (matrix.transpose(1, 2) @ matrix - torch.eye(3, dtype=dtype)).abs().max()
    assert error < 30 * eps
    if family == "SO":
        assert determinant(matrix).eq(1).all()
    element = Orthogonal(fold(h, samples).to(dtype))
    moved = (cloud64 @ h.transpose(1, 2)).to(dtype)
    turned = stage(stage.act_on_noise(element, noise), moved).matrix
    assert (turned - element.matrix @ matrix).abs().max() < 1e4 * eps
    if matrix.requires_grad:
        (matrix * torch.randn_like(matrix)).sum().backward()
        assert x.grad is not None
        gradients = [x.grad] + [p.grad for p in stage.parameters()]
        assert all(g is None or torch.isfinite(g).all() for g in gradients)


def test_a_cube_leaves_its_frame_open() -> None:
    """A cube has no equivariant vector: what comes is uniform over O(3)."""
    stage = stage_of("frame", "O").double()
    noise = stage.draw(20000, 1, {}, F64, CPU, torch.Generator().manual_seed(0)).flatten(0, 1)
    matrix = stage(noise, CUBE.double().unsqueeze(0)).matrix
    assert matrix.mean(0).abs().max() < 0.03
    assert (matrix.square().mean(0) - 1 / 3).abs().max() < 0.02
    # The fourth moment of an entry under Haar measure on O(3) is 3 / (d (d + 2)).
    assert (matrix.pow(4).mean(0) - 1 / 5).abs().max() < 0.02


@pytest.mark.parametrize(("family", "count"), [("O", 48), ("SO", 24)])
def test_a_cube_leaves_its_own_symmetry_open(family: str, count: int) -> None:
    """One canonical element, up to what takes the cube to itself: each of these as often."""
    stage = stage_of("canonical", family).double()
    noise = stage.draw(20000, 1, {}, F64, CPU, torch.Generator().manual_seed(0)).flatten(0, 1)
    matrix = stage(noise, CUBE.double().unsqueeze(0)).matrix
    found, often = matrix.detach().round(decimals=6).unique(dim=0, return_counts=True)
    assert len(found) == count
    assert (often / 20000 - 1 / count).abs().max() < 5 * (1 / count / 20000) ** 0.5
    # What takes one to another takes the cube to itself.
    symmetries = matrix[:200] @ matrix[0].T
    assert (symmetries - symmetries.round()).abs().max() < 1e-9


@pytest.mark.parametrize(("family", "d"), [("O", 1), ("SO", 1), ("O", 3), ("SO", 3), ("SO", 4)])
def test_a_frame_enumerates_each_element_once(family: str, d: int) -> None:
    stage = stage_of("frame", family, d)
    count = 2**d if family == "O" else 2 ** (d - 1)
    assert Draw("G", "G", enumerates="frame").elements(stage.own, {}) == count
    noise = stage.enumerate(2, {}, F64, CPU, None)
    assert noise.shape[0] == count
    x = torch.randn(2, 6, d, dtype=F64)
    matrix = stage(noise.flatten(0, 1), x).matrix.unflatten(0, (count, 2))
    for frame in matrix.unbind(1):
        assert len(frame.round(decimals=6).flatten(1).unique(dim=0)) == count
        # All of them are principal axes of one and the same input.
        assert torch.allclose(frame.abs(), frame[:1].abs().expand_as(frame), atol=1e-9)
    if family == "SO":
        assert determinant(matrix.flatten(0, 1)).eq(1).all()


@pytest.mark.parametrize("family", ["O", "SO"])
def test_canonical_elements_of_generic_inputs_read_no_noise(family: str) -> None:
    stage = stage_of("canonical", family).double()
    x = torch.randn(5, 6, 3, dtype=F64, generator=torch.Generator().manual_seed(2))
    matrix = stage(stage.draw(8, 5, {}, F64, CPU, None).flatten(0, 1), x).matrix
    matrix = matrix.unflatten(0, (8, 5))
    assert (matrix - matrix[:1]).abs().max() < 1e-9


@pytest.mark.parametrize("net", ["deepsets", "gin", "attention", "refine"])
def test_samples_share_their_inputs(net: str) -> None:
    """Inputs [B] for K samples, or folded to [K*B]: the same elements."""
    torch.manual_seed(0)
    inputs = (Tensor("x", (Natural("P", "n"), Trivial(2))), Tensor("a", (Natural("P", "n"),) * 2))
    stage = LearnedPermutation(inputs, (P,), "P", net=net).double()
    noise = stage.draw(6, 3, {"n": 7}, F64, CPU, None).flatten(0, 1)
    x, a = torch.randn(3, 7, 2, dtype=F64), torch.randn(3, 7, 7, dtype=F64)
    if net == "refine":
        # Where inputs tell all items apart there is nothing to draw.
        x, a = x[:, :1].expand(-1, 7, -1), a.lt(0).to(F64) * torch.eye(7, dtype=F64)
    counts = torch.tensor([7, 4, 5])
    shared = stage(noise, x, a, counts={"n": counts}).order
    folded = stage(noise, fold(x, 6), fold(a, 6), counts={"n": counts.repeat(6)}).order
    assert torch.equal(shared, folded)
    assert len(shared.unique(dim=0)) > 3


@pytest.mark.parametrize("net", ["deepsets", "gin", "attention", "refine"])
@pytest.mark.parametrize("probabilistic", [True, False])
def test_a_later_stage_reads_what_came_once_and_what_is_posed(
    net: str, probabilistic: bool
) -> None:
    torch.manual_seed(0)
    space = layout.Group("M", "O", 3)
    inputs = (
        Tensor("x", (Natural("P", "n"), Natural("M", 3))),
        Tensor("a", (Natural("P", "n"), Natural("P", "n"), Natural("M", 3))),
        Tensor("w", (Natural("M", 3),)),
    )
    stage = LearnedPermutation(
        inputs, (P, space), "P", earlier=("M",), net=net, probabilistic=probabilistic
    ).double()
    rows: list[int] = []
    stage.items.register_forward_hook(lambda _, __, found: rows.append(found[0].shape[0]))
    noise = stage.draw(6, 2, {"n": 7}, F64, CPU, None).flatten(0, 1)
    shared = tuple(torch.randn(2, *shape, dtype=F64) for shape in ((7, 3), (7, 7, 3), (3,)))
    turns = stage_of("probabilistic", "O").double()
    turned = turns(turns.draw(6, 2, {}, F64, CPU, None).flatten(0, 1), shared[0]).matrix
    posed = [fold(shared[0], 6) @ turned, fold(shared[1], 6) @ turned.unsqueeze(1)]
    posed.append((fold(shared[2], 6).unsqueeze(1) @ turned).squeeze(1))
    orders = stage(noise, *posed, shared=shared).order
    assert rows == [2]
    for changed in range(2):
        other = [-x if i == changed else x for i, x in enumerate(posed)]
        assert not torch.equal(stage(noise, *other, shared=shared).order, orders)
    with pytest.raises(ValueError, match="`shared` inputs"):
        stage(noise, *posed)


def test_vectors_of_samples_share_their_inputs() -> None:
    stage = stage_of("probabilistic", "SO").double()
    noise = stage.draw(6, 3, {}, F64, CPU, None).flatten(0, 1)
    x = torch.randn(3, 7, 3, dtype=F64)
    shared = stage(noise, x).matrix
    assert torch.allclose(shared, stage(noise, fold(x, 6)).matrix, atol=1e-10)


@pytest.mark.parametrize("net", ["deepsets", "gin", "attention", "refine"])
def test_without_noise_a_probabilistic_element_is_one(net: str) -> None:
    torch.manual_seed(0)
    tensor = Tensor("x", (Natural("P", "n"), Trivial(2)))
    stage = LearnedPermutation((tensor,), (P,), "P", net=net, noise_scale=0.0).double()
    noise = stage.draw(6, 3, {"n": 7}, F64, CPU, None).flatten(0, 1)
    order = stage(noise, torch.randn(3, 7, 2, dtype=F64)).order.unflatten(0, (6, 3))
    assert torch.equal(order, order[:1].expand_as(order))


@pytest.mark.parametrize(
    "stage",
    [
        stage_of("canonical", "O"),
        LearnedPermutation((POSITIONS,), (P, layout.Group("M", "O", 3)), "P"),
    ],
)
def test_a_stage_knows_the_dtype_of_its_weights(
    stage: LearnedOrthogonal | LearnedPermutation,
) -> None:
    """Also where a weight was moved by another hand, or is no longer where it was built."""
    assert stage.dtype == torch.float32
    stage.net.double()
    stage.features.double()
    assert stage.dtype == F64
    *parents, layer, _ = stage._path_to_weight
    owner = stage.get_submodule(".".join(parents))
    setattr(owner, layer, nn.Sequential(owner.get_submodule(layer)))
    assert stage.dtype == F64
