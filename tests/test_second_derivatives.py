"""Second derivatives at inputs that leave an element open: numbers everywhere, right where known.

A discarded branch with an infinite derivative shows in none of the first derivatives; the second
ones hold zero times infinity.
"""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

import symc
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.verification.bases import example_sizes, flat_base
from symc_runtime.verification.inputs import KINDS, make_inputs

METHODS = ("frame", "canonical", "probabilistic", "average")
POINTS = "input x[n, _: M.point]\noutput e\noutput y[_: M.vector]"
VECTORS = (
    "input x[5, _: M.vector]\ninput v[_: M.vector]\ninput s[2]\noutput e\noutput y[_: M.vector]"
)
CLOUD = """
input x[n: P, _: M.point]
input v[n: P, _: M.vector]
input q[n: P]
output e
output y[n: P, _: M.vector]
"""
FIELD = "input x[n: P, _: M.vector]\ninput a[n: P, n: P]\noutput e\noutput y[n: P, _: M.vector]"
CASES = {
    "points": (POINTS, ("E(2)", "SE(3)", "T(2)", "E(1)")),
    "one point": (POINTS, ("E(3)", "SE(2)", "T(3)")),
    "vectors": (VECTORS, ("O(2)", "O(3)", "SO(2)", "SO(3)", "O(1)")),
    "one vector": ("input x[_: M.vector]\noutput y[_: M.vector]", ("O(2)", "SO(3)")),
    "a matrix": ("input a[_: M.vector^2]\ninput v[_: M]\noutput e\noutput y[_: M]", ("O(3)",)),
    "two groups": ("group N = SO(2)\ninput x[4, _: M, _: N]\noutput y[_: M, _: N]", ("O(3)",)),
    "items": ("input x[n: P, 2]\ninput a[n: P, n: P]\noutput e\noutput y[n: P]", ("",)),
    "numbers": ("input x[n: P, 1]\noutput e\noutput y[n: P]", ("",)),
    "cloud": (CLOUD, ("E(3)", "SE(2)")),
    "field": (FIELD, ("O(4)", "SO(3)")),
    "one item": (CLOUD, ("E(2)", "SE(3)")),
    "ragged": ("size n <= 4\n" + CLOUD, ("E(3)", "SE(2)")),
    "ragged items": ("size n <= 4\ninput x[n: P, 2]\noutput e\noutput y[n: P]", ("",)),
}
TABLE = [
    pytest.param(
        text,
        group,
        method,
        {"n": 1} if name.startswith("one ") else {},
        id=f"{name} {group} {method}",
    )
    for name, (text, groups) in CASES.items()
    for group in groups
    for method in METHODS
    if (group[:1], method) != ("T", "average")
    and (name, method) not in (("one vector", "canonical"), ("two groups", "canonical"))
]
"""All but what a spec refuses."""


def _spec(text: str, group: str, method: str) -> str:
    named = f"group M = {group}" if group else ""
    items = "group P = S(n)" if "n: P" in text else ""
    sizes = "\n".join(line for line in text.splitlines() if line.startswith("size"))
    rest = text.removeprefix(sizes)
    return "\n".join([sizes, items, named, rest, f"symmetrize by {method}"])


def _case(
    text: str, group: str, method: str, chosen: dict[str, int], dtype: torch.dtype
) -> tuple[Symmetrized, list[Tensor], dict[str, Tensor], list[str]]:
    """The model in training, one example of every kind of input (and count), what each is."""
    torch.manual_seed(0)
    spec = _spec(text, group, method)
    probe = symc.build(spec, nn.Identity())
    tensors = probe.inputs + probe.outputs
    known = {} if "n," not in text and "n:" not in text else chosen
    sizes = example_sizes(tensors, probe.groups, probe.fixed, probe.ragged, known)
    model = symc.build(spec, flat_base(probe.inputs, probe.outputs, sizes)).to(dtype).train()
    model.draw_so_many(2)
    kinds = list(KINDS)
    made = [make_inputs(kind, model.inputs, model.groups, sizes, 1) for kind in kinds]
    inputs = [torch.cat(each).to(dtype) for each in zip(*made, strict=True)]
    if not model.ragged:
        return model, inputs, {}, kinds
    counts = [4, 3, 1, 0]
    told = [f"{kind}, {count} items" for count in counts for kind in kinds]
    given = {"n": torch.tensor(counts).repeat_interleave(len(kinds))}
    return model, [torch.cat([x] * len(counts)) for x in inputs], given, told


