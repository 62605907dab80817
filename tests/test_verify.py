"""`symc verify` and `symc.verify`: right modules pass, each way of being broken is called so."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import symc
from symc import cli
from symc.lower.module import CompiledModel
from symc_runtime.actions.axes import permute, unpermute
from symc_runtime.distributions.orthogonal_average import AverageOrthogonal
from symc_runtime.elements.permutation import Permutation
from symc_runtime.spec.layout import Group
from symc_runtime.verification import statistical_rows
from symc_runtime.verification.bases import flat_base
from symc_runtime.verification.membership import element_findings
from symc_runtime.verification.noise_law import NoiseLaw
from symc_runtime.verification.report import Report
from symc_runtime.verification.subject import CannotMeasureError
from symc_runtime.verification.text import render

CLOUD = """
group P = S(n)
group M = SE(3)
input  pos[n: P, 3: M.point]
output next[n: P, 3: M.point]
output vote[2]
symmetrize M by average
symmetrize P by probabilistic(net=deepsets(hidden=8, layers=1))
"""
CLOUD_OF_ONE = "group P = S(n)\ninput x[n: P, 2]\noutput y[n: P, 2]\n"
SETS = """
size n <= 6
group P = S(n)
input  x[n: P, 2]
output y[n: P]
"""


def built(text: str = CLOUD, **sizes: int) -> CompiledModel:
    """The spec around a random base."""
    probe = symc.build(text, nn.Identity())
    base = flat_base(probe.inputs, probe.outputs, {"n": 4, **sizes})
    return symc.build(text, base)


def measured(model: nn.Module, spec: str | None = None, **keywords: Any) -> Report:
    """A quick report."""
    settings = {"samples": 1, "draws": 400, **keywords}
    return symc.verify(model, spec=spec, **settings)


def broken(report: Report) -> set[tuple[str, str, str]]:
    """What is broken: test, group, tensor."""
    assert report.ok == (not report.broken)
    return {(row.test, row.group, row.tensor) for row in report.broken}


@pytest.mark.parametrize("text", [CLOUD, SETS], ids=["cloud", "ragged"])
def test_a_right_model_passes(text: str) -> None:
    model = built(text)
    before = torch.get_rng_state()
    report = measured(model, samples=2)
    assert report.ok
    assert not report.warnings
    tests = {row.test for row in report.rows}
    assert tests == {"law", "elements", "noise", "mean"} | ({"padding"} if text == SETS else set())
    law = [row for row in report.rows if row.test == "law"]
    outputs = {tensor.name for tensor in model.outputs}
    assert {row.tensor for row in law} == outputs
    assert {(row.mode, row.dtype) for row in law} == {
        (mode, dtype) for mode in ("eval", "train") for dtype in ("float64", "float32")
    }
    groups = [group.name for group in model.groups]
    assert {row.group for row in law} == {*groups, " x ".join(groups)}
    # Measured on a copy, with generators of its own.
    assert torch.equal(before, torch.get_rng_state())
    assert next(model.parameters()).dtype == torch.float32
    assert (model.training, model.samples, model.eval_samples) == (True, 1, 20)


def changed(target: Callable[..., Any], by: Callable[..., Any]) -> CompiledModel:
    """A model whose graph calls something else."""
    model = built()
    found = [node for node in model.graph.nodes if node.target is target]
    assert found
    for node in found:
        node.target = by
    model.recompile()
    return model


def _still(x: torch.Tensor, element: object, dim: int) -> torch.Tensor:
    return x


def _soft(x: torch.Tensor, element: Permutation, dim: int) -> torch.Tensor:
    hard = unpermute(x, element, dim)
    return 0.9 * hard + 0.1 * hard.mean(dim, keepdim=True)


@cache
def without_output_action() -> Report:
    return measured(changed(permute, _still))


def test_a_dropped_output_action() -> None:
    report = without_output_action()
    found = broken(report)
    assert {("law", "P", "next"), ("elements", "P x M", "next")} <= found
    assert not any(group == "M" or tensor == "vote" for _, group, tensor in found)
    assert "error[law]: `next` does not follow P" in str(report)
    assert "error[elements]: a sample of `next` is not g times what the base returned" in str(
        report
    )


def test_a_soft_permutation_in_the_forward_is_seen_by_membership_alone() -> None:
    report = measured(changed(unpermute, _soft))
    # The mean over items is what it was, so shifts are found right and the pose is not.
    assert broken(report) == {("elements", "P x M", "pos")}
    assert "the base does not see `pos` as g^-1 pos, g in P x M" in str(report)


def test_a_determinant_that_is_not_fixed_is_seen_by_membership_alone() -> None:
    model = built()
    stage: Any = model.M
    assert stage.own.special
    stage.own = Group("M", "E", 3)
    report = measured(model)
    assert broken(report) == {("elements", "M", "")}
    assert "elements of M are not of the group: not determinant 1" in str(report)


def test_elements_of_permutation_groups() -> None:
    group, counts = Group("P", "S", "n"), {"n": torch.tensor([2, 3, 3])}

    def wrong(order: torch.Tensor) -> list[float]:
        (finding,) = element_findings(group, Permutation(order), counts, 1)
        assert (finding.group, finding.what) == ("P", "each index once")
        return finding.error.tolist()

    hard = torch.tensor([[1, 0, 2], [2, 0, 1], [0, 1, 2]])
    assert wrong(hard) == [0, 0, 0]
    assert wrong(hard.double()) == [1, 1, 1]
    # Padding among the valid items; an index twice; an index that is none.
    assert wrong(torch.tensor([[2, 0, 1], [0, 0, 1], [0, 1, 3]])) == [1, 1, 1]


class _Squeezed(AverageOrthogonal):
    """Noise whose first coordinate is smaller: the coupled law cannot see it."""

    def draw(self, *arguments: Any) -> torch.Tensor:
        return super().draw(*arguments) * torch.tensor([0.5, 1, 1])


def test_anisotropic_noise() -> None:
    model = built()
    stage: Any = model.M
    stage.__class__ = _Squeezed
    report = measured(model, draws=2000)
    found = {(row.test, row.group) for row in report.broken}
    assert ("noise", "M") in found
    assert ("law", "M") not in found
    assert ("noise", "P") not in found
    assert "the noise of M changes its law under M" in str(report)


class _ReadsPadding(CompiledModel):
    def forward(self, /, *inputs: Any, **keywords: Any) -> Any:
        y = super().forward(*inputs, **keywords)
        return y if isinstance(y, tuple) else y + 0 * inputs[0].sum()


class _Mean(nn.Module):
    """Items against their mean: of the valid ones, or of all there are."""

    def __init__(self, valid: bool) -> None:
        super().__init__()
        self.valid = valid

    def forward(self, x: torch.Tensor, n: torch.Tensor) -> torch.Tensor:
        kept = (torch.arange(x.shape[1]) < n.unsqueeze(-1)).to(x.dtype)
        weight = kept if self.valid else torch.ones_like(kept)
        mean = (x[..., 0] * weight).sum(1) / weight.sum(1)
        return torch.tanh(x[..., 1]) + mean.unsqueeze(-1)


def test_padding_that_is_read() -> None:
    model = built(SETS)
    model.__class__ = _ReadsPadding
    assert broken(measured(model)) == {("padding", "", "y")}
    assert measured(_Mean(True), SETS).ok
    report = measured(_Mean(False), SETS)
    assert broken(report) == {("padding", "", "y")}
    assert "`y` changes with what stands in padding" in str(report)


TRUSTED = SETS.replace("output", "input v[n: P, 2: SO(2)]\noutput") + "symmetrize P by base\n"


class _ItemWise(nn.Module):
    def __init__(self, position: float) -> None:
        super().__init__()
        self.position = position

    def forward(self, x: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = torch.tanh(x + v).sum(-1)
        return y + self.position * torch.arange(y.shape[1])


def test_a_group_that_the_base_is_trusted_with() -> None:
    report = measured(symc.build(TRUSTED, _ItemWise(0.0)))
    assert report.ok
    trusted = [row for row in report.rows if row.test == "trusted"]
    assert {(row.group, row.tensor, row.what) for row in trusted} == {
        ("P", "y", "base"), ("P", "y", "model"),
    }  # fmt: skip
    report = measured(symc.build(TRUSTED, _ItemWise(1e-3)))
    assert broken(report) == {("trusted", "P", "y")}
    assert {row.what for row in report.broken} == {"base", "model"}
    assert "the base is trusted with P, but its `y` does not follow it" in str(report)
    assert "`symmetrize P by probabilistic`" in str(report)


FLOW = """
group M = O(3)
input  v[3, 3: M.vector]
output w[3: M.vector]
"""


class _Module(nn.Module):
    """A map of vectors; its noise is one `scale` for a whole call, or a coordinate each."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def forward(self, v: torch.Tensor) -> torch.Tensor:
        w = v[:, 0] * v[:, 1].norm(dim=-1, keepdim=True) + v[:, 1]
        if self.kind == "wrong":
            return w.abs()
        if self.kind == "single":
            return (w.float() * w.float().norm(dim=-1, keepdim=True)).to(v.dtype)
        if self.kind == "scaled":
            return w * (1 + 0.3 * torch.randn(()).to(v.dtype))
        if self.kind == "dropped":
            return torch.tanh(w * (torch.rand(w.shape) > 0.5).to(v.dtype))
        if self.kind == "picky" and v.dtype != torch.float32:
            raise TypeError("float32 only")
        if self.kind == "unit":
            return w / w.norm(dim=-1, keepdim=True)
        if self.kind == "never":
            return w * torch.nan
        if self.kind == "sometimes":
            return w / (v[:, :1, 0] > -0.5)
        return w


