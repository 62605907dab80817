"""Language contract, sections 5 and 7: what a compiled module means, and how it is called."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import symc
from symc.lower.emit import emit
from symc.lower.plan import make_plan
from symc_runtime.call.shapes import ShapeError
from symc_runtime.testing import assert_equivariant
from symc_runtime.verification.bases import flat_base

SETS = "input x[n: S(n), 2]\noutput y[n: S(n)]"


class Weighted(nn.Module):
    """Not equivariant: the weight of an item is its place."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        place = torch.arange(1, x.shape[1] + 1, dtype=x.dtype)
        return (x[..., 0] + x.sum((1, 2)).unsqueeze(-1)) * place


class First(nn.Module):
    """Returns its first input."""

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return inputs[0]


def test_section_5_average_enumerates_small_groups() -> None:
    model = symc.build(SETS + "\nsymmetrize by average", Weighted())
    x = torch.randn(3, 4, 2, dtype=torch.float64)
    expected = torch.zeros(3, 4, dtype=torch.float64)
    for order in permutations(range(4)):
        inverse = torch.argsort(torch.tensor(order))
        expected += Weighted()(x[:, list(order)])[:, inverse] / 24
    assert model.draw_noise(x)["S(n)"].shape[0] == 24
    assert torch.allclose(model(x), expected)


def test_section_5_average_stays_within_5040_elements() -> None:
    model = symc.build(SETS + "\nsymmetrize by average", Weighted())
    assert model.draw_noise(torch.randn(1, 7, 2))["S(n)"].shape[0] == 5040
    assert model.draw_noise(torch.randn(1, 8, 2))["S(n)"].shape[0] == 1
    assert model.eval().draw_noise(torch.randn(1, 8, 2))["S(n)"].shape[0] == 20
    model = symc.build(SETS + "\nsymmetrize by average(samples=3)", Weighted())
    assert model.draw_noise(torch.randn(1, 4, 2))["S(n)"].shape[0] == 3


@pytest.mark.parametrize(("group", "elements"), [("O(3)", 8), ("SO(3)", 4), ("O(2)", 4)])
def test_section_5_frame_takes_all_signs(group: str, elements: int) -> None:
    d = group[-2]
    text = f"input x[4, {d}: {group}]\noutput y[4, {d}: {group}]\nsymmetrize by frame"
    model = symc.build(text, First())
    x = torch.randn(2, 4, int(d))
    assert model.draw_noise(x)[group].shape[0] == elements
    matrices = model.get_submodule(model.draws[0].attribute)(
        model.draw_noise(x)[group].flatten(0, 1), x
    ).matrix
    assert (
        torch.unique(matrices.reshape(elements, 2, -1)[:, 0].round(decimals=4), dim=0).shape[0]
        == elements
    )
    assert torch.allclose(model(x), x, atol=1e-5)


def test_section_5_identity_base_gives_the_input_back() -> None:
    text = """
    group P = S(n)
    group M = E(3)
    input pos[n: P, 3: M.point]
    output out[n: P, 3: M.point]
    """
    x = 5 + torch.randn(2, 6, 3, dtype=torch.float64)
    for method in ("average(samples=2)", "frame", "canonical", "probabilistic", "base"):
        model = symc.build(f"{text}symmetrize by {method}", First()).double()
        assert torch.allclose(model(x), x), method


def test_section_5_samples_draw_every_stage_once() -> None:
    text = "group P = S(n)\ngroup Q = S(m)\ninput x[n: P, m: Q]\noutput y[n: P, m: Q]\n"
    model = symc.build(text + "symmetrize by probabilistic(samples=6)", First())
    noise = model.draw_noise(torch.randn(2, 3, 4))
    assert noise.keys() == {"P", "Q"}
    assert {value.shape[0] for value in noise.values()} == {6}
    model = symc.build(
        text + "symmetrize P by average\nsymmetrize Q by probabilistic(samples=5)", First()
    )
    assert {v.shape[0] for v in model.draw_noise(torch.randn(2, 3, 4)).values()} == {30}


