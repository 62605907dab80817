"""`symc verify` under groups that act by tables: right modules pass, each planted bug is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from outside.catalogue import with_groups
from outside.finite_groups import Alternating, SignFlips
from torch import nn

import symc
from symc.lower.module import CompiledModel
from symc.verifying import verify_spec
from symc_runtime.actions.tables import move, unmove
from symc_runtime.distributions.finite import NoiseOfElements
from symc_runtime.distributions.finite_average import AverageFinite
from symc_runtime.distributions.finite_net import LearnedFinite
from symc_runtime.elements.finite import Finite, ItemTable, RowTable
from symc_runtime.groups.cyclic import Cyclic
from symc_runtime.groups.finite import Image, Items
from symc_runtime.verification import measure
from symc_runtime.verification.bases import flat_base
from symc_runtime.verification.call import mean_over
from symc_runtime.verification.inputs import make_inputs
from symc_runtime.verification.law import coupled_law
from symc_runtime.verification.report import DRAWN, FACTS, NUMBERS, WEIGHTS, Report
from symc_runtime.verification.text import WIDTH, render

METHODS = ("average", "frame", "canonical", "probabilistic")
IMAGES = """
group R = D(4)
input img[2, (h, h): R.grid]
output y[_: R.vector]
symmetrize R by {}
"""
TURNS = """
group R = C(3)
input x[4, _: R.vector]
output y[_: R.vector]
output z[3: R]
symmetrize R by {}
"""
RAGGED = """
size n <= 4
group P = S(n)
group R = D(3)
input x[n: P, _: R.vector]
output y[n: P, _: R.vector]
symmetrize R by {}
symmetrize P by frame
"""


@pytest.fixture(autouse=True)
def _outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with with_groups(monkeypatch, Alternating(), SignFlips()):
        yield


def built(text: str, **sizes: int) -> CompiledModel:
    probe = symc.build(text, nn.Identity())
    base = flat_base(probe.inputs, probe.outputs, {**probe.fixed, **sizes}, 0)
    torch.manual_seed(0)
    return symc.build(text, base)


def measured(model: nn.Module, spec: str | None = None, **keywords: Any) -> Report:
    settings: dict[str, Any] = {"samples": 1, "draws": 400, **keywords}
    return symc.verify(model, spec=spec, **settings)


def broken(report: Report) -> set[tuple[str, str, str]]:
    return {(row.test, row.tensor or row.group, row.what) for row in report.broken}


CASES = [
    (IMAGES, {"h": 3}),
    (TURNS, {}),
    (RAGGED, {"n": 4}),
]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("text", "sizes"), CASES, ids=["images", "turns", "ragged"])
def test_right_models_pass(text: str, sizes: dict[str, int], method: str) -> None:
    report = measured(built(text.format(method), **sizes), sizes=sizes)
    assert report.ok, str(report)
    assert not report.warnings, str(report)
    assert all(len(line) <= WIDTH for line in render(report).splitlines())
    asked = {row.what for row in report.rows if row.test == "elements" and not row.tensor}
    weighs = {WEIGHTS, DRAWN} if method == "probabilistic" else set()
    assert asked - {"each index once"} == {FACTS, NUMBERS, *weighs}
    modes = {row.mode for row in report.rows if row.test == "noise"}
    assert modes == ({"eval", "train"} if method == "probabilistic" else {"eval"})


def graph_with(model: CompiledModel, target: Callable[..., Any], by: Callable[..., Any]) -> None:
    for node in [node for node in model.graph.nodes if node.target is target]:
        node.target = by
    model.recompile()


def test_a_wrong_inverse() -> None:
    model = built(TURNS.format("probabilistic"))
    graph_with(model, unmove, move)
    found = broken(measured(model))
    assert {("elements", "x", "pose"), ("law", "y", ""), ("law", "z", "")} <= found


@pytest.mark.parametrize("method", METHODS)
def test_a_transposed_table(method: str) -> None:
    model = built(TURNS.format(method))
    stage: Any = model.R
    table = stage._tables["vector"]
    assert isinstance(table, RowTable)
    stage._keep(stage._tables | {"vector": RowTable(table.rows.transpose(1, 2))})
    found = broken(measured(model))
    assert ("elements", "x", "pose") in found
    # Both ways are representations, so what is one of them alone stays right.
    assert not any(test == "noise" for test, *_ in found)


def test_odd_permutations_from_even_ones() -> None:
    """The group draws none; a table that does is told from what the group's facts say."""
    text = "group G = A(4)\ninput x[4: G, 2]\noutput y[4: G]\nsymmetrize by average"
    model = built(text)
    stage: Any = model.G
    table = stage._tables["natural"]
    assert isinstance(table, ItemTable)
    places = table.places.clone()
    places[5, :2] = places[5, :2].flip(0)
    stage._keep(stage._tables | {"natural": ItemTable(places, None)})
    assert ("elements", "x", "pose") in broken(measured(model))


