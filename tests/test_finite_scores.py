"""Scores of the poses of an input follow its elements, in single precision, beside other groups."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

import symc
from symc_runtime.testing import act, random_motions
from symc_runtime.verification.bases import flat_base
from symc_runtime.verification.inputs import make_inputs

SPECS = {
    # Labels are far larger than tiny vectors: the template cannot tell poses apart that differ.
    "labels": """
group G = D(4)
input x[4: G, 3: O(3)]
input k[4: G] of 3
output y[4: G]
""",
    "vectors": """
group G = C(6)
input x[6: G, 3: O(3)]
output y[_: G.vector]
""",
    "points": """
group G = D(3)
input x[3: G, 2: E(2).point]
input v[_: G.vector]
output y[3: G, 2: E(2).point]
""",
}


@pytest.mark.parametrize("kind", ["random", "tiny", "huge"])
@pytest.mark.parametrize("text", SPECS.values(), ids=SPECS)
def test_scores_follow_elements(text: str, kind: str) -> None:
    # First of all, so that the other group is a later one, which poses must not hang on.
    text += "symmetrize G by probabilistic"
    probe = symc.build(text, nn.Identity())
    torch.manual_seed(0)
    model = symc.build(text, flat_base(probe.inputs, probe.outputs, {}, 0))
    generator = torch.Generator().manual_seed(1)
    x = make_inputs(kind, model.inputs, model.groups, {}, 400, generator=generator)
    motions, sizes = random_motions(model, x, {}, None, generator)
    moved = [act(t, value, motions, sizes) for t, value in zip(model.inputs, x, strict=True)]
    stage: Any = model.G
    number = motions["G"].number
    assert number is not None

    def scores(values: Any) -> torch.Tensor:
        single = tuple(v.float() if v.is_floating_point() else v for v in values)
        found: torch.Tensor = stage._scores(single, None)[0]
        return found

    before, after = scores(x), scores(moved).gather(1, stage.products(number))
    error = (after - before).abs().amax(1) / before.abs().amax(1)
    assert error.max() < 1e-4