def test_section_5_ragged_padding_is_never_read() -> None:
    text = """
    size n <= 6
    group P = S(n)
    group M = E(3)
    input pos[n: P, 3: M.point]
    input pair[n: P, n: P]
    input kind[n: P] of 3
    output out[n: P, 3: M.point]
    output energy
    """

    class Base(nn.Module):
        def forward(
            self, pos: torch.Tensor, pair: torch.Tensor, kind: torch.Tensor
        ) -> tuple[torch.Tensor, torch.Tensor]:
            assert torch.isfinite(pos).all()
            assert torch.isfinite(pair).all()
            return pos + pair.sum(-1, keepdim=True), pos.sum((1, 2)) + kind.sum(1)

    counts = torch.tensor([6, 3, 1, 0])
    pos, pair = torch.randn(4, 6, 3).double(), torch.randn(4, 6, 6).double()
    kind = torch.randint(0, 3, (4, 6))
    dirty = [pos.clone(), pair.clone(), kind.clone()]
    for b, n in enumerate(counts.tolist()):
        dirty[0][b, n:] = torch.nan
        dirty[1][b, n:] = torch.inf
        dirty[1][b, :, n:] = torch.nan
        dirty[2][b, n:] = -77
    for method in ("average(samples=2)", "frame", "canonical", "probabilistic"):
        model = symc.build(f"{text}symmetrize by {method}", Base()).double()
        noise = model.draw_noise(pos, pair, kind, n=counts)
        clean = model(pos, pair, kind, noise=noise, n=counts)
        again = model(*dirty, noise=noise, n=counts)
        assert all(torch.equal(a, b) for a, b in zip(clean, again, strict=True)), method
        assert all(clean[0][b, n:].eq(0).all() for b, n in enumerate(counts.tolist()))


@pytest.mark.parametrize("method", ["average", "canonical", "probabilistic", "frame"])
def test_section_5_padded_noise_is_never_read(method: str) -> None:
    text = f"size n <= 6\ngroup P = S(n)\ninput x[n: P, 2]\noutput y[n: P]\nsymmetrize by {method}"
    model = symc.build(text, Weighted())
    counts = torch.tensor([6, 3, 1, 0])
    x = torch.randn(4, 6, 2)
    noise = model.draw_noise(x, n=counts)
    dirty = {key: value.clone() for key, value in noise.items()}
    for value in dirty.values():
        for b, n in enumerate(counts.tolist()):
            value[:, b, n:] = torch.nan
    assert torch.equal(model(x, noise=noise, n=counts), model(x, noise=dirty, n=counts))


def test_section_5_base_gets_k_times_b_rows_and_labels_as_integers() -> None:
    seen: list[tuple[torch.Size, torch.dtype]] = []

    class Base(nn.Module):
        def forward(self, kind: torch.Tensor) -> torch.Tensor:
            seen.append((kind.shape, kind.dtype))
            return kind.float()

    model = symc.build("input kind[n: S(n)] of 3\noutput y[n: S(n)]", Base())
    model(torch.randint(0, 3, (4, 5)))
    model.eval()(torch.randint(0, 3, (4, 5)))
    assert seen == [(torch.Size([k * 4, 5]), torch.int64) for k in (1, 20)]


def test_section_7_return_samples_and_penalty() -> None:
    model = symc.build(SETS + "\nsymmetrize by probabilistic(samples=20)", Weighted())
    x = torch.randn(3, 4, 2)
    noise = model.draw_noise(x)
    ys, w = model(x, noise=noise, return_samples=True)
    assert ys.shape == (20, 3, 4)
    assert w.shape == (20, 3)
    assert torch.allclose((ys * w.unsqueeze(-1)).sum(0), model(x, noise=noise), atol=1e-5)
    _, penalty = model(x, noise=noise, return_penalty=True)
    assert penalty.item() > 0
    penalty.backward()
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())
    _, penalty = model.eval()(x, return_penalty=True)
    assert penalty.item() == 0


def test_section_7_samples_in_training_and_in_eval_mode() -> None:
    model = symc.build(SETS + "\nsymmetrize by probabilistic(samples=3, eval_samples=7)", First())
    x = torch.randn(2, 4, 2)
    assert model.draw_noise(x)["S(n)"].shape[0] == 3
    assert model.eval().draw_noise(x)["S(n)"].shape[0] == 7
    model.eval_samples = 11
    assert model.draw_noise(x)["S(n)"].shape[0] == 11