def _directions(like: list[Tensor]) -> list[Tensor]:
    generator = torch.Generator().manual_seed(3)
    return [torch.randn(x.shape, dtype=x.dtype, generator=generator) for x in like]


def _value(found: object) -> Tensor:
    outputs = found if isinstance(found, tuple) else (found,)
    values = [y.square().sum() + y.sum() for y in outputs if isinstance(y, Tensor)]
    return torch.stack(values).sum()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
@pytest.mark.parametrize(("text", "group", "method", "chosen"), TABLE)
def test_second_derivatives_are_numbers(
    text: str, group: str, method: str, chosen: dict[str, int], dtype: torch.dtype
) -> None:
    model, inputs, counts, kinds = _case(text, group, method, chosen, dtype)
    noise = model.draw_noise(*inputs, sizes=counts, generator=torch.Generator().manual_seed(1))
    leaves = [x.requires_grad_() for x in inputs]
    parameters = dict(model.named_parameters())

    outputs, penalty = model(*leaves, noise=noise, sizes=counts, return_penalty=True)
    slopes = torch.autograd.grad(_value(outputs) + penalty, leaves, create_graph=True)
    along = torch.stack(
        [(s * v).sum() for s, v in zip(slopes, _directions(leaves), strict=True)]
    ).sum()
    wanted = [*leaves, *parameters.values()]
    second = torch.autograd.grad(along, wanted, allow_unused=True)

    for values in (slopes, second[: len(leaves)]):
        for x in values:
            wrong = [
                kind
                for kind, row in zip(kinds, [] if x is None else x, strict=x is not None)
                if not row.isfinite().all()
            ]
            assert not wrong
    for name, x in zip(parameters, second[len(leaves) :], strict=True):
        assert x is None or x.isfinite().all(), name


@pytest.mark.parametrize(
    # Counts are checked by their values, which torch.func does not show.
    ("text", "group", "method", "chosen"),
    [each for each in TABLE if "ragged" not in str(each.id)],
)
def test_torch_func_has_the_same(
    text: str, group: str, method: str, chosen: dict[str, int]
) -> None:
    """Forward over reverse: other formulas, with infinities of their own."""
    model, inputs, counts, kinds = _case(text, group, method, chosen, torch.float64)
    assert not counts
    model.eval()
    noise = model.draw_noise(*inputs, generator=torch.Generator().manual_seed(1))
    along = tuple(_directions(inputs))

    def value(*x: Tensor) -> Tensor:
        return _value(model(*x, noise=noise))

    slope = torch.func.grad(value, argnums=tuple(range(len(inputs))))
    first, second = torch.func.jvp(slope, tuple(inputs), along)

    leaves = [x.clone().requires_grad_() for x in inputs]
    expected = torch.autograd.grad(value(*leaves), leaves, create_graph=True)
    total = torch.stack([(s * v).sum() for s, v in zip(expected, along, strict=True)]).sum()
    curved = torch.autograd.grad(total, leaves, allow_unused=True, materialize_grads=True)
    for found, known in ((first, expected), (second, curved)):
        for one, other in zip(found, known, strict=True):
            for row, (kind, a, b) in enumerate(zip(kinds, one, other, strict=True)):
                # Terms that cancel are as large as the unit is small.
                least = min(1.0, *(x[row].abs().max().item() or 1.0 for x in inputs), 1.0)
                atol = 1e-8 * (1 + b.abs().max().item()) / least**2
                assert torch.allclose(a, b, rtol=1e-6, atol=atol), kind


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("group", ["E(2)", "SE(2)", "E(3)", "SE(3)"])
def test_one_atom_feels_nothing(group: str, method: str) -> None:
    """Wherever it is: neither a force nor a change of it."""
    text = "input x[n, _: M.point]\noutput e\noutput y[_: M.vector]"
    model, inputs, _, _ = _case(text, group, method, {"n": 1}, torch.float64)
    (x,) = inputs
    noise = model.draw_noise(x)
    energy = model(x.requires_grad_(), noise=noise)[0]
    (force,) = torch.autograd.grad(energy.sum(), x, create_graph=True)
    (change,) = torch.autograd.grad((force * torch.randn_like(force)).sum(), x)
    assert force.eq(0).all()
    assert change.eq(0).all()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("group", ["E(3)", "SE(2)"])
