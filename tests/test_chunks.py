"""`chunk` bounds memory and changes nothing else: gradients of every kind are the plain ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.parallel import DistributedDataParallel
from torch.nn.utils import parametrizations
from torch.profiler import ProfilerActivity, profile
from torch.utils._pytree import tree_leaves
from torch.utils.checkpoint import checkpoint

import symc
from symc_runtime.bases.mlp import MLP
from symc_runtime.call import chunking, weight_gradients
from symc_runtime.symmetrized import Symmetrized

SAMPLES = 6
SPEC = """
size n = 4
group P = S(n)
group M = O(3)
input x[n: P, 3: M]
output y[n: P, 3: M]
output z[2]
symmetrize M, P by probabilistic(samples=6, entropy=0.3)
"""


class Base(nn.Module):
    """Two outputs; one weight is used twice."""

    def __init__(self, within: nn.Module | None = None) -> None:
        super().__init__()
        self.first, self.middle = nn.Linear(12, 16), nn.Linear(16, 16)
        self.last, self.other = nn.Linear(16, 12), nn.Linear(16, 2)
        self.within = nn.Identity() if within is None else within

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        hidden = torch.tanh(self.within(self.first(x.flatten(1))))
        hidden = torch.tanh(self.middle(torch.tanh(self.middle(hidden))))
        return self.last(hidden).view_as(x), self.other(hidden)


def built(chunk: int | None, base: Callable[[], nn.Module] = Base, spec: str = SPEC) -> Symmetrized:
    torch.manual_seed(0)
    model = symc.build(spec, base(), chunk=chunk)
    return model.double().train()


def drawn(model: Symmetrized) -> tuple[Tensor, dict[str, Tensor]]:
    torch.manual_seed(1)
    x = torch.randn(3, 4, 3, dtype=torch.double)
    return x, model.draw_noise(x, generator=torch.Generator().manual_seed(2))


def loss(answer: Any) -> Tensor:
    """Of everything that a model answers."""
    return torch.stack([a.square().sum() for a in tree_leaves(answer)]).sum()


def one_by_one(model: Symmetrized, x: Tensor, noise: dict[str, Tensor], chunk: int) -> Any:
    """What `chunk` computes, in one plain graph."""
    total: list[Tensor] = []
    samples: Sequence[Tensor] = ()
    for start in range(0, SAMPLES, chunk):
        piece = {key: z[start : start + chunk] for key, z in noise.items()}
        samples, _ = model(x, noise=piece, return_samples=True)
        wide = [torch.promote_types(y.dtype, torch.float32) for y in samples]
        part = [y.sum(0, dtype=d) / SAMPLES for y, d in zip(samples, wide, strict=True)]
        total = [a + b for a, b in zip(total, part, strict=True)] if total else part
    return tuple(a.to(y.dtype) for a, y in zip(total, samples, strict=True))


def grads(model: nn.Module) -> list[Tensor]:
    return [p.grad for p in model.parameters() if p.grad is not None]


def assert_close(left: list[Tensor], right: list[Tensor], tolerance: float = 1e-12) -> None:
    assert len(left) == len(right) > 0
    scale = max(float(a.detach().abs().max()) for a in left)
    assert scale > 0
    for a, b in zip(left, right, strict=True):
        assert float((a - b).detach().abs().max()) <= tolerance * scale


@pytest.fixture(params=["added by the product", "added by autograd"])
def adding(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The laws hold whichever weights' gradients are added by the matrix product."""
    small = 1 if request.param == "added by the product" else 2**62
    monkeypatch.setattr(weight_gradients, "SMALL", small)


both_ways = pytest.mark.usefixtures("adding")


@both_ways
@pytest.mark.parametrize("chunk", [1, 2, 4, 5])
@pytest.mark.parametrize("way", ["backward", "backward twice", "grad", "inputs"])
def test_gradients(chunk: int, way: str) -> None:
    found = []
    for each in (None, chunk):
        model = built(each)
        x, noise = drawn(model)
        x.requires_grad_()
        value = loss(model(x, noise=noise, return_penalty=True))
        if way == "grad":
            wanted = [x, *model.parameters()]
            got = torch.autograd.grad(value, wanted, allow_unused=True)
            assert all(t.grad is None for t in wanted)
            found.append([g for g in got if g is not None])
        elif way == "inputs":
            value.backward(inputs=[x, model.base.first.weight])
            assert len(grads(model)) == 1
            found.append([x.grad, *grads(model)])
        else:
            if way == "backward twice":
                value.backward(retain_graph=True)
            value.backward()
            found.append([x.grad, *grads(model)])
    assert_close(*found)


