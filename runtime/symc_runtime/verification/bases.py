"""Random bases without any symmetry, sizes for free names, counts for ragged ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle

import torch
from torch import nn

from symc_runtime.spec.layout import Group, Tensor, of_base, shape_of
from symc_runtime.spec.polynomials import Parameter, evaluate, names

ITEMS = (4, 3, 5)
"""What free sizes get that count items of a permutation group, in turn."""
SPACE = (3, 2, 4)
"""What free dimensions of space get."""
CHANNELS = (3, 2, 5)
"""What all other free sizes get."""
MOST = 2**31 - 1
"""The largest size that a spec may have."""
WIDTH = 32
LARGEST = 1.0
"""How far outputs of a flat base can be from their biases, 0.8 to 1.2."""


class SizeError(ValueError):
    """A size that the spec does not have, or a value that it does not allow."""


class FlatBase(nn.Module):
    """Everything flattened through one hidden layer: as far from equivariant as a base can be.

    Outputs vary about 1, also where the hidden layer saturates: neither they nor their means over
    items are small differences of large terms, whose rounding would be taken for a fault of what
    symmetrizes them.
    """

    def __init__(
        self,
        inputs: Sequence[tuple[tuple[int, ...], int | None]],
        outputs: Sequence[tuple[int, ...]],
    ) -> None:
        super().__init__()
        self.labels = [labels for _, labels in inputs]
        self.shapes = list(outputs)
        width = sum(torch.Size(s).numel() * (labels or 1) for s, labels in inputs)
        self.first = nn.Linear(width, WIDTH)
        self.second = nn.Linear(WIDTH, sum(torch.Size(s).numel() for s in outputs))
        with torch.no_grad():
            self.second.weight.mul_(LARGEST / self.second.weight.abs().sum(1, keepdim=True))
            self.second.bias.add_(1.0)

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, ...]:
        """Outputs of the declared shapes."""
        dtype = self.first.weight.dtype
        rows = [
            x.flatten(1)
            if labels is None
            else (x.unsqueeze(-1) == torch.arange(labels, device=x.device)).to(dtype).flatten(1)
            for x, labels in zip(inputs, self.labels, strict=True)
        ]
        y = self.second(torch.tanh(self.first(torch.cat(rows, 1))))
        parts = y.split([torch.Size(s).numel() for s in self.shapes], 1)
        result = tuple(p.reshape(-1, *s) for p, s in zip(parts, self.shapes, strict=True))
        return result if len(result) > 1 else result[0]


def flat_base(
    inputs: Sequence[Tensor], outputs: Sequence[Tensor], sizes: Mapping[str, int], seed: int = 0
) -> FlatBase:
    """A FlatBase for declared tensors, its weights drawn from the seed.

    What is derived of `outputs` it does not return.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return FlatBase(
            [(_shape(t, sizes), _labels(t, sizes)) for t in inputs],
            [_shape(t, sizes) for t in of_base(outputs)],
        )


def _labels(tensor: Tensor, sizes: Mapping[str, int]) -> int | None:
    """How many labels there are, or items that whole numbers name."""
    return tensor.labels if tensor.names is None else evaluate(tensor.names.size, sizes)


def _shape(tensor: Tensor, sizes: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(evaluate(size, sizes) for size in shape_of(tensor))


def example_sizes(
    tensors: Sequence[Tensor],
    groups: Sequence[Group],
    fixed: Mapping[str, int],
    ragged: Mapping[str, int],
    chosen: Mapping[str, int] | None = None,
) -> dict[str, int]:
    """A value for each size name: `fixed`, else `chosen`, else small and different.

    Raises SizeError where `chosen` names no size, contradicts a fixed one or a ragged bound.
    """
    found: set[str] = set()
    for tensor in tensors:
        for size in shape_of(tensor):
            found |= names(size)
        if tensor.names is not None:
            found |= names(tensor.names.size)
    for name, value in (chosen or {}).items():
        if name not in found | fixed.keys():
            listed = ", ".join(f"`{n}`" for n in sorted(found)) or "none"
            raise SizeError(f"`{name}` is no size of the spec; its sizes: {listed}")
        if fixed.get(name, value) != value:
            raise SizeError(f"size `{name}` is {fixed[name]} already, it cannot be {value}")
        most = ragged.get(name, MOST)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            raise SizeError(f"size `{name}`: a whole number from 1 to {most}, not {value!r}")
    kinds: dict[Parameter, bool] = {}
    for group in groups:
        of = group.parameter
        for size in of if isinstance(of, tuple) else (of,):
            kinds[size] = group.permutes or group.nests
    pools = {True: cycle(ITEMS), False: cycle(SPACE), None: cycle(CHANNELS)}
    sizes = dict(fixed) | dict(chosen or {})
    for name in sorted(found - sizes.keys()):
        value = next(pools[kinds.get(name)])
        sizes[name] = min(value, ragged.get(name, value))
    return sizes


def example_counts(
    ragged: Mapping[str, int], sizes: Mapping[str, int], batch: int
) -> dict[str, torch.Tensor]:
    """Counts of every ragged size: the padded length, less and less, one, and again."""
    return {
        name: torch.tensor([sizes[name] - i % sizes[name] for i in range(batch)]) for name in ragged
    }
