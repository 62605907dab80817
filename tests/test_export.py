"""Exported models: any number of items from one, inputs and counts by name, operations of ONNX."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd import forward_ad
from torch.export import Dim

import symc
from symc_runtime.call import exportable
from symc_runtime.symmetrized import Symmetrized

HOW = [
    "P, M by average(samples=3)",
    "P, M by frame",
    "M, P by frame",
    *(f"P by {m}(net={n})\nsymmetrize M by {m}" for m in ("canonical", "probabilistic")
      for n in ("deepsets", "attention", "gin", "refine")),
    "M by canonical\nsymmetrize P by canonical",
    "M by probabilistic\nsymmetrize P by probabilistic",
]  # fmt: skip
"""Every method with every net, in both orders."""

EXPORTED = [
    *(f"P by {m}\nsymmetrize M by base" for m in ("average(samples=3)", "frame")),
    *(f"P by {m}(net={n})\nsymmetrize M by base" for m in ("canonical", "probabilistic")
      for n in ("deepsets", "attention", "gin", "refine")),
    *(f"M by {m}\nsymmetrize P by base" for m in ("average(samples=3)", "frame", "probabilistic")),
    "M by canonical\nsymmetrize P by canonical",
]  # fmt: skip
"""The same, mostly a group at a time, since an export takes seconds."""

SPEC = """
size n {bound}
group P = S(n)
group M = E(3)
input  pos[n: P, 3: M.point]
input  kind[n: P] of 4
output next[n: P, 3: M.point]
symmetrize {how}
"""


LACKING = ("signbit", "copysign", "eigh", "qr", "svd", "sort.stable", "nonzero")
"""Operations that ONNX has not, by how their names start."""


class Cumulated(nn.Module):
    def forward(self, pos: Tensor, kind: Tensor) -> Tensor:
        return pos.cumsum(1) + kind.unsqueeze(-1)


def built(how: str, ragged: bool = False) -> Symmetrized:
    torch.manual_seed(0)
    spec = SPEC.format(how=how, bound="<= 6" if ragged else "")
    model: Symmetrized = symc.build(spec, Cumulated()).eval()
    if "average" not in how:
        model.draw_so_many(2)
    return model


def drawn(batch: int, n: int) -> tuple[Tensor, Tensor]:
    return torch.randn(batch, n, 3), torch.randint(0, 4, (batch, n))


def dynamic(model: Symmetrized, noise: dict[str, Tensor]) -> dict[str, Any]:
    batch, n = Dim("batch", min=1), Dim("n", min=1, max=6)
    items = {draw.key for draw in model.draws if draw.key == "P"}
    return {
        "pos": {0: batch, 1: n},
        "kind": {0: batch, 1: n},
        "noise": {key: {1: batch, 2: n} if key in items else {1: batch} for key in noise},
    }


@pytest.mark.parametrize("how", EXPORTED)
def test_exports_take_any_number_of_items_in_operations_of_onnx(how: str) -> None:
    model = built(how)
    pos, kind = drawn(3, 5)
    noise = model.draw_noise(pos, kind)
    names = {"pos": pos, "kind": kind, "noise": noise}
    exported = torch.export.export(
        model, (), names, dynamic_shapes=dynamic(model, noise), strict=False
    )
    targets = {str(node.target).partition("aten.")[2] for node in exported.graph.nodes}
    assert len(targets) > 5
    assert not [t for t in targets if t.removeprefix("linalg_").startswith(LACKING)]
    program = exported.module()
    for batch, n in ((2, 2), (1, 1), (3, 1), (1, 2), (4, 6)):
        pos, kind = drawn(batch, n)
        noise = model.draw_noise(pos, kind)
        found = program(pos=pos, kind=kind, noise=noise)
        expected = model(pos, kind, noise=noise)
        assert found.shape == expected.shape
        assert torch.allclose(found, expected, rtol=1e-4, atol=1e-4), (batch, n)


@pytest.mark.parametrize("keyword", [True, False])
@pytest.mark.parametrize("strict", [False, True])
def test_counts_export_for_any_batch(strict: bool, keyword: bool) -> None:
    model = built("P by frame\nsymmetrize M by base", ragged=True)
    pos, kind = drawn(3, 5)
    counts = torch.tensor([5, 2, 3])
    given = {"n": counts} if keyword else {"sizes": {"n": counts}}
    noise = model.draw_noise(pos, kind, **given)
    shapes = dynamic(model, noise)
    open_counts = {0: shapes["pos"][0]}
    shapes |= {"n": open_counts} if keyword else {"sizes": {"n": open_counts}}
    program = torch.export.export(
        model, (pos, kind), {"noise": noise, **given}, dynamic_shapes=shapes, strict=strict
    ).module()
    pos, kind = drawn(2, 4)
    counts = torch.tensor([1, 4])
    given = {"n": counts} if keyword else {"sizes": {"n": counts}}
    noise = model.draw_noise(pos, kind, **given)
    expected = model(pos, kind, noise=noise, **given)
    assert torch.allclose(program(pos, kind, noise=noise, **given), expected, atol=1e-5)


@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_eigenvectors_by_rotations(
    d: int, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(400, d, d, dtype=dtype, generator=generator)
    matrix = x @ x.mT
    matrix[:50] = torch.eye(d, dtype=dtype)
    matrix[50:100] = x[50:100, :, :1] @ x[50:100, :, :1].mT
    matrix[100:110] = 0
    matrix[110:200] = torch.eye(d, dtype=dtype) + 1e-7 * matrix[110:200]
    expected, _ = exportable.eigenvectors(matrix)
    monkeypatch.setattr(exportable, "is_exporting", lambda: True)
    monkeypatch.setattr(torch.linalg, "eigh", None)
    values, columns = exportable.eigenvectors(matrix)
    eps = torch.finfo(dtype).eps
    scale = expected.abs().amax(1, keepdim=True)
    assert ((values - expected).abs() <= 20 * eps * scale).all()
    assert (columns.mT @ columns - torch.eye(d, dtype=dtype)).abs().max() < 20 * eps
    left = (matrix @ columns - columns * values.unsqueeze(1)).abs().amax((1, 2))
    assert (left <= 20 * eps * scale[:, 0]).all()


def test_signs_in_comparisons() -> None:
    x = torch.tensor([-2.0, -0.0, 0.0, 3.0, torch.nan, -torch.inf])
    size = torch.log1p(x.abs())
    eager = exportable.with_sign_of(size, x)
    traced = torch.compile(exportable.with_sign_of, backend="eager")(size, x)
    assert torch.equal(eager.nan_to_num(), traced.nan_to_num())


@pytest.mark.parametrize("how", HOW)
def test_vmap_over_labels_and_counts(how: str) -> None:
    model = built(how, ragged=True).double()
    given = [drawn(2, 4) for _ in range(3)]
    pos = torch.stack([x for x, _ in given]).double()
    kind = torch.stack([k for _, k in given])
    counts = torch.tensor([[4, 2], [3, 1], [0, 4]])
    noise = model.draw_noise(pos[0], kind[0], n=counts[0])
    found = torch.func.vmap(lambda x, k, n: model(x, k, n=n, noise=noise))(pos, kind, counts)
    for i in range(3):
        expected = model(pos[i], kind[i], n=counts[i], noise=noise)
        assert torch.allclose(found[i], expected, atol=1e-10)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("how", HOW)
def test_fake_labels_and_counts(how: str, training: bool) -> None:
    model = built(how, ragged=True).train(training)
    pos, kind = drawn(2, 4)
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        fake = mode.from_tensor(pos), mode.from_tensor(kind)
        for counts in (mode.from_tensor(torch.tensor([4, 2])), [4, 2]):
            assert model(*fake, n=counts).shape == pos.shape


def test_values_that_can_be_read_are_checked_still() -> None:
    model = built("P, M by frame", ragged=True)
    pos, kind = drawn(2, 4)
    with pytest.raises(symc.ShapeError, match="labels 0 to 3, got 9"):
        model(pos, kind + 9 - kind, n=[4, 2])
    with pytest.raises(symc.ShapeError, match="counts up to 4"):
        model(pos, kind, n=[5, 2])


@pytest.mark.parametrize("how", HOW)
def test_torchscript_is_refused_by_name(how: str) -> None:
    model = built(how)
    for module in (model, nn.Sequential(model), model.get_submodule("P")):
        with pytest.raises(TypeError, match="TorchScript.*use torch.export"):
            torch.jit.script(module)
    with pytest.raises(TypeError, match="TorchScript.*use torch.export"):
        torch.jit.trace(model, drawn(2, 4))


@pytest.mark.parametrize("how", HOW)
def test_forward_mode_by_dual_numbers(how: str) -> None:
    model = built(how).double().train()
    pos, kind = drawn(2, 4)
    pos, along = pos.double(), torch.randn(2, 4, 3, dtype=torch.double)
    noise = model.draw_noise(pos, kind)

    def call(x: Tensor) -> Tensor:
        result: Tensor = model(x, kind, noise=noise)
        return result

    _, expected = torch.func.jvp(call, (pos,), (along,))
    with forward_ad.dual_level():
        found = forward_ad.unpack_dual(call(forward_ad.make_dual(pos, along))).tangent
    assert torch.allclose(found, expected)


@pytest.mark.parametrize("how", HOW)
def test_modules_return_what_hooks_can_look_into(how: str) -> None:
    """Tensors, and tuples, lists and dicts of them: so do summaries of modules."""
    model = built(how)
    for name, module in model.named_modules():
        module.register_forward_hook(
            lambda module, given, found, name=name: _refuse_other(name, found)
        )
    model(*drawn(2, 4))


def _refuse_other(name: str, value: object) -> None:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for each in value:
            _refuse_other(name, each)
    else:
        assert value is None or isinstance(value, (Tensor, int, float)), (name, type(value))