def test_forces_of_molecules_of_one_atom_train_what_comes_before(group: str, method: str) -> None:
    text = "size n <= 4\ninput x[n: P, _: M.point]\ninput q[n: P]\noutput e"
    torch.manual_seed(0)
    spec = _spec(text, group, method)
    probe = symc.build(spec, nn.Identity())
    sizes = {"n": 4}
    model = symc.build(spec, flat_base(probe.inputs, probe.outputs, sizes)).train()
    x, q = torch.randn(2, 4, int(group[-2])), torch.randn(2, 4)
    scale = nn.Parameter(torch.ones(()))
    noise = model.draw_noise(x, q, n=torch.tensor([4, 1]))

    def slope(counts: list[int], rows: slice) -> Tensor:
        pos = x[rows].clone().requires_grad_()
        given = {key: z[:, rows] for key, z in noise.items()}
        energy = model(scale * pos, q[rows], n=torch.tensor(counts), noise=given)
        (force,) = torch.autograd.grad(energy.sum(), pos, create_graph=True)
        return torch.autograd.grad(force.square().sum(), scale)[0]

    both, first = slope([4, 1], slice(0, 2)), slope([4], slice(0, 1))
    assert first.abs() > 1e-6
    # The one without forces adds nothing.
    assert torch.allclose(both, first, rtol=1e-3)


@pytest.mark.parametrize("method", ["frame", "canonical", "probabilistic"])
@pytest.mark.parametrize("group", ["E(3)", "SE(2)", "T(3)"])
def test_an_atom_at_the_center_feels_as_others_do(group: str, method: str) -> None:
    """Its place is zero and its derivatives are not: as in carbon dioxide, beside differences."""
    model, _, _, _ = _case(
        "input x[n, _: M.point]\noutput e", group, method, {"n": 5}, torch.float64
    )
    d = int(group[-2])
    x = (torch.randn(1, 5, d, dtype=torch.float64) * 64).round()
    x[:, 4] = x[:, :4].mean(1)
    x = x / 64
    noise = model.draw_noise(x)

    def energy(flat: Tensor) -> Tensor:
        total: Tensor = model(flat.reshape(1, 5, d), noise=noise).sum()
        return total

    def force(flat: Tensor) -> Tensor:
        return torch.func.grad(energy)(flat)

    steps = 1e-5 * torch.eye(5 * d, dtype=torch.float64)
    flat = x.flatten()
    slope = torch.stack([(energy(flat + s) - energy(flat - s)) / 2e-5 for s in steps])
    rows = torch.stack([(force(flat + s) - force(flat - s)) / 2e-5 for s in steps])
    for found, known in (
        (force(flat), slope),
        (torch.autograd.functional.jacobian(energy, flat), slope),
        (torch.autograd.functional.hessian(energy, flat), rows),
        (torch.func.hessian(energy)(flat), rows),
    ):
        assert known[-1].abs().max() > 1e-5
        assert (found - known).norm() < 1e-6 * known.norm()