@both_ways
def test_gradients_add_to_those_that_are_there() -> None:
    found = []
    for each in (None, 2):
        model = built(each)
        x, noise = drawn(model)
        kept = [torch.full_like(p, 0.5) for p in model.parameters()]
        for p, start in zip(model.parameters(), kept, strict=True):
            p.grad = start
        loss(model(x, noise=noise)).backward()
        assert all(p.grad is start for p, start in zip(model.parameters(), kept, strict=True))
        found.append(grads(model))
    assert_close(*found)


@both_ways
def test_some_outputs_some_parameters() -> None:
    found = []
    for each in (None, 4):
        model = built(each)
        model.base.middle.requires_grad_(False)
        model.P.requires_grad_(False)
        x, noise = drawn(model)
        model(x, noise=noise)[1].square().sum().backward()
        assert model.base.middle.weight.grad is None
        assert model.base.last.weight.grad is None
        found.append(grads(model))
    assert_close(*found)


def test_nothing_but_an_input_or_the_noise_learns() -> None:
    found = []
    for each in (None, 4):
        model = built(each).requires_grad_(False)
        x, noise = drawn(model)
        start = x.requires_grad_()
        vectors = noise["M"].requires_grad_()
        loss(model(start.sin(), noise=noise)).backward()
        found.append([start.grad, vectors.grad])
    assert_close(*found)


@both_ways
@pytest.mark.parametrize("differentiable", [False, True])
def test_an_input_that_depends_on_a_parameter(differentiable: bool) -> None:
    found = []
    for each in (None, 4):
        model = built(each)
        x, noise = drawn(model)
        shifted = x * model.base.first.weight.sum()
        value = loss(model(shifted, noise=noise))
        wanted = [model.base.first.weight, model.base.last.weight]
        if differentiable:
            found.append(list(torch.autograd.grad(value, wanted, create_graph=True)))
        else:
            value.backward()
            found.append(grads(model))
    assert_close(*found)


@both_ways
def test_ragged_counts() -> None:
    spec = "size n <= 4\ngroup P = S(n)\ninput x[n: P, 3]\noutput z[2]\n"
    spec += "symmetrize by probabilistic(samples=6)"

    class Flat(Base):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x)[1]

    found = []
    for each in (None, 4):
        model = built(each, Flat, spec)
        x, _ = drawn(built(None))
        counts = torch.tensor([2, 4, 3])
        noise = model.draw_noise(x, n=counts, generator=torch.Generator().manual_seed(2))
        model(x, noise=noise, n=counts).square().sum().backward()
        found.append(grads(model))
    assert_close(*found)


# Torch warns of the cycle between a parameter and its gradient; the test breaks it.
@pytest.mark.filterwarnings("ignore:Using backward\\(\\) with create_graph=True:UserWarning")
@both_ways
@pytest.mark.parametrize("full", [True, False])
def test_gradients_of_gradients(full: bool) -> None:
    found = []
    for each in (None, 4):
        model = built(each)
        x, noise = drawn(model)
        x.requires_grad_()
        value = loss(model(x, noise=noise)) + model.base.first.weight.square().sum()
        if full:
            value.backward(create_graph=True)
            first = [x.grad, *grads(model)]
            for t in (x, *model.parameters()):
                t.grad = None
        else:
            first = torch.autograd.grad(value, [x, model.base.last.weight], create_graph=True)
        loss(tuple(first)).backward()
        found.append([x.grad, *grads(model)])
    assert_close(*found)


@both_ways
@pytest.mark.parametrize("leaf", [True, False])
def test_functional_call_gets_the_gradients(leaf: bool) -> None:
    found = []
    for each in (None, 4):
        model = built(each)
        x, noise = drawn(model)
        sources = {k: (1.3 * p.detach()).requires_grad_() for k, p in model.named_parameters()}
        replaced = {k: p if leaf else p.sin() for k, p in sources.items()}
        loss(functional_call(model, replaced, (x,), {"noise": noise})).backward()
        assert not grads(model)
        found.append([p.grad for p in sources.values() if p.grad is not None])
    assert_close(*found)