def test_modules_that_symc_did_not_build() -> None:
    with pytest.raises(TypeError, match="spec="):
        symc.verify(_Module("right"))
    right = measured(_Module("right"), FLOW)
    assert right.ok
    assert not right.compiled
    assert not right.warnings
    assert broken(measured(_Module("wrong"), FLOW)) == {("law", "M", "w")}
    for kind, reason in (("picky", "float32 only"), ("single", "single precision inside")):
        report = measured(_Module(kind), FLOW)
        assert report.ok
        assert reason in " ".join(str(report).split())
        assert {row.dtype for row in report.warnings} == {"float64"}
        assert {row.dtype for row in report.rows if row.verdict == "right"} == {"float32"}


def test_random_modules_are_held_to_their_mean_and_their_law() -> None:
    report = measured(_Module("scaled"), FLOW, draws=2000)
    assert report.ok
    assert {(row.test, row.verdict) for row in report.rows} == {
        ("mean", "undetected"), ("outputs", "undetected"), ("law", "unmeasured"),
    }  # fmt: skip
    assert {row.mode for row in report.warnings} == {"eval", "train"}
    assert "the law is not measured: the module is random" in str(report)
    assert "shows no symmetry" in str(report).splitlines()[-1]
    means = [row for row in report.rows if row.test == "mean"]
    assert all("would see a deviation above" in row.detail for row in means)
    assert all(0 < row.bound < 0.2 for row in means if row.bound is not None)
    report = measured(_Module("dropped"), FLOW, draws=4000)
    assert broken(report) == {("mean", "M", "w"), ("outputs", "M", "w")}


