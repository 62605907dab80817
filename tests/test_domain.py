"""`inputs=`: a function of the user's draws what a law is measured on, and on these alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

import symc
from symc.verifying import InputsError, verify
from symc_runtime.verification.report import Report

CELLS = """
group P = S(n)
group R = O(3)
input frac[n: P, 3]
input cell[3, 3: R.vector]
output e
"""
TYPED = """
size n <= 6
group P = S(n)
input x[n: P, 2]
input kind[n: P] of 4
output y[n: P]
"""


class Energy(nn.Module):
    """Right, where the cell has a volume; elsewhere it raises."""

    def forward(self, frac: torch.Tensor, cell: torch.Tensor) -> torch.Tensor:
        return (frac @ cell).square().sum((1, 2)) + torch.linalg.inv(cell).square().sum((1, 2))


class Typed(nn.Module):
    """Right, and tells what it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[torch.Tensor, ...]] = []

    def __deepcopy__(self, memo: dict[int, Any]) -> Typed:
        copied = Typed()
        copied.seen = self.seen
        return copied

    def forward(self, x: torch.Tensor, kind: torch.Tensor, n: torch.Tensor) -> torch.Tensor:
        self.seen.append((x, kind, n))
        valid = torch.arange(x.shape[1]) < n.unsqueeze(-1)
        return (x.sum(-1) * (1 + kind)).masked_fill(~valid, 0)


def cells(batch: int, generator: torch.Generator, sizes: dict[str, int], dtype: Any) -> Any:
    cell = torch.eye(3, dtype=dtype)
    return {
        "cell": cell + 0.1 * torch.randn(batch, 3, 3, generator=generator, dtype=dtype),
        "frac": torch.rand(batch, sizes["n"], 3, generator=generator, dtype=dtype),
    }


def quick(module: nn.Module, spec: str, draw: Callable[..., Any] | None, **more: Any) -> Report:
    return verify(module, spec=spec, samples=1, draws=100, inputs=draw, **more)


def test_a_right_module_gets_no_warning_on_its_domain() -> None:
    assert len(quick(Energy(), CELLS, None).warnings) > 3
    report = quick(Energy(), CELLS, cells)
    assert report.ok
    assert report.warnings == ()
    assert report.subject == "Energy, not built by symc, on inputs of cells"
    assert {row.kind for row in report.rows} == {"drawn"}
    assert quick(Energy(), CELLS, cells) == report
    assert Report.from_json(report.to_json()) == report


def test_a_wrong_module_is_broken_on_its_domain() -> None:
    class Wrong(Energy):
        def forward(self, frac: torch.Tensor, cell: torch.Tensor) -> torch.Tensor:
            return super().forward(frac, cell) + cell[:, 0, 0] ** 2

    broken = {row.group for row in quick(Wrong(), CELLS, cells).broken}
    assert broken == {"R", "P x R"}


def test_a_law_is_measured_on_what_is_drawn_alone() -> None:
    """Broken everywhere else."""

    class OnSphere(nn.Module):
        def forward(self, v: torch.Tensor) -> torch.Tensor:
            length = v.norm(dim=-1)
            return torch.where((length - 1).abs() < 1e-4, length, v[:, 0])

    def draw(batch: int) -> torch.Tensor:
        v = torch.randn(batch, 3, dtype=torch.float64)
        return v / v.norm(dim=-1, keepdim=True)

    spec = "input v[3: O(3).vector]\noutput y"
    assert quick(OnSphere(), spec, draw).ok
    assert not quick(OnSphere(), spec, None).ok
    # Random numbers of the process are seeded, and left as they were.
    before = torch.random.get_rng_state()
    assert quick(OnSphere(), spec, draw) == quick(OnSphere(), spec, draw)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_labels_and_counts_are_those_drawn() -> None:
    def draw(batch: int, **_: Any) -> dict[str, torch.Tensor]:
        n = torch.arange(batch) % 5 + 1
        return {"x": torch.ones(batch, 5, 2), "n": n, "kind": torch.full((batch, 5), 3).int()}

    module = Typed()
    report = quick(module, TYPED, draw)
    assert report.ok
    assert report.sizes == {"n": 5}
    assert all(set(kind.unique().tolist()) <= {0, 3} for _, kind, _ in module.seen)
    assert {int(n.max()) for _, _, n in module.seen} <= {1, 2, 3, 4, 5}
    module.seen.clear()
    quick(module, TYPED, lambda batch: (torch.ones(batch, 3, 2), torch.zeros(batch, 3).long()))
    assert all((n == 3).all() for _, _, n in module.seen)