def test_section_7_noise_is_all_the_randomness() -> None:
    model = symc.build(SETS, Weighted())
    x = torch.randn(2, 4, 2)
    first = model.draw_noise(x, generator=torch.Generator().manual_seed(3))
    second = model.draw_noise(x, generator=torch.Generator().manual_seed(3))
    state = torch.get_rng_state()
    assert torch.equal(model(x, noise=first), model(x, noise=second))
    assert torch.equal(state, torch.get_rng_state())


def test_section_7_chunks_change_nothing() -> None:
    for training in (True, False):
        torch.manual_seed(0)
        text = SETS + "\nsymmetrize by probabilistic(samples=20)"
        whole = symc.build(text, Weighted()).train(training)
        torch.manual_seed(0)
        parts = symc.build(text, Weighted(), chunk=3).train(training)
        x = torch.randn(2, 4, 2)
        noise = whole.draw_noise(x)
        a = whole(x, noise=noise, return_penalty=True)
        b = parts(x, noise=noise, return_penalty=True)
        assert torch.allclose(a[0], b[0], rtol=1e-4, atol=1e-5)
        assert torch.allclose(a[1], b[1], rtol=1e-4, atol=1e-5)
        if training:
            (a[0].sum() + a[1]).backward()
            (b[0].sum() + b[1]).backward()
            for p, q in zip(whole.parameters(), parts.parameters(), strict=True):
                if p.grad is not None and q.grad is not None:
                    assert torch.allclose(p.grad, q.grad, rtol=1e-3, atol=1e-4)


