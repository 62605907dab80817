"""Learned canonicalization of symmetric inputs: a base with the permutations sees one pose."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from models import on_flat_base
from molecules import molecules
from torch import nn

import symc
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.verification.law import coupled_law

F64 = torch.float64
GROUPS = ["E(3)", "SE(3)", "O(3)", "SO(3)"]
PERMUTED = ["base", "canonical", "frame", "probabilistic(samples=2)", "average(samples=2)"]
MOST = 18


class Energy(nn.Module):
    """A number for a set of points, of each by itself: it knows no turns."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(channels, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh())
        self.outer = nn.Linear(16, 1)

    def forward(self, *inputs: torch.Tensor, n: torch.Tensor | None = None) -> torch.Tensor:
        each = self.inner(torch.cat(inputs, -1))
        if n is not None:
            each = each * (torch.arange(each.shape[1]) < n.unsqueeze(-1)).unsqueeze(-1)
        energy: torch.Tensor = self.outer(each.sum(1)).squeeze(-1)
        return energy


def built(group: str, permuted: str, n: str = f"<= {MOST}", more: str = "") -> Symmetrized:
    """Energies of points and their sorts; `more`: further vectors of items."""
    d = int(group[-2])
    spec = f"""
        size n {n}
        group P = S(n)
        group M = {group}
        input x[n: P, {d}: M.{"point" if group.startswith(("E", "SE")) else "vector"}]
        input sort[n: P, 2]
        {more}
        output energy
        symmetrize M by canonical
        symmetrize P by {permuted}
    """
    torch.manual_seed(0)
    return symc.build(spec, Energy(d * (1 + bool(more)) + 2)).double().eval()


def turns(group: str, count: int, generator: torch.Generator) -> torch.Tensor:
    """Random elements [count, d, d]."""
    d = int(group[-2])
    found = torch.linalg.qr(torch.randn(count, d, d, dtype=F64, generator=generator)).Q
    if group.startswith("S"):
        found[:, 0] *= torch.linalg.det(found).sign().unsqueeze(-1)
    return found


def placed(
    clouds: list[torch.Tensor],
    group: str,
    copies: int,
    dtype: torch.dtype = F64,
    most: int | None = None,
) -> torch.Tensor:
    """Clouds about their means, a number of turned copies of each, padded by zeros to `most`."""
    generator = torch.Generator().manual_seed(1)
    most = most or max(len(x) for x in clouds)
    found = torch.zeros(len(clouds), copies, most, int(group[-2]), dtype=F64)
    for i, x in enumerate(clouds):
        found[i, :, : len(x)] = (x - x.mean(0)) @ turns(group, copies, generator).transpose(1, 2)
    return found.flatten(0, 1).to(dtype)


def kinds(sorts: list[list[int]], copies: int, dtype: torch.dtype = F64) -> torch.Tensor:
    """One-hot sorts [clouds * copies, most, 2], zero for padding."""
    found = torch.zeros(len(sorts), max(map(len, sorts)), 2, dtype=dtype)
    for i, each in enumerate(sorts):
        found[i, torch.arange(len(each)), torch.tensor(each)] = 1
    return found.repeat_interleave(copies, 0)


@pytest.mark.parametrize("dtype", [F64, torch.float32])
@pytest.mark.parametrize(("group", "permuted"), product(GROUPS, PERMUTED))
def test_energies_of_molecules_hang_on_no_noise(
    group: str, permuted: str, dtype: torch.dtype
) -> None:
    """Benzene in single precision was 0.19 to 0.34, water -0.0624 to -0.0602."""
    copies = 8
    every = molecules()
    clouds, sorts = zip(*every.values(), strict=True)
    model = built(group, permuted).to(dtype)
    counts = torch.tensor([len(x) for x in clouds]).repeat_interleave(copies)
    x, sort = placed(list(clouds), group, copies, dtype), kinds(list(sorts), copies, dtype)
    with torch.no_grad():
        energies = model(x, sort, n=counts).unflatten(0, (-1, copies))
    spread = energies.amax(1) - energies.amin(1)
    allowed = 1e-10 if dtype == F64 else 1e-5
    assert not [name for name, each in zip(every, spread, strict=True) if not each < allowed]


@pytest.mark.parametrize("group", ["E(3)", "SO(3)"])
@pytest.mark.parametrize("name", ["benzene", "water", "twisted ethane"])
def test_energies_of_one_molecule_a_batch(group: str, name: str) -> None:
    """Without padding, n read off the tensors, and other weights each time."""
    x, sort = molecules()[name]
    for seed in range(4):
        model = built(group, "base", n="")
        torch.manual_seed(seed)
        for module in model.modules():
            if isinstance(module, nn.Linear):
                module.reset_parameters()
        with torch.no_grad():
            energies = model(placed([x], group, 16), kinds([sort], 16))
        assert energies.amax() - energies.amin() < 1e-10


def cross(d: int) -> torch.Tensor:
    """The 2 d ends of all axes."""
    return torch.cat([torch.eye(d, dtype=F64), -torch.eye(d, dtype=F64)])


