"""Inputs and sizes at a call, by position and by name, whatever the spec calls them."""

from __future__ import annotations

import copy
import inspect
import pickle
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import symc
from symc.lower.emit import emit
from symc.lower.plan import make_plan
from symc_runtime.call.reserved import RESERVED
from symc_runtime.symmetrized import Symmetrized

MOTION = """
group P = S(n)
group M = E(3)
input  pos[n: P, 3: M.point]
input  vel[n: P, 3: M.vector]
output next[n: P, 3: M.point]
"""


class Base(nn.Module):
    """Takes anything, without symmetry."""

    def forward(self, *inputs: Tensor) -> Tensor:
        return sum(x.cumsum(1) for x in inputs[1:]) + inputs[0]


class First(nn.Module):
    def forward(self, *inputs: Tensor) -> Tensor:
        return inputs[0]


def built(spec: str, base: nn.Module | None = None) -> list[Symmetrized]:
    """By `symc.build`, and as emitted code has it."""
    torch.manual_seed(0)
    model = symc.build(spec, base or Base()).eval()
    namespace: dict[str, Any] = {}
    exec(compile(emit(make_plan(model.program)), "emitted", "exec"), namespace)
    emitted = namespace["Model"](base or Base()).eval()
    emitted.load_state_dict(model.state_dict())
    return [model, emitted]


@pytest.mark.parametrize("which", [0, 1])
def test_inputs_by_name_are_inputs_by_position(which: int) -> None:
    model = built(MOTION)[which]
    x, v = torch.randn(2, 4, 3), torch.randn(2, 4, 3)
    generator = torch.Generator().manual_seed(1)
    noise = model.draw_noise(x, v, generator=generator)
    named = model.draw_noise(vel=v, pos=x, generator=generator.manual_seed(1))
    assert all(torch.equal(named[key], noise[key]) for key in noise)
    expected = model(x, v, noise=noise)
    for given, names in (((), {"vel": v, "pos": x}), ((x,), {"vel": v})):
        assert torch.equal(model(*given, noise=noise, **names), expected)
        samples, weights = model(*given, noise=noise, return_samples=True, **names)
        assert torch.allclose((samples * weights[..., None, None]).sum(0), expected, atol=1e-5)
        assert len(model(*given, noise=noise, return_penalty=True, n=4, **names)) == 2


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize(
    ("given", "names", "words"),
    [
        (1, [], "expected 2 inputs, pos.*, vel.*, got 1: `vel` is missing$"),
        (0, ["vel"], "got 1: `pos` is missing$"),
        (0, [], "`pos`, `vel` are missing"),
        (2, ["vel"], "input `vel` is given twice: by position and as `vel=`"),
        (3, [], "expected 2 inputs, .*got 3$"),
        (1, ["vell"], "`vel` is missing; is `vell=` meant to be `vel=`"),
        (2, ["vell"], "`vell` is no size of the spec, and no input .did you mean `vel`"),
        (2, ["generator"], "model.draw_noise.*generator=generator.*noise=noise"),
    ],
)
def test_what_python_would_refuse(which: int, given: int, names: list[str], words: str) -> None:
    model = built(MOTION)[which]
    x = torch.randn(2, 4, 3)
    with pytest.raises(TypeError, match=words):
        model(*[x] * given, **dict.fromkeys(names, x))
    if names != ["generator"]:
        with pytest.raises(TypeError, match=words):
            model.draw_noise(*[x] * given, **dict.fromkeys(names, x))


@pytest.mark.parametrize("which", [0, 1])
def test_an_input_among_sizes(which: int) -> None:
    model = built(MOTION)[which]
    x = torch.randn(2, 4, 3)
    for call in (model, model.draw_noise):
        with pytest.raises(TypeError, match="`vel` is an input, but stands in `sizes`"):
            call(x, x, sizes={"vel": 3})


