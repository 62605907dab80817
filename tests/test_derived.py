"""Derived outputs: gradients of symmetrized numbers, against finite differences and by hand."""

from __future__ import annotations

import copy
import pickle
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
import torch
from models import on_flat_base
from torch import Tensor, nn

import symc
from symc.ir.program import Program
from symc_runtime.call.gradients import with_gradients
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.testing import assert_equivariant, valid_part
from symc_runtime.verification.bases import example_counts
from symc_runtime.verification.inputs import KINDS, make_inputs

POINTS = "group P = S(n)\ngroup M = {}\ninput pos[n: P, 3: M.point]\noutput energy\n"
FORCE = "output force[n: P, 3: M.vector] = -grad(energy, pos)\n"
CASES = {
    "E(3) frame": POINTS.format("E(3)") + FORCE + "symmetrize M by frame symmetrize P by base",
    "E(3) average": POINTS.format("E(3)")
    + FORCE
    + "symmetrize M by average(samples=2) symmetrize P by average(samples=2)",
    "E(3) probabilistic": POINTS.format("E(3)")
    + FORCE
    + "symmetrize M by probabilistic(samples=2, eval_samples=3)",
    "E(3) canonical": POINTS.format("E(3)") + FORCE + "symmetrize P, M by canonical",
    "SE(3) and S(n)": POINTS.format("SE(3)")
    + FORCE
    + "symmetrize P by probabilistic(samples=2, eval_samples=2)",
    "T(3) frame": POINTS.format("T(3)") + FORCE + "symmetrize M by frame symmetrize P by frame",
    "fields": """
group M = O(3)
input v[4, 3: M.vector]
input a[_: 2*M.scalar + M.pseudovector + M.vector^2]
output energy
output by_v[4, 3: M.vector] = grad(energy, v)
output other[2]
output by_a[_: 2*M.scalar + M.pseudovector + M.vector^2] = -3/2 * grad(energy, a)
symmetrize M by probabilistic(samples=2, eval_samples=3)
""",
    "two energies": """
group M = SE(2)
input x[5, 2: M.point]
input v[2: M.vector]
output first
output second
output a[5, 2: M.vector] = grad(second, x)
output b[5, 2: M.vector] = -grad(first, x)
output c[2: M.vector] = grad(first, v) / 2
symmetrize M by probabilistic(samples=2, eval_samples=2)
""",
    "images": """
group R = D(4)
input image[2, (3, 3): R.grid]
output energy
output slope[2, (3, 3): R.grid] = grad(energy, image)
symmetrize R by probabilistic
""",
    "a ring": """
group R = C(4)
input x[4: R, 2: R.vector]
output energy
output slope[4: R, 2: R.vector] = -grad(energy, x)
symmetrize R by average
""",
    "items": """
input x[n: S(n), 2]
output energy
output slope[n: S(n), 2] = grad(energy, x)
symmetrize S(n) by canonical(net=deepsets(layers=1, hidden=8))
""",
    "signs": """
group Z = Z2(3)
input evecs[4, 3: Z]
output energy
output slope[4, 3: Z] = grad(energy, evecs)
symmetrize Z by probabilistic(samples=2)
""",
    "ragged": """
size n <= 5
group P = S(n)
group M = E(3)
input pos[n: P, 3: M.point]
input kind[n: P] of 3
output energy
output force[n: P, 3: M.vector] = -grad(energy, pos)
output count[n: P]
symmetrize M by frame
symmetrize P by probabilistic(samples=2, eval_samples=2)
""",
}


CASES["a symmetric matrix"] = """
group M = O(3)
input v[4, 3: M.vector]
input a[_: sym(M.vector, 2)]
input b[_: dual(sym(M.vector, 3)), 2]
input c[_: alt(sym(M.vector, 2), 2)]
output energy
output by_a[_: dual(sym(M.vector, 2))] = grad(energy, a)
output by_b[_: sym(M.vector, 3), 2] = -grad(energy, b)
output by_c[_: alt(dual(sym(M.vector, 2)), 2)] = grad(energy, c)
output by_v[4, 3: M.vector] = grad(energy, v)
symmetrize M by frame
"""
CASES["pairs of items"] = """
group P = S(4)
input a[_: sym(P, 2)]
input b[_: alt(P, 2)]
output energy
output by_a[_: dual(sym(P, 2))] = grad(energy, a)
output by_b[_: dual(alt(P, 2))] = grad(energy, b)
symmetrize P by average
"""