def simplex(d: int) -> torch.Tensor:
    """d + 1 points, as far from each other."""
    x = torch.eye(d + 1, dtype=F64) - 1 / (d + 1)
    return x @ torch.linalg.svd(x).Vh[:d].T


def lattice(d: int) -> torch.Tensor:
    """The 2^d corners of a cube."""
    return torch.tensor(list(product((-1.0, 1.0), repeat=d)), dtype=F64)


@pytest.mark.parametrize(("family", "d"), product(["O", "SO", "E", "SE"], [2, 4]))
def test_regular_clouds_in_other_dimensions(family: str, d: int) -> None:
    group, copies = f"{family}({d})", 8
    clouds = [cross(d), simplex(d), torch.cat([2 * cross(d), lattice(d)])]
    if d < 4 or not family.startswith("S"):
        # In four dimensions nothing tells the tesseract's two poses, mirror images, apart.
        clouds.append(lattice(d))
    if d == 2:
        clouds += [molecules()[name][0][:, :2] for name in ("benzene", "ring of seventeen")]
        clouds = [x[:MOST] for x in clouds]
    model = built(group, "base", n="<= 24")
    sorts = [[0] * len(x) for x in clouds]
    counts = torch.tensor([len(x) for x in clouds]).repeat_interleave(copies)
    with torch.no_grad():
        energies = model(placed(clouds, group, copies), kinds(sorts, copies), n=counts)
    energies = energies.unflatten(0, (-1, copies))
    assert (energies.amax(1) - energies.amin(1)).max() < 1e-10


@pytest.mark.parametrize("motion", ["radial", "around", "both", "along"])
@pytest.mark.parametrize("group", ["O(3)", "SE(3)"])
def test_velocities_that_are_as_symmetric_as_positions(group: str, motion: str) -> None:
    """Of a ring that turns, no mirror is left."""
    copies, n = 16, 6
    x, _ = molecules()["benzene"]
    x = x[:n]
    around = torch.linalg.cross(torch.tensor([[0.0, 0, 1]], dtype=F64).expand_as(x), x)
    axis = torch.tensor([0.0, 0, 1], dtype=F64).expand_as(x)
    v = {"radial": x, "around": around, "both": x + around, "along": axis + around}[motion]
    model = built(group, "base", n="", more="input v[n: P, 3: M.vector]")
    moved = turns(group, copies, torch.Generator().manual_seed(1)).transpose(1, 2)
    with torch.no_grad():
        energies = model(x @ moved, kinds([[0] * n], copies), v @ moved)
    assert energies.amax() - energies.amin() < 1e-10


@pytest.mark.parametrize("dtype", [F64, torch.float32])
@pytest.mark.parametrize("group", GROUPS)
def test_the_law_holds_with_coupled_noise(group: str, dtype: torch.dtype) -> None:
    """With items in another order, too: their place draws nothing, though the base has no noise."""
    copies = 4
    clouds, sorts = zip(*molecules().values(), strict=True)
    model = built(group, "base").to(dtype)
    counts = {"n": torch.tensor([len(x) for x in clouds]).repeat_interleave(copies)}
    x, sort = placed(list(clouds), group, copies, dtype), kinds(list(sorts), copies, dtype)
    verdicts = coupled_law(model, x, sort, counts=counts, groups=["P", "M"])
    assert not (verdicts.wrong | verdicts.unclear).any()


@pytest.mark.parametrize("group", ["E(3)", "SO(3)"])
def test_the_law_holds_around_a_base_without_symmetry(group: str) -> None:
    """The pose of every sample is seen, and the order of items in it."""
    name = "point" if group == "E(3)" else "vector"
    spec = f"""
        size n <= {MOST}
        group P = S(n)
        group M = {group}
        input x[n: P, 3: M.{name}]
        output y[n: P, 3: M.{name}]
        symmetrize M by canonical
        symmetrize P by probabilistic(samples=3)
    """
    copies = 4
    clouds = [x for x, _ in molecules().values()]
    torch.manual_seed(0)
    model = on_flat_base(spec, {"n": MOST}).double().eval()
    counts = {"n": torch.tensor([len(x) for x in clouds]).repeat_interleave(copies)}
    verdicts = coupled_law(model, placed(clouds, group, copies, most=MOST), counts=counts)
    assert not (verdicts.wrong | verdicts.unclear).any()


def test_chunks_draw_what_the_whole_draws() -> None:
    model = built("E(3)", "probabilistic(samples=6, eval_samples=6)", n="")
    x, sort = molecules()["benzene"]
    inputs = placed([x], "E(3)", 3), kinds([sort], 3)
    noise = model.draw_noise(*inputs, generator=torch.Generator().manual_seed(0))
    whole, _ = model(*inputs, noise=noise, return_samples=True)
    shown = [model(*inputs, noise={k: z[i : i + 1] for k, z in noise.items()}) for i in range(6)]
    assert torch.allclose(whole, torch.stack(shown), atol=1e-12)


