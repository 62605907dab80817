"""Images on a grid: moved bit for bit, looked at by a net, in everything that torch does."""

from __future__ import annotations

import copy
from itertools import product
from typing import Any

import pytest
import torch
from exact_images.laws import (
    GROUPS,
    KINDS,
    METHODS,
    SOLID,
    Pixelwise,
    built,
    images,
    tried,
    wrong,
)
from torch import Tensor, nn
from torch.export import Dim

import symc
from symc_runtime.actions.tables import table, turn, unturn
from symc_runtime.elements.finite import Finite
from symc_runtime.groups.cyclic import Cyclic
from symc_runtime.groups.dihedral import Dihedral
from symc_runtime.groups.finite import Finite as Facts
from symc_runtime.reading.images import SIDES, pooled
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.testing import act, assert_equivariant, motion_of

LACKING = ("signbit", "copysign", "eigh", "qr", "svd", "sort.stable", "nonzero")
"""Operations that ONNX has not, by how their names start."""
CASES = [
    pytest.param(facts, k, id=f"{facts.name}({k})")
    for facts, k in product((Cyclic(), Dihedral()), (1, 2, 4))
]


def elements(facts: Facts, k: int, samples: int) -> Finite:
    """Every element `samples` times, the group's own tables beside them."""
    number = torch.arange(len(facts.every(k))).repeat(samples)
    return Finite(number, {"grid": table(facts, "grid", (), k)})


def by_torch(facts: Facts, k: int, g: int, x: Tensor, dims: tuple[int, int]) -> Tensor:
    quarters, flipped = facts.turned(k, g)
    return torch.rot90(x.flip(dims[1]) if flipped else x, quarters, dims)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# Moving


def test_the_tools_of_tests_move_images_as_their_matrices_do() -> None:
    model = symc.build("group R = D(4)\ninput x[2, (h, h): R.grid, 3]\noutput y", nn.Identity())
    number = torch.arange(8)
    motion = motion_of(model.groups[0], 4, number)
    x = torch.randn(8, 2, 3, 3, 3, dtype=torch.float64, generator=seeded())
    moved = act(model.inputs[0], x, {"R": motion}, {"h": 3})
    matrix = motion.matrix_of("grid", (3, 3))
    expected = torch.einsum("bij,bcjd->bcid", matrix, x.flatten(2, 3)).unflatten(2, (3, 3))
    assert torch.equal(moved, expected)
    # One element for all rows; entries that are no numbers stay where they are put.
    x[:, 0, 0, 0] = torch.nan
    turned = motion.rows(torch.tensor([1])).moved(x.flatten(2, 3), "grid", (3, 3), 2)
    torch.testing.assert_close(
        turned.unflatten(2, (3, 3)), torch.rot90(x, 1, (2, 3)), rtol=0, atol=0, equal_nan=True
    )


def test_the_tools_of_tests_move_images_of_the_usual_sizes() -> None:
    # Matrices of these would have 70 gigabytes each.
    model = symc.build(
        "group R = D(4)\ninput x[(h, h): R.grid]\noutput y[(h, h): R.grid]\nsymmetrize by frame",
        nn.Identity(),
    )
    assert_equivariant(model.double(), torch.randn(2, 304, 304, dtype=torch.float64))


@pytest.mark.parametrize(("facts", "k"), CASES)
@pytest.mark.parametrize("side", [0, 1, 2, 3, 4, 5, 8])
def test_images_move_as_torch_says(facts: Facts, k: int, side: int) -> None:
    element = elements(facts, k, 2)
    rows = len(element.number)
    widths = (side,) if facts.sides(k) else (side, 3, 6)
    for width, dim, kind in product(widths, (1, 2, 3), ("float", "half", "labels", "bits")):
        shape = [2, 3]
        shape[dim - 1 : dim - 1] = [side, width]
        x = torch.randn(rows, *shape, generator=seeded())
        x = {"float": x, "half": x.bfloat16(), "labels": (9 * x).long(), "bits": x > 0}[kind]
        moved = turn(x, element, dim)
        assert moved.dtype == x.dtype
        for row, g in enumerate(element.number.tolist()):
            assert torch.equal(moved[row], by_torch(facts, k, g, x[row], (dim - 1, dim)))
        assert torch.equal(unturn(moved, element, dim), x)
        assert torch.equal(turn(unturn(x, element, dim), element, dim), x)


