"""Does anything read padding?"""

from __future__ import annotations

from collections.abc import Mapping

import torch

from symc_runtime.spec.layout import Tensor, solve_sizes
from symc_runtime.spec.polynomials import evaluate
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.testing import as_tuple, valid_part
from symc_runtime.verification.plain import Plain

Counts = Mapping[str, torch.Tensor]
NO_ITEM = -7
"""A number that names nothing, and would be another item's from the end."""


def filled(tensor: Tensor, x: torch.Tensor, counts: Counts, value: float) -> torch.Tensor:
    """x with `value` in its padding."""
    kept = valid_part(tensor, torch.ones_like(x), counts).bool()
    return torch.where(kept, x, torch.full_like(x, value))


@torch.no_grad()
def padding_error(
    model: Symmetrized,
    *inputs: torch.Tensor,
    counts: Counts,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """How much each output changes with its padding, relative to its size: [outputs, batch].

    A compiled module gets NaNs there, and names of no item. One that symc did not build gets 1e3
    and -1e3, and the last item, for many multiply padding by zero.
    """
    items = None
    if isinstance(model, Plain):
        items = solve_sizes(model.inputs, [x.shape for x in inputs], model.fixed)
    zeros = [valid_part(t, x, counts) for t, x in zip(model.inputs, inputs, strict=True)]

    def dirty(fill: float) -> list[torch.Tensor]:
        return [
            filled(t, x, counts, _fill(t, fill, items))
            for t, x in zip(model.inputs, zeros, strict=True)
        ]

    if isinstance(model, Plain):
        ordered = [counts[name] for name in model.ragged]
        before, _ = model.symmetrize(*zeros, *ordered)
        found = [
            _differences(before, model.symmetrize(*dirty(fill), *ordered)[0])
            for fill in (1e3, -1e3)
        ]
        return torch.stack(found).amax(0)
    noise = model.draw_noise(*zeros, generator=generator, sizes=counts)
    return _differences(*(_called(model, x, noise, counts) for x in (zeros, dirty(torch.nan))))


def _fill(tensor: Tensor, fill: float, sizes: Mapping[str, int] | None) -> float:
    """What stands in padding: of labels the last, of names none, or the last of `sizes`."""
    if tensor.names is None:
        return fill if tensor.labels is None else tensor.labels - 1
    return NO_ITEM if sizes is None else evaluate(tensor.names.size, sizes) - 1


def _differences(before: tuple[torch.Tensor, ...], after: tuple[torch.Tensor, ...]) -> torch.Tensor:
    errors = []
    for a, b in zip(before, after, strict=True):
        size = torch.maximum(a.abs(), b.abs()).double().reshape(a.shape[0], -1).amax(1)
        size = size.clamp(min=1e-300)
        change = (a - b).abs().double().reshape(a.shape[0], -1).amax(1)
        errors.append((change / size).nan_to_num(torch.inf))
    return torch.stack(errors)


def _called(
    model: Symmetrized,
    inputs: list[torch.Tensor],
    noise: Mapping[str, torch.Tensor],
    counts: Counts,
) -> tuple[torch.Tensor, ...]:
    return as_tuple(model(*inputs, noise=noise, sizes=counts))
