"""Gradients are those of the function: autograd beside differences, elements being smooth there.

With the noise held fixed an element of O(d) is a smooth function of the inputs and of the weights
(an element of S(n) is none; its gradient is straight through by design, so here it is averaged).
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

import symc
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.verification.bases import example_counts, example_sizes, flat_base
from symc_runtime.verification.inputs import make_inputs

STEP = 1e-6
INPUTS = {
    "vectors": "input x[5, _: M.vector]",
    "one vector and a matrix": "input v[_: M.vector]\ninput m[_: M.vector * M.vector]",
    "items": "input x[n: P, _: M.vector]\ninput z[n: P]",
    "ragged items": "size n <= 5\ninput x[n: P, 2, _: M.vector]",
    "pairs": "input x[n: P, n: P, _: M.vector]\ninput y[n: P, _: M.vector]",
    "axial": "input v[n: P, _: M.vector]\ninput a[n: P, _: M.pseudovector + M.pseudoscalar]",
    "products": "input v[n: P, _: M.vector + M.vector * M.vector * M.vector]",
}


def _program(group: str, inputs: str, method: str) -> str:
    lines = [f"group M = {group}", inputs, "output out[_: M.vector]", f"symmetrize M by {method}"]
    if "n: P" in inputs:
        lines[1:1] = ["group P = S(n)"]
        lines.append("symmetrize P by average(samples=2)")
    return "\n".join(lines)


def _model(text: str) -> tuple[Symmetrized, dict[str, torch.Tensor], list[torch.Tensor]]:
    torch.manual_seed(0)
    probe = symc.build(text, nn.Identity())
    sizes = example_sizes(probe.inputs + probe.outputs, probe.groups, probe.fixed, probe.ragged, {})
    model = symc.build(text, flat_base(probe.inputs, probe.outputs, sizes)).double().eval()
    model.draw_so_many(2)
    generator = torch.Generator().manual_seed(1)
    made = make_inputs("random", model.inputs, model.groups, sizes, 2, generator=generator)
    return model, dict(example_counts(model.ragged, sizes, 2)), list(made)


def _compared(
    leaves: dict[str, torch.Tensor], value: Callable[[], torch.Tensor]
) -> tuple[float, str]:
    """The largest disagreement of derivatives along a random direction of each leaf, and whose."""
    gradients = torch.autograd.grad(value(), list(leaves.values()), allow_unused=True)
    worst = 0.0, ""
    for (key, leaf), gradient in zip(leaves.items(), gradients, strict=True):
        generator = torch.Generator().manual_seed(4)
        along = torch.randn(leaf.shape, dtype=leaf.dtype, generator=generator)
        values = []
        for step in (STEP, -2 * STEP):
            with torch.no_grad():
                leaf.add_(along, alpha=step)
            # Gradients stay enabled: straight through, some numbers exist with them alone.
            values.append(value().item())
        with torch.no_grad():
            leaf.add_(along, alpha=STEP)
        difference = (values[0] - values[1]) / (2 * STEP)
        found = 0.0 if gradient is None else float((gradient * along).sum())
        error = abs(found - difference) / (abs(found) + abs(difference) + 1e-3)
        worst = max(worst, (error, f"{key}: {found:.6g}, by differences {difference:.6g}"))
    return worst


def disagreement(text: str) -> tuple[float, str]:
    """Of derivatives along a random direction of each input and weight: the largest, and whose."""
    model, counts, inputs = _model(text)
    leaves = {f"input {i}": x.requires_grad_() for i, x in enumerate(inputs)}
    leaves |= {key: p for key, p in model.named_parameters() if not key.startswith("base")}
    noise = model.draw_noise(*inputs, sizes=counts, generator=torch.Generator().manual_seed(2))
    seed = torch.randn(2, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(3))

    def value() -> torch.Tensor:
        y = model(*inputs, noise=noise, sizes=counts)
        return (y * seed[:, : y.shape[1]]).sum()

    return _compared(leaves, value)


@pytest.mark.parametrize("method", ["canonical", "probabilistic", "frame"])
@pytest.mark.parametrize("group", ["O(2)", "O(3)", "SO(3)", "E(2)", "SE(3)", "SO(4)"])
@pytest.mark.parametrize("inputs", INPUTS.values(), ids=INPUTS)
def test_gradients_are_those_of_the_function(inputs: str, group: str, method: str) -> None:
    if group.startswith(("E", "SE")):
        inputs += "\ninput p[3, _: M.point]"
    if group.startswith("S"):
        inputs = inputs.replace("M.pseudovector + M.pseudoscalar", "2*M.vector + M.scalar")
    error, where = disagreement(_program(group, inputs, method))
    assert error < 1e-5, where


WEIGHED = {
    "images": "group G = C(4)\ninput x[2, (3, 3): G.grid]\ninput v[2: G.vector]\noutput y[4: G]",
    "a ring": "group G = D(3)\ninput x[3: G, 2]\ninput v[2: G.vector]\noutput y[3: G]",
    "one sign": "group G = Z2(1)\ninput x[4, 1: G]\noutput y[1: G]",
    "signs": "group G = Z2(3)\ninput x[4, 3: G]\ninput e[3]\noutput y[3: G]",
    "signs of a sum": "group G = Z2(2)\ninput x[3, _: 2*G.scalar + 2*G]\noutput y[_: G + G.sign]",
}


@pytest.mark.parametrize("scale", [0.1, 1.0, 1e3])
@pytest.mark.parametrize("text", WEIGHED.values(), ids=WEIGHED)
def test_weights_of_all_elements_have_their_derivatives(text: str, scale: float) -> None:
    """In eval mode all elements are taken, and what is smooth is the softmax of their scores."""
    model, _, inputs = _model(text + "\nsymmetrize G by probabilistic\n")
    model.eval_samples = None
    # To size one a score brings what it reads, whatever the units are.
    scaled = [x.mul_(scale).requires_grad_() for x in inputs]

    def value() -> torch.Tensor:
        _, weights = model(*scaled, return_samples=True)
        return (weights * torch.arange(weights.shape[0]).unsqueeze(1)).sum()

    leaves = {f"input {i}": x for i, x in enumerate(scaled)}
    leaves |= {key: p for key, p in model.named_parameters() if not key.startswith("base")}
    error, where = _compared(leaves, value)
    assert error < 1e-5, where


def test_an_invariant_energy_has_no_torque() -> None:
    """Forces of an energy that a frame makes invariant turn nothing."""
    text = "input x[5, 3: E(3).point]\noutput energy\nsymmetrize E(3) by frame"
    model, _, (x,) = _model(text)
    x.requires_grad_()
    (force,) = torch.autograd.grad(model(x).sum(), x)
    torque = torch.linalg.cross(x.detach(), force, dim=-1).sum(1)
    assert force.norm() > 1e-3
    assert torque.abs().max() < 1e-10 * force.norm()
    assert force.sum(1).abs().max() < 1e-10 * force.norm()


@pytest.mark.parametrize("net", ["deepsets", "attention", "gin", "refine"])
def test_gradients_of_the_penalty_are_its_own(net: str) -> None:
    """The entropy of permutations is smooth in inputs and weights."""
    stage = f"symmetrize P by probabilistic(net={net})\nsymmetrize M by average"
    text = (
        f"group P = S(n)\ngroup M = O(3)\ninput x[n: P, 3: M]\ninput s[n: P, 2]\noutput y\n{stage}"
    )
    model, _, inputs = _model(text)
    model.train()
    noise = model.draw_noise(*inputs, generator=torch.Generator().manual_seed(2))
    leaves = {f"input {i}": x.requires_grad_() for i, x in enumerate(inputs)}
    leaves |= {key: p for key, p in model.named_parameters() if not key.startswith("base")}

    def value() -> torch.Tensor:
        penalty: torch.Tensor = model(*inputs, noise=noise, return_penalty=True)[1]
        return penalty

    worst, where = _compared(leaves, value)
    assert worst < 1e-5, where
