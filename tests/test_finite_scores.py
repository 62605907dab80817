"""Scores of the poses of an input follow its elements, in single precision, beside other groups."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

import symc
from symc_runtime.testing import act, assert_equivariant, random_motions
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


IMAGES = "group R = {}\ninput x[2, (4, 4): R.grid]\noutput y[_: R.vector]\nsymmetrize by {}"


class Scores(nn.Module):
    """A score of a pose, of a user's; keeps what it was called with."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(32, 8), nn.Tanh(), nn.Linear(8, 1))
        self.seen: list[tuple[torch.Size, ...]] = []

    def forward(self, *poses: torch.Tensor) -> torch.Tensor:
        self.seen.append(tuple(each.shape for each in poses))
        scores: torch.Tensor = self.layers(poses[0]).squeeze(-1)
        return scores


class Plane(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(32, 8), nn.Tanh(), nn.Linear(8, 2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.layers(x)
        return y


@pytest.mark.parametrize("method", ["canonical", "probabilistic"])
@pytest.mark.parametrize(("group", "order"), [("C(4)", 4), ("D(4)", 8)])
def test_a_net_of_the_users(group: str, order: int, method: str) -> None:
    """It gets every pose of every example, and nothing else; its score chooses, and is trained."""
    torch.manual_seed(0)
    net = Scores()
    model = symc.build(IMAGES.format(group, method), Plane(), distributions={"R": net}).double()
    x = torch.randn(3, 2, 4, 4, dtype=torch.float64)
    for training in (True, False):
        assert_equivariant(model.train(training), x)
    assert set(net.seen) == {(torch.Size([3 * order, 2, 4, 4]),)}
    y = model.train()(x)
    y.square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.layers[1].parameters())
    if method == "canonical":
        best = model.eval()(x)
        with torch.no_grad():
            # Another score chooses another pose.
            net.layers[3].weight.neg_()
            net.layers[3].bias.neg_()
        assert not torch.allclose(best, model(x))


class Wrong(nn.Module):
    def forward(self, *poses: torch.Tensor) -> torch.Tensor:
        return poses[0].flatten(1)


def test_scores_of_another_shape_are_refused() -> None:
    model = symc.build(IMAGES.format("C(4)", "canonical"), Plane(), distributions={"R": Wrong()})
    told = r"the distribution of R: expected \[12\] \(a score for each pose\), got \[12, 32\]"
    with pytest.raises(symc.ShapeError, match=told):
        model(torch.randn(3, 2, 4, 4))
    with pytest.raises(ValueError, match="no 'R' with a net to replace: `average` has none"):
        symc.build(IMAGES.format("C(4)", "average"), Plane(), distributions={"R": Scores()})


@pytest.mark.parametrize("kind", ["random", "tiny"])
def test_choices_follow_elements_beside_what_later_groups_move(kind: str) -> None:
    """Poses are gathered to the bit, and yet the net reads points beside them that are not."""
    text = """
group G = C(4)
group H = E(2)
input x[3, 4: G]
input p[4, 2: H.point]
output y[4: G]
symmetrize G by canonical
symmetrize H by canonical
"""
    probe = symc.build(text, nn.Identity())
    torch.manual_seed(0)
    model = symc.build(text, flat_base(probe.inputs, probe.outputs, {}, 0))
    generator = torch.Generator().manual_seed(1)
    x = make_inputs(
        kind, model.inputs, model.groups, {}, 4000, dtype=torch.float32, generator=generator
    )
    motions, sizes = random_motions(model, x, {}, None, generator)
    moved = [act(t, value, motions, sizes) for t, value in zip(model.inputs, x, strict=True)]
    stage: Any = model.G
    number = motions["G"].number
    assert number is not None
    noise = model.draw_noise(*x, generator=generator)["G"].flatten(0, 1)
    before = stage(noise, *x).number
    after = stage(stage.act_on_noise(stage.element(number), noise), *moved).number
    products = stage.products(number).gather(1, before.unsqueeze(1)).squeeze(1)
    assert torch.equal(after, products)