def test_section_7_distributions_are_replaceable() -> None:
    class Scores(nn.Module):
        def forward(self, noise: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
            assert noise.shape[0] == x.shape[0] == 40
            return x[..., 0]

    text = SETS + "\nsymmetrize by canonical"
    model = symc.build(text, Weighted(), distributions={"S(n)": Scores()})
    model = symc.build(SETS, Weighted(), distributions={"S(n)": Scores()}).eval()
    x = torch.randn(2, 4, 2)
    order = x[..., 0].argsort(-1)
    expected = Weighted()(x.gather(1, order.unsqueeze(-1).expand_as(x)))
    assert torch.allclose(model(x), expected.gather(1, order.argsort(-1)), atol=1e-5)

    class Vectors(nn.Module):
        def forward(self, noise: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
            return x[:, :3]

    text = "input x[4, 3: O(3)]\noutput y[4, 3: O(3)]"
    model = symc.build(text, First(), distributions={"O(3)": Vectors()})
    assert torch.allclose(model(torch.ones(2, 4, 3)), torch.ones(2, 4, 3), atol=1e-4)


def test_section_7_unknown_keys_are_errors() -> None:
    with pytest.raises(ValueError, match="'S\\(n\\)'"):
        symc.build(SETS, First(), distributions={"P": First()})
    with pytest.raises(ValueError, match="sizes"):
        symc.build(SETS, First(), sizes={"m": 3})
    with pytest.raises(TypeError, match="`m` is no size"):
        symc.build(SETS, First())(torch.randn(1, 2, 2), m=torch.tensor([1]))


def test_section_7_files_texts_and_specs(tmp_path: Path) -> None:
    path = tmp_path / "my-set.sym"
    path.write_text(SETS, encoding="utf-8")
    assert symc.load(path).ir.name == "my_set"
    assert symc.load(str(path)).ir == symc.load(path).ir
    assert symc.load(SETS).ir.name == "Model"
    assert symc.build(symc.load(path), First()).program.name == "my_set"
    assert symc.check(SETS) == []
    with pytest.raises(symc.SpecError) as error:
        symc.build("input x[3", First())
    assert error.value.diagnostics
    assert "SYM103" in str(error.value)


SHAPES = "size k = 3\ninput a[n: S(n), k]\ninput b[n: S(n)]\noutput y[n: S(n)]\noutput e"


class Two(nn.Module):
    def forward(self, a: torch.Tensor, b: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return b, b.sum(1)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((torch.zeros(2, 4, 2), torch.zeros(2, 4)), symc.ShapeError, "`a`, axis 2.*3.*got 2"),
        ((torch.zeros(2, 4, 3), torch.zeros(2, 5)), symc.ShapeError, "`b`, axis 1.*4.*got 5"),
        ((torch.zeros(2, 4, 3), torch.zeros(3, 4)), symc.ShapeError, "`b`, axis 0.*2.*got 3"),
        ((torch.zeros(2, 4), torch.zeros(2, 4)), symc.ShapeError, "`a`.*3 axes.*got 2"),
        ((torch.zeros(2, 4, 3),), TypeError, "expected 2 inputs.*got 1"),
        ((torch.zeros(2, 4, 3), torch.zeros(2, 4).double()), TypeError, "`b`.*float32.*float64"),
        ((torch.zeros(2, 4, 3), torch.zeros(2, 4).long()), TypeError, "`b`.*floating.*int64"),
        ((torch.zeros(2, 4, 3), [1.0]), TypeError, "`b`.*list"),
        ((torch.zeros(0, 4, 3), torch.zeros(0, 4)), symc.ShapeError, "`a`, axis 0.*1 or.*got 0"),
        ((torch.zeros(2, 0, 3), torch.zeros(2, 0)), symc.ShapeError, "`a`, axis 1.*n:.*got 0"),
    ],
)
def test_section_7_wrong_tensors(arguments: tuple[object, ...], error: type, words: str) -> None:
    model = symc.build(SHAPES, Two())
    with pytest.raises(error, match=words):
        model(*arguments)


FRAMES = "group P = S(n)\ngroup M = O(3)\ninput x[n: P, 3: M]\noutput y[n: P, 3: M]\n"
METHODS = ("average(samples=2)", "frame", "canonical", "probabilistic")


@pytest.mark.parametrize("method", METHODS)
def test_section_7_no_rows_and_no_items(method: str) -> None:
    model = symc.build(f"{FRAMES}symmetrize by {method}", First())
    for shape in ((0, 4, 3), (2, 0, 3)):
        with pytest.raises(symc.ShapeError, match=f"`x`, axis {shape.index(0)}.*got 0"):
            model(torch.zeros(shape))


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        (0, ValueError, "from 1, not 0"),
        (-1, ValueError, "from 1, not -1"),
        (2.5, TypeError, "expected an int, got float"),
        (True, TypeError, "expected an int, got bool"),
        (None, TypeError, "expected an int, got NoneType"),
    ],
)
@pytest.mark.parametrize("name", ["samples", "eval_samples"])
def test_section_7_wrong_numbers_of_samples(
    name: str, value: object, error: type, words: str
) -> None:
    model = symc.build(SETS, Weighted()).train(name == "samples")
    setattr(model, name, value)
    for call in (model, model.draw_noise):
        with pytest.raises(error, match=f"^{name}: .*{words}"):
            call(torch.randn(2, 4, 2))


def test_section_7_numbers_of_samples_may_come_from_numpy() -> None:
    model = symc.build(SETS, Weighted())
    model.samples = np.int64(3)
    assert model.draw_noise(torch.randn(2, 4, 2))["S(n)"].shape[0] == 3


@pytest.mark.parametrize("method", METHODS)
def test_section_7_wrong_noise(method: str) -> None:
    model = symc.build(f"{FRAMES}symmetrize by {method}", First())
    x = torch.randn(2, 4, 3)
    noise = model.draw_noise(x)
    assert torch.isfinite(model(x, noise=noise)).all()
    rest = {key: str(list(each.shape[1:]))[1:-1] for key, each in noise.items()}
    wrong: list[tuple[object, type, str]] = [
        (noise["P"], TypeError, "expected a tensor a stage.*got Tensor"),
        ([*noise.values()], TypeError, "got list"),
        (noise | {"Q": noise["P"]}, symc.ShapeError, "'Q'"),
    ]
    for key, each in noise.items():
        expected = rf"noise '{key}': expected \[samples, {rest[key]}\].*got "
        wrong += [
            ({k: v for k, v in noise.items() if k != key}, symc.ShapeError, f"'{key}' is missing"),
            (noise | {key: None}, TypeError, f"'{key}'.*torch.Tensor, got NoneType"),
            (noise | {key: each[:, :, :-1]}, symc.ShapeError, expected),
            (noise | {key: torch.cat([each, each], 3)}, symc.ShapeError, expected),
            (noise | {key: each[0]}, symc.ShapeError, expected),
            (noise | {key: each[0, 0, 0]}, symc.ShapeError, expected),
            (noise | {key: each[:, :1]}, symc.ShapeError, f"'{key}', axis 1.*2, got 1"),
            ({k: v[:0] for k, v in noise.items()}, symc.ShapeError, "axis 0.*got 0"),
        ]
    for given, error, words in wrong:
        with pytest.raises(error, match=words):
            model(x, noise=given)
    with pytest.raises(symc.ShapeError, match=r"noise 'P': expected \[samples, 2, 5, .*got"):
        model(torch.randn(2, 5, 3), noise=noise)