class Odd(Alternating):
    """Says that its elements are even, and swaps two items more."""

    def image(self, atom: str, arguments: tuple[int, ...], parameter: int, element: int) -> Image:
        found = super().image(atom, arguments, parameter, element)
        if not isinstance(found, Items) or element == 0 or atom != "natural":
            return found
        first, second, *rest = found.index
        return Items((second, first, *rest), found.signs)


@pytest.mark.parametrize("method", METHODS)
def test_a_group_that_is_none(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    text = f"group G = A(4)\ninput x[4: G, 2]\noutput y[4: G]\nsymmetrize by {method}"
    with with_groups(monkeypatch, Odd()):
        report = measured(built(text))
        assert broken(report) == {("elements", "G", FACTS)}
        said = " ".join(str(report).split())
        assert "`natural` is no representation: what 1 does and then 1 is not what" in said
        assert "`symc_runtime.groups.laws.assert_group`" in said
        assert broken(verify_spec(symc.load(text))) == broken(report)
        assert Report.from_json(report.to_json()) == report


def test_elements_drawn_unevenly(monkeypatch: pytest.MonkeyPatch) -> None:
    def draw(self: AverageFinite, samples: int, batch: int, *rest: Any) -> torch.Tensor:
        dtype, device, generator = rest[1:]
        half = torch.randint(2, (samples, batch, 1), device=device, generator=generator)
        return half.to(self._numbered(dtype))

    monkeypatch.setattr(AverageFinite, "draw", draw)
    model = built(TURNS.format("average(samples=3)"))
    assert {("noise", "R", "distribution")} <= broken(measured(model))


def test_gumbel_noise_that_prefers_an_element(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training draws by it, eval mode does not: the noise is measured in both."""
    draw = NoiseOfElements.draw

    def uneven(self: NoiseOfElements, *arguments: Any) -> torch.Tensor:
        noise = draw(self, *arguments)
        noise[..., 0] += 1
        return noise

    monkeypatch.setattr(NoiseOfElements, "draw", uneven)
    found = measured(built(TURNS.format("probabilistic")))
    assert {(row.test, row.mode) for row in found.broken} >= {("noise", "train")}
    assert ("elements", "R", DRAWN) in broken(found)


def weighed(change: Callable[[Finite], torch.Tensor]) -> Callable[..., Finite]:
    forward = LearnedFinite.forward

    def changed(self: LearnedFinite, *arguments: Any, **keywords: Any) -> Finite:
        element = forward(self, *arguments, **keywords)
        return element if element.share is None else element._replace(share=change(element))

    return changed


WEIGHINGS = [
    # By the place of an element, which says nothing about the input.
    (lambda e: 1 + 0.3 * (e.number - 1).to(e.share), ("law", "y", "")),
    (lambda e: e.share * 1.1, ("elements", "R", WEIGHTS)),
    # Of another temperature: the law holds, and training is another function.
    (lambda e: e.share**8 * 3 / (e.share**8).unflatten(0, (3, -1)).sum(0).repeat(3),
     ("elements", "R", DRAWN)),
]  # fmt: skip


@pytest.mark.parametrize(("change", "found"), WEIGHINGS, ids=["places", "sum", "temperature"])
def test_wrong_weights(
    monkeypatch: pytest.MonkeyPatch, change: Any, found: tuple[str, str, str]
) -> None:
    model = built(TURNS.format("probabilistic"))
    with torch.no_grad():
        for parameter in model.R.parameters():
            parameter.mul_(1.5)
    monkeypatch.setattr(LearnedFinite, "forward", weighed(change))
    assert found in broken(measured(model, draws=2000))


@pytest.mark.parametrize("method", ["frame", "canonical"])
def test_ties_broken_by_position(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    """The noise is to decide between poses that look alike; here it is the first of them."""
    model = built(IMAGES.format(method), h=3)
    stage: Any = model.R
    forward = type(stage).forward

    def first(self: Any, noise: torch.Tensor, *inputs: Any, **keywords: Any) -> Finite:
        order = torch.arange(noise.shape[-1], 0, -1, dtype=noise.dtype)
        found: Finite = forward(self, order.expand_as(noise), *inputs, **keywords)
        return found

    monkeypatch.setattr(type(stage), "forward", first)
    report = measured(model, sizes={"h": 3})
    assert ("law", "y", "") in broken(report)
    worst = {row.kind for row in report.broken if row.test == "law"}
    assert not worst & {"random", "huge", "tiny", "unlike scales"}
    # Nor does it count as rounding where the last digits would tell the poses apart.
    for dtype in (torch.float64, torch.float32):
        images = make_inputs("symmetric graph", model.inputs, model.groups, {"h": 3}, 12)
        found = coupled_law(model.to(dtype).eval(), *(x.to(dtype) for x in images))
        assert found.wrong.any()
        assert not found.unclear.any()


class Turned(nn.Module):
    """The mean of a CNN over quarter turns, or the CNN."""

    def __init__(self, right: bool) -> None:
        super().__init__()
        self.right = right
        self.first = nn.Conv2d(1, 3, 3)
        self.second = nn.Linear(3, 1)

    def once(self, x: torch.Tensor) -> torch.Tensor:
        h = self.first(x.unsqueeze(1)).relu()
        y: torch.Tensor = self.second(h.amax((2, 3))).squeeze(-1)
        return y

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.right:
            return self.once(x)
        turns = [self.once(x.rot90(k, (1, 2))) for k in range(4)]
        return torch.stack(turns).mean(0)


SCENE = "group R = C(4)\ninput x[(5, 5): R.grid]\noutput y"


def test_modules_that_symc_did_not_build() -> None:
    torch.manual_seed(0)
    assert measured(Turned(right=True), SCENE).ok
    report = measured(Turned(right=False), SCENE, layers=True)
    assert broken(report) == {("law", "y", "")}
    ((group, words),) = report.layers
    assert group == "R"
    assert "lost in `first` (Conv2d)" in words


class Ring(nn.Module):
    """Neighbours on a ring: one kernel is even, the other tells the two directions apart."""

    def __init__(self, even: bool) -> None:
        super().__init__()
        self.first = nn.Conv1d(1, 4, 3, padding=1, padding_mode="circular")
        self.second = nn.Conv1d(4, 1, 3, padding=1, padding_mode="circular")
        if even:
            for layer in (self.first, self.second):
                layer.weight.data = layer.weight.data + layer.weight.data.flip(2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.second(self.first(x.unsqueeze(1)).tanh()).squeeze(1)
        return y


def test_a_ring_turns_and_is_mirrored() -> None:
    torch.manual_seed(0)
    ring = "group R = {}(6)\ninput x[6: R]\noutput y[6: R]"
    assert measured(Ring(even=False), ring.format("C"), layers=True).layers == (
        ("R", "kept to the end"),
    )
    report = measured(Ring(even=False), ring.format("D"), layers=True)
    assert broken(report) == {("law", "y", "")}
    assert "lost in `first` (Conv1d)" in report.layers[0][1]
    moved = {(row.test, row.weights) for row in measured(Ring(True), ring.format("D")).broken}
    assert moved == {("law", "moved")}


def test_means_follow_weights() -> None:
    y = torch.randn(3, 2, 5, dtype=torch.float64)
    weights = torch.tensor([[0.5, 0.1], [0.25, 0.2], [0.25, 0.7]])
    expected = torch.stack([(weights[:, b, None] * y[:, b]).sum(0) for b in range(2)])
    assert torch.allclose(mean_over(y, weights), expected, atol=1e-7)
    even = torch.full((3, 2), 1 / 3)
    assert torch.equal(mean_over(y, even), y.mean(0))


def test_a_mean_that_cancels_is_no_deviation() -> None:
    """Equal items have a mean of zero under C(3) but for rounding, on each side another."""
    model = built("group R = C(3)\ninput x[3: R]\noutput y[_: R.vector]\nsymmetrize by average")
    assert measured(model).ok


def test_facts_are_asked_before_anything_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    class Open(Cyclic):
        def product(self, parameter: int, left: int, right: int) -> int:
            return left + right

    text = "group G = C(3)\ninput x[3: G]\noutput y\nsymmetrize by average"
    spec = symc.load(text)
    with with_groups(monkeypatch, Open()):
        monkeypatch.setattr(measure, "Subject", None)
        report = verify_spec(spec)
    assert broken(report) == {("elements", "G", FACTS)}
    assert "the product of 1 and 2 is 3, no number from 0 to 2" in " ".join(str(report).split())
