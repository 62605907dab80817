"""What torch.compile makes of a model: one graph for all batches, which its cache may keep."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import symc

counting = pytest.importorskip("torch._dynamo.testing").CompileCounter
SPEC = """
size n <= 6
group P = S(n)
input pair[n: P, n: P]
input kind[n: P, 2]
output y[2]
symmetrize P by probabilistic({})
"""
REFINE, DEEPSETS = "net=refine(rounds=1, layers=1)", "net=deepsets(layers=1)"


class Base(nn.Module):
    """A linear map of what is there, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.LazyLinear(2)

    def forward(self, pair: Tensor, kind: Tensor) -> Tensor:
        size = pair.shape[1]
        place = torch.arange(size, dtype=kind.dtype, device=kind.device)
        rows = torch.stack([pair.sum(2) @ place, kind.sum(2) @ place, kind[..., 0] @ place], -1)
        answer: Tensor = self.linear(rows)
        return answer


def model_of(net: str, training: bool) -> nn.Module:
    torch.manual_seed(0)
    model: nn.Module = symc.build(SPEC.format(net), Base()).train(training)
    model(*drawn(2), n=torch.tensor([6, 3]))
    return model


def drawn(batch: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(batch)
    return torch.rand(batch, 6, 6, generator=generator), torch.rand(
        batch, 6, 2, generator=generator
    )


@pytest.fixture(autouse=True)
def _anew() -> Iterator[None]:
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


@pytest.mark.parametrize(("net", "training"), [(REFINE, True), (REFINE, False), (DEEPSETS, True)])
def test_no_call_keeps_the_graph_out_of_the_cache(net: str, training: bool) -> None:
    """Eval mode as it comes; training, once functions with a backward of their own are allowed."""
    cache = pytest.importorskip("torch._functorch._aot_autograd.autograd_cache")
    config: Any = torch._functorch.config
    if not hasattr(config, "autograd_cache_allow_custom_autograd_functions"):
        pytest.skip("this torch keeps no such graphs")
    refused: list[str] = []

    def backend(graph: torch.fx.GraphModule, _: object) -> Any:
        try:
            cache.check_cacheable(graph)
        except cache.BypassAOTAutogradCache as problem:
            refused.append(str(problem))
        return graph.forward

    model = model_of(net, training)
    fast = torch.compile(model, fullgraph=True, backend=backend)
    allowed = {"autograd_cache_allow_custom_autograd_functions": training}
    with torch._functorch.config.patch(allowed), torch.set_grad_enabled(training):
        fast(*drawn(3), n=torch.tensor([6, 1, 4]))
    assert refused == []


def test_graphs_of_any_batch_counts_and_samples() -> None:
    model = model_of(REFINE, True)
    counter = counting()
    fast = torch.compile(model, fullgraph=True, backend=counter, dynamic=True)
    # Sizes that are equal at first would be taken for one.
    for batch, samples in ((3, 5), (5, 4), (2, 3)):
        counts = torch.randint(1, 7, (batch,))
        model.samples = samples
        noise = model.draw_noise(*drawn(batch), n=counts)
        expected = model(*drawn(batch), n=counts, noise=noise)
        found = fast(*drawn(batch), n=counts, noise=noise)
        assert torch.allclose(found, expected, atol=1e-5)
    assert counter.frame_count == 1


def test_a_call_inside_autocast_has_a_graph_of_its_own() -> None:
    """None is entered where autocast is off, so what was compiled there serves only there."""
    model = model_of(REFINE, False)
    inputs, counts = drawn(3), torch.tensor([6, 2, 4])
    noise = model.draw_noise(*inputs, n=counts)
    counter = counting()
    fast = torch.compile(model, fullgraph=True, backend=counter)
    alone = fast(*inputs, n=counts, noise=noise)
    with torch.autocast("cpu", torch.bfloat16):
        inside = fast(*inputs, n=counts, noise=noise)
        expected = model(*inputs, n=counts, noise=noise)
    assert counter.frame_count == 2
    assert torch.allclose(alone, model(*inputs, n=counts, noise=noise), atol=1e-5)
    assert torch.allclose(inside.float(), expected.float(), atol=1e-5)
