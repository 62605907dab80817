"""The emitted Python file: no symc needed, the same bits, any name of a spec."""

from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from conformance.matrix import cells
from models import SPECS, example_counts, example_inputs, sizes_for
from torch import nn

import symc
from symc.lower.emit import emit
from symc.lower.identifiers import class_name
from symc.lower.plan import make_plan
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.verification.bases import flat_base

ROOT = Path(__file__).parents[1]

ODD_NAMES = """
spec forward
size training <= 4
size keys
group self = S(training)
group base = E(3)
group torch = S(keys)
input noise[training: self, 3: base.point]
input samples[training: self, keys: torch]
output forward[training: self, 3: base.point]
output n[keys: torch]
output sr
"""

RAGGED_BASE = """
input x[n: S(n), 2]
size n <= 5
output y[n: S(n)]
"""


UNDERSCORES = """
size __n__
group __ = S(__n__)
group ___ = E(3)
group ____P = O(2)
group P = S(____)
input _____[__n__: __, 3: ___.point, ____: P]
input ______[2: ____P]
output _n[__n__: __, 3: ___.point]
output __m[2: ____P, ____: P]
"""
"""Names of underscores alone, which Python leaves alone in a class, beside those it changes."""

LONG = "a_size_that_has_a_name_of_more_than_sixty_letters_which_no_line_of_code_likes"

UNTOLD_ALONE = {
    "twice": "input x[_: S(n) + S(n)]\noutput y[_: S(n) + S(n)]",
    "even": "input x[2*n: S(2*n)]\noutput y[_: S(2*n) + S(2*n)]",
    "channels": "input z[2*c]\ninput x[3: O(3)]\noutput y[_: c*O(3) + O(3)]",
    "two": "input x[_: S(n) + S(n), 2*c]\noutput y[_: S(n) + S(n), _: c*O(3) + c*S(n).scalar]\n"
    "input z[3: O(3)]",
    "long": f"input x[_: S({LONG}) + S({LONG})]\noutput y[_: S({LONG}) + S({LONG})]",
}
"""Specs with sizes that no axis of an input tells alone: the code computes them."""

MORE = {
    **UNTOLD_ALONE,
    "underscores": UNDERSCORES,
    "point_first": "input x[_: E(3).point + E(3).vector, 2]\noutput y[3: E(3).point]",
    "point_last": "input x[_: E(3).vector + E(3).point, 2]\noutput y[3: E(3).point]",
}


def sources() -> list[object]:
    """Every reference spec and one whose names are taken everywhere else."""
    texts = [pytest.param(path.read_text(encoding="utf-8"), id=path.stem) for path in SPECS]
    return [*texts, pytest.param(ODD_NAMES, id="odd_names")]


def more() -> list[object]:
    """Specs whose code is looked at by what it computes alone."""
    return [pytest.param(text, id=name) for name, text in MORE.items()]


def catalogued() -> list[object]:
    """One in so many rows of the conformance matrix."""
    return [pytest.param(cell.text, id=cell.name) for cell in cells(every=149)]


def emitted(text: str, base: nn.Module) -> Symmetrized:
    """The class of the emitted file, made around the base."""
    spec = symc.load(text)
    namespace: dict[str, type[Symmetrized]] = {}
    exec(compile(emit(make_plan(spec.ir), text), "emitted.py", "exec"), namespace)
    return namespace[class_name(spec.name)](base)


def outputs(model: Symmetrized, inputs: object, **keywords: object) -> list[torch.Tensor]:
    """Outputs as a list."""
    result = model(*inputs, **keywords)
    return list(result) if isinstance(result, tuple) else [result]


@pytest.mark.parametrize("text", [*sources(), *more(), *catalogued()])
def test_same_bits_as_build(text: str) -> None:
    torch.manual_seed(0)
    probe = symc.build(text, nn.Identity())
    sizes = sizes_for(probe.inputs + probe.outputs, probe.fixed, probe.ragged)
    base = flat_base(probe.inputs, probe.outputs, sizes)
    model = symc.build(text, base)
    twin = emitted(text, base)
    assert (twin.samples, twin.eval_samples) == (model.samples, model.eval_samples)
    twin.load_state_dict(model.state_dict())
    inputs = example_inputs(model, sizes, 3, dtype=torch.float32)
    counts = example_counts(model, sizes, 3)
    model.draw_so_many(2)
    twin.draw_so_many(2)
    for training in (True, False):
        model.train(training)
        twin.train(training)
        noise = model.draw_noise(*inputs, sizes=counts, generator=torch.Generator().manual_seed(1))
        same = twin.draw_noise(*inputs, sizes=counts, generator=torch.Generator().manual_seed(1))
        assert noise.keys() == same.keys()
        assert all(torch.equal(noise[key], same[key]) for key in noise)
        left = outputs(model, inputs, noise=noise, sizes=counts)
        right = outputs(twin, inputs, noise=noise, sizes=counts)
        assert all(torch.equal(a, b) for a, b in zip(left, right, strict=True))
        assert all(torch.isfinite(a).all() for a in left)


