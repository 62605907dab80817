"""What torch must be able to do with a compiled module: compile, export, copy, store."""

from __future__ import annotations

import copy
import io
import pickle
from pathlib import Path

import pytest
import torch
from models import example_counts, example_inputs, on_flat_base, sizes_for

import symc
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.verification.bases import flat_base

SPECS = Path(__file__).parents[1] / "specs"
NAMES = ["nbody", "molecule", "point_cloud"]


def compiled(name: str) -> tuple[Symmetrized, tuple[torch.Tensor, ...], dict[str, torch.Tensor]]:
    """A reference spec around a flat base, single precision, with inputs and counts."""
    path = SPECS / f"{name}.sym"
    torch.manual_seed(0)
    model = on_flat_base(path)
    sizes = sizes_for(model.inputs + model.outputs, model.fixed)
    model.draw_so_many(3)
    inputs = example_inputs(model, sizes, 4, dtype=torch.float32)
    return model, inputs, example_counts(model, sizes, 4)


def flat(outputs: object) -> list[torch.Tensor]:
    """Outputs as a list."""
    return list(outputs) if isinstance(outputs, tuple) else [outputs]


def equal(left: object, right: object) -> bool:
    """Bit for bit."""
    return all(torch.equal(a, b) for a, b in zip(flat(left), flat(right), strict=True))


def close(left: object, right: object) -> bool:
    """To single precision."""
    pairs = zip(flat(left), flat(right), strict=True)
    return all(torch.allclose(a, b, rtol=1e-4, atol=1e-5) for a, b in pairs)


@pytest.mark.parametrize("name", NAMES)
def test_compile_fullgraph(name: str) -> None:
    model, inputs, counts = compiled(name)
    torch._dynamo.reset()
    # The joint graph of forward and backward takes long to trace: once, for a spec of two stages.
    traced = "aot_eager" if name == "nbody" else "eager"
    for training, backend in ((False, "eager"), (True, traced)):
        model.train(training)
        noise = model.draw_noise(*inputs, sizes=counts)
        fast = torch.compile(model, fullgraph=True, backend=backend)
        result = fast(*inputs, noise=noise, sizes=counts)
        assert close(result, model(*inputs, noise=noise, sizes=counts))


@pytest.mark.parametrize(
    ("name", "dynamic"), [("nbody", True), ("molecule", None), ("point_cloud", None)]
)
def test_compiled_calls_draw_for_batches_of_any_size(name: str, dynamic: bool | None) -> None:
    model, inputs, counts = compiled(name)
    model.eval()
    torch._dynamo.reset()
    fast = torch.compile(model, fullgraph=True, backend="eager", dynamic=dynamic)
    for times in (1, 2, 3):
        many = tuple(x.repeat(times, *[1] * (x.ndim - 1)) for x in inputs)
        result = fast(*many, sizes={key: count.repeat(times) for key, count in counts.items()})
        assert all(y.shape[0] == many[0].shape[0] for y in flat(result))
    torch._dynamo.reset()


@pytest.mark.parametrize("name", NAMES)
def test_exports_draw_for_batches_of_any_size(name: str) -> None:
    model, inputs, counts = compiled(name)
    model.eval()
    batch = torch.export.Dim("batch")
    open_sizes = {
        **{tensor.name: {0: batch} for tensor in model.inputs},
        "sizes": {key: {0: batch} for key in counts},
    }
    program = torch.export.export(
        model, inputs, {"sizes": counts}, dynamic_shapes=open_sizes
    ).module()
    many = tuple(x.repeat(3, *[1] * (x.ndim - 1)) for x in inputs)
    result = program(*many, sizes={key: count.repeat(3) for key, count in counts.items()})
    assert all(y.shape[0] == many[0].shape[0] for y in flat(result))


@pytest.mark.parametrize("name", NAMES)
def test_export(name: str) -> None:
    model, inputs, counts = compiled(name)
    model.eval()
    noise = model.draw_noise(*inputs, sizes=counts)
    keywords = {"noise": noise, "sizes": counts}
    program = torch.export.export(model, inputs, keywords)
    assert close(program.module()(*inputs, **keywords), model(*inputs, **keywords))


@pytest.mark.parametrize("name", NAMES)
def test_deepcopy_after_forward_and_backward(name: str) -> None:
    model, inputs, counts = compiled(name)
    noise = model.draw_noise(*inputs, sizes=counts)
    sum(y.sum() for y in flat(model(*inputs, noise=noise, sizes=counts))).backward()
    twin = copy.deepcopy(model)
    result = twin(*inputs, noise=noise, sizes=counts)
    assert equal(result, model(*inputs, noise=noise, sizes=counts))
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter.add_(1.0)
    assert not equal(
        twin(*inputs, noise=noise, sizes=counts), model(*inputs, noise=noise, sizes=counts)
    )


@pytest.mark.parametrize("name", NAMES)
def test_pickle(name: str) -> None:
    model, inputs, counts = compiled(name)
    noise = model.draw_noise(*inputs, sizes=counts)
    twin = pickle.loads(pickle.dumps(model))
    result = twin(*inputs, noise=noise, sizes=counts)
    assert equal(result, model(*inputs, noise=noise, sizes=counts))
    assert str(twin.graph) == str(model.graph)


@pytest.mark.parametrize("name", NAMES)
def test_state_dict_into_a_fresh_build(name: str) -> None:
    model, inputs, counts = compiled(name)
    noise = model.draw_noise(*inputs, sizes=counts)
    stored = io.BytesIO()
    torch.save(model.state_dict(), stored)
    stored.seek(0)
    torch.manual_seed(99)
    sizes = sizes_for(model.inputs + model.outputs, model.fixed)
    base = flat_base(model.inputs, model.outputs, sizes, seed=99)
    fresh = symc.build(SPECS / f"{name}.sym", base)
    assert not equal(
        fresh(*inputs, noise=noise, sizes=counts), model(*inputs, noise=noise, sizes=counts)
    )
    fresh.load_state_dict(torch.load(stored))
    result = fresh(*inputs, noise=noise, sizes=counts)
    assert equal(result, model(*inputs, noise=noise, sizes=counts))


def test_state_dict_keys_carry_the_names_of_the_spec() -> None:
    model, _, _ = compiled("nbody")
    assert {key.split(".")[0] for key in model.state_dict()} == {"base", "P", "M"}


def test_the_graph_can_be_edited() -> None:
    model, inputs, counts = compiled("nbody")
    noise = model.draw_noise(*inputs)
    before = model(*inputs, noise=noise)
    output = next(node for node in model.graph.nodes if node.op == "output")
    last = output.args[0][0][0]
    with model.graph.inserting_before(output):
        doubled = model.graph.call_function(torch.add, (last, last))
    output.args = (((doubled,), output.args[0][1]),)
    model.recompile()
    assert torch.allclose(model(*inputs, noise=noise), 2 * before)