def test_a_base_and_a_compiled_model_are_measured_on_it() -> None:
    base = nn.Sequential(nn.Flatten(), nn.Linear(6, 1), nn.Flatten(0))
    model = symc.build("input v[2, 3: O(3).vector]\noutput y", base)

    def draw(batch: int) -> torch.Tensor:
        return torch.eye(2, 3) + 0.1 * torch.randn(batch, 2, 3)

    report = symc.verify(model, samples=1, draws=100, inputs=draw)
    assert report.ok
    assert {row.kind for row in report.rows if row.test == "law"} == {"drawn"}


def drawing(frac: Any = None, cell: Any = None, n: int = 4) -> Callable[[int], dict[str, Any]]:
    def draw(batch: int) -> dict[str, Any]:
        return {
            "frac": torch.rand(batch, n, 3) if frac is None else frac(batch),
            "cell": torch.eye(3).expand(batch, 3, 3) if cell is None else cell(batch),
        }

    return draw


def raising(batch: int) -> None:
    raise RuntimeError("no data")


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (3, "it is int: give a function that draws inputs"),
        (lambda size: None, "wants `size`, which it does not get: name any of `batch`"),
        (raising, "`raising` raised RuntimeError: no data (test_domain.py:"),
        (lambda batch: None, "returned 1 value; the inputs, in order: `frac`, `cell`"),
        (lambda batch: {"frac": None}, "draws no `cell`; the inputs: `frac`, `cell`"),
        (lambda batch: {"frak": None}, "draws `frak`, which is no input; did you mean `frac`?"),
        (drawing(lambda b: [0.0] * b), "input `frac`: expected a torch.Tensor, got list"),
        (drawing(lambda b: torch.rand(b, 4)), "input `frac`: expected 3 axes"),
        (drawing(lambda b: torch.rand(b, 4, 2)), "input `frac`, axis 2"),
        (drawing(lambda b: torch.rand(b + 1, 4, 3)), "`cell`, axis 0 (batch): expected 3"),
        (lambda batch: (torch.rand(5, 4, 3), torch.rand(5, 3, 3)), "5 examples, where batch = 2"),
        (drawing(lambda b: torch.full((b, 4, 3), torch.nan)), "`frac` holds NaN or infinity"),
        (drawing(lambda b: torch.ones(b, 4, 3).to_sparse()), "`frac`: expected a dense tensor"),
        (drawing(lambda b: torch.ones(b, 4, 3).int()), "`frac`: expected a floating dtype"),
        (drawing(n=7), "draws `n` = 7, not 4 as was chosen: name `sizes`"),
        (drawing(lambda b: torch.rand(b, 4 if b == 2 else 5, 3)), "`n` = 4 and then 5: draw one"),
    ],
)
def test_what_is_wrong_with_a_draw_is_said(draw: Any, said: str) -> None:
    with pytest.raises(InputsError) as raised:
        quick(Energy(), CELLS, draw, sizes={"n": 4})
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"kind": torch.full((2, 4), 4)}, "`kind`: expected labels 0 to 3, got 4"),
        ({"kind": torch.rand(2, 4)}, "`kind`: expected whole numbers"),
        ({"n": torch.tensor([5, 1])}, "size `n`: expected counts up to 4"),
        ({"n": torch.tensor([1])}, "size `n`: expected counts of shape [2]"),
        ({"n": "many"}, "size `n`: expected counts, integers of shape [2], got 'many'"),
        ({"x": torch.rand(2, 7, 2), "kind": torch.zeros(2, 7).long()}, "at most 6"),
    ],
)
def test_what_is_wrong_with_labels_and_counts_is_said(more: dict[str, Any], said: str) -> None:
    fine = {"x": torch.rand(2, 4, 2), "kind": torch.zeros(2, 4).long()}
    with pytest.raises(InputsError) as raised:
        quick(Typed(), TYPED, lambda batch: fine | more)
    assert said in str(raised.value)
