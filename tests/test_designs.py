"""Designs: means over rotations that are exact up to a degree, and equivariant for every base."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from models import on_flat_base
from torch import Tensor, nn

import symc
from symc.lower.emit import emit
from symc.lower.plan import make_plan
from symc_runtime.groups.designs import LARGEST, design, highest, size
from symc_runtime.testing import assert_equivariant, equivariance_error

F64 = torch.float64
DEGREES = (1, 2, 3, 4, 5, 6, 7, 10)
TEXT = "group M = {}\ninput x[4, _: M.vector]\noutput y[_: M.vector]\noutput e\nsymmetrize by {}\n"


def elements(dimension: int, special: bool, degree: int) -> tuple[Tensor, Tensor]:
    matrices, weights = design(dimension, special, degree)
    return torch.tensor(matrices, dtype=F64), torch.tensor(weights, dtype=F64)


@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("special", [True, False])
@pytest.mark.parametrize("degree", DEGREES)
def test_elements_are_of_the_group_and_means_of_its_irreducibles_vanish(
    dimension: int, special: bool, degree: int
) -> None:
    q, w = elements(dimension, special, degree)
    assert len(q) == size(dimension, special, degree)
    assert w.min() > 0
    assert abs(w.sum() - 1) < 1e-12
    eye = torch.eye(dimension, dtype=F64)
    assert (q @ q.mT - eye).abs().max() < 1e-13
    determinant = torch.linalg.det(q)
    assert (determinant - 1).abs().max() < 1e-12 if special else abs(determinant @ w) < 1e-12
    # |sum_k w_k D(q_k)|^2 is a sum of characters: of all D, not of their traces alone.
    apart = torch.einsum("aij,bij->ab", q, q)
    proper = (determinant.unsqueeze(1) * determinant > 0).to(F64)
    together = proper * w.unsqueeze(1) * w
    for order in range(1, degree + 1):
        if dimension == 2:
            # Of a rotation by a: cos(order a); what mirrors has character 0.
            character = torch.cos(order * torch.arccos((apart / 2).clamp(-1, 1)))
            assert abs(float((character * together).sum())) < 1e-12
            continue
        for sign in (1, -1) if not special else (1,):
            # In odd dimension what mirrors is minus a rotation.
            rotation = torch.where(proper > 0, apart, -apart)
            angle = torch.arccos(((rotation - 1) / 2).clamp(-1, 1))
            character = sum(torch.cos(k * angle) for k in range(-order, order + 1))
            signed = torch.where(proper > 0, 1.0, float(sign))
            total = (character * signed * w.unsqueeze(1) * w).sum()
            assert abs(float(total)) < 1e-12


def test_the_next_degree_is_not_exact() -> None:
    """Else the degrees would say too little: each but 4, whose smallest design is that of 5."""
    for degree in (1, 2, 3, 5, 6):
        q, w = elements(3, True, degree)
        angle = torch.arccos(((q.diagonal(dim1=1, dim2=2).sum(1) - 1) / 2).clamp(-1, 1))
        character = sum(torch.cos(k * angle) for k in range(-degree - 1, degree + 2))
        assert abs(float(character @ w)) > 0.05
    assert size(3, True, 4) == size(3, True, 5) == 60


def test_sizes_stay_within_what_may_be_enumerated() -> None:
    for dimension, special in ((2, True), (2, False), (3, True), (3, False)):
        most = highest(dimension, special)
        assert (size(dimension, special, most) or 0) <= LARGEST
        assert size(dimension, special, most + 1) is None
    assert highest(4, True) == highest(1, True) == 0
    with pytest.raises(ValueError, match="no design"):
        design(4, True, 2)


GROUPS = ("SO(2)", "O(2)", "SO(3)", "O(3)")


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("degree", [1, 3, 6])
@pytest.mark.parametrize("chunk", [None, 5])
def test_the_coupled_law_holds_for_every_base(group: str, degree: int, chunk: int | None) -> None:
    model = on_flat_base(TEXT.format(group, f"average(degree={degree})"))
    model.chunk = chunk
    d = int(group[-2])
    x = torch.randn(5, 4, d, dtype=F64, generator=torch.Generator().manual_seed(1))
    for mode in (True, False):
        error = equivariance_error(model.double().train(mode), x)
        assert max(error.values() if isinstance(error, dict) else [error]) < 1e-12


@pytest.mark.parametrize(
    "text",
    [
        "group M = E(3)\ngroup P = S(4)\ninput x[4: P, 3: M.point]\noutput y[4: P, 3: M.point]\n"
        "output e\nsymmetrize M by average(degree=2)\nsymmetrize P by average(samples=3)",
        "group P = S(3)\ngroup M = SO(3)\ninput x[3: P, 3: M.vector]\noutput y[3: M.vector]\n"
        "symmetrize P by average\nsymmetrize M by average(degree=6)",
        "group M = O(3)\ngroup N = SO(2)\ninput x[4, 3: M.vector, 2: N.vector]\n"
        "output y[3: M.vector, 2: N.vector]\noutput z[9: M.vector^2]\n"
        "symmetrize M, N by average(degree=3)",
        "group M = O(3)\ngroup P = S(4)\ninput x[4: P, 3: M.vector]\noutput e\n"
        "symmetrize P by probabilistic\nsymmetrize M by average(degree=2)",
    ],
)
def test_beside_other_stages_and_with_translations(text: str) -> None:
    model = on_flat_base(text).double()
    declared = model.inputs[0]
    shape = {3: (4, 3), 2: (4, 3)}[len(declared.axes)] if len(declared.axes) == 2 else (4, 3, 2)
    if "S(3)" in text:
        shape = (3, 3)
    x = torch.randn(4, *shape, dtype=F64, generator=torch.Generator().manual_seed(1))
    assert_equivariant(model.eval(), x)
    assert_equivariant(model.train(), x)


class Polynomial(nn.Module):
    """Numbers of degree two in the input, and vectors of degree one."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        first, second = x[:, 0], x[:, 1]
        vector = first[:, :1] * x[:, 2] + second.roll(1, -1)
        return vector, first[:, 0] * second[:, -1] + first[:, 0] ** 2 + 0.3 * second[:, 0]