@pytest.mark.parametrize("text", sources())
def test_the_code_is_golden(
    text: str, golden: Callable[[str, str], None], request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id
    golden(f"emit/{name}.py.txt", emit(make_plan(symc.load(text).ir), None))


def test_runs_where_symc_cannot_be_imported(tmp_path: Path) -> None:
    (tmp_path / "emitted.py").write_text(
        emit(make_plan(symc.load(ODD_NAMES).ir), ODD_NAMES), encoding="utf-8"
    )
    probe = symc.build(ODD_NAMES, nn.Identity())
    sizes = sizes_for(probe.inputs + probe.outputs, probe.fixed)
    torch.manual_seed(0)
    model = symc.build(ODD_NAMES, flat_base(probe.inputs, probe.outputs, sizes)).eval()
    model.draw_so_many(2)
    inputs = example_inputs(model, sizes, 3, dtype=torch.float32)
    counts = example_counts(model, sizes, 3)
    noise = model.draw_noise(*inputs, sizes=counts)
    torch.save(
        {
            "base": model.base,
            "state": model.state_dict(),
            "inputs": inputs,
            "counts": counts,
            "noise": noise,
            "expected": outputs(model, inputs, noise=noise, sizes=counts),
        },
        tmp_path / "case.pt",
    )
    script = """
import sys, torch
sys.modules["symc"] = None  # any import of symc now fails
import emitted
case = torch.load("case.pt", weights_only=False)
model = emitted.Forward(case["base"]).eval()
model.load_state_dict(case["state"])
result = model(*case["inputs"], noise=case["noise"], sizes=case["counts"])
assert all(torch.equal(a, b) for a, b in zip(result, case["expected"], strict=True))
assert not any(name.startswith("symc.") for name in sys.modules)
print("equal")
"""
    path = f"{tmp_path}:{ROOT / 'runtime'}:{ROOT / 'tests'}"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "equal", done.stderr


class _TakesCounts(nn.Module):
    def forward(self, x: torch.Tensor, n: torch.Tensor) -> torch.Tensor:
        return x.sum(-1) * n.unsqueeze(-1)


class _TakesNone(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.sum(-1)


@pytest.mark.parametrize("base", [_TakesCounts(), _TakesNone()])
def test_counts_reach_a_base_that_names_them(base: nn.Module) -> None:
    model, twin = symc.build(RAGGED_BASE, base), emitted(RAGGED_BASE, base)
    twin.load_state_dict(model.state_dict())
    x, n = torch.randn(3, 5, 2), torch.tensor([5, 2, 0])
    expected = x.sum(-1) * (torch.arange(5) < n.unsqueeze(-1))
    if isinstance(base, _TakesCounts):
        expected = expected * n.unsqueeze(-1)
    for each in (model, twin):
        assert torch.allclose(each(x, n=n), expected, atol=1e-5)


def test_the_code_reads_well() -> None:
    text = (ROOT / "specs" / "nbody.sym").read_text(encoding="utf-8")
    code = emit(make_plan(symc.load(text).ir), text)
    assert max(len(line) for line in code.splitlines()) <= 100
    assert re.search(r"class Nbody\(sr\.Symmetrized\):", code)
    assert "# The base model, in canonical poses." in code
    assert re.findall(r"^(?:import|from) (\w+)", code, re.M) == ["symc_runtime"]


def test_groups_of_underscores_are_stages_like_others() -> None:
    model = symc.build(UNDERSCORES, nn.Identity())
    stages = {name.partition(".")[0] for name, _ in model.named_parameters()}
    assert stages == {"__", "___", "P", "P_"}
    assert pickle.loads(pickle.dumps(model)).state_dict().keys() == model.state_dict().keys()
