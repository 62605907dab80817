"""Linear maps of nets are called: what hooks, prunes, quantizes or adapts them reaches them all."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import prune

import symc
from symc_runtime.modules.channels import ChannelLinear
from symc_runtime.modules.matrices import matrix_of
from symc_runtime.symmetrized import Symmetrized

METHODS = [
    "M by probabilistic\nsymmetrize P by probabilistic(net={})",
    "M by canonical\nsymmetrize P by canonical(net={})",
    "P by probabilistic(net={})\nsymmetrize M by probabilistic",
]
SPEC = """
group P = S(n)
group M = O(3)
input x[n: P, 3: M]
input kind[n: P] of 3
input pair[n: P, n: P]
input tensor[9: M * M]
output y[n: P, 3: M]
symmetrize {}
"""


SPECS = [
    SPEC.format(how.format(net)) for how in METHODS for net in ("deepsets", "attention", "gin")
]


class Cumulated(nn.Module):
    """Without symmetry, and without linear maps."""

    def forward(self, x: Tensor, kind: Tensor, pair: Tensor, tensor: Tensor) -> Tensor:
        return x.cumsum(1) + kind.unsqueeze(-1) + pair[..., :3] + tensor[:, None, :3]


def inputs() -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(2)
    x, pair, tensor = (
        torch.randn(2, *shape, generator=generator) for shape in ((4, 3), (4, 4), (9,))
    )
    return x, torch.randint(0, 3, (2, 4), generator=generator), pair, tensor


def model_of(spec: str) -> Symmetrized:
    torch.manual_seed(0)
    model: Symmetrized = symc.build(spec, Cumulated())
    model.draw_so_many(3)
    return model.eval()


def maps(model: Symmetrized) -> dict[str, nn.Module]:
    return {
        name: module
        for name, module in model.named_modules()
        if isinstance(module, (nn.Linear, ChannelLinear))
    }


class Adapted(nn.Module):
    """A linear map, called, plus one of low rank; without any attribute `weight`."""

    def __init__(self, inner: nn.Linear, scale: float) -> None:
        super().__init__()
        self.inner = inner
        self.down = nn.Linear(inner.in_features, 2, bias=False)
        self.up = nn.Linear(2, inner.out_features, bias=False)
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.inner(x) + self.scale * self.up(self.down(x))
        return result


def adapted(model: Symmetrized, scale: float) -> Symmetrized:
    twin = copy.deepcopy(model)
    for name, module in maps(twin).items():
        if isinstance(module, nn.Linear):
            owner, _, last = name.rpartition(".")
            twin.get_submodule(owner)._modules[last] = Adapted(module, scale)
    return twin


@pytest.mark.parametrize("spec", SPECS)
def test_every_linear_map_is_called(spec: str) -> None:
    model = model_of(spec)
    called: set[str] = set()
    for name, module in maps(model).items():
        module.register_forward_hook(lambda *_, name=name: called.add(name))
    model(*inputs())
    assert called == set(maps(model))
    assert len(called) > 10


@pytest.mark.parametrize("spec", SPECS)
def test_low_rank_adaptation(spec: str) -> None:
    model = model_of(spec)
    noise = model.draw_noise(*inputs())
    expected = model(*inputs(), noise=noise)
    assert torch.allclose(adapted(model, 0.0)(*inputs(), noise=noise), expected, atol=1e-5)
    assert not torch.allclose(adapted(model, 3.0)(*inputs(), noise=noise), expected, atol=1e-3)


@pytest.mark.parametrize("spec", SPECS)
def test_pruned_maps_are_those_whose_weights_are_zero(spec: str) -> None:
    model, zeroed = model_of(spec), model_of(spec)
    noise = model.draw_noise(*inputs())
    for name, module in maps(model).items():
        prune.l1_unstructured(module, "weight", 0.5)
        with torch.no_grad():
            zeroed.get_submodule(name).weight.copy_(module.weight)
    expected = zeroed(*inputs(), noise=noise)
    assert torch.allclose(model(*inputs(), noise=noise), expected, atol=1e-5)


@pytest.mark.parametrize("spec", SPECS)
def test_dynamic_quantization(spec: str) -> None:
    if "fbgemm" not in torch.backends.quantized.supported_engines:
        pytest.skip("torch was built without a quantized engine")
    model = model_of(spec)
    noise = model.draw_noise(*inputs())
    small = torch.ao.quantization.quantize_dynamic(model, {nn.Linear}, dtype=torch.qint8)
    assert not any(type(module) is nn.Linear for module in small.modules())
    assert torch.isfinite(small(*inputs(), noise=noise)).all()


class Merged(nn.Linear):
    """Low-rank adaptation in a class made of the linear one, whose weight is without it."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, bias=False)
        self.more = nn.Linear(inputs, outputs, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + self.more(x)


def test_the_matrix_behind_a_map_is_what_it_multiplies_by() -> None:
    x = torch.randn(2, 3, 5)
    plain = nn.Linear(5, 4, bias=False)
    normed = nn.utils.parametrizations.weight_norm(copy.deepcopy(plain))
    for linear in (plain, normed, Adapted(plain, 3.0), Merged(5, 4)):
        assert torch.allclose(x @ matrix_of(linear, x).T, linear(x), atol=1e-6)
        assert not matrix_of(linear, x).requires_grad
