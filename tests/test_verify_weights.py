"""`symc.verify` looks at other weights, too: what holds for the present ones alone is lost."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import symc
from symc_runtime.verification.report import Report, Row
from symc_runtime.verification.subject import CannotMeasureError, Subject
from symc_runtime.verification.weights import MOVE, move_weights

VECTORS = "group P = S(n)\ngroup R = O(3)\ninput v[n: P, 3: R]\noutput y[n: P, 3: R]\n"
NO_ITEMS = "group R = O(3)\ninput v[3: R]\noutput y[3: R]\n"


class Layer(nn.Module):
    """A right layer of vectors, but for what is zero, or the same for all, at first."""

    def __init__(self, fault: str = "") -> None:
        super().__init__()
        self.fault = fault
        self.mix = nn.Parameter(torch.tensor([0.7, -0.4]))
        self.bias = nn.Parameter(torch.zeros(3))
        self.rows = nn.Parameter(torch.full((4, 1), 0.3))
        self.gates = nn.ParameterList([nn.Parameter(torch.zeros(())) for _ in range(2)])
        self.frozen = nn.Parameter(torch.zeros(3), requires_grad=False)
        self.register_buffer("constant", torch.zeros(3))
        self.norm = nn.BatchNorm1d(1)

    def forward(self, v: Tensor) -> Tensor:
        lengths = v.norm(dim=-1, keepdim=True)
        gain = self.norm(lengths.flatten(1).mean(1, keepdim=True)).unsqueeze(-1)
        y = self.mix[0] * v + self.mix[1] * v.mean(1, keepdim=True) * torch.tanh(lengths + gain)
        if self.fault == "bias":
            return y + self.bias
        if self.fault == "rows":
            return y * self.rows
        if self.fault == "gates":
            return y + self.gates[0] * self.gates[1] * v.abs()
        if self.fault == "frozen":
            return y + self.frozen
        return y + self.constant


def measured(model: nn.Module, spec: str | None = VECTORS, **keywords: Any) -> Report:
    """A quick report."""
    return symc.verify(model, spec=spec, **{"samples": 2, "draws": 200, **keywords})


def moved(report: Report) -> list[Row]:
    """Rows about other weights."""
    return [row for row in report.rows if row.weights == "moved"]


@pytest.mark.parametrize(
    ("fault", "groups"),
    [("bias", {"R", "P x R"}), ("rows", {"P", "P x R"}), ("gates", {"R", "P x R"})],
)
def test_what_holds_for_the_present_weights_alone(fault: str, groups: set[str]) -> None:
    report = measured(Layer(fault))
    assert {row.group for row in report.broken} == groups
    assert {row.weights for row in report.broken} == {"moved"}
    text = " ".join(str(report).split())
    alone = min(groups, key=len)
    assert f"error[law]: `y` follows {alone} with the present weights alone" in text
    assert "y, moved weights" in text
    assert "and so may a step of training" in text
    assert max(map(len, str(report).splitlines())) <= 80
    assert Report.from_json(report.to_json()) == report


def test_a_right_module_stays_right_and_frozen_weights_stay() -> None:
    for fault in ("", "frozen"):
        report = measured(Layer(fault))
        assert report.ok
        assert {row.verdict for row in moved(report)} == {"right"}
        assert "Also with every weight moved at random by a tenth of its size" in " ".join(
            str(report).split()
        )
    # Where none trains, all of them move: it was frozen for use, not for good.
    assert not measured(Layer("frozen").requires_grad_(False)).ok


def test_no_weights_no_second_look() -> None:
    report = measured(nn.Identity())
    assert report.ok
    assert not moved(report)
    assert "moved" not in str(report)


def test_what_is_broken_already_is_told_once() -> None:
    class Broken(Layer):
        def forward(self, v: Tensor) -> Tensor:
            return super().forward(v) + 0.1 * v.abs()

    text = str(measured(Broken("bias")))
    assert "Found 1 broken law." in text
    assert "moved weights" not in text


def test_a_trusted_base_and_a_random_one() -> None:
    report = measured(symc.build(VECTORS + "symmetrize by base\n", Layer("bias")), None)
    assert {(row.test, row.what) for row in report.broken} == {("trusted", "base")}
    assert "the base follows R with the present weights alone" in " ".join(str(report).split())

    class Noisy(Layer):
        def forward(self, v: Tensor) -> Tensor:
            return super().forward(v) * (1 + 0.1 * torch.randn(()).to(v.dtype))

    assert measured(Noisy()).ok
    report = measured(Noisy("bias"))
    assert {row.weights for row in report.broken} == {"moved"}


def test_other_weights_that_divide_by_zero_break_no_symmetry() -> None:
    class Root(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.zeros(50))

        def forward(self, v: Tensor) -> Tensor:
            return v * (1 + self.scale.sqrt().sum())

    report = measured(Root(), NO_ITEMS)
    assert report.ok
    assert {row.verdict for row in moved(report)} == {"unmeasured"}
    assert "with other weights it returns no finite number" in " ".join(str(report).split())


def test_what_is_random_with_other_weights_is_told_of_these(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Subject, "_is_random", lambda *_: False)
    monkeypatch.setattr(Subject, "differs", lambda *_: True)
    rows = measured(Layer("bias")).rows
    found = [row for row in rows if "now and then" in row.detail]
    assert {row.weights for row in found} == {"moved"}
    assert {row.verdict for row in rows if row.test == "law" and not row.weights} == {"right"}


def test_the_module_stays_as_it_is() -> None:
    model = Layer("bias").train()
    model(torch.randn(2, 4, 3)).sum().backward()
    seen: list[int] = []
    handle = model.register_forward_hook(lambda *_: seen.append(1))
    before = copy.deepcopy(model.state_dict())
    gradients = [None if p.grad is None else p.grad.clone() for p in model.parameters()]
    random = torch.get_rng_state()
    measured(model)
    assert torch.equal(random, torch.get_rng_state())
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    for p, gradient in zip(model.parameters(), gradients, strict=True):
        assert (p.grad is None) == (gradient is None)
        assert gradient is None or torch.equal(gradient, p.grad)  # type: ignore[arg-type]
    assert model.training
    assert next(iter(model._forward_hooks)) == handle.id


@pytest.mark.parametrize("whole", [True, False])
def test_a_module_whose_copy_is_itself(whole: bool) -> None:
    class Single(Layer):
        def __deepcopy__(self, memo: dict[int, Any]) -> Single:
            if whole:
                return self
            other = Single()
            other.mix = self.mix
            return other

    model = Single()
    with pytest.raises(CannotMeasureError, match="its copy shares `(Single|mix)` with it"):
        measured(model)
    assert model.mix.dtype == torch.float32


def test_a_module_that_keeps_what_it_computed() -> None:
    """A tensor with a gradient, which could not be copied after the first call."""

    class Forces(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(()))

        def forward(self, v: Tensor) -> Tensor:
            v = v.requires_grad_()
            self.energy = self.scale * v.square().sum(-1).square().sum()
            return torch.autograd.grad(self.energy, v)[0]

    report = measured(Forces(), NO_ITEMS)
    assert report.ok
    assert moved(report)


def test_every_weight_moves_by_a_tenth() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(40, 50), nn.BatchNorm1d(50), nn.Linear(50, 1))
    model.register_parameter("waves", nn.Parameter(torch.randn(30, dtype=torch.complex64)))
    model.register_parameter("zero", nn.Parameter(torch.zeros(40)))
    model.register_parameter("empty", nn.Parameter(torch.zeros(0)))
    before = copy.deepcopy(model)
    assert move_weights(model, torch.Generator().manual_seed(0))
    for (name, p), q in zip(model.named_parameters(), before.parameters(), strict=True):
        step = (p - q).detach().abs()
        assert (step > 0).all(), name
        if p.numel() >= 30 and name != "zero" and q.any():
            size = q.detach().abs().square().mean().sqrt()
            assert 0.5 * MOVE < step.square().mean().sqrt() / size < 1.5 * MOVE
    for a, b in zip(model.buffers(), before.buffers(), strict=True):
        assert torch.equal(a, b)
    assert not move_weights(nn.BatchNorm1d(3, affine=False), torch.Generator())