def test_section_7_sizes_that_contradict_each_other_in_a_call() -> None:
    model = symc.build("size n <= 8\n" + SETS, Weighted())
    x, counts = torch.randn(2, 4, 2), torch.tensor([1, 4])
    model(x, n=counts, sizes={"n": counts})
    with pytest.raises(TypeError, match="`n` is given twice"):
        model(x, n=counts, sizes={"n": torch.tensor([1, 3])})
    with pytest.raises(TypeError, match="sizes: .*got list"):
        model(x, sizes=[4])
    free = symc.build(SETS, Weighted())
    free(x, n=4, sizes={"n": 4})
    with pytest.raises(symc.ShapeError, match="`n`: 5 in `sizes`, but `n=4`"):
        free(x, n=4, sizes={"n": 5})


def test_section_7_build_takes_sizes_by_name() -> None:
    with pytest.raises(TypeError, match="^sizes: .*got list"):
        symc.build(SETS, Weighted(), sizes=[3])
    with pytest.raises(TypeError, match="^distributions: .*got Identity"):
        symc.build(SETS, Weighted(), distributions=nn.Identity())


UNTOLD = {
    "an output's": ("input x[3, 3: M]\noutput y[k, 3: M]", {"k": 4}, (3, 3)),
    "a product": ("input x[a*b, 3: M]\noutput y[b, 3: M]", {"a": 2}, (8, 3)),
}


@pytest.mark.parametrize("axes", UNTOLD)
@pytest.mark.parametrize("method", METHODS)
def test_section_7_build_fixes_sizes_that_no_input_tells(axes: str, method: str) -> None:
    tensors, sizes, shape = UNTOLD[axes]
    text = f"group M = O(3)\n{tensors}\nsymmetrize by {method}"
    assert {d.code for d in symc.check(text)} == {"SYM401"}
    with pytest.raises(symc.SpecError, match="SYM401"):
        symc.build(text, First())
    probe = symc.build(text, First(), sizes=sizes)
    known = {"b": 4, **sizes}
    model = symc.build(text, flat_base(probe.inputs, probe.outputs, known), sizes=sizes).double()
    model.draw_so_many(2)
    x = torch.randn(2, *shape, dtype=torch.float64)
    assert torch.isfinite(model(x)).all()
    assert_equivariant(model, x)
    twin = pickle.loads(pickle.dumps(model))
    noise = model.draw_noise(x)
    assert torch.equal(twin(x, noise=noise), model(x, noise=noise))


def test_section_7_build_asks_for_the_sizes_that_are_left() -> None:
    text = "input x[3]\ninput z[n: S(n)]\noutput y[j, k]\n"
    with pytest.raises(symc.SpecError) as error:
        symc.build(text, First(), sizes={"j": 4})
    assert [d.message for d in error.value.diagnostics] == ["no input tells `k`"]
    symc.build(text, First(), sizes={"j": 4, "k": 1})
    with pytest.raises(symc.SpecError, match="never used"):
        symc.build("size k\n" + SETS, First(), sizes={"k": 4})
    with pytest.raises(ValueError, match="no 'l'"):
        symc.build(text, First(), sizes={"j": 4, "k": 1, "l": 2})
    ragged = "size k <= 9\ninput z[n: S(n)]\noutput y[k]\n"
    with pytest.raises(ValueError, match="'k' is ragged"):
        symc.build(ragged, First(), sizes={"k": 4})


