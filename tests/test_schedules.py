"""The scale of noise, which a training loop may change: `model.noise_scale`, `annealed`."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import symc
from symc_runtime.schedules import annealed
from symc_runtime.symmetrized import Symmetrized

SPECS = {
    "set": "group P = S(6)\ninput x[6: P, 2]\noutput y\nsymmetrize by {}",
    "graph": "group P = S(6)\ninput x[6: P, 6: P]\noutput y\nsymmetrize by {}",
    "mixed": "group P = S(6)\ninput x[6: P, 2]\noutput y\nsymmetrize by {}",
    "vectors": "group M = O(3)\ninput x[6, 3: M.vector]\noutput y\nsymmetrize by {}",
    "ring": "group R = D(6)\ninput x[6: R, 2]\noutput y\nsymmetrize by {}",
    "signs": "group Z = Z2(6)\ninput x[6: Z]\noutput y\nsymmetrize by {}",
}


def method(name: str, scale: float) -> str:
    """The line's method, with a share of Haar for `mixed`."""
    return f"probabilistic(noise_scale={scale}{', haar=0.5' if name == 'mixed' else ''})"


class Base(nn.Module):
    def __init__(self, entries: int) -> None:
        super().__init__()
        self.layer = nn.Linear(entries, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x.flatten(1).sin()).squeeze(-1)


def shape(name: str) -> tuple[int, ...]:
    return {"graph": (6, 6), "vectors": (6, 3), "signs": (6,)}.get(name, (6, 2))


def built(name: str, scale: float, line: str | None = None) -> Symmetrized:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        entries = torch.Size(shape(name)).numel()
        text = SPECS[name].format(line or method(name, scale))
        return symc.build(text, Base(entries)).double()


def inputs(name: str) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(24, *shape(name), dtype=torch.float64, generator=generator)


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("training", [True, False])
def test_a_scale_set_is_that_of_the_spec(name: str, training: bool) -> None:
    x = inputs(name)
    changed, said = built(name, 1.0).train(training), built(name, 0.25).train(training)
    changed.noise_scale = 0.25
    assert changed.noise_scale == said.noise_scale == dict.fromkeys(changed.noise_scale, 0.25)
    noise = said.draw_noise(x, generator=torch.Generator().manual_seed(2))
    assert torch.equal(changed(x, noise=noise), said(x, noise=noise))
    before = built(name, 1.0).train(training)(x, noise=noise)
    # Numbers tell all items of these graphs apart, so that refinement draws no root.
    assert torch.equal(changed(x, noise=noise), before) == (name == "graph")


@pytest.mark.parametrize("name", ["set", "ring", "signs"])
def test_the_law_narrows_as_noise_goes(name: str) -> None:
    model = built(name, 1.0).eval()
    x, seen = inputs(name), []
    for scale in (10.0, 1.0, 0.1, 0.001):
        model.noise_scale = scale
        generator = torch.Generator().manual_seed(3)
        (spread,) = model.spread(x, samples=200, generator=generator).values()
        seen.append(float(spread.value.mean()))
    assert seen == sorted(seen)
    assert seen[-1] > 0.9 > 2 * seen[0]


def test_one_stage_of_several_is_named() -> None:
    text = (
        "group P = S(4)\ngroup M = O(2)\ninput x[4: P, 2: M.vector]\noutput y\n"
        "symmetrize M by probabilistic\nsymmetrize P by probabilistic(noise_scale=0.5)"
    )
    model = symc.build(text, Base(8))
    assert model.noise_scale == {"M": 1.0, "P": 0.5}
    model.noise_scale = {"M": 0.2}
    assert model.noise_scale == {"M": 0.2, "P": 0.5}
    model.noise_scale = 2
    assert model.noise_scale == {"M": 2.0, "P": 2.0}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"Q": 0.1}, "no stage `Q` hears noise; there is `P`"),
        (0, "a number above 0, not 0"),
        (-1.0, "a number above 0"),
        (True, "a number above 0, not True"),
        (float("nan"), "a number above 0"),
        (float("inf"), "a number above 0"),
        ("loud", "a number above 0, not 'loud'"),
    ],
)
def test_what_is_no_scale_is_refused_and_changes_nothing(value: Any, message: str) -> None:
    model = built("set", 0.5)
    with pytest.raises(ValueError, match=message):
        model.noise_scale = value
    assert model.noise_scale == {"P": 0.5}


@pytest.mark.parametrize(
    "line", ["average", "canonical", "frame", "base", "probabilistic(noise_scale=0)"]
)
def test_stages_that_hear_no_noise_have_no_scale(line: str) -> None:
    model = built("set", 1.0, line)
    assert model.noise_scale == {}
    with pytest.raises(ValueError, match="no stage of this model"):
        model.noise_scale = 0.5


def test_a_compiled_module_follows() -> None:
    graphs = []

    def backend(graph: torch.fx.GraphModule, _: Any) -> Any:
        graphs.append(graph)
        return graph.forward

    model, x = built("set", 1.0).eval(), inputs("set")
    noise = model.draw_noise(x, generator=torch.Generator().manual_seed(2))
    torch._dynamo.reset()
    compiled = torch.compile(model, fullgraph=True, backend=backend)
    for step in range(6):
        model.noise_scale = annealed(step / 5)
        assert torch.allclose(compiled(x, noise=noise), model(x, noise=noise))
    if torch.__version__ >= "2.8":
        assert len(graphs) <= 2


def test_annealing_falls_to_its_end_and_stays() -> None:
    values = [annealed(k / 100) for k in range(101)]
    assert values[0] == 1.0
    assert values[35] == pytest.approx(0.1)
    assert values[70:] == pytest.approx([0.01] * 31)
    assert all(a > b for a, b in zip(values[:70], values[1:71], strict=True))
    assert annealed(0.5, start=2, end=2) == 2
    for wrong in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="share of the training"):
            annealed(wrong)
    with pytest.raises(ValueError, match="above 0"):
        annealed(0.5, end=0)
