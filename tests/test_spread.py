"""`model.spread`: how concentrated each stage is, against counting, formulas and symmetries."""

from __future__ import annotations

import copy
import inspect
import math
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from models import SPECS, example_counts, example_inputs, sizes_for
from torch import Tensor, nn

import symc
from symc.lower.emit import emit
from symc.lower.plan import make_plan
from symc_runtime.spread.record import Spread
from symc_runtime.spread.words import in_words
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.testing import act, act_on_noise, motion_of, random_motions, valid_part

SET = "group P = S(n)\ninput x[n: P, 2]\noutput y\nsymmetrize by {}\n"
VECTORS = "group M = {}\ninput x[4, d: M.vector]\noutput y\nsymmetrize by {}\n"
CLOUD = """
group P = S(n)
group M = E(3)
input pos[n: P, 3: M.point]
input vel[n: P, 3: M.vector]
output y
symmetrize {}
symmetrize {}
"""


class Untouched(nn.Module):
    """A base that nobody may run."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2))

    def forward(self, *inputs: Tensor) -> Tensor:
        raise AssertionError("the base was run")


def built(text: str | Path, seed: int = 0, **sizes: int) -> symc.CompiledModel:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return symc.build(text, Untouched(), sizes=sizes).eval()


def values(model: Symmetrized, *inputs: Tensor, seed: int = 0, **keywords: Any) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(seed)
    return {k: s.value for k, s in model.spread(*inputs, generator=generator, **keywords).items()}


def normal(*shape: int, seed: int = 1, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def repeated(rows: Tensor, kinds: list[int]) -> Tensor:
    """Items of these kinds, rows [kinds, channels]: [1, items, channels]."""
    return rows[kinds].unsqueeze(0)


# Permutations


@pytest.mark.parametrize("n", [3, 4])
def test_uniform_permutations_of_a_generic_set(n: int) -> None:
    x = normal(8, n, 2)
    exact = built(SET.format("average")).spread(x)["P"]
    assert exact.exact
    torch.testing.assert_close(exact.value, torch.full((8,), 1 / math.factorial(n)))
    torch.testing.assert_close(exact.value, exact.uniform)
    samples = 60
    drawn = built(SET.format("average(samples=1)"))
    found = values(drawn, x, samples=samples)["P"]
    assert not drawn.spread(x)["P"].exact
    # Pairs of uniform draws are independent, two by two.
    p, pairs = 1 / math.factorial(n), 8 * samples * (samples - 1) / 2
    assert abs(float(found.mean()) - p) < 4 * math.sqrt(p * (1 - p) / pairs)


@pytest.mark.parametrize("kinds", [[0, 0, 1, 2], [0, 1, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0]])
@pytest.mark.parametrize("method", ["average", "average(samples=1)"])
def test_equal_items_count_as_the_same(kinds: list[int], method: str) -> None:
    x = repeated(normal(3, 2), kinds).expand(16, -1, -1)
    p = math.prod(math.factorial(m) for m in Counter(kinds).values()) / math.factorial(4)
    found = values(built(SET.format(method)), x, samples=60)["P"]
    error = 0.0 if method == "average" else 4 * math.sqrt(p * (1 - p) / (16 * 1770))
    assert abs(float(found.mean()) - p) <= error + 1e-6


def test_a_graph_counts_by_its_symmetries() -> None:
    """What counts is the same structure, not an item's place: a path has 2, a ring of five 10."""
    text = "group P = S(n)\ninput a[n: P, n: P]\noutput y\nsymmetrize by average\n"
    path = torch.diag(torch.ones(4), 1)
    ring = path.clone()
    ring[0, 4] = 1
    graphs = torch.stack([path + path.T, ring + ring.T, torch.zeros(5, 5)])
    found = built(text).spread(graphs)["P"].value
    torch.testing.assert_close(found, torch.tensor([2.0, 10.0, 120.0]) / 120)


@pytest.mark.parametrize("method", ["canonical", "frame"])
@pytest.mark.parametrize("mode", [True, False])
def test_one_pose_is_one(method: str, mode: bool) -> None:
    for text, shape in (
        (SET.format(method), (5, 4, 2)),
        (f"input x[4: D(4), 2]\noutput y\nsymmetrize by {method}\n", (5, 4, 2)),
        (f"input x[5, k: Z2(k)]\noutput y\nsymmetrize by {method}\n", (5, 5, 3)),
    ):
        model = built(text).train(mode)
        (found,) = model.spread(normal(*shape)).values()
        assert torch.equal(found.value, torch.ones(5))
        assert model.training == mode


