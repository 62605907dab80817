"""Language contract, section 5: f(h x; h noise) = h f(x; noise), exactly, for every method.

Every reference spec meets every method of the catalogue that the checker lets it have.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from models import KINDS, SPECS, example_counts, example_inputs, on_flat_base, sizes_for
from torch import nn

import symc
from symc_runtime.catalogue import methods
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.testing import (
    act,
    act_on_noise,
    assert_equivariant,
    equivariance_error,
    random_motions,
    valid_part,
)

BATCH = 4


def under(path: Path, method: str) -> str:
    """The spec's text with every group handled by one method."""
    text = re.sub(r"(?m)^symmetrize .*$", "", path.read_text(encoding="utf-8"))
    return f"{text}\nsymmetrize by {method}\n"


def applies(text: str) -> bool:
    """Whether the checker lets the method have the spec; it must say no with a SYM4 or SYM5."""
    errors = [d for d in symc.check(text) if d.severity == "error"]
    assert all(d.code[:4] in ("SYM4", "SYM5") for d in errors), errors
    return not errors


DECLARED = {
    "items": "size n = 4\ngroup P = S(n)\ninput x[_: P*P + P]\noutput y[n: P]",
    "channels": "size a = 3\nsize b = 3\ninput x[_: a*O(3).vector + b*O(3).scalar]\n"
    "output y[_: b*O(3).vector]",
    "together": "size n = 4\nsize a = 2\nsize b = 3\ngroup P = S(n)\n"
    "input x[n: P, _: a*E(3).point + b*E(3).vector]\ninput z[_: P + P]\n"
    "output y[n: P, 3: E(3).point]",
}
"""Specs with sizes that no tensor tells: they stand in the spec."""

CASES = [
    pytest.param(text, id=f"{path.stem}-{method}")
    for path in SPECS
    for method in methods()
    if applies(text := under(path, method))
] + [pytest.param(path.read_text(encoding="utf-8"), id=path.stem) for path in SPECS]
CASES += [
    pytest.param(f"{text}\nsymmetrize by {method}\n", id=f"{name}-{method}")
    for name, text in DECLARED.items()
    for method in methods()
]


def compiled(text: str) -> tuple[Symmetrized, dict[str, int]]:
    """The spec around a base without any symmetry, in float64, a few samples."""
    torch.manual_seed(0)
    model = on_flat_base(text).double()
    model.draw_so_many(2)
    return model, sizes_for(model.inputs + model.outputs, model.fixed)


@pytest.mark.parametrize("text", CASES)
def test_coupled_noise(text: str) -> None:
    model, sizes = compiled(text)
    counts = example_counts(model, sizes, BATCH)
    generator = torch.Generator().manual_seed(1)
    for training in (True, False):
        model.train(training)
        model.base.eval()
        for kind in KINDS:
            inputs = example_inputs(model, sizes, BATCH, kind)
            error = equivariance_error(model, *inputs, counts=counts, generator=generator)
            assert error < 1e-9, f"{kind}, training {training}: {error:.2e}"


@pytest.mark.parametrize("text", CASES)
def test_gradients_are_finite(text: str) -> None:
    model, sizes = compiled(text)
    counts = example_counts(model, sizes, BATCH)
    for kind in KINDS:
        inputs = example_inputs(model, sizes, BATCH, kind)
        for x in inputs:
            x.requires_grad_(x.is_floating_point())
        outputs = model(*inputs, sizes=counts)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        sum(y.sum() for y in outputs).backward()
        grads = [p.grad for p in model.parameters()] + [x.grad for x in inputs]
        for gradient in grads:
            assert gradient is None or torch.isfinite(gradient).all(), kind