@pytest.mark.parametrize("act", [turn, unturn])
@pytest.mark.parametrize("dim", [1, 2])
def test_samples_share_images(act: Any, dim: int) -> None:
    element = elements(Dihedral(), 4, 3)
    x = torch.randn(4, *((5, 5, 2) if dim == 1 else (2, 5, 5)), generator=seeded())
    x = x.to(torch.float64).requires_grad_()
    moved = act(x, element, dim)
    assert torch.equal(moved, act(x.repeat(6, 1, 1, 1), element, dim))
    (gradient,) = torch.autograd.grad(moved.pow(3).sum(), x, create_graph=True)
    assert torch.allclose(gradient, 18 * x.square())
    (second,) = torch.autograd.grad(gradient.sum(), x)
    assert torch.allclose(second, 36 * x)


def test_images_in_any_memory_move_alike() -> None:
    element = elements(Dihedral(), 4, 1)
    x = torch.randn(8, 3, 6, 6, generator=seeded())
    expected = turn(x, element, 2)
    for other in (x.to(memory_format=torch.channels_last), x.mT.contiguous().mT):
        assert not other.is_contiguous()
        assert torch.equal(turn(other, element, 2), expected)


def test_moving_is_seen_through_by_transforms() -> None:
    element = elements(Cyclic(), 4, 1)
    x = torch.randn(5, 4, 2, 6, 6, generator=seeded())

    def moved(x: Tensor, number: Tensor) -> Tensor:
        return turn(x, element._replace(number=number), 2)

    numbers = torch.randint(4, (5, 4), generator=seeded())
    every = torch.func.vmap(moved)(x, numbers)
    assert torch.equal(every, torch.stack([moved(*each) for each in zip(x, numbers, strict=True)]))
    _, tangent = torch.func.jvp(lambda y: moved(y, numbers[0]), (x[0],), (x[1],))
    assert torch.equal(tangent, moved(x[1], numbers[0]))
    torch._dynamo.reset()
    compiled = torch.compile(moved, fullgraph=True, dynamic=True, backend="eager")
    for side in (6, 9):
        y = torch.randn(4, 2, side, side, generator=seeded())
        assert torch.equal(compiled(y, numbers[0]), moved(y, numbers[0]))


# Every bit


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("training", [False, True])
def test_no_bit_is_wrong(group: str, method: str, training: bool) -> None:
    """`python -m exact_images`, from tests/, counts many more."""
    for side, dtype in ((1, torch.float32), (4, torch.float32), (5, torch.float64)):
        generator = seeded(side)
        model = built(group, method).to(dtype).train(training)
        image = torch.cat([images(kind, 4, side, generator) for kind in KINDS])
        arrow = (
            torch.randn(len(image), 2, generator=generator)
            * (torch.arange(len(image)) % 2)[:, None]
        )
        with torch.no_grad():
            found = wrong(model, image.to(dtype), arrow.to(dtype), generator)
        assert found == (4 * len(KINDS), {})


@pytest.mark.parametrize("group", SOLID)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("training", [False, True])
def test_no_bit_is_wrong_of_voxels_and_sequences(group: str, method: str, training: bool) -> None:
    """`python -m exact_images --of voxels`, from tests/, counts many more."""
    for side, dtype in ((3, torch.float32), (4, torch.float64)):
        for kind in KINDS[side % 2 :: 2]:
            found = tried(group, method, training, dtype, side, kind, batch=3, seed=side)
            assert found == (3, {})


# The net


def model_of(spec: str, base: nn.Module | None = None) -> Symmetrized:
    torch.manual_seed(0)
    model: Symmetrized = symc.build(spec, Pixelwise() if base is None else base)
    return model


def scores(model: Symmetrized, *inputs: Tensor, **counts: Tensor) -> Tensor:
    """Of every element, [batch, order]."""
    found: Tensor = model.R._scores(inputs, counts or None)[0]
    return found


ALONE = "size h\ngroup R = D(4)\ninput x[{axes}]\noutput y\nsymmetrize R by canonical"


@pytest.mark.parametrize("side", [1, 5, 16, 23, 40])
def test_pooled_copies_hold_the_means_of_equal_parts(side: int) -> None:
    x = torch.rand(2, 3, side, side, generator=seeded(), dtype=torch.float64) + 0.1
    found = pooled(x)
    assert found.shape == (2, 3, SIDES[2], SIDES[2])
    # SIDES[2] times as fine, pixels of which are means of whole ones.
    fine = x.repeat_interleave(SIDES[2], 2).repeat_interleave(SIDES[2], 3)
    means = torch.nn.functional.avg_pool2d(fine, side)
    largest = means.amax((1, 2, 3), keepdim=True)
    assert torch.allclose(found, means / largest, atol=1e-12)
    assert torch.allclose(pooled(1e30 * x), found)
    assert torch.equal(pooled(0 * x), torch.zeros_like(found))