def test_a_random_base_leaves_the_law_unmeasured() -> None:
    base = _Module("scaled")
    for stage in ("average", "base"):
        model = symc.build(FLOW + f"symmetrize M by {stage}\n", base)
        report = measured(model)
        assert report.ok
        assert not [r for r in report.rows if r.verdict == "right" and r.test in ("law", "trusted")]
        expected = {"law"} if stage == "average" else {"law", "trusted"}
        assert {row.test for row in report.warnings} == expected
        assert "the base is random" in " ".join(str(report).split())


def test_what_is_not_finite() -> None:
    for model, whose in (
        (_Module("unit"), "module"),
        (symc.build(FLOW + "symmetrize M by average\n", _Module("unit")), "base"),
    ):
        report = measured(model, FLOW if whose == "module" else None)
        assert {row.kind for row in report.broken} == {"zero"}
        text = " ".join(str(report).split())
        assert "`w` is not finite on inputs of the kind zero found no finite number;" in text
        assert f"help: the {whose} returns NaN or infinity there" in text
        assert "wrap the module" not in text
    report = measured(symc.build(FLOW + "symmetrize M by average\n", _Module("sometimes")))
    assert {"law", "mean"} <= {row.test for row in report.broken if row.error is None}
    for never in (_Module("never"), symc.build(FLOW + "symmetrize M by average", _Module("never"))):
        with pytest.raises(CannotMeasureError, match="returns no finite number on random inputs"):
            measured(never, FLOW if isinstance(never, _Module) else None)