@pytest.mark.parametrize("group", GROUPS)
def test_bases_of_low_degree_have_their_exact_mean(group: str) -> None:
    """Two calls draw another g and agree; of a lower degree they do not."""
    d = int(group[-2])
    x = torch.randn(3, 4, d, dtype=F64, generator=torch.Generator().manual_seed(1))

    def apart(degree: int) -> float:
        model = symc.build(TEXT.format(group, f"average(degree={degree})"), Polynomial())
        one, other = model(x), model(x)
        return max(float((a - b).abs().max()) for a, b in zip(one, other, strict=True))

    # The vector is of degree two, and as an output of one more.
    assert apart(3) < 1e-12
    assert apart(1) > 1e-3


def test_a_mean_of_quadratic_numbers_is_their_trace() -> None:
    model = symc.build(TEXT.format("O(3)", "average(degree=3)"), Polynomial())
    x = torch.randn(3, 4, 3, dtype=F64, generator=torch.Generator().manual_seed(1))
    _, e = model(x)
    # E g g^T = 1 / 3: products of different components have no mean, nor has what is linear.
    assert torch.allclose(e, x[:, 0].square().sum(-1) / 3, atol=1e-12)


def test_sixty_elements_are_nearer_to_the_mean_than_sixty_draws() -> None:
    class Smooth(nn.Module):
        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return x[:, 0] * 0, torch.tanh(x[:, 0, 0] + 0.5 * x[:, 1, 1] * x[:, 2, 2])

    x = torch.randn(40, 4, 3, dtype=F64, generator=torch.Generator().manual_seed(1))
    limit = symc.build(TEXT.format("SO(3)", "average(degree=17)"), Smooth()).eval()(x)[1]
    design_error = symc.build(TEXT.format("SO(3)", "average(degree=5)"), Smooth()).eval()(x)[1]
    drawn = symc.build(TEXT.format("SO(3)", "average(samples=60)"), Smooth()).eval()
    torch.manual_seed(0)
    errors = [(drawn(x)[1] - limit).square().mean().sqrt() for _ in range(10)]
    typical = float(torch.stack(errors).mean())
    assert float((design_error - limit).square().mean().sqrt()) < typical / 5


def test_how_many_elements_there_are_is_told_and_cannot_be_set() -> None:
    model = symc.build(TEXT.format("O(3)", "average(degree=5)"), nn.Identity())
    assert model.samples == model.eval_samples == 120
    assert "a design of 120 elements" in repr(model)
    model.samples = 120
    with pytest.raises(ValueError, match="a design that the spec asks for"):
        model.samples = 20
    with pytest.raises(ValueError, match="eval_samples: K is 120"):
        model.eval_samples = 1
    x = torch.randn(2, 4, 3)
    noise = model.draw_noise(x)
    assert noise["M"].shape == (120, 2, 4, 3)