@pytest.mark.parametrize("axes", ["3, (h, h): R.grid", "(h, h): R.grid", "(h, h): R.grid, 2, 2"])
@pytest.mark.parametrize("side", [2, 3, 8, 17, 50])
def test_the_net_tells_poses_of_images_of_any_size_apart(axes: str, side: int) -> None:
    model = model_of(ALONE.format(axes=axes), Sum()).double()
    shape = [int(each) for each in axes.replace("(h, h): R.grid", f"{side}, {side}").split(", ")]
    x = torch.randn(3, *shape, generator=seeded(), dtype=torch.float64)
    found = scores(model, x).sort(1).values
    assert (found.diff(dim=1) > 1e-6).all()
    # A number stays what it is, in other units.
    assert torch.allclose(scores(model, 1e20 * x), scores(model, x), atol=1e-9)


class Sum(nn.Module):
    """One number an example."""

    def forward(self, *inputs: Tensor) -> Tensor:
        return torch.stack([x.flatten(1).double().cumsum(1).sin().sum(1) for x in inputs]).sum(0)


def test_every_weight_of_the_net_learns() -> None:
    model = model_of(ALONE.format(axes="3, (h, h): R.grid"), Sum()).double().train()
    x = torch.randn(6, 3, 9, 9, generator=seeded(), dtype=torch.float64, requires_grad=True)
    model(x).square().sum().backward()
    assert len(list(model.R.parameters())) > 8
    assert all((p.grad is not None) and (p.grad != 0).any() for p in model.R.parameters())
    assert x.grad is not None
    assert x.grad.isfinite().all()


def test_labels_and_arrows_beside_images_count() -> None:
    spec = """
        size h
        group R = C(4)
        input kind[(h, h): R.grid] of 3
        input arrow[2: R.vector, 5]
        output y
        symmetrize R by canonical
    """
    model = model_of(spec, Sum()).double()
    kind = torch.randint(3, (2, 4, 4), generator=seeded())
    arrow = torch.randn(2, 2, 5, generator=seeded(), dtype=torch.float64)
    first = scores(model, kind, arrow)
    assert not torch.allclose(first, scores(model, (kind + 1) % 3, arrow))
    assert not torch.allclose(first, scores(model, kind, arrow.roll(1, 2)))
    same = torch.zeros_like(kind)
    assert (scores(model, same, arrow).sort(1).values.diff(dim=1) > 1e-6).all()
    assert (scores(model, kind, 0 * arrow).sort(1).values.diff(dim=1) > 1e-6).all()


BESIDE = {
    "items": "x[n: P, 2, (h, h): R.grid]",
    "pairs": "x[n: P, n: P, (h, h): R.grid]",
    "labels": "x[n: P, (h, h): R.grid] of 3",
    "open channels": "x[n: P, c, (h, h): R.grid]",
}


@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("axes", BESIDE.values(), ids=BESIDE)
@pytest.mark.parametrize("method", ["canonical", "probabilistic(samples=2, eval_samples=2)"])
def test_the_net_leaves_later_groups_alone(axes: str, ragged: bool, method: str) -> None:
    spec = f"""
        size n{" <= 4" if ragged else ""}
        size h
        group R = D(4)
        group P = S(n)
        input {axes}
        output y[n: P]
        symmetrize R by {method}
        symmetrize P by average(samples=2)
    """
    model = model_of(spec, Counting()).double()
    assert model.R.images is not None
    shape = [{"n: P": 3, "2": 2, "c": 2}[a] for a in axes[2:].split(", (")[0].split(", ")]
    x = torch.randn(2, *shape, 5, 5, generator=seeded(), dtype=torch.float64)
    x = (x > 0).long() if " of " in axes else x
    counts = {"n": torch.tensor([3, 1])} if ragged else None
    assert_equivariant(model, x, counts=counts, generator=seeded())
    if ragged:
        given = {"n": torch.tensor([3, 1])}
        other = x.clone()
        # Of the second example only the first item is there.
        other[1, 1:] = 0
        if x.ndim == 5 and axes.count("n: P") == 2:
            other[1, :, 1:] = 0
        padded = torch.cat([other, torch.zeros_like(other[:, :1])], 1)
        if axes.count("n: P") == 2:
            padded = torch.cat([padded, torch.zeros_like(padded[:, :, :1])], 2)
        assert torch.allclose(scores(model, other, **given), scores(model, padded, **given))


class Counting(nn.Module):
    """A number an item."""

    def forward(self, x: Tensor) -> Tensor:
        return x.double().flatten(2).cumsum(1).sin().sum(2)