@pytest.mark.parametrize("alarms", [1, 2])
def test_one_alarm_in_a_thousand_is_chance(monkeypatch: pytest.MonkeyPatch, alarms: int) -> None:
    for function in ("noise_law", "mean_deviation"):
        calls = []
        law = getattr(statistical_rows, function)

        def loud(*arguments: Any, law: Any = law, calls: list[int] = calls, **keywords: Any) -> Any:
            calls.append(1)
            if len(calls) > alarms:
                return law(*arguments, **keywords)
            return [
                replace(each, spread=9.0)
                if isinstance(each, NoiseLaw)
                else replace(each, difference=9 + each.noise)
                for each in law(*arguments, **keywords)
            ]

        monkeypatch.setattr(statistical_rows, function, loud)
    report = measured(built())
    assert {row.test for row in report.broken} == (set() if alarms == 1 else {"noise", "mean"})


def test_reports_go_through_json_and_fit_80_columns() -> None:
    reports = [
        measured(_Module("wrong"), FLOW),
        measured(_Module("picky"), FLOW),
        without_output_action(),
    ]
    for report in reports:
        assert Report.from_json(report.to_json()) == report
        assert max(map(len, str(report).splitlines())) <= 80
        assert "\x1b[" not in str(report)
        coloured = render(report, color=True)
        assert "\x1b[1;31m" in coloured or report.ok
    data = json.loads(reports[0].to_json())
    assert (data["format"], data["ok"]) == (1, False)
    assert data["rows"][0]["test"] == "law"
    with pytest.raises(ValueError, match="format"):
        Report.from_json("{}")
    endless = replace(reports[0], rows=(replace(reports[0].rows[0], error=None),))
    assert Report.from_json(endless.to_json()) == endless
    assert "no finite number" in str(endless)


def test_wrong_arguments() -> None:
    model = symc.build(FLOW, _Module("right"))
    with pytest.raises(ValueError, match="`k` is no size"):
        measured(model, sizes={"k": 2})
    with pytest.raises(ValueError, match="from 1 to 6"):
        measured(built(SETS), sizes={"n": 7})
    with pytest.raises(ValueError, match="draws"):
        measured(model, draws=0)
    with pytest.raises(RuntimeError, match="n = 5; others by `--size n"):
        measured(built(), sizes={"n": 5})
    with pytest.raises(symc.SpecError):
        measured(_Module("right"), "input x[3: O(4)]")


# The command.