class _ItemWise(nn.Module):
    """Equivariant under S(n) by itself: one small net for each item and the mean of all."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Linear(6, 3)

    def forward(self, pos: torch.Tensor, edge: torch.Tensor) -> torch.Tensor:
        mean = pos.mean(1, keepdim=True).expand_as(pos)
        return torch.tanh(self.net(torch.cat([pos + edge.mean((2, 3)).unsqueeze(-1), mean], -1)))


@pytest.mark.parametrize("method", [m for m in methods() if m != "base"])
def test_nets_are_invariant_to_groups_by_base(method: str) -> None:
    text = f"""
    group P = S(n)
    group M = E(3)
    input pos[n: P, 3: M.point]
    input edge[n: P, n: P, 2]
    output shift[n: P, 3: M.vector]
    symmetrize P by base
    symmetrize M by {method}
    """
    model = symc.build(text, _ItemWise()).double()
    inputs = (torch.randn(3, 5, 3).double(), torch.randn(3, 5, 5, 2).double())
    for training in (True, False):
        model.train(training)
        assert equivariance_error(model, *inputs, groups=["P", "M"]) < 1e-9


class _Distances(nn.Module):
    """Invariant to all motions of space, to no relabelling."""

    def forward(self, pos: torch.Tensor) -> torch.Tensor:
        index = torch.arange(pos.shape[1], dtype=pos.dtype)
        return torch.cdist(pos, pos) @ index.sin()


@pytest.mark.parametrize("net", ["deepsets", "attention", "gin", "refine"])
@pytest.mark.parametrize("group", ["E(3)", "SE(2)", "T(3)"])
def test_nets_do_not_see_where_points_by_base_are(group: str, net: str) -> None:
    text = f"""
    group A = {group}
    group P = S(n)
    input pos[n: P, _: A.point]
    output y[n: P]
    symmetrize A by base
    symmetrize P by canonical(net={net})
    """
    model = symc.build(text, _Distances()).double().eval()
    pos = 10 + torch.randn(4, 6, 2 if "2" in group else 3, dtype=torch.float64)
    assert equivariance_error(model, pos, groups=["A", "P"]) < 1e-9


@pytest.mark.parametrize("order", ["P, M, Q", "M, Q, P", "Q, P, M"])
@pytest.mark.parametrize("method", ["canonical", "probabilistic", "frame"])
def test_three_stages_in_any_order(order: str, method: str) -> None:
    text = f"""
    group P = S(n)
    group Q = S(m)
    group M = SE(3)
    input x[n: P, m: Q, 3: M.point]
    input v[n: P, 3: M.vector]
    input s[m: Q, 2]
    output y[n: P, m: Q, 3: M.point]
    symmetrize {order} by {method}
    """
    model, sizes = compiled(text)
    for kind in KINDS:
        error = equivariance_error(model, *example_inputs(model, sizes, BATCH, kind))
        assert error < 1e-9, kind


@pytest.mark.parametrize("text", CASES)
def test_inputs_and_noise_are_moved_where_they_are(text: str) -> None:
    """Elements are drawn on the CPU, and a model may be on another device: here, on none."""
    model, sizes = compiled(text)
    inputs, counts = example_inputs(model, sizes, 2, "random"), example_counts(model, sizes, 2)
    motions, solved = random_motions(model, inputs, counts)
    noise = model.draw_noise(*inputs, sizes=counts)
    pairs = [
        (act(t, valid_part(t, x.to(device), there), motions, solved), x)
        for device in ("cpu", "meta")
        for there in ({name: count.to(device) for name, count in counts.items()},)
        for t, x in zip(model.inputs, inputs, strict=True)
    ]
    moved = act_on_noise(model, {key: z.to("meta") for key, z in noise.items()}, motions)
    pairs += [(moved[key], z) for key, z in noise.items()]
    assert {y.device.type for y, _ in pairs} == {"cpu", "meta"}
    for y, x in pairs:
        assert (y.shape, y.dtype) == (x.shape, x.dtype)


def test_a_broken_module_is_caught() -> None:
    text = "input x[n: S(n), 2]\noutput y[n: S(n)]"
    model, sizes = compiled(text)
    inputs = example_inputs(model, sizes, BATCH)
    assert_equivariant(model, *inputs)
    run = model.symmetrize
    calls = []

    def divides_by_zero(*tensors: torch.Tensor) -> object:
        calls.append(1)
        outputs, elements = run(*tensors)
        return tuple(y / (len(calls) - 1) for y in outputs), elements

    # Not finite on one side alone, the first.
    model.__dict__["symmetrize"] = divides_by_zero
    assert equivariance_error(model, *inputs) == torch.inf

    def forgets_the_output(*tensors: torch.Tensor) -> object:
        outputs, penalties = run(*tensors)
        return tuple(y.flip(1) for y in outputs), penalties

    model.__dict__["symmetrize"] = forgets_the_output
    with pytest.raises(AssertionError, match="not equivariant"):
        assert_equivariant(model, *inputs)