def test_a_frame_draws_what_it_cannot_tell_apart() -> None:
    """Corners of a regular triangle are alike up to turns, so their order is open: 6 poses."""
    model = built(
        CLOUD.format("P by frame", "M by frame").replace("E(3)", "E(2)").replace("3:", "2:")
    )
    angles = 2 * math.pi * torch.arange(3, dtype=torch.float64) / 3
    corners = torch.stack([angles.cos(), angles.sin()], -1).expand(32, 3, 2).contiguous()
    found = values(model, corners, torch.zeros_like(corners))["P"]
    assert abs(float(found.mean()) - 1 / 6) < 4 * math.sqrt(5 / 36 / (32 * 1225))


def test_less_noise_is_more_concentrated() -> None:
    x = normal(16, 5, 2)
    found = [
        float(values(built(SET.format(f"probabilistic(noise_scale={scale})")), x)["P"].mean())
        for scale in (100, 1, 0.1, 1e-6)
    ]
    assert found == sorted(found)
    assert found[0] < 0.1
    assert found[-1] == 1


def test_labels_are_compared_too() -> None:
    text = "group P = S(n)\ninput kind[n: P] of 3\noutput y\nsymmetrize by average\n"
    kinds = torch.tensor([[0, 1, 2, 1], [2, 2, 2, 2]])
    torch.testing.assert_close(built(text).spread(kinds)["P"].value, torch.tensor([2 / 24, 1.0]))


def test_ragged_sizes() -> None:
    text = "size n <= 5\n" + SET
    counts = torch.tensor([4, 2, 1, 0])
    x = normal(4, 5, 2)
    x[1, 1] = x[1, 0]
    for row, count in enumerate(counts):
        x[row, count:] = math.nan
    expected = torch.tensor([1 / 24, 1.0, 1.0, 1.0])
    model = built(text.format("average(samples=1)"))
    found = model.spread(x.expand(20, 4, 5, 2).flatten(0, 1), n=counts.repeat(20))["P"]
    mean = found.value.unflatten(0, (20, 4)).mean(0)
    assert torch.equal(mean[1:], expected[1:])
    assert abs(float(mean[0]) - 1 / 24) < 4 * math.sqrt(1 / 24 / (20 * 1225))
    torch.testing.assert_close(found.uniform[:4], torch.tensor([1 / 24, 1 / 2, 1.0, 1.0]))
    assert "uniform over S(n):" in str(found)
    exact = built(text.format("average")).spread(x, n=counts)["P"]
    assert exact.exact
    torch.testing.assert_close(exact.value, expected)
    canonical = built(text.format("canonical")).spread(x, sizes={"n": counts})["P"].value
    assert torch.equal(canonical, torch.ones(4))


# Finite groups and signs


def square(seed: int) -> tuple[Tensor, Tensor]:
    """Rings of four items: any, and some that are their own mirror image; D(4) turns them."""
    x = normal(6, 4, 3, seed=seed, dtype=torch.float64)
    x[3:, 3] = x[3:, 1]
    return x, torch.tensor([1, 1, 1, 2, 2, 2])