@pytest.mark.parametrize(
    ("result", "error", "words"),
    [
        (lambda a, b: b, symc.ShapeError, "1 tensor; expected 2"),
        (lambda a, b: (b, b.sum(1, keepdim=True)), symc.ShapeError, r"`e`.*squeeze\(-1\)"),
        (lambda a, b: (b[:, :2], b.sum(1)), symc.ShapeError, "`y`, axis 1.*4.*got 2"),
        (lambda a, b: (b[:3], b.sum(1)), symc.ShapeError, "`y`, axis 0"),
        (lambda a, b: (b, 3.0), TypeError, "`e`.*float"),
        (lambda a, b: None, TypeError, "NoneType"),
    ],
)
def test_section_5_wrong_base(result: object, error: type, words: str) -> None:
    class Base(nn.Module):
        def forward(self, a: torch.Tensor, b: torch.Tensor) -> object:
            return result(a, b)

    with pytest.raises(error, match=words):
        symc.build(SHAPES, Base()).eval()(torch.zeros(2, 4, 3), torch.zeros(2, 4))


@pytest.mark.parametrize(
    ("counts", "error", "words"),
    [
        (None, symc.ShapeError, "`n`.*counts.*none"),
        (torch.tensor([1, 2, 3]), symc.ShapeError, r"`n`.*\[2\].*\(3,\)"),
        (torch.tensor([1, 5]), symc.ShapeError, "`n`.*4.*got 5"),
        (torch.tensor([1, 9]), symc.ShapeError, "`n`.*8.*got 9"),
        (torch.tensor([-1, 2]), symc.ShapeError, "`n`.*got -1"),
        (torch.tensor([1.0, 2.0]), TypeError, "`n`.*float32"),
    ],
)
def test_section_7_wrong_counts(counts: object, error: type, words: str) -> None:
    model = symc.build("size n <= 8\n" + SETS, Weighted())
    with pytest.raises(error, match=words):
        model(torch.zeros(2, 4, 2), n=counts)


def test_section_7_wrong_labels() -> None:
    model = symc.build("input kind[n: S(n)] of 3\noutput y[n: S(n)]", First())
    with pytest.raises(symc.ShapeError, match="`kind`.*0 to 2.*got 3"):
        model(torch.tensor([[0, 3]]))
    with pytest.raises(TypeError, match="`kind`.*whole numbers.*float32"):
        model(torch.zeros(1, 2))


def test_section_5_the_item_transformer_masks_by_counts() -> None:
    from symc_runtime.bases.item_transformer import ItemTransformer

    base = ItemTransformer(
        [("n", 3)], [("n", 3)], sizes={"n": 6}, items="n", ragged="n", width=16, depth=1, heads=2
    )
    text = "size n <= 6\ngroup P = S(n)\ninput x[n: P, 3]\noutput y[n: P, 3]"
    model = symc.build(text, base).eval()
    x, counts = torch.randn(2, 6, 3), torch.tensor([4, 6])
    noise = model.draw_noise(x, n=counts)
    short = {key: value[:, :1, :4] for key, value in noise.items()}
    whole = model(x, n=counts, noise=noise)[0, :4]
    assert torch.allclose(whole, model(x[:1, :4], n=counts[:1], noise=short)[0], atol=1e-5)


