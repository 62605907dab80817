"""What modules of users do to `symc.verify`: raise, print, round, draw, differentiate inside."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from models import on_flat_base
from torch import Tensor, nn

import symc
from symc import cli
from symc_runtime.testing import assert_equivariant, equivariance_error
from symc_runtime.verification.report import Report, Row
from symc_runtime.verification.subject import CannotMeasureError

SETS = "group P = S(n)\ninput x[n: P, 4]\noutput y[n: P, 4]\n"
VECTORS = "group P = S(n)\ngroup R = O(3)\ninput v[n: P, 3: R]\noutput y[n: P, 3: R]\n"
POINTS = "group P = S(n)\ngroup M = E(3)\ninput p[n: P, 3: M.point]\noutput f[n: P, 3: M.vector]\n"


class Calls(nn.Module):
    """A module that is one function of its inputs and of whether it trains."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: Tensor) -> Any:
        return self.function(*inputs, self.training)


def measured(function: Any, spec: str = SETS, **keywords: Any) -> Report:
    """A quick report of a function."""
    module = function if isinstance(function, nn.Module) else Calls(function)
    return symc.verify(module, spec=spec, **{"samples": 4, "draws": 400, **keywords})


def unmeasured(report: Report) -> list[Row]:
    """Rows of laws that were not measured."""
    return [row for row in report.rows if row.verdict == "unmeasured" and row.test == "law"]


def raises(where: bool) -> None:
    """In some places."""
    if where:
        raise ValueError("not here")


def test_inputs_are_contiguous() -> None:
    def forward(v: Tensor, training: bool) -> Tensor:
        lengths = v.view(v.shape[0] * v.shape[1], 3).norm(dim=1)
        return v * lengths.view(*v.shape[:2], 1).tanh()

    report = measured(forward, VECTORS)
    assert report.ok
    assert not report.warnings


def test_what_raises_somewhere_is_measured_elsewhere() -> None:
    def in_training(x: Tensor, training: bool) -> Tensor:
        raises(training)
        return x

    def on_zeros(x: Tensor, training: bool) -> Tensor:
        raises(bool((x == 0).flatten(1).all(1).any()))
        return x[:, :1] + x

    report = measured(in_training)
    assert report.ok
    assert {row.mode for row in unmeasured(report)} == {"train"}
    text = " ".join(str(report).split())
    assert "on inputs of all kinds, in train mode, the module raises ValueError: not here" in text
    assert "(test_verify_modules.py:" in text
    report = measured(on_zeros)
    assert {row.test for row in report.broken} == {"law"}
    assert all("of the kind zero, in" in row.detail for row in unmeasured(report))
    assert len(unmeasured(report)) == 4
    two = measured(lambda x, training: (x, x) if training else x)
    assert {row.mode for row in unmeasured(two)} == {"train"}
    assert "returned 2 tensors" in str(two)


def test_bases_that_raise() -> None:
    def forward(x: Tensor, training: bool) -> Tensor:
        raises(bool((x.abs() > 1e3).any()))
        return x

    report = symc.verify(
        symc.build(SETS + "symmetrize P by average(samples=2)", Calls(forward)), draws=400
    )
    assert report.ok
    assert any("raises ValueError: not here" in row.detail for row in report.warnings)