def test_images_of_vectors_of_a_later_group_are_features() -> None:
    text = """
        size h
        group M = O(2)
        input x[2: M.vector, (h, h): C(4).grid]
        output y
        symmetrize C(4) by canonical
        symmetrize M by average(samples=2)
    """
    stage = next(s for s in symc.load(text).ir.stages if s.group == "C(4)")
    assert stage.net is not None
    assert stage.net.name == "pooled"
    (found,) = symc.check(text.replace("canonical", "canonical(net=cnn)"))
    assert found.code == "SYM508"


@pytest.mark.parametrize("given", ["cnn", "cnn(hidden=8)", "cnn(hidden=4, layers=1)"])
def test_the_net_has_options(given: str) -> None:
    spec = ALONE.format(axes="3, (h, h): R.grid").replace("canonical", f"canonical(net={given})")
    assert scores(model_of(spec, Sum()), torch.randn(2, 3, 6, 6)).shape == (2, 8)
    assert not symc.check(spec)


# What torch does with a model

HOW = ("average", "frame", "canonical", "probabilistic(samples=2)")


def close(left: Any, right: Any) -> bool:
    return all(torch.allclose(a, b, rtol=1e-4, atol=1e-4) for a, b in zip(left, right, strict=True))


def drawn(batch: int, side: int) -> tuple[Tensor, Tensor]:
    return torch.randn(batch, 2, side, side), torch.randn(batch, 2)


@pytest.mark.parametrize("method", HOW)
def test_models_of_images_export_with_open_batch_and_size(method: str) -> None:
    model = built("D(4)", method).eval()
    inputs = drawn(3, 6)
    noise = model.draw_noise(*inputs)
    batch, side = Dim("batch"), Dim("side", min=2, max=64)
    exported = torch.export.export(
        model,
        inputs,
        {"noise": noise},
        dynamic_shapes={
            "image": {0: batch, 2: side, 3: side},
            "arrow": {0: batch},
            "noise": {"R": {1: batch}},
        },
        strict=False,
    )
    targets = {str(node.target).partition("aten.")[2] for node in exported.graph.nodes}
    assert len(targets) > 5
    assert not [t for t in targets if t.removeprefix("linalg_").startswith(LACKING)]
    program = exported.module()
    for size in ((2, 5), (5, 20), (1, 33)):
        inputs = drawn(*size)
        noise = model.draw_noise(*inputs)
        assert close(program(*inputs, noise=noise), model(*inputs, noise=noise))


@pytest.mark.parametrize(
    ("method", "training"), [("average", False), ("frame", False), ("canonical", True)]
)
def test_models_of_images_compile_in_one_graph(method: str, training: bool) -> None:
    model = built("C(4)", method).train(training)
    torch._dynamo.reset()
    # The joint graph of forward and backward takes long to trace: once.
    traced = "aot_eager" if training else "eager"
    compiled = torch.compile(model, fullgraph=True, backend=traced)
    for size in ((3, 6), (4, 9))[: 1 if training else 2]:
        inputs = drawn(*size)
        noise = model.draw_noise(*inputs)
        assert close(compiled(*inputs, noise=noise), model(*inputs, noise=noise))


@pytest.mark.parametrize("method", HOW)
@pytest.mark.parametrize("training", [False, True])
def test_models_of_images_in_torch(method: str, training: bool) -> None:
    """vmap, other memory, half precision, second derivatives, copies."""
    model = built("D(4)", method).train(training)
    image, arrow = drawn(3, 6)
    noise = model.draw_noise(image, arrow)
    found = model(image, arrow, noise=noise)
    strided = image.to(memory_format=torch.channels_last)
    assert all(map(torch.equal, model(strided, arrow, noise=noise), found))
    twin = copy.deepcopy(model)
    assert all(map(torch.equal, twin(image, arrow, noise=noise), found))
    every = torch.func.vmap(lambda x: model(x, arrow, noise=noise))(torch.stack([image, -image]))
    assert close([y[0] for y in every], found)
    assert close([y[1] for y in every], model(-image, arrow, noise=noise))
    for dtype in (torch.bfloat16, torch.float16):
        half = copy.deepcopy(model).to(dtype)
        outputs = half(image.to(dtype), arrow.to(dtype), noise=noise)
        assert [y.dtype for y in outputs] == [dtype] * 2
        assert all(y.isfinite().all() for y in outputs)
    image.requires_grad_()
    total = torch.stack([y.square().sum() for y in model(image, arrow, noise=noise)]).sum()
    (gradient,) = torch.autograd.grad(total, image, create_graph=True)
    gradient.square().sum().backward()
    assert image.grad is not None
    assert image.grad.isfinite().all()