@pytest.mark.parametrize("method", ["average(samples=2)", "frame", "canonical", "probabilistic"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_section_5_half_precision_keeps_elements_exact(method: str, dtype: torch.dtype) -> None:
    text = """
    group P = S(n)
    group M = O(3)
    input v[n: P, 3: M]
    output w[n: P, 3: M]
    """
    model = symc.build(f"{text}symmetrize by {method}", First()).to(dtype)
    v = torch.randn(2, 4, 3).to(dtype)
    assert model(v).dtype == dtype
    assert torch.allclose(model(v).float(), v.float(), atol=0.1)
    stage = model.get_submodule("M")
    matrix = stage(model.draw_noise(v)["M"].flatten(0, 1), v).matrix
    identity = torch.eye(3)
    assert (matrix @ matrix.transpose(1, 2) - identity).abs().max() < 1e-5


class _Inputs(nn.Module):
    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return inputs[0]


class _X(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


@pytest.mark.parametrize(("name", "base"), [("inputs", _Inputs()), ("x", _X())])
def test_section_5_a_parameter_that_a_tensor_fills_names_no_size(
    name: str, base: nn.Module
) -> None:
    text = f"size {name} <= 8\ninput a[{name}: S({name})]\noutput b[{name}: S({name})]"
    model = symc.build(text, base)
    x = torch.randn(2, 3)
    y = model(x, sizes={name: torch.tensor([1, 3])})
    assert torch.allclose(y[1], x[1])


def test_section_5_outputs_are_floating() -> None:
    class Whole(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.long()[..., 0]

    with pytest.raises(TypeError, match="output `y`.*floating"):
        symc.build(SETS, Whole())(torch.randn(2, 3, 2))


def test_section_2_a_name_with_two_underscores_works_where_it_is_emitted() -> None:
    text = "group __P = S(n)\ninput x[n: __P, 2]\noutput y[n: __P]"
    namespace: dict[str, type[nn.Module]] = {}
    exec(emit(make_plan(symc.load(text).ir), text), namespace)
    x = torch.randn(2, 3, 2)
    assert namespace["Model"](Weighted())(x).shape == (2, 3)


@pytest.mark.parametrize("method", ["canonical", "probabilistic"])
def test_section_7_what_a_distribution_returns_is_checked(method: str) -> None:
    class Gives(nn.Module):
        def __init__(self, value: Callable[[torch.Tensor], object]) -> None:
            super().__init__()
            self.value = value

        def forward(self, noise: torch.Tensor, x: torch.Tensor) -> object:
            return self.value(x)

    sets = f"input x[5: S(5)]\noutput y[5: S(5)]\nsymmetrize by {method}"
    vectors = f"input x[4, 3: O(3)]\noutput y[4, 3: O(3)]\nsymmetrize by {method}"
    samples = 1 if method == "canonical" else 20
    for text, group, value, error, said in (
        (sets, "S(5)", lambda x: x[:, :4], ShapeError, rf"\[{2 * samples}, 5\] .* got \[.*, 4\]"),
        (sets, "S(5)", lambda x: x.unsqueeze(-1), ShapeError, r"the distribution of S\(5\)"),
        (sets, "S(5)", lambda x: x.argsort(), TypeError, "got torch.int64"),
        (sets, "S(5)", lambda x: (x,), TypeError, "got tuple"),
        (vectors, "O(3)", lambda x: x, ShapeError, rf"\[{2 * samples}, 3, 3\].*rows.*, 4, 3\]"),
        (vectors, "O(3)", lambda x: x[:, :2], ShapeError, "d vectors"),
    ):
        model = symc.build(text, First(), distributions={group: Gives(value)}).eval()
        with pytest.raises(error, match=said):
            model(torch.randn(2, 5) if group == "S(5)" else torch.randn(2, 4, 3))


def test_section_7_wrong_arguments_of_build() -> None:
    build: Callable[..., object] = symc.build
    with pytest.raises(TypeError, match="'S\\(n\\)': expected a torch.nn.Module, got int"):
        build(SETS, First(), distributions={"S(n)": 3})
    for chunk in (1.5, True, "2"):
        with pytest.raises(TypeError, match="chunk: expected an int"):
            build(SETS, First(), chunk=chunk)
    functions: list[Callable[..., object]] = [symc.load, symc.check, lambda s: build(s, First())]
    for function in functions:
        with pytest.raises(TypeError, match="expected a path, spec text or a loaded Spec, got int"):
            function(123)


def test_section_7_files_are_read_as_the_command_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "latin.sym"
    path.write_bytes('spec a\n"""caf\xe9"""\ninput x[2]\noutput y'.encode("latin-1"))
    assert [d.code for d in symc.check(path)] == ["SYM109"]
    with pytest.raises(symc.SpecError, match="byte 0xE9 on line 2"):
        symc.load(str(path))
    path.write_bytes(b"\xef\xbb\xbfinput x[2]\r\noutput y\r\n")
    assert symc.check(path) == []
    assert symc.check(symc.load(path)) == []
    assert symc.load(path).text == "input x[2]\noutput y\n"