def model_of(name: str) -> tuple[Symmetrized, list[Tensor], dict[str, Tensor]]:
    """The model of a case in float64, inputs, and counts."""
    torch.manual_seed(0)
    model = on_flat_base(CASES[name]).double()
    sizes = {"n": 4}
    inputs = make_inputs(
        "random", model.inputs, model.groups, sizes, 3, generator=torch.Generator().manual_seed(1)
    )
    return (
        model,
        [x.double() if x.is_floating_point() else x for x in inputs],
        example_counts(model.ragged, sizes, 3),
    )


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("name", CASES)
def test_a_derived_output_is_the_derivative_and_follows_the_groups(name: str, mode: str) -> None:
    model, inputs, counts = model_of(name)
    model.train(mode == "train")
    noise = model.draw_noise(*inputs, sizes=counts)
    names = [tensor.name for tensor in model.outputs]

    def values(x: list[Tensor]) -> dict[str, Tensor]:
        with torch.no_grad():
            return dict(zip(names, model(*x, noise=noise, sizes=counts), strict=True))

    found = values(inputs)
    seen = 0
    for tensor in model.outputs:
        if tensor.gradient is None:
            continue
        place = [each.name for each in model.inputs].index(tensor.gradient.by)
        direction = valid_part(model.inputs[place], torch.randn_like(inputs[place]), counts)
        step = 1e-6

        sides = []
        for size in (step, -step):
            other = [*inputs]
            other[place] = inputs[place] + size * direction
            sides.append(values(other)[tensor.gradient.of])
        slope = (sides[0] - sides[1]) / (2 * step)
        given = (found[tensor.name] * direction).flatten(1).sum(1)
        assert torch.allclose(given, tensor.gradient.factor * slope, atol=1e-7, rtol=1e-6)
        assert float(found[tensor.name].abs().max()) > 1e-4
        seen += 1
    assert seen
    assert_equivariant(model, *inputs, counts=counts, trials=2)


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("name", CASES)
def test_every_mode_of_autograd_gives_the_same(name: str, mode: str) -> None:
    model, inputs, counts = model_of(name)
    model.train(mode == "train")
    noise = model.draw_noise(*inputs, sizes=counts)
    plain = model(*inputs, noise=noise, sizes=counts)
    derived = [i for i, tensor in enumerate(model.outputs) if tensor.gradient is not None]
    assert all(plain[i].requires_grad for i in derived)
    with torch.no_grad():
        without = model(*inputs, noise=noise, sizes=counts)
    with torch.inference_mode():
        # Inference tensors, which autograd takes none of.
        fresh = [x.clone() for x in inputs]
        drawn = {key: z.clone() for key, z in noise.items()}
        numbers = {key: each.clone() for key, each in counts.items()}
        inference = model(*fresh, noise=drawn, sizes=numbers)
    leaves = [x.clone().requires_grad_(x.is_floating_point()) for x in inputs]
    with_leaves = model(*leaves, noise=noise, sizes=counts)
    samples, weights = model(*inputs, noise=noise, sizes=counts, return_samples=True)
    for i, y in enumerate(plain):
        assert not without[i].requires_grad
        for other in (without[i], inference[i], with_leaves[i]):
            assert torch.allclose(y, other, atol=1e-12)
        spread = weights.reshape(*weights.shape, *[1] * (y.ndim - 1))
        assert samples[i].shape == (len(weights), *y.shape)
        assert torch.allclose((spread * samples[i]).sum(0), y, atol=1e-12)
    if len(weights) > 1:
        model.chunk = 1
        for mode_of in (torch.enable_grad, torch.no_grad):
            with mode_of():
                chunked = model(*inputs, noise=noise, sizes=counts)
            assert all(
                torch.allclose(a, b, atol=1e-12) for a, b in zip(plain, chunked, strict=True)
            )