def test_counts_by_position_are_told_their_name() -> None:
    for name, way in (("n", "`n=`"), ("noise", "`sizes={'noise': ...}`")):
        spec = f"size {name} <= 6\ninput x[{name}: S({name}), 3]\noutput y[{name}: S({name}), 3]"
        for model in built(spec):
            with pytest.raises(TypeError, match=f"got 2; counts go by name, {way}"):
                model(torch.randn(2, 4, 3), torch.tensor([2, 3]))


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ("many", "got 'many'"),
        ([[1], [2, 3]], r"got \[\[1\], \[2, 3\]\]"),
        ([3, "a"], r"got \[3, 'a'\]"),
        ({"a": [1] * 20}, "got dict"),
        (torch.tensor([3, 4]).to_sparse(), "a dense tensor, got torch.sparse_coo"),
    ],
)
def test_what_are_no_counts(counts: Any, words: str) -> None:
    spec = "size n <= 6\ninput x[n: S(n), 3]\noutput y[n: S(n), 3]"
    for model in built(spec):
        with pytest.raises(TypeError, match=f"size `n`: expected .*{words}"):
            model(torch.randn(2, 4, 3), n=counts)


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
@pytest.mark.parametrize("which", [0, 1])
def test_what_is_no_dense_tensor(which: int) -> None:
    sets = "input x[n: S(n), 3]\noutput y[n: S(n), 3]"
    nested = torch.nested.nested_tensor([torch.randn(3, 3), torch.randn(2, 3)])
    for size, way in (("size n <= 6\n", r"\.to_padded_tensor\(0\) and counts, `n=`"), ("", "")):
        model = built(size + sets)[which]
        for call in (model, model.draw_noise):
            with pytest.raises(TypeError, match=f"input `x`: expected a dense.*nested.*{way}$"):
                call(nested)
            with pytest.raises(TypeError, match=r"input `x`: .*torch.sparse_coo; call .to_dense"):
                call(torch.ones(2, 4, 3).to_sparse())


@pytest.mark.parametrize(
    "name",
    [*sorted(RESERVED), "samples", "forward", "base", "keys", "training", "inputs", "named", "args",
     "kwargs", "draw_noise", "counts", "torch", "graph", "chunk", "n"],
)  # fmt: skip
def test_any_name_of_an_input_or_a_size(name: str) -> None:
    x, o = torch.randn(2, 4, 2), torch.randn(2, 4, 2)
    spec = f"input {name}[k: S(k), 2]\ninput other[k: S(k), 2]\noutput y[k: S(k), 2]"
    for model in built(spec):
        noise = model.draw_noise(x, o)
        expected = model(x, o, noise=noise)
        assert torch.equal(model(x, other=o, noise=noise), expected)
        if name in RESERVED:
            if name not in ("self", "noise", "return_samples", "return_penalty", "sizes"):
                with pytest.raises(TypeError, match=f"named `{name}` goes by position|drawn first"):
                    model(other=o, noise=noise, **{name: x})
        else:
            assert torch.equal(model(other=o, noise=noise, **{name: x}), expected)
    for ragged in (False, True):
        size = f"size {name} <= 6\n" if ragged else ""
        spec = f"{size}input x[{name}: S({name}), 2]\noutput y[{name}: S({name}), 2]"
        value = torch.tensor([4, 2]) if ragged else 4
        for model in built(spec):
            noise = model.draw_noise(x, sizes={name: value})
            expected = model(x, sizes={name: value}, noise=noise)
            if name not in RESERVED:
                assert torch.equal(model(x, noise=noise, **{name: value}), expected)
            elif name in ("noise", "sizes"):
                with pytest.raises(TypeError, match=f"sizes={{'{name}': ...}}"):
                    model(x, **{name: value})
            if ragged:
                way = f"sizes={{'{name}': ...}}" if name in RESERVED else f"`{name}=`"
                with pytest.raises(symc.ShapeError, match=way):
                    model(x)


def test_signatures_name_the_inputs() -> None:
    for model in built("size n <= 5\n" + MOTION, First()):
        names = list(inspect.signature(model.forward).parameters)
        assert names[:3] == ["pos", "vel", "noise"]
        assert names[-2:] == ["sizes", "n"]
        assert list(inspect.signature(model.draw_noise).parameters)[:3] == [
            "pos",
            "vel",
            "generator",
        ]