def test_a_tensor_with_gradient_that_is_no_parameter() -> None:
    found = []
    for each in (None, 4):
        model = built(each)
        x, noise = drawn(model)
        source = torch.full((), 0.7, dtype=torch.double, requires_grad=True)
        model.base.within.forward = lambda hidden, m=model: hidden * m.factor
        model.factor = source.exp()
        loss(model(x, noise=noise)).backward()
        found.append([source.grad, *grads(model)])
    assert_close(*found)


@both_ways
@pytest.mark.parametrize("hook", [False, True])
def test_dropout_is_the_same_in_both_passes(hook: bool) -> None:
    model = built(4, lambda: Base(nn.Dropout(0.5)))
    if hook:
        model.base.first.weight.register_hook(lambda g: None)
    x, noise = drawn(model)
    torch.manual_seed(3)
    answer = model(x, noise=noise)
    torch.rand(5)
    after = torch.get_rng_state()
    loss(answer).backward()
    assert torch.equal(after, torch.get_rng_state())
    plain = built(None, lambda: Base(nn.Dropout(0.5)))
    torch.manual_seed(3)
    loss(one_by_one(plain, x, noise, 4)).backward()
    assert_close(grads(plain), grads(model))


@both_ways
@pytest.mark.parametrize("hook", [False, True])
@pytest.mark.parametrize("kind", ["batch norm", "spectral norm", "counter"])
def test_buffers_are_updated_once(kind: str, hook: bool) -> None:
    class Counter(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("count", torch.ones(()))

        def forward(self, hidden: Tensor) -> Tensor:
            self.count = self.count + 1
            return hidden * self.count

    def base() -> nn.Module:
        if kind == "spectral norm":
            return Base(parametrizations.spectral_norm(nn.Linear(16, 16)))
        return Base(nn.BatchNorm1d(16) if kind == "batch norm" else Counter())

    model, plain = built(4, base), built(None, base)
    if hook:
        model.base.first.weight.register_hook(lambda g: None)
    x, noise = drawn(model)
    loss(model(x, noise=noise)).backward()
    loss(one_by_one(plain, x, noise, 4)).backward()
    assert_close(grads(plain), grads(model))
    for a, b in zip(model.buffers(), plain.buffers(), strict=True):
        assert torch.allclose(a, b, rtol=1e-12)


@both_ways
def test_autocast() -> None:
    model = built(4).float()
    x, noise = drawn(model)
    x = x.float()
    noise = {key: z.float() for key, z in noise.items()}
    with torch.autocast("cpu", dtype=torch.bfloat16):
        answer = model(x, noise=noise)
        # What the chunks cast must not be taken from autocast's cache by others.
        own = torch.autograd.grad(loss(model.base(x)), model.base.first.weight)[0]
        value = loss(answer)
    value.backward()
    plain = built(None).float()
    # The cache would sum gradients over chunks in half precision.
    with torch.autocast("cpu", dtype=torch.bfloat16, cache_enabled=False):
        value = loss(one_by_one(plain, x, noise, 4))
        assert torch.equal(
            own, torch.autograd.grad(loss(plain.base(x)), plain.base.first.weight)[0]
        )
    value.backward()
    assert_close(grads(plain), grads(model), tolerance=1e-6)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("register", ["register_hook", "register_post_accumulate_grad_hook"])
def test_hooks_see_the_whole_gradient_once(register: str, late: bool) -> None:
    found = []
    for each in (None, 4):
        model = built(each)
        x, noise = drawn(model)
        weight = model.base.first.weight
        seen: list[Tensor] = []

        def hook(t: Tensor, weight: Tensor = weight, seen: list[Tensor] = seen) -> None:
            seen.append((t if t is not weight else weight.grad).clone())

        if not late:
            getattr(weight, register)(hook)
        value = loss(model(x, noise=noise))
        if late and each:
            getattr(weight, register)(hook)
            with pytest.raises(RuntimeError, match="register hooks before"):
                value.backward()
            return
        value.backward()
        found.append(seen or grads(model))
    assert_close(*found)


def test_parameters_changed_before_backward_are_an_error() -> None:
    model = built(4)
    x, noise = drawn(model)
    value = loss(model(x, noise=noise))
    with torch.no_grad():
        model.base.last.weight.mul_(2)
    with pytest.raises(RuntimeError, match="changed in place"):
        value.backward()


@both_ways
@pytest.mark.parametrize("reentrant", [True, False])
def test_inside_a_checkpoint(reentrant: bool) -> None:
    found = []
    for each in (None, 4):
        model = built(each)
        x, noise = drawn(model)
        x.requires_grad_()

        def run(value: Tensor, model: nn.Module = model, noise: Any = noise) -> Tensor:
            return loss(model(value, noise=noise))

        checkpoint(run, x, use_reentrant=reentrant).backward()
        found.append([x.grad, *grads(model)])
    assert_close(*found)


@both_ways
def test_a_base_that_differentiates() -> None:
    class Forces(Base):
        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            with torch.enable_grad():
                x = x if x.requires_grad else x.requires_grad_()
                y, z = super().forward(x)
                forces = torch.autograd.grad(z.square().sum(), x, create_graph=True)[0]
            return y + forces, z

    found = []
    for each in (None, 4):
        model = built(each, Forces)
        x, noise = drawn(model)
        loss(model(x, noise=noise)).backward()
        found.append(grads(model))
    assert_close(*found)


@both_ways
def test_a_compiled_base() -> None:
    torch._dynamo.reset()
    found = []
    for each in (None, 4):
        model = built(each, lambda: torch.compile(Base(), backend="aot_eager"))
        x, noise = drawn(model)
        loss(model(x, noise=noise)).backward()
        found.append(grads(model))
    assert_close(*found)


def test_compile_and_export() -> None:
    spec = """
    size n = 4
    group P = S(n)
    input x[n: P, 3]
    output y[n: P, 3]
    output z[2]
    symmetrize by probabilistic(samples=3)
    """
    torch._dynamo.reset()
    model, plain = built(2, spec=spec), built(None, spec=spec)
    x, _ = drawn(built(None))
    noise = model.draw_noise(x, generator=torch.Generator().manual_seed(2))
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    loss(compiled(x, noise=noise)).backward()
    loss(plain(x, noise=noise)).backward()
    assert_close(grads(plain), grads(model))
    exported = torch.export.export(model.eval(), (x,), {"noise": noise}).module()
    assert_close(list(exported(x, noise=noise)), list(plain(x, noise=noise)))


@pytest.mark.usefixtures("process_group")
def test_distributed_data_parallel() -> None:
    model, plain = built(4), built(None)
    x, noise = drawn(model)
    # One process alone would not notice that its gradients are waited for once.
    assert not chunking._accumulates_at_once(model, list(model.parameters()))
    wrapped = DistributedDataParallel(model)
    for _ in range(2):
        loss(wrapped(x, noise=noise)).backward()
        loss(plain(x, noise=noise)).backward()
    assert_close(grads(plain), grads(model))


def test_memory() -> None:
    # So many samples that the weights' gradients, which are there once, do not count.
    width, items, samples = 512, 64, 32
    spec = f"size n = {items}\ngroup P = S(n)\ninput x[n: P, 8]\noutput z[2]\n"
    spec += f"symmetrize by probabilistic(samples={samples})"
    peaks = {}
    for chunk in (None, 1):
        torch.manual_seed(0)
        model = symc.build(spec, MLP([(items, 8)], [(2,)], hidden=width, layers=3), chunk=chunk)
        x = torch.randn(64, items, 8)
        noise = model.draw_noise(x)

        def step(model: Any = model, x: Tensor = x, noise: Any = noise) -> None:
            model(x, noise=noise).square().mean().backward()

        step()
        peaks[chunk] = _peak_bytes(step)
    assert peaks[1] < 0.3 * peaks[None]


def test_no_gradient_of_a_large_weight_is_made_apart() -> None:
    items, width = 32, 2048
    spec = f"size n = {items}\ngroup P = S(n)\ninput x[n: P, 8]\noutput z[2]\n"
    spec += "symmetrize by probabilistic(samples=4)"
    torch.manual_seed(0)
    model = symc.build(spec, MLP([(items, 8)], [(2,)], hidden=width, layers=2), chunk=1)
    x = torch.randn(2, items, 8)
    noise = model.draw_noise(x)

    def step() -> None:
        model(x, noise=noise).square().mean().backward()

    step()
    assert _peak_bytes(step) < width * items * 8 * 4


def _peak_bytes(step: Callable[[], None]) -> int:
    """The most that the CPU allocator had handed out at a time."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        step()
    held = peak = 0
    events = recorded.profiler.kineto_results.events()
    for event in sorted((e for e in events if e.name() == "[memory]"), key=lambda e: e.start_ns()):
        held += event.nbytes()
        peak = max(peak, held)
    return peak