def test_a_design_stays_one_beside_a_stage_that_is_told_to_draw() -> None:
    text = (
        "group M = SO(3)\ngroup P = S(3)\ninput x[3: P, 3: M.vector]\noutput y[3: M.vector]\n"
        "symmetrize M by average(degree=2)\nsymmetrize P by average"
    )
    model = on_flat_base(text)
    x = torch.randn(2, 3, 3)
    assert model.draw_noise(x)["M"].shape[0] == 12 * 6
    model.samples = 2
    noise = model.draw_noise(x)
    assert noise["M"].shape[0] == 12 * 2
    frames = noise["M"].unflatten(0, (12, 2))[:, 0, :, :3]
    assert torch.allclose(frames.mean(0), torch.zeros(2, 3, 3), atol=1e-6)


def test_samples_and_weights() -> None:
    model = on_flat_base(TEXT.format("SO(3)", "average(degree=6)")).double()
    x = torch.randn(2, 4, 3, dtype=F64)
    noise = model.draw_noise(x)
    (vectors, _), weights = model(x, noise=noise, return_samples=True)
    assert weights.shape == (196, 2)
    assert torch.allclose(weights.sum(0), torch.ones(2, dtype=F64), atol=1e-12)
    assert weights.max() > 1.5 * weights.min()
    mean = (vectors * weights.unsqueeze(-1)).sum(0)
    assert torch.allclose(mean, model(x, noise=noise)[0], atol=1e-12)


def test_the_emitted_file_and_a_compiled_module_compute_the_same() -> None:
    model = on_flat_base(TEXT.format("O(3)", "average(degree=2)")).eval()
    x = torch.randn(3, 4, 3)
    noise = model.draw_noise(x)
    expected = model(x, noise=noise)
    plan = make_plan(model.program)
    scope: dict[str, Any] = {}
    exec(emit(plan), scope)
    written = scope[plan.class_name](model.base).eval()
    for one, other in zip(written(x, noise=noise), expected, strict=True):
        assert torch.equal(one, other)
    torch._dynamo.reset()
    compiled = torch.compile(model, fullgraph=True, backend="eager")
    for one, other in zip(compiled(x, noise=noise), expected, strict=True):
        assert torch.allclose(one, other, atol=1e-6)
    assert all(y.isfinite().all() for y in compiled(x))


def test_half_precision_keeps_elements_whole() -> None:
    model = on_flat_base(TEXT.format("O(3)", "average(degree=2)")).to(torch.bfloat16)
    x = torch.randn(3, 4, 3, dtype=torch.bfloat16)
    noise = model.draw_noise(x)["M"]
    assert noise.dtype == torch.float32
    frames = noise[:, :, :3]
    assert torch.allclose(frames @ frames.mT, torch.eye(3).expand_as(frames), atol=1e-5)
    assert all(y.dtype == torch.bfloat16 for y in model(x))


@pytest.mark.parametrize(
    ("group", "line", "message"),
    [
        ("O(4)", "average(degree=2)", "`M` has no designs"),
        ("SO(1)", "average(degree=2)", "`M` wants no design"),
        ("O(3)", "average(degree=16)", "a design of degree 16 of `M` has more than 5,040"),
        ("SO(3)", "average(degree=5, samples=3)", "leaves nothing for `samples` to say"),
        ("SO(3)", "average(degree=5, eval_samples=3)", "leaves nothing for `eval_samples`"),
        ("SO(3)", "average(degree=0)", "`degree` is a whole number from 1"),
        ("SO(3)", "average(degree=2.5)", "`degree` is a whole number from 1"),
        ("SO(3)", "frame(degree=2)", "the method `frame` has no option `degree`"),
    ],
)
def test_what_is_no_design_is_refused(group: str, line: str, message: str) -> None:
    found = symc.check(TEXT.format(group, line))
    (error,) = [d for d in found if d.severity == "error"]
    assert message in error.message
    assert error.code in ("SYM504", "SYM505")


def test_an_open_dimension_is_refused_and_permutations_are_warned_of() -> None:
    (found,) = symc.check(
        "group M = O(d)\ninput x[4, d: M.vector]\noutput e\nsymmetrize by average(degree=2)"
    )
    assert found.code == "SYM505"
    assert "open" in found.message
    (found,) = symc.check(
        "group P = S(n)\ninput x[n: P]\noutput e\nsymmetrize by average(degree=2)"
    )
    assert found.code == "SYM511"
    assert "`degree` changes nothing for `P`" in found.message
    # It says who has it, and not those that it is warned of.
    assert found.help is not None
    assert "a group O(d), SO(d), E(d) or SE(d)" in found.help
    assert "S(n)" not in found.help + found.message