def test_weights_of_elements() -> None:
    """The sum of squares of the weights of poses, over elements whose pose is the same."""

    class Still(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.sum((1, 2))

    text = "group G = D(4)\ninput x[4: G, 3]\noutput y\n"
    torch.manual_seed(3)
    model = symc.build(text, Still()).eval().double()
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(3)  # far from uniform
    x, _ = square(1)
    with torch.no_grad():
        _, weights = model(x, return_samples=True)
    assert float(weights.amax()) > 0.2
    group, tensor = model.groups[0], model.inputs[0]
    inverse = [group.facts.inverse(4, g) for g in range(8)]
    poses = torch.stack(
        [act(tensor, x, {"G": motion_of(group, 4, torch.full((6,), g))}, {}) for g in inverse]
    )
    equal = (poses[:, None] == poses[None]).flatten(3).all(-1)
    expected = (weights[:, None] * weights[None] * equal).sum((0, 1))
    found = model.spread(x)["G"]
    assert found.exact
    torch.testing.assert_close(found.value, expected)
    # In training the same law is drawn.
    drawn = model.train().spread(x, samples=400, generator=torch.Generator().manual_seed(0))["G"]
    assert not drawn.exact
    assert model.training
    torch.testing.assert_close(drawn.value, expected, atol=0.04, rtol=0)


@pytest.mark.parametrize("atom", ["", ".vector", ".irrep(1)", ".regular"])
def test_uniform_elements_of_a_finite_group(atom: str) -> None:
    size = {"": 4, ".vector": 2, ".irrep(1)": 2, ".regular": 8}[atom]
    text = f"group G = D(4)\ninput x[3, {size}: G{atom}]\noutput y\nsymmetrize by average\n"
    x = normal(4, 3, size)
    x[3] = 0
    found = built(text).spread(x)["G"]
    torch.testing.assert_close(found.value, torch.tensor([1 / 8] * 3 + [1.0]))
    if atom == ".vector":
        # On the mirror axis: half of the elements look like the other half, up to rounding.
        x = x[:, :1] * torch.tensor([1.0, 0.0])
        torch.testing.assert_close(built(text.replace("3,", "1,")).spread(x)["G"].value[:3],
                                   torch.full((3,), 1 / 4))  # fmt: skip


def test_signs() -> None:
    text = "input x[4, k: Z2(k)]\noutput y\nsymmetrize by {}\n"
    x = normal(20, 4, 3)
    x[10:, :, 1] = 0
    expected = torch.tensor([1 / 8] * 10 + [1 / 4] * 10)
    torch.testing.assert_close(built(text.format("average")).spread(x)["Z2(k)"].value, expected)
    drawn = values(built(text.format("average(samples=1)")), x)["Z2(k)"].unflatten(0, (2, 10))
    torch.testing.assert_close(drawn.mean(1), expected[[0, 10]], atol=0.02, rtol=0)
    learned = built(text.replace("k:", "3:").replace("Z2(k)", "Z2(3)").format("probabilistic"))
    found = learned.spread(x)["Z2(3)"]
    assert found.exact
    assert (found.value[10:] > found.value[:10].mean()).all()


# Rotations


@pytest.mark.parametrize("group", ["O(1)", "O(2)", "SO(2)", "O(3)", "SO(3)", "SO(4)"])
def test_haar_is_one(group: str) -> None:
    d = int(group[-2])
    text = VECTORS.format(group, "average").replace("d:", f"{d}:")
    found = built(text).spread(normal(64, 4, d), generator=torch.Generator().manual_seed(0))["M"]
    assert found.measure == "apart"
    assert abs(float(found.value.mean()) - 1) < 0.02
    assert found.exact == (d == 1)


def test_a_group_of_one_element_has_no_spread() -> None:
    text = VECTORS.format("SO(1)", "average").replace("d:", "1:")
    assert torch.equal(built(text).spread(normal(3, 4, 1))["M"].value, torch.zeros(3))
    # Nothing that elements move: all of them show the same.
    text = VECTORS.format("O(3)", "average").replace("d:", "3:")
    assert torch.equal(built(text).spread(torch.zeros(2, 4, 3))["M"].value, torch.zeros(2))


@pytest.mark.parametrize("group", ["O(3)", "SO(3)"])
@pytest.mark.parametrize("items", [1, 2, 4])
def test_canonical_rotations_are_one_pose(group: str, items: int) -> None:
    """Of one or two vectors too, though they leave a part of the element open."""
    text = VECTORS.format(group, "canonical").replace("d:", "3:").replace("4,", f"{items},")
    found = built(text).spread(normal(5, items, 3, dtype=torch.float64))["M"].value
    assert float(found.max()) < 1e-12


def test_the_formula() -> None:
    """Where x spans space, E |R - R'|^2 over 2 d."""
    model = built(VECTORS.format("O(3)", "probabilistic(noise_scale=0.2)").replace("d:", "3:"))
    x = normal(6, 4, 3)
    noise = {
        "M": model.M.draw(30, 6, {}, torch.float32, x.device, torch.Generator().manual_seed(0))
    }
    with torch.no_grad():
        matrices = model.M(noise["M"].flatten(0, 1), x).matrix.unflatten(0, (30, 6))
    squares = (matrices[:, None] - matrices[None]).square().sum((-2, -1))
    expected = squares.sum((0, 1)) / (30 * 29) / 6
    found = model.spread(x, noise=noise)["M"].value
    torch.testing.assert_close(found, expected)
    assert 0.01 < float(found.mean()) < 0.9


def test_what_the_base_does_not_see_does_not_count() -> None:
    """Uniform elements, of which a plane shows all but the reflection behind it."""
    text = VECTORS.format("O(3)", "average").replace("d:", "3:")
    plane = normal(200, 4, 3)
    plane[..., 2] = 0
    assert abs(float(built(text).spread(plane)["M"].value.mean()) - 1) < 0.02
    odd = "group M = O(3)\ninput x[1: M.pseudoscalar]\ninput v[3: M.vector]\noutput y\n"
    model = built(odd + "symmetrize by average\n")
    v = torch.zeros(200, 3)
    found = model.spread(torch.ones(200, 1), v, generator=torch.Generator().manual_seed(0))["M"]
    assert abs(float(found.value.mean()) - 1) < 0.02


# Stages


def test_stages_are_measured_given_the_draws_before() -> None:
    """Items are sorted in whatever pose they come: one order a pose, and many over all."""
    model = built(CLOUD.format("M by average", "P by canonical"))
    found = model.spread(normal(3, 4, 3), normal(3, 4, 3, seed=2))
    assert list(found) == ["M", "P"]
    assert torch.equal(found["P"].value, torch.ones(3))
    assert abs(float(found["M"].value.mean()) - 1) < 0.2


@pytest.mark.parametrize("order", ["MP", "PM"])
@pytest.mark.parametrize("far", [0, 1e5])
def test_items_that_rounding_tells_apart_are_equal(order: str, far: float) -> None:
    """Where another group turns them, sooner or later, and however far from the origin."""
    x = 10 * repeated(normal(3, 3), [0, 1, 0, 2])
    x[:, 2] *= 1 + 1e-6
    stages = [f"{group} by average" for group in order]
    found = built(CLOUD.format(*stages)).spread(far + x, torch.zeros_like(x))["P"]
    torch.testing.assert_close(found.value, torch.tensor([2 / 24]))
    # Where nothing rounds, the last bit tells.
    found = built(SET.format("average").replace("2]", "3]")).spread(x)["P"]
    torch.testing.assert_close(found.value, torch.tensor([1 / 24]))


def test_mirror_images_of_a_matrix_group_are_equal() -> None:
    """A vector along the mirror axis r^j s of D(5), turned there in single precision."""
    text = "input x[2: D(5).vector]\noutput y\nsymmetrize by average\n"
    angles = math.pi / 5 * torch.arange(10)
    x = torch.stack([angles.cos(), angles.sin()], -1)
    found = built(text).spread(torch.cat([x, normal(3, 2)]))["D(5)"].value
    torch.testing.assert_close(found, torch.tensor([2 / 10] * 10 + [1 / 10] * 3))


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
@pytest.mark.parametrize("mode", [True, False], ids=["train", "eval"])
def test_the_spread_of_a_moved_input_is_the_same(path: Path, mode: bool) -> None:
    """With the noise moved along; h in all groups, also those handled `by base`."""
    model = built(path).double().train(mode)
    sizes = sizes_for(model.inputs + model.outputs, model.fixed, model.ragged)
    x = example_inputs(model, sizes, 3)
    counts = example_counts(model, sizes, 3)
    generator = torch.Generator().manual_seed(7)
    _, solved, _ = model._checked(x, counts, {})
    noise = {
        entry.key: model.get_submodule(entry.attribute).draw(
            6, 3, solved, torch.float64, x[0].device, generator
        )
        for entry in model.draws
    }
    motions, _ = random_motions(model, x, counts, [g.name for g in model.groups], generator)
    moved = [
        act(tensor, valid_part(tensor, each, counts), motions, solved)
        for tensor, each in zip(model.inputs, x, strict=True)
    ]
    of_noise = act_on_noise(model, noise, motions)
    plain = model.spread(*x, noise=noise, sizes=counts)
    turned = model.spread(*moved, noise=of_noise, sizes=counts)
    assert list(plain) == list(turned) == [entry.key for entry in model.draws]
    for group, each in plain.items():
        torch.testing.assert_close(each.value, turned[group].value, atol=1e-8, rtol=0)


def test_groups_that_draw_nothing_have_none() -> None:
    text = "group P = S(n)\ngroup M = T(2)\ninput x[n: P, 2: M.point]\noutput y\n"
    text += "symmetrize P by base\n"
    assert built(text).spread(normal(2, 3, 2)) == {}


# The module


def emitted(text: str, base: nn.Module) -> Symmetrized:
    plan = make_plan(symc.load(text).ir)
    namespace: dict[str, Any] = {"__name__": "emitted"}
    exec(compile(emit(plan, text), "emitted.py", "exec"), namespace)
    made: Symmetrized = namespace[plan.class_name](base)
    return made


def test_an_emitted_module_has_it() -> None:
    text = CLOUD.format("M by probabilistic", "P by probabilistic")
    model = built(text)
    x = normal(3, 4, 3), normal(3, 4, 3, seed=2)
    twin = emitted(text, Untouched()).eval()
    twin.load_state_dict(model.state_dict())
    # A function for a base, which is no module.
    other = emitted(text, nn.Identity()).eval()
    other.load_state_dict(model.state_dict(), strict=False)
    for each in (twin, other, copy.deepcopy(model)):
        found = values(each, *x)
        for group, value in values(model, *x).items():
            assert torch.equal(found[group], value)


def test_nothing_is_left_behind() -> None:
    class Normed(nn.Module):
        """A net that keeps statistics in training mode."""

        def __init__(self) -> None:
            super().__init__()
            self.norm = nn.BatchNorm1d(2)

        def forward(self, noise: Tensor, x: Tensor) -> Tensor:
            normed: Tensor = self.norm(x.transpose(1, 2)).sum(1) + noise.sum(-1)
            return normed

    model = symc.build(SET.format("probabilistic"), Untouched(), distributions={"P": Normed()})
    before = copy.deepcopy(model.state_dict())
    kept, state = dict(vars(model)), torch.get_rng_state()
    x = normal(4, 3, 2).requires_grad_()
    found = model.spread(x, generator=torch.Generator().manual_seed(0))["P"]
    assert not found.value.requires_grad
    assert model.training
    assert dict(vars(model)) == kept
    assert torch.equal(state, torch.get_rng_state())
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_the_generator_decides() -> None:
    model = built(SET.format("probabilistic"))
    x = normal(4, 5, 2)
    assert torch.equal(values(model, x)["P"], values(model, x)["P"])
    assert not torch.equal(values(model, x)["P"], values(model, x, seed=1)["P"])
    assert values(model, x=x).keys() == {"P"}


def test_precisions() -> None:
    for dtype in (torch.bfloat16, torch.float16, torch.float64):
        model = built(CLOUD.format("M by canonical", "P by average")).to(dtype)
        x = normal(2, 3, 3).to(dtype)
        found = model.spread(x, x)
        torch.testing.assert_close(
            found["P"].value, torch.full_like(found["P"].value, 1 / 6), rtol=1e-6, atol=0
        )


def test_an_input_named_like_an_argument() -> None:
    text = "size generator\ngroup P = S(generator)\ninput samples[generator: P, 2]\noutput y\n"
    model = built(text + "symmetrize by average\n")
    assert float(model.spread(normal(1, 3, 2), samples=9)["P"].value) == pytest.approx(1 / 6)
    with pytest.raises(TypeError, match="samples: expected an int, got Tensor"):
        model.spread(normal(1, 3, 2), samples=normal(1, 3, 2))
    named = list(inspect.signature(built(SET.format("average")).spread).parameters)
    assert named[0] == "x"
    assert {"samples", "generator", "noise", "sizes", "n"} <= set(named)


def test_what_is_wrong_is_said() -> None:
    model = built(SET.format("probabilistic"))
    x = normal(2, 3, 2)
    with pytest.raises(ValueError, match="samples: a whole number from 2, for pairs, not 1"):
        model.spread(x, samples=1)
    with pytest.raises(symc.ShapeError, match="x, axis 1|`x`"):
        model.spread(x[..., 0])
    model.eval_samples = 1
    alone = model.draw_noise(x)
    with pytest.raises(symc.ShapeError, match="2 or more, a pair, got 1"):
        model.spread(x, noise=alone)
    model.eval_samples = 5
    assert model.spread(x, noise=model.draw_noise(x))["P"].value.shape == (2,)


# In words


def test_sentences() -> None:
    one = torch.tensor([0.02, 0.04])
    same = Spread("S(6)", "same", one, torch.full((2,), 1 / 720), False)
    assert str(same) == ("two draws show the base the same input: 3% (uniform over S(6): 0.14%)")
    apart = Spread("O(3)", "apart", one, torch.ones(2), False)
    assert str(apart) == "two draws differ by 3% of what uniform ones over O(3) do"
    words = [in_words("S(64)", "same", value, 0.0) for value in (0.0, 1e-6, 0.996, 1.0)]
    assert [each.split(": ")[1].split(" (")[0] for each in words] == [
        "0%", "under 0.01%", "over 99%", "100%",
    ]  # fmt: skip
    assert all(each.endswith("(uniform over S(64): under 0.01%)") for each in words)
