"""A base may work in place: it gets tensors of its own, without a copy more than that takes."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import symc
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.verification.bases import example_sizes
from symc_runtime.verification.inputs import make_inputs

SPECS = {
    "items": "input x[n: P, 4]\noutput y[n: P, 4]",
    "items and all": "input x[n: P, 4]\ninput z[2]\noutput y[n: P]",
    "labels": "input x[n: P] of 4\ninput u[n: P, 2]\ninput k of 3\noutput y[n: P]",
    "pairs": "input a[n: P, n: P]\ninput z[2]\noutput y[n: P, n: P]",
    "signs": "input x[1: P.sign]\ninput z[n: P]\noutput y[1: P.sign]",
    "vectors": "group M = O(3)\ninput x[3, 3: M]\ninput s[2]\noutput y[3: M]",
    "a sum": "group M = SO(2)\ninput x[4, _: M + 2*M.scalar]\ninput s[2]\noutput y[2: M]",
    "shifts": "group M = T(2)\ninput x[4, 2: M.point]\ninput s[2]\noutput y[2: M.point]",
    "cloud": "group M = E(3)\ninput x[n: P, 3: M.point]\ninput v[3: M.vector]\ninput q[2]\n"
    "output y[n: P, 3: M.point]",
    "ragged": "size n <= 4\ngroup M = SE(2)\ninput x[n: P, 2: M.point]\ninput q[n: P]\ninput z[2]\n"
    "output y[n: P, 2: M.point]",
}
METHODS = ("frame", "canonical", "probabilistic", "average", "base")
TABLE = [
    pytest.param(text, method, id=f"{name} {method}")
    for name, text in SPECS.items()
    for method in METHODS
    if (name, method) not in (("shifts", "average"), ("ragged", "canonical"))
]


class Rewriting(nn.Module):
    """Whatever it is given, it writes over; `kept`: over copies."""

    def __init__(self, inputs: int, shape: tuple[int, ...], kept: bool) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, torch.Size(shape).numel())
        self.shape = shape
        self.kept = kept

    def forward(self, *inputs: Tensor, n: Tensor | None = None) -> Tensor:
        given = [x.clone() if self.kept else x for x in inputs]
        if n is not None and not self.kept:
            n.zero_()
        read = []
        for x in given:
            x.mul_(2).add_(1)
            if x.is_floating_point():
                nn.functional.relu(x, inplace=True)
            read.append(x.reshape(len(x), -1).to(self.linear.weight.dtype))
            if not x.is_floating_point():
                # Read above: what is left in it is nobody's.
                x.zero_()
        y: Tensor = self.linear(torch.cat(read, 1)).tanh_()
        return y.reshape(-1, *self.shape)


def _models(text: str, method: str) -> tuple[Symmetrized, Symmetrized, list[Tensor], Any]:
    """One whose base rewrites, its twin whose base does not, inputs and counts."""
    items = "group P = S(n)\n" if "P" in text else ""
    size = "size n <= 4\n" if "size" in text else ""
    spec = f"{size}{items}{text.removeprefix(size)}\nsymmetrize by {method}"
    probe = symc.build(spec, nn.Identity())
    sizes = example_sizes(probe.inputs + probe.outputs, probe.groups, probe.fixed, probe.ragged, {})
    inputs = [*make_inputs("random", probe.inputs, probe.groups, sizes, 2)]
    (output,) = make_inputs("random", probe.outputs, probe.groups, sizes, 1)
    width = sum(x[0].numel() for x in inputs)
    torch.manual_seed(0)
    model = symc.build(spec, Rewriting(width, tuple(output.shape[1:]), kept=False)).double()
    twin = copy.deepcopy(model)
    twin.base.kept = True
    return model, twin, inputs, {"n": torch.tensor([4, 2])} if size else {}


def _found(
    model: Symmetrized,
    inputs: list[Tensor],
    noise: dict[str, Tensor],
    counts: dict[str, Tensor],
    learned: bool,
    **keywords: Any,
) -> list[Tensor]:
    """The outputs and all gradients of a call that leaves what it was given as it was."""
    given = [x.clone() for x in inputs]
    leaves = [x.requires_grad_() for x in given if learned and x.is_floating_point()]
    before = [x._version for x in given]
    own_noise = {key: z.clone() for key, z in noise.items()}
    own_counts = {key: c.clone() for key, c in counts.items()}
    model.zero_grad()
    y = model(*given, noise=own_noise, **own_counts, **keywords)
    y = y[0] if isinstance(y, tuple) else y
    y.square().sum().backward()
    assert [x._version for x in given] == before
    assert all(torch.equal(x, z) for x, z in zip(given, inputs, strict=True))
    assert all(torch.equal(own_noise[key], noise[key]) for key in noise)
    assert all(torch.equal(own_counts[key], counts[key]) for key in counts)
    gradients = [x.grad for x in [*leaves, *model.parameters()] if x.grad is not None]
    return [y.detach(), *gradients]


@pytest.mark.parametrize(("text", "method"), TABLE)
def test_a_base_may_work_in_place(text: str, method: str) -> None:
    model, twin, inputs, counts = _models(text, method)
    for samples, chunk, training, learned, keywords in (
        (1, None, True, False, {}),
        (1, None, True, True, {}),
        (3, None, True, True, {"return_samples": True}),
        (3, 1, True, True, {}),
        (3, 2, True, False, {}),
        (1, None, False, True, {}),
        (3, None, False, False, {}),
    ):
        for each in (model, twin):
            each.draw_so_many(samples)
            each.chunk = chunk
            each.train(training)
        for batch in (2, 1):
            # Samples of one example could share its memory.
            rows = [x[:batch] for x in inputs]
            valid = {key: c[:batch] for key, c in counts.items()}
            noise = twin.draw_noise(*rows, **valid)
            found, expected = (
                _found(each, rows, noise, valid, learned, **keywords) for each in (model, twin)
            )
            assert len(found) == len(expected) > 2
            for one, other in zip(found, expected, strict=True):
                assert torch.allclose(one, other, rtol=1e-10, atol=1e-12)
            with torch.no_grad():
                alone = model(*(x.clone() for x in rows), noise=noise, **valid)
                assert torch.equal(alone, twin(*rows, noise=noise, **valid))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_in_single_precision_and_less(dtype: torch.dtype) -> None:
    base = nn.Sequential(nn.ReLU(inplace=True), nn.Linear(4, 4))
    model = symc.build("input x[n: S(n), 4]\noutput y[n: S(n), 4]", base).to(dtype)
    x = torch.randn(2, 5, 4, dtype=dtype)
    before = x.clone()
    model(x).sum().backward()
    assert torch.equal(x, before)
    assert all(p.grad is not None and p.grad.isfinite().all() for p in base.parameters())


def test_compiled() -> None:
    model, twin, inputs, _ = _models(SPECS["items and all"], "probabilistic")
    torch._dynamo.reset()
    noise = twin.draw_noise(*inputs)
    given = [x.clone().requires_grad_() for x in inputs]
    fast = torch.compile(model, fullgraph=True, backend="aot_eager")
    fast(*given, noise=noise).square().sum().backward()
    expected = _found(twin, inputs, noise, {}, True)[1:]
    found = [x.grad for x in [*given, *model.parameters()] if x.grad is not None]
    assert all(torch.equal(x, z) for x, z in zip(given, inputs, strict=True))
    for one, other in zip(found, expected, strict=True):
        assert torch.allclose(one, other, rtol=1e-9, atol=1e-12)


def test_a_distribution_may_work_in_place() -> None:
    class Scores(nn.Module):
        def forward(self, noise: Tensor, x: Tensor, z: Tensor) -> Tensor:
            return (
                noise.mul_(2).sum(-1) + x.add_(1).tanh_().sum(-1) + z.exp_().sum(-1, keepdim=True)
            )

    model, _, inputs, _ = _models(SPECS["items and all"], "probabilistic")
    net = symc.build(
        "group P = S(n)\n" + SPECS["items and all"], model.base, distributions={"P": Scores()}
    )
    net.double().samples = 1
    noise = net.draw_noise(*inputs)
    kept = [x.clone() for x in (*inputs, noise["P"])]
    net(*inputs, noise=noise).sum().backward()
    assert all(torch.equal(x, z) for x, z in zip((*inputs, noise["P"]), kept, strict=True))


def test_what_is_the_bases_alone_is_not_copied() -> None:
    """A copy more for each tensor would cost time beside a small base."""
    text = f"group P = S(n)\n{SPECS['cloud']}\nsymmetrize by probabilistic"
    model = symc.build(text, nn.Identity())
    targets = [str(node.target) for node in model.graph.nodes]
    copies = [node for node in model.graph.nodes if "own" in str(node.target)]
    # Of positions, a direction and two numbers, the last stage moves the first.
    assert [node.args[0].meta["wanted"] for node in copies] == ["v_in_M", "q"]
    assert not any("clone" in target for target in targets)