MODULES = """
import torch
from torch import nn
class Right(nn.Module):
    def forward(self, v):
        return v[:, 0] * v[:, 1].norm(dim=-1, keepdim=True) + v[:, 1]
class Wrong(nn.Module):
    def forward(self, v):
        return v[:, 0].abs()
class Random(Right):
    def forward(self, v):
        return super().forward(v) * torch.rand(()).to(v.dtype)
class Stops(nn.Module):
    def forward(self, v):
        return v[:, [][1]]
def fails():
    return [][1]
number = 3
def makes_none():
    pass
instance = Right()
"""
QUICK = ("--samples", "1", "--draws", "100")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    here: None, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Run:
    """`symc verify` in a folder with a spec and modules."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    Path("flow.sym").write_text(FLOW)
    Path("verify_these.py").write_text(MODULES)
    Path("fails_itself.py").write_text("import no_such_thing_at_all\n")
    monkeypatch.delitem(sys.modules, "verify_these", raising=False)

    def call(*arguments: str) -> tuple[int, str, str]:
        capfd.readouterr()
        with pytest.raises(SystemExit) as stop:
            cli.main(["verify", *QUICK, *arguments])
        out, err = capfd.readouterr()
        assert isinstance(stop.value.code, int)
        return stop.value.code, out, err

    return call


def test_exit_status(run: Run) -> None:
    status, out, err = run("flow.sym")
    assert (status, err) == (0, "")
    assert out.startswith("flow: M = O(3)\nsymmetrized around a random base, seed 0\n\nLaw: ")
    assert out.endswith("\nFound nothing wrong.\n")
    assert run("flow.sym") == (0, out, "")
    assert run("flow.sym", "--base", "verify_these:Right")[0] == 0
    assert run("flow.sym", "--module", "verify_these:instance")[0] == 0
    status, out, err = run("flow.sym", "--module", "verify_these:Wrong")
    assert (status, err) == (1, "")
    assert "error[law]: `w` does not follow M" in out
    status, out, _ = run("flow.sym", "--module", "verify_these:Wrong", "--output-format", "json")
    assert status == 1
    assert run("flow.sym", "--module", "verify_these:Wrong", "--output-format", "json")[1] == out
    report = Report.from_json(out)
    assert (report.ok, report.name) == (False, "flow")
    Path("wrong.sym").write_text("input x[3: O(4)]\noutput y")
    assert run("wrong.sym")[0] == 1


def test_warnings_and_strict(run: Run) -> None:
    Path("trusted.sym").write_text(TRUSTED)
    status, out, _ = run("trusted.sym")
    assert status == 0
    assert "warning: P by base is not measured: the random base has no symmetry" in out
    assert run("trusted.sym", "--strict")[0] == 1
    assert run("flow.sym", "--module", "verify_these:Random")[0] == 0
    assert run("flow.sym", "--module", "verify_these:Random", "--strict")[0] == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--base", "verify_these"), "give package.module:factory"),
        (("--base", "verify_these.py:Right"), "write its module, `verify_these:Right`"),
        (("--base", "verify_this:Right"), "there is no module `verify_this`"),
        (("--base", "verify_these:Rihgt"), "did you mean `verify_these:Right`?"),
        (("--base", "verify_these:number"), "is int: give a function"),
        (("--base", "verify_these:fails"), "raised IndexError"),
        (("--base", "verify_these:fails"), "(verify_these.py:17)"),
        (("--module", "verify_these:Stops"), "raises IndexError: list index out of range (verify_"),
        (("--module", "verify_these:makes_none"), "returned NoneType"),
        (("--module", "fails_itself:x"), "importing `fails_itself` failed: ModuleNotFoundError"),
        (("--module", "torch.nn:Identity"), "output `w`"),
        (("--module", "a:b", "--base", "a:b"), "give one"),
        (("--size", "n"), "such as n=5"),
        (("--size", "k=3"), "`k` is no size"),
        (("--samples", "0"), "samples"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_wrong_usage_is_2(run: Run, arguments: tuple[str, ...], said: str) -> None:
    status, out, err = run("flow.sym", *arguments)
    assert (status, out) == (2, "")
    assert said in err.replace("\n", " ")
    assert "Traceback" not in err
    assert os.getcwd() in err or "there is no module" not in err


def test_the_spread_is_told_and_is_no_law(golden: Callable[[str, str], None]) -> None:
    text = CLOUD.replace("probabilistic(net=deepsets(hidden=8, layers=1))", "average")
    model = built(text)
    report = measured(model)
    assert [(s.group, s.over, s.measure) for s in report.spread] == [
        ("M", "SO(3)", "apart"),
        ("P", "S(4)", "same"),
    ]
    turns, orders = report.spread
    assert 0.8 < turns.value < 1.2
    assert turns.uniform == 1
    assert orders.value == pytest.approx(1 / 24, abs=1e-6) == orders.uniform
    assert Report.from_json(report.to_json()) == report
    # Reports of before have none.
    old = json.loads(report.to_json())
    del old["spread"]
    assert Report.from_json(json.dumps(old)) == replace(report, spread=())
    shown = replace(report, rows=(), unseen=(), spread=(replace(turns, value=0.412), orders))
    golden("verify/spread.txt", render(shown))
    golden("verify/spread.ansi", render(shown, color=True))
    assert measured(nn.Identity(), spec=CLOUD_OF_ONE).spread == ()


class Firm(nn.Module):
    """Scores of items, by how much they count beside the noise."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, noise: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        score: torch.Tensor = self.weight * x.sum(-1) + noise[..., 0]
        return score


def test_the_spread_follows_the_weights() -> None:
    net = Firm()
    probe = symc.build(CLOUD_OF_ONE, nn.Identity())
    base = flat_base(probe.inputs, probe.outputs, {"n": 4})
    model = symc.build(CLOUD_OF_ONE, base, distributions={"P": net})
    (even,) = measured(model).spread
    net.weight.data.fill_(1e4)
    (firm,) = measured(model).spread
    assert 0 < even.value < 0.2
    assert firm.value > 0.95
    assert even.uniform == firm.uniform