class Atoms(nn.Module):
    """An energy without any symmetry but that of the items."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 16), nn.Tanh(), nn.Linear(16, 16))

    def forward(self, pos: Tensor) -> Tensor:
        """One number an example."""
        return self.net(pos).sum(1).square().mean(1)


def test_a_smooth_energy_of_e3_leaves_no_net_force_and_no_torque() -> None:
    torch.manual_seed(0)
    model = symc.build(CASES["E(3) frame"], Atoms()).double()
    pos = 5 + 3 * torch.randn(4, 7, 3, dtype=torch.float64)
    energy, force = model(pos)
    size = force.abs().max()
    assert float(size) > 1e-3
    assert float(force.sum(1).abs().max()) < 1e-12
    assert float(torch.linalg.cross(pos, force).sum(1).abs().max()) < 1e-12
    # What one gets outside is the same.
    x = pos.clone().requires_grad_()
    (outside,) = torch.autograd.grad(model(x)[0].sum(), x)
    assert torch.allclose(force, -outside, atol=1e-12)


def test_by_hand_over_a_finite_group() -> None:
    """C(4) in the plane and on four items, all written out in dense matrices."""
    torch.manual_seed(0)
    model = on_flat_base(CASES["a ring"]).double()
    x = torch.randn(3, 4, 2, dtype=torch.float64, requires_grad=True)
    turn = torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=torch.float64)
    total = torch.zeros(3, dtype=torch.float64)
    for j in range(4):
        # Of r^-j x item i is item i + j of x, turned back: rows times the matrix.
        pose = torch.roll(x, -j, 1) @ torch.linalg.matrix_power(turn, j)
        total = total + model.base(pose) / 4
    (slope,) = torch.autograd.grad(total.sum(), x)
    energy, by = model(x)
    assert torch.allclose(energy, total, atol=1e-14)
    assert torch.allclose(by, -slope, atol=1e-14)


def test_a_loss_on_forces_trains_base_and_nets_as_finite_differences_say() -> None:
    torch.manual_seed(0)
    text = CASES["E(3) probabilistic"] + "\nsymmetrize P by base"
    model = symc.build(text, Atoms()).double()
    pos = torch.randn(2, 3, 3, dtype=torch.float64)
    noise = model.draw_noise(pos)
    target = torch.randn(2, 3, 3, dtype=torch.float64)

    def loss() -> Tensor:
        value: Tensor = (model(pos, noise=noise)[1] - target).square().mean()
        return value

    loss().backward()
    chosen = [p for p in model.parameters() if p.grad is not None and float(p.grad.abs().max()) > 0]
    assert {id(p) for p in model.base.parameters()} <= {id(p) for p in chosen} | {
        id(model.base.net[2].bias)
    }
    nets = [p for p in model.M.parameters() if any(p is each for each in chosen)]
    assert len(nets) > 3
    for p in (model.base.net[0].weight, nets[0], nets[-1]):
        assert p.grad is not None
        direction = torch.randn_like(p)
        expected = float((p.grad * direction).sum())
        step = 1e-6
        with torch.no_grad():
            p += step * direction
            above = float(loss())
            p -= 2 * step * direction
            below = float(loss())
            p += step * direction
        assert (above - below) / (2 * step) == pytest.approx(expected, rel=1e-4, abs=1e-9)


@pytest.mark.parametrize("stage", ["P by probabilistic", "P by canonical"])
def test_the_soft_path_of_an_order_is_no_part_of_a_force(stage: str) -> None:
    text = POINTS.format("E(3)") + FORCE + f"symmetrize M by frame symmetrize {stage}"
    torch.manual_seed(0)
    model = on_flat_base(text).double().train()
    pos = torch.randn(2, 4, 3, dtype=torch.float64)
    noise = model.draw_noise(pos)
    energy, force = model(pos, noise=noise)
    # The order of training is that of eval mode, where nothing is soft.
    model.eval()
    assert torch.allclose(force, model(pos, noise=noise)[1], atol=1e-12)
    model.train()
    for value in (energy, model(pos, noise=noise)[1]):
        model.zero_grad()
        value.square().sum().backward(retain_graph=True)
        learned = [p.grad for p in model.P.parameters() if p.grad is not None]
        assert any(float(each.abs().max()) > 0 for each in learned)
    # With inputs that the net may see, the soft path counts: what this test would not notice.
    model.P.detached = False
    assert not torch.allclose(force, model(pos, noise=noise)[1], atol=1e-6)


ORDERS = {
    "S(n)": ("group G = S(4)\ninput x[4: G, 2]\n", "x[4: G, 2]"),
    "blocks": ("group G = S(2) wr S(3)\ninput x[(3, 2): G, 2]\n", "x[(3, 2): G, 2]"),
    "signs": ("group G = Z2(3)\ninput x[3: G, 2]\n", "x[3: G, 2]"),
    "images": ("group G = D(4)\ninput x[(3, 3): G.grid]\n", "x[(3, 3): G.grid]"),
    "generators": (
        "group G = generated { element r = [[0, -1], [1, 0]] }\ninput x[3, 2: G.vector]\n",
        "x[3, 2: G.vector]",
    ),
}


@pytest.mark.parametrize("method", ["probabilistic", "probabilistic(haar=0.3)", "canonical"])
@pytest.mark.parametrize("name", ORDERS)
def test_in_training_the_gradient_is_that_of_the_element_taken(name: str, method: str) -> None:
    """Whatever the group, no part of a gradient is that of a soft element."""
    declared, carried = ORDERS[name]
    if "haar" in method and name not in ("S(n)", "blocks"):
        pytest.skip("an option of orders")
    text = f"{declared}output energy\noutput slope{carried[1:]} = grad(energy, x)\n"
    torch.manual_seed(0)
    model = on_flat_base(f"{text}symmetrize G by {method}").double().train()
    shape = {"blocks": (3, 2, 2), "signs": (3, 2), "S(n)": (4, 2), "generators": (3, 2)}
    x = torch.randn(2, *shape.get(name, (3, 3)), dtype=torch.float64)
    noise = model.draw_noise(x)
    slope = model(x, noise=noise)[1]
    way = torch.randn_like(x)
    above, below = [model(x + s * 1e-6 * way, noise=noise)[0] for s in (1, -1)]
    along = (slope * way).flatten(1).sum(1)
    assert torch.allclose((above - below) / 2e-6, along, atol=1e-7)


def test_samples_of_a_mean_with_learned_weights() -> None:
    """In eval mode the weights of a finite group move with the input."""
    model, inputs, _ = model_of("images")
    model.eval()
    ys, weights = model(*inputs, return_samples=True)
    assert float((weights - weights.mean()).abs().max()) > 1e-6
    x = inputs[0].clone().requires_grad_()
    (energy, _), again = model(x, return_samples=True)
    for k in range(len(weights)):
        (slope,) = torch.autograd.grad((again[k] * energy[k]).sum(), x, retain_graph=True)
        assert torch.allclose(ys[1][k] * weights[k].reshape(-1, 1, 1, 1), slope, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CASES)
def test_numbers_everywhere(name: str, kind: str) -> None:
    """Coincident points, zeros, lines: no NaN in forces, nor in the gradient of a loss on them."""
    model, _, counts = model_of(name)
    inputs = make_inputs(kind, model.inputs, model.groups, {"n": 4}, 3)
    inputs = [x.double() if x.is_floating_point() else x for x in inputs]
    for training in (True, False):
        model.train(training)
        values = model(*inputs, sizes=counts)
        assert all(bool(y.isfinite().all()) for y in values)
        model.zero_grad()
        sum(y.square().sum() for y in values).backward()
        found = [p.grad for p in model.parameters() if p.grad is not None]
        assert all(bool(each.isfinite().all()) for each in found)


def test_padding_is_zero_and_never_read() -> None:
    model, inputs, _ = model_of("ragged")
    counts = {"n": torch.tensor([4, 2, 0])}
    noise = model.draw_noise(*inputs, sizes=counts)
    dirty = inputs[0].clone()
    dirty[1, 2:], dirty[2] = torch.nan, torch.inf
    for samples in (False, True):
        clean = model(*inputs, noise=noise, sizes=counts, return_samples=samples)
        other = model(dirty, inputs[1], noise=noise, sizes=counts, return_samples=samples)
        before, after = (each[0][1] if samples else each[1] for each in (clean, other))
        assert torch.equal(before, after)
        rows = before if samples else before.unsqueeze(0)
        assert not rows[:, 1, 2:].any()
        assert not rows[:, 2].any()
        assert bool(rows[:, 1, :2].any())


def test_one_tensor_for_two_inputs() -> None:
    """Each gradient is by its own input alone."""
    text = """