def test_named_classes_copy_and_pickle() -> None:
    model = built(MOTION)[0]
    x = torch.randn(2, 4, 3)
    noise = model.draw_noise(x, x)
    for twin in (copy.copy(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert type(twin) is type(model)
        assert torch.equal(twin(pos=x, vel=x, noise=noise), model(x, x, noise=noise))
    assert type(symc.build(MOTION, Base())) is type(model)


class Swapped(nn.Module):
    def forward(self, vel: Tensor, pos: Tensor) -> Tensor:
        return pos + vel


class Named(nn.Module):
    def forward(self, pos: Tensor, vel: Tensor) -> Tensor:
        return pos + vel


class Other(nn.Module):
    def forward(self, x: Tensor, y: Tensor, scale: float = 1.0) -> Tensor:
        return x + y


def test_a_base_with_the_inputs_in_another_order_is_warned_of() -> None:
    words = r"takes \(vel, pos\).*order of the spec, \(pos, vel\): `pos` as its `vel`"
    with pytest.warns(symc.InputOrderWarning, match=words) as found:
        built(MOTION, Swapped())
    assert len(found) == 2
    # The line of the user's, or of the code emitted, not one of symc's.
    assert {each.filename for each in found} == {__file__, "emitted"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = built(MOTION, Named())[0]
        built(MOTION, Other())
        built(MOTION, nn.Identity())
    with pytest.warns(symc.InputOrderWarning):
        model.base = torch.compile(Swapped(), backend="eager")


def test_the_order_is_told_once(recwarn: pytest.WarningsRecorder) -> None:
    warnings.simplefilter("always")
    model = symc.build(f"{MOTION}symmetrize by base", Swapped())
    assert len(recwarn) == 1
    symc.verify(model, samples=1, draws=64)
    assert len(recwarn) == 1
    symc.verify(Swapped(), spec=MOTION, samples=1, draws=64)
    assert len(recwarn) == 2


class Lengths(nn.Module):
    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        return x


class Filled(nn.Module):
    """Its call fills in what its forward wants."""

    def __call__(self, x: Tensor) -> Tensor:
        return self.forward(x, x)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        return x


def test_a_base_that_wants_what_nothing_gives() -> None:
    sets = "input x[n: S(n), 3]\noutput y[n: S(n), 3]"
    with pytest.raises(TypeError, match="wants `lengths`.*name it `n`"):
        symc.build("size n <= 5\n" + sets, Lengths())
    with pytest.raises(TypeError, match="wants `lengths`.*give it a default"):
        symc.build(sets, Lengths())
    symc.build(sets, Filled())(torch.randn(1, 2, 3))


class Wrapper(nn.Module):
    """Passes on what it gets and a number more, the inputs in another order."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *inputs: Tensor, **counts: Tensor) -> Tensor:
        return self.module(*reversed(inputs), torch.tensor(2.0), **counts)


class OfInputs(Wrapper):
    """Knows no counts."""

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.module(*reversed(inputs), torch.tensor(2.0))


class Scaled(nn.Module):
    def forward(self, vel: Tensor, pos: Tensor, n: Tensor) -> Tensor:
        return pos + n * vel


def with_hook() -> nn.Module:
    base = Scaled()
    base.register_forward_pre_hook(lambda _, given: (*reversed(given), torch.tensor(2.0)))
    return base


@pytest.mark.parametrize(
    ("base", "size"),
    [
        (lambda: Wrapper(Scaled()), ""),
        (lambda: OfInputs(Scaled()), ""),
        (lambda: OfInputs(Scaled()), "size n <= 4"),
        (with_hook, ""),
    ],
)
def test_what_is_between_may_change_arguments(
    base: Callable[[], nn.Module], size: str, recwarn: pytest.WarningsRecorder
) -> None:
    x, v = torch.randn(2, 4, 3), torch.randn(2, 4, 3)
    model = symc.build(f"{size}\n{MOTION}symmetrize P by base\nsymmetrize M by base", base())
    counts = {"n": torch.tensor([4, 4])} if size else {}
    assert torch.allclose(model(x, v, **counts), x + 2 * v)
    assert not [each for each in recwarn if each.category is symc.InputOrderWarning]


def test_dir_shows_the_public_names() -> None:
    import symc_runtime

    for package in (symc, symc_runtime):
        assert set(package.__all__) <= set(dir(package))
        assert all(getattr(package, name) is not None for name in package.__all__)


def test_single_precision_is_told_of_double() -> None:
    from symc_runtime.testing import assert_equivariant

    model = built(MOTION)[0]
    x = torch.randn(2, 4, 3)
    with pytest.raises(AssertionError, match="float32.*model.double"):
        assert_equivariant(model, x, x, tolerance=0.0)
    with pytest.raises(AssertionError) as error:
        assert_equivariant(model.double(), x.double(), x.double(), tolerance=-1.0)
    assert "double" not in str(error.value)


def test_a_word_that_may_name_a_file(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cloud.sym").write_text(MOTION, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for word, words in (("cloud", "did you mean"), ("cloud.txt", "did you mean"), ("a/b", "write")):
        with pytest.raises(symc.SpecError) as error:
            symc.build(word, Base())
        assert words in str(error.value)
        assert ".sym'" in str(error.value)
    for text in ("input x[3", ".", "/", "..", "a/..", "./", "-", "a" * 300, "a/" * 5000):
        with pytest.raises(symc.SpecError) as error:
            symc.build(text, Base())
        assert "names a file" not in str(error.value)
