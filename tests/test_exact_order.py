"""Where nothing rounds, numbers are what they are: noise decides between equal ones alone."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import symc
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.verification.inputs import make_inputs

MANY = 60
SPECS = {
    "numbers": ("group P = S(n)\ninput x[n: P, 1]", {}),
    "items": ("group P = S(n)\ninput x[n: P, 3]", {}),
    "beside labels": ("group P = S(n)\ninput x[n: P]\ninput k[n: P] of 3", {}),
    "pairs": ("group P = S(n)\ninput x[n: P, n: P]", {"n": 24}),
    "links": ("group P = S(n)\ninput x[n: P, n: P]", {"n": 24, "diagonal": 0}),
    "two groups": ("group P = S(n)\ngroup Q = S(m)\ninput x[n: P, m: Q]", {"n": 24, "m": 20}),
    "ragged": (f"size n <= {MANY}\ngroup P = S(n)\ninput x[n: P, 1]", {}),
    "behind a stage that turns others": (
        "group P = S(n)\ngroup M = O(3)\ninput x[n: P]\ninput v[3: M.vector]",
        {},
    ),
    "before a stage that turns others": (
        "group P = S(n)\ngroup M = O(3)\ninput x[n: P]\ninput v[3: M.vector]\n"
        "symmetrize P by {method}",
        {},
    ),
}


class Running(nn.Module):
    """Sums over the items so far: every order gives others."""

    def forward(self, x: Tensor, *others: Tensor) -> Tensor:
        return x.cumsum(1)


def _case(name: str, method: str, dtype: torch.dtype) -> tuple[Symmetrized, list[Tensor], Any]:
    text, sizes = SPECS[name]
    axes = text.split("input x[")[1].split("]")[0]
    declared, _, stage = text.partition("\nsymmetrize")
    first = f"\nsymmetrize{stage.format(method=method)}" if stage else ""
    spec = f"{declared}\noutput y[{axes}]{first}\nsymmetrize by {method}"
    torch.manual_seed(0)
    model = symc.build(spec, Running()).to(dtype).eval()
    known = {"n": MANY, "m": MANY} | {k: v for k, v in sizes.items() if k != "diagonal"}
    inputs = list(make_inputs("random", model.inputs, model.groups, known, 30, dtype=dtype))
    if "diagonal" in sizes:
        inputs[0].diagonal(dim1=1, dim2=2).zero_()
    counts = {"n": torch.arange(30) + MANY - 29} if "size" in text else {}
    return model, inputs, counts


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("method", ["frame", "canonical"])
@pytest.mark.parametrize("name", SPECS)
def test_calls_agree(name: str, method: str, dtype: torch.dtype) -> None:
    """On all examples: the probability of a tie is zero, of a near one it is not."""
    model, inputs, counts = _case(name, method, dtype)
    noise = [model.draw_noise(*inputs, **counts) for _ in range(2)]
    if "M" in noise[0]:
        # What other stages draw is another matter.
        noise[1]["M"] = noise[0]["M"]
    one, other = (model(*inputs, noise=each, **counts) for each in noise)
    assert torch.equal(one, other)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", ["numbers", "items", "pairs", "links", "ragged"])
def test_the_order_is_that_of_the_items(name: str, dtype: torch.dtype) -> None:
    """Relabelled items come in the same order, bit for bit, sums over other items too."""
    model, inputs, counts = _case(name, "frame", dtype)
    (x,) = inputs
    expected = model(x, **counts)
    moved, order = x.clone(), torch.arange(x.shape[1]).repeat(30, 1)
    for row in range(30):
        n = int(counts["n"][row]) if counts else x.shape[1]
        order[row, :n] = torch.randperm(n)
        moved[row] = x[row, order[row]]
        if x.ndim == 3 and x.shape[1] == x.shape[2]:
            moved[row] = moved[row][:, order[row]]
    found = model(moved, **counts)
    for row in range(30):
        y = expected[row, order[row]]
        if x.ndim == 3 and x.shape[1] == x.shape[2]:
            y = y[:, order[row]]
        assert torch.equal(found[row], y)


@pytest.mark.parametrize("method", ["frame", "canonical"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_ties_are_drawn(method: str, dtype: torch.dtype) -> None:
    spec = f"group P = S(n)\ninput x[n: P, 1]\noutput y[n: P, 1]\nsymmetrize P by {method}"
    model = symc.build(spec, Running()).to(dtype).eval()
    x = torch.randn(1, 8, 1, dtype=dtype).repeat(400, 1, 1)
    x[:, 5] = x[:, 2]
    # A running sum gives the later of two equal ones more.
    y = model(x)
    assert 0.4 < (y[:, 5] > y[:, 2]).double().mean() < 0.6
    apart = x.clone()
    apart[:, 5] = torch.nextafter(x[:, 2], torch.full_like(x[:, 2], torch.inf))
    z = model(apart)
    assert (z == z[:1]).all()


def test_behind_a_stage_that_rounds_near_ties_are_drawn() -> None:
    """Another pose would round them otherwise."""
    spec = "group M = O(3)\ngroup P = S(n)\ninput x[n: P, 3: M]\noutput y[n: P, 3: M]\n"
    model = symc.build(f"{spec}symmetrize M, P by frame", Running()).eval()
    x = torch.randn(1, 6, 3).repeat(200, 1, 1)
    x[:, 4] = x[:, 1] * (1 + 1e-7)
    noise = model.draw_noise(x)
    noise["M"] = noise["M"][:, :1].repeat(1, 200, 1, 1)
    y = model(x, noise=noise)
    assert len(y.flatten(1).unique(dim=0)) > 1