input x[2, 2: SO(2).vector]
input v[2, 2: SO(2).vector]
output energy
output a[2, 2: SO(2).vector] = grad(energy, x)
output b[2, 2: SO(2).vector] = grad(energy, v)
symmetrize SO(2) by average(samples=1)
"""

    class Inner(nn.Module):
        def forward(self, x: Tensor, v: Tensor) -> Tensor:
            return (x * v).sum((1, 2)) + x.square().sum((1, 2))

    x = torch.randn(3, 2, 2, dtype=torch.float64)
    energy, a, b = symc.build(text, Inner()).double()(x, x)
    assert torch.allclose(a, 3 * x)
    assert torch.allclose(b, x)


def test_a_base_that_does_not_read_the_input_gives_zeros() -> None:
    class Constant(nn.Module):
        def forward(self, pos: Tensor) -> Tensor:
            return torch.ones(len(pos), dtype=pos.dtype)

    model = symc.build(CASES["E(3) frame"], Constant())
    energy, force = model(torch.randn(2, 4, 3))
    assert bool((energy == 1).all())
    assert not force.any()


def test_labels_that_are_wanted_come_back_as_they_are() -> None:
    """`with_gradients` leaves other outputs, and everything without derived ones, alone."""
    x = torch.randn(3)
    values, rest = with_gradients(lambda every: ((every[0],), (None,)), [x], (), ())
    assert values[0] is x
    assert rest == (None,)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_and_autocast(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    model = symc.build(CASES["E(3) frame"], Atoms())
    pos = torch.randn(2, 5, 3)
    noise = model.draw_noise(pos)
    force = model(pos, noise=noise)[1]
    with torch.autocast("cpu", torch.bfloat16):
        cast = model(pos, noise=noise)[1]
    assert cast.dtype == torch.float32
    assert float((cast - force).norm() / force.norm()) < 0.1
    cast.square().sum().backward()
    half = copy.deepcopy(model).to(dtype)
    for chunk in (None, 3):
        half.chunk = chunk
        values = half(pos.to(dtype), noise=noise)
        assert [y.dtype for y in values] == [dtype, dtype]
        assert float((values[1].float() - force).norm() / force.norm()) < 0.1


def test_copies_pickles_and_emitted_code_do_the_same() -> None:
    from symc.lower.emit import emit
    from symc.lower.plan import make_plan

    model, inputs, counts = model_of("ragged")
    noise = model.draw_noise(*inputs, sizes=counts)
    expected = model(*inputs, noise=noise, sizes=counts)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        found = other(*inputs, noise=noise, sizes=counts)
        assert all(torch.equal(a, b) for a, b in zip(expected, found, strict=True))
    space: dict[str, Any] = {"__name__": "emitted"}
    exec(emit(make_plan(symc.load(CASES["ragged"]).ir)), space)
    written = space["Model"](model.base).double()
    assert written.state_dict().keys() == model.state_dict().keys()
    written.load_state_dict(model.state_dict())
    found = written(*inputs, noise=noise, sizes=counts)
    assert all(torch.equal(a, b) for a, b in zip(expected, found, strict=True))


@pytest.mark.parametrize("name", ["items", "images"])
def test_torch_compile_gives_the_same_and_trains(name: str) -> None:
    model, inputs, _ = model_of(name)
    noise = model.draw_noise(*inputs)
    torch._dynamo.reset()
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")

    def gradients(call: Any) -> tuple[Tensor, list[Tensor | None]]:
        model.zero_grad()
        force = call(*inputs, noise=noise)[1]
        force.square().sum().backward()
        return force, [p.grad for p in model.parameters()]

    (plain, ours), (found, theirs) = gradients(model), gradients(compiled)
    assert torch.allclose(plain, found, atol=1e-12)
    for a, b in zip(ours, theirs, strict=True):
        given = torch.zeros(()) if b is None else b
        assert torch.allclose(given.double(), torch.zeros(()).double() if a is None else a)
    with torch.no_grad():
        assert torch.allclose(plain, compiled(*inputs, noise=noise)[1], atol=1e-12)


def test_transforms_of_torch_func() -> None:
    model, (pos,), _ = model_of("E(3) canonical")
    model.eval()
    noise = model.draw_noise(pos)

    def force(x: Tensor) -> Tensor:
        value: Tensor = model(x, noise=noise)[1]
        return value

    several = torch.stack([pos, 2 * pos])
    mapped = torch.func.vmap(force, randomness="same")(several)
    assert torch.allclose(mapped[1], force(2 * pos), atol=1e-12)
    direction = torch.randn_like(pos)
    _, along = torch.func.jvp(force, (pos,), (direction,))
    step = 1e-6
    slope = (force(pos + step * direction) - force(pos - step * direction)) / (2 * step)
    assert torch.allclose(along, slope, atol=1e-5)
    # The Hessian is symmetric.
    hessian = torch.func.jacrev(lambda x: force(x[None].expand_as(pos))[0])(pos[0])
    flat = hessian.reshape(12, 12)
    assert torch.allclose(flat, flat.T, atol=1e-10)


def test_exports_are_refused_with_what_to_do() -> None:
    model, (pos,), _ = model_of("E(3) frame")
    noise = model.draw_noise(pos)

    class Called(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, pos: Tensor, noise: dict[str, Tensor]) -> Any:
            return self.model(pos, noise=noise)

    with pytest.raises(Exception, match="cannot record `force = -grad"):
        torch.export.export(Called(), (pos, noise), strict=False)


def test_the_base_that_returns_a_derived_output_is_told() -> None:
    class Both(nn.Module):
        def forward(self, pos: Tensor) -> tuple[Tensor, Tensor]:
            return pos.sum((1, 2)), pos

    with pytest.raises(symc.ShapeError, match=r"returned 2 tensors; expected 1: energy\[batch\]"):
        symc.build(CASES["E(3) frame"], Both())(torch.randn(2, 4, 3))


def test_the_ir_says_how_and_reads_what_has_no_derivation() -> None:
    ir = symc.load(CASES["fields"]).ir
    derived = {t.name: t.derivation for t in ir.outputs if t.derivation is not None}
    assert derived["by_a"].factor == Fraction(-3, 2)
    assert (derived["by_v"].of, derived["by_v"].by) == ("energy", "v")
    assert Program.model_validate_json(ir.model_dump_json()) == ir
    older = symc.load(POINTS.format("E(3)")).ir
    data = older.model_dump()
    for tensor in (*data["inputs"], *data["outputs"]):
        del tensor["derivation"]
    assert Program.model_validate(data) == older


def test_a_mean_of_derivatives_past_jumps_is_not_the_derivative_of_the_mean() -> None:
    """What SYM410 says: two items in a drawn order, whose energies differ."""

    class First(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x[:, 0]

    class Itself(nn.Module):
        def forward(self, noise: Tensor, x: Tensor) -> Tensor:
            return x + noise[..., 0]

    text = "input x[2: S(2)]\noutput energy\noutput slope[2: S(2)] = grad(energy, x)\n"
    text += "symmetrize S(2) by probabilistic(samples=40000, eval_samples=40000)"
    assert [d.code for d in symc.check(text)] == ["SYM410"]
    model = symc.build(text, First(), distributions={"S(2)": Itself()}).double().eval()
    x = torch.tensor([[0.0, 0.5]], dtype=torch.float64)
    noise = model.draw_noise(x, generator=torch.Generator().manual_seed(0))
    step = torch.tensor([[0.5, -0.5]], dtype=torch.float64)
    with torch.no_grad():
        slope = model(x + step, noise=noise)[0] - model(x - step, noise=noise)[0]
        mean = (model(x, noise=noise)[1] * step).sum() * 2
    assert abs(float(slope - mean)) > 0.1


def test_every_pair_of_signs_and_factors() -> None:
    text = POINTS.format("T(3)") + "output f[n: P, 3: M.vector] = {}\nsymmetrize P by base"
    for (sign, of), (before, by) in product(
        (("", 1), ("-", -1), ("--", 1)), (("", 1), ("2 * ", 2), ("2/3*", Fraction(2, 3)))
    ):
        ir = symc.load(text.format(f"{sign}{before}grad(energy, pos)")).ir
        derivation = ir.outputs[1].derivation
        assert derivation is not None
        assert derivation.factor == of * by
        # As it is written, it is read again.
        again = symc.load(text.format(str(derivation))).ir
        assert again.outputs == ir.outputs