def test_batch_normalization() -> None:
    """Suspects alone are a batch of one, which it does not take."""

    class Normalized(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm = nn.BatchNorm1d(4)

        def forward(self, x: Tensor) -> Tensor:
            rare = (x[:, 0, 0] > 1.5) & (x.abs().amax((1, 2)) < 100)
            pooled: Tensor = self.norm(x.mean(1)) + rare.to(x.dtype).unsqueeze(1)
            return pooled

    for seed in range(3):
        report = measured(Normalized(), SETS.replace("y[n: P, 4]", "y[4]"), samples=8, seed=seed)
        assert {row.test for row in report.broken} == {"law"}


def test_an_output_that_is_zero_hides_no_other() -> None:
    def forward(v: Tensor, training: bool) -> tuple[Tensor, Tensor]:
        return v.sum(1) - v.flip(1).sum(1), v[:, :1] + v.flip(-1)

    spec = VECTORS.replace("output y", "output a[3: R]\noutput y")
    report = measured(forward, spec)
    assert {row.tensor for row in report.broken} == {"y"}
    unclear = {row.tensor for row in report.rows if row.test == "law" and row.unclear}
    assert unclear == {"a"}


def test_an_output_that_is_not_finite_is_the_only_one() -> None:
    def forward(x: Tensor, training: bool) -> tuple[Tensor, Tensor]:
        total = x.sum(1)
        return 2 * x, total / total.norm(dim=-1, keepdim=True)

    report = measured(forward, SETS + "output z[4]\n")
    assert {(row.tensor, row.kind, row.error) for row in report.broken} == {("z", "zero", None)}


@pytest.mark.parametrize("part", ["all", "some", "numpy"])
def test_single_precision_inside(part: str) -> None:
    def forward(v: Tensor, training: bool) -> Tensor:
        if part == "numpy":
            return torch.as_tensor((2 * v).numpy().astype("float32")).to(v.dtype)
        lengths = v.float().norm(dim=-1, keepdim=True).to(v.dtype)
        return v * lengths.tanh() if part == "some" else (v.float() * lengths.float()).to(v.dtype)

    report = measured(forward, VECTORS)
    assert report.ok
    said = "the law is not measured in float64: the module computes in single precision inside"
    assert said in " ".join(str(report).split())
    assert {row.dtype for row in report.rows if row.verdict == "right"} == {"float32"}


def test_half_precision_inside() -> None:
    with pytest.raises(CannotMeasureError, match="computes in half precision inside"):
        measured(lambda x, training: x.bfloat16().sum(1, keepdim=True).to(x.dtype) + x)


def test_weights_of_single_precision_are_no_rounding() -> None:
    torch.manual_seed(0)
    table = nn.Embedding(5, 4)

    class Looks(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = table

        def forward(self, k: Tensor) -> Tensor:
            looked: Tensor = self.table(k)
            return looked

    report = measured(Looks(), "group P = S(n)\ninput k[n: P] of 5\noutput y[n: P, 4]\n")
    assert report.ok
    assert not report.warnings


def test_labels_alone_have_a_condition_number() -> None:
    class Cancels(nn.Module):
        """A sum over items that nearly cancels."""

        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.tensor([1.0, -1.0 + 1e-5, 1 / 3]))

        def forward(self, k: Tensor) -> Tensor:
            return (self.weight[k] * 0.1).sum(1) - 7 * self.weight[2] * 0.1

    spec = "size n = 30\ngroup P = S(n)\ninput k[n: P] of 3\noutput y\n"
    assert all(measured(Cancels(), spec, seed=seed).ok for seed in range(3))


def test_what_is_rarely_random_is_not_called_broken() -> None:
    def forward(x: Tensor, training: bool) -> Tensor:
        kept = torch.rand(x.shape[0], 1, 1) > (0.02 if training else 0)
        return x + kept.to(x.dtype) * x.square()

    found = [measured(forward, samples=8, seed=seed) for seed in range(4)]
    assert all(report.ok for report in found)
    assert any("now and then" in row.detail for report in found for row in report.rows)


@pytest.mark.parametrize("right", [True, False])
def test_numbers_of_any_size(right: bool) -> None:
    for factor in (1e160, 1e-170):
        report = measured(
            lambda x, training, factor=factor: factor * (x if right else x[:, :1] + x)
        )
        double = [row for row in report.broken if row.dtype == "float64"]
        assert bool(double) != right
        assert all(row.error is not None for row in double)


@pytest.mark.parametrize("right", [True, False])
def test_complex_outputs(right: bool) -> None:
    def forward(x: Tensor, training: bool) -> Tensor:
        return torch.complex(x, x.sum(1, keepdim=True) + x if right else x[:, :1] + x)

    assert measured(forward).ok == right
    averaged = symc.build(SETS + "symmetrize P by average(samples=2)", Calls(forward))
    assert symc.verify(averaged, samples=2, draws=400).ok


def test_forces_are_differentiated_inside() -> None:
    def forward(p: Tensor, training: bool) -> Tensor:
        p = p.requires_grad_()
        energy = (p.unsqueeze(1) - p.unsqueeze(2)).square().sum()
        return -torch.autograd.grad(energy, p)[0]

    report = measured(forward, POINTS)
    assert report.ok
    assert {row.verdict for row in report.rows if row.test == "law"} == {"right"}


def test_work_in_place_changes_no_later_call() -> None:
    report = measured(lambda v, training: v.mul_(2), VECTORS)
    assert report.ok
    assert not report.warnings


def test_negative_padding_is_tried_too() -> None:
    spec = "size n <= 6\n" + SETS.replace("y[n: P, 4]", "y[4]")
    for sign in (1, -1):
        report = measured(lambda x, training, sign=sign: (sign * x).relu().sum(1), spec)
        (row,) = {row.tensor for row in report.broken if row.test == "padding"}
        assert row == "y"
        assert all(row.error is not None and row.error <= 2 for row in report.broken)


def test_a_base_that_is_not_finite_is_not_blamed_on_an_action() -> None:
    model = symc.build(
        SETS + "symmetrize P by average(samples=2)",
        Calls(lambda x, training: x / x.norm(dim=(1, 2), keepdim=True)),
    )
    report = symc.verify(model, samples=2, draws=400)
    assert {row.test for row in report.broken} == {"law"}


def test_a_typo_is_no_test() -> None:
    model = on_flat_base(SETS, {"n": 3}).double()
    x = torch.randn(2, 3, 4, dtype=torch.float64)
    with pytest.raises(ValueError, match="the model has no `Q`; its groups: `P`"):
        equivariance_error(model, x, groups=["Q"])
    with pytest.raises(ValueError, match="trials: at least 1, got 0"):
        assert_equivariant(model, x, trials=0)
    with pytest.raises(TypeError, match=r"measure it by `symc\.verify"):
        assert_equivariant(nn.Identity(), x)  # type: ignore[arg-type]


def test_what_is_no_report() -> None:
    for text in ("[]", "{}", '{"format": 1}', '{"format": 1, "rows": [1]}', "no json"):
        with pytest.raises(ValueError, match=r"report|Expecting"):
            Report.from_json(text)


MODULES = """
import sys
from torch import nn

class Prints(nn.Module):
    def forward(self, x):
        print("shape", x.shape)
        return x

class Exits(nn.Module):
    def forward(self, x):
        sys.exit(0)

def exits():
    sys.exit(0)
"""


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sets.sym").write_text(SETS)
    (tmp_path / "of_users.py").write_text(MODULES)
    (tmp_path / "exits_at_once.py").write_text("raise SystemExit(0)\n")
    for name in ("of_users", "exits_at_once"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


def called(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[Any, str, str]:
    """Exit status and both streams of `symc verify`."""
    capfd.readouterr()
    with pytest.raises(SystemExit) as stop:
        cli.main(["verify", "sets.sym", "--samples", "1", "--draws", "100", *arguments])
    return stop.value.code, *capfd.readouterr()


@pytest.mark.usefixtures("folder")
def test_prints_of_the_module_are_not_in_the_report(capfd: pytest.CaptureFixture[str]) -> None:
    arguments = ("--module", "of_users:Prints", "--output-format", "json")
    status, out, err = called(capfd, *arguments)
    assert status == 0
    assert json.loads(out)["ok"]
    assert "shape torch.Size" in err


@pytest.mark.usefixtures("folder", "here")
@pytest.mark.parametrize("option", ["--module", "--base"])
@pytest.mark.parametrize("name", ["exits_at_once:x", "of_users:exits", "of_users:Exits"])
def test_exits_of_users_are_no_success(
    capfd: pytest.CaptureFixture[str], option: str, name: str
) -> None:
    status, out, err = called(capfd, option, name)
    assert (status, out) == (2, "")
    assert "SystemExit" in err


@pytest.mark.usefixtures("folder", "here")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--size", "n=²"), "such as n=5"),
        (("--module", "of_users.py:Prints"), "write its module, `of_users:Prints`"),
        (("--module", "../of_users.py:Prints"), "write `of_users:Prints` with "),
        (("--size", "n=2147483647"), "not enough memory for these sizes"),
    ],
)
def test_wrong_usage_says_what_to_write(
    capfd: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    status, out, err = called(capfd, *arguments)
    assert (status, out) == (2, "")
    assert said in " ".join(err.split())