@pytest.mark.parametrize("group", ["E(3)", "SO(3)"])
def test_derivatives_of_symmetric_inputs_are_finite(group: str) -> None:
    copies = 4
    clouds, sorts = zip(*molecules().values(), strict=True)
    model = built(group, "base").train()
    counts = torch.tensor([len(x) for x in clouds]).repeat_interleave(copies)
    x = placed(list(clouds), group, copies).requires_grad_()
    model(x, kinds(list(sorts), copies), n=counts).sum().backward()
    gradients = [x.grad, *(p.grad for p in model.parameters())]
    assert all(torch.isfinite(each).all() for each in gradients if each is not None)
    # The energy is invariant: no force turns the molecule.
    assert x.grad is not None
    torque = torch.linalg.cross(x.detach(), x.grad).sum(1)
    assert torque.abs().max() < 1e-8


class Told(nn.Module):
    """A number for whatever comes, each entry by itself in an order of its own."""

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        total = inputs[0].new_zeros(inputs[0].shape[0])
        for x in inputs:
            flat = x.flatten(1)
            total = total + (flat * torch.linspace(0.5, 1.7, flat.shape[1], dtype=F64)).sin().sum(1)
        return total


TENSORS = {
    "three lengths": torch.diag(torch.tensor([1.0, 2.0, 3.0], dtype=F64)),
    "two lengths": torch.diag(torch.tensor([1.0, 1.0, 3.0], dtype=F64)),
    "one length": torch.eye(3, dtype=F64),
}


@pytest.mark.parametrize("vector", [(0.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.3, 0.5, -0.4)])
@pytest.mark.parametrize("tensor", TENSORS)
def test_tensors_give_their_principal_axes(tensor: str, vector: tuple[float, ...]) -> None:
    """Signs of axes are drawn, and change nothing that a symmetric tensor shows."""
    spec = """
        group M = O(3)
        input v[3: M]
        input t[3: M, 3: M]
        output energy
        symmetrize M by canonical
    """
    torch.manual_seed(0)
    model = symc.build(spec, Told()).double().eval()
    q = turns("O(3)", 16, torch.Generator().manual_seed(0))
    t = q @ TENSORS[tensor] @ q.transpose(1, 2)
    energies = model(torch.tensor(vector, dtype=F64) @ q.transpose(1, 2), t)
    assert energies.amax() - energies.amin() < 1e-10


@pytest.mark.parametrize("tensor", [*TENSORS, "any"])
def test_a_tensor_tells_items_apart(tensor: str) -> None:
    """Of the six corners of benzene, those that a field leaves alike."""
    skew = torch.tensor([[0.3, 0.5, 0.2], [0.5, -0.4, 0.9], [0.2, 0.9, 1.1]], dtype=F64)
    t = TENSORS.get(tensor, skew)
    spec = """
        group P = S(n)
        group M = O(3)
        input x[n: P, 3: M]
        input t[3: M, 3: M]
        output energy
        symmetrize M by canonical
        symmetrize P by base
    """

    class Field(nn.Module):
        def forward(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
            return (
                Told()(t)
                + (x * torch.tensor([0.5, 1.1, 1.7], dtype=F64)).sum(-1).sin().pow(3).sum(1)
                + (x @ t).square().sum(-1).add(x[..., 0]).sin().sum(1)
            )

    torch.manual_seed(0)
    model = symc.build(spec, Field()).double().eval()
    q = turns("O(3)", 16, torch.Generator().manual_seed(0))
    x, _ = molecules()["benzene"]
    energies = model(x @ q.transpose(1, 2), q @ t @ q.transpose(1, 2))
    assert energies.amax() - energies.amin() < 1e-10


@pytest.mark.parametrize("tensor", [*TENSORS, "none"])
def test_the_law_holds_beside_tensors(tensor: str) -> None:
    """Ties are drawn by noise, not along a principal axis, beside which items lie in pairs."""
    spec = """
        group P = S(n)
        group M = O(3)
        input x[n: P, 3: M]
        input t[3: M, 3: M]
        output y[n: P, 3: M]
        symmetrize M by canonical
        symmetrize P by probabilistic(samples=2)
    """
    torch.manual_seed(0)
    model = on_flat_base(spec, {"n": 8}).double().eval()
    q = turns("O(3)", 60, torch.Generator().manual_seed(0))
    t = TENSORS.get(tensor, torch.zeros(3, 3, dtype=F64))
    box = molecules()["cubane"][0][:8] * torch.tensor([3.0, 2.0, 1.0], dtype=F64)
    inputs = box @ q.transpose(1, 2), q @ t @ q.transpose(1, 2)
    verdicts = coupled_law(model, *inputs)
    assert not (verdicts.wrong | verdicts.unclear).any()


def test_a_symmetric_input_compiles_and_exports() -> None:
    model = built("SE(3)", "base", n="")
    x, sort = molecules()["benzene"]
    inputs = placed([x], "SE(3)", 3), kinds([sort], 3)
    noise = model.draw_noise(*inputs)
    expected = model(*inputs, noise=noise)
    torch._dynamo.reset()
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    assert torch.allclose(compiled(*inputs, noise=noise), expected, atol=1e-10)
    exported = torch.export.export(model, inputs, {"noise": noise}, strict=False)
    assert torch.allclose(exported.module()(*inputs, noise=noise), expected, atol=1e-10)
