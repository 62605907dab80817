"""Items that names bring together, as sparse nets pass messages: edges of a graph, and the like.

What is named in one place of `edges[2, e]` is linked, source and target told apart; `label[m]` says
of each of m that it belongs to an item; `parent[n: P]` links an item to the one that it names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch

from symc_runtime.call.shapes import valid_entries
from symc_runtime.reading.naming import flat_names, in_range, roles_of
from symc_runtime.reading.units import at_scales
from symc_runtime.spec.layout import (
    Natural,
    Representation,
    Tensor,
    Trivial,
    slots,
)
from symc_runtime.spec.polynomials import evaluate, unknown_names


class Link(NamedTuple):
    """Links of one input: `ends` [N, roles, t] int64, the item in each role of each of t links.

    `valid` [N, t]: which are no padding; None: all. `features` [N, c, t]: what else is known of a
    link; None where nothing is.
    """

    ends: torch.Tensor
    valid: torch.Tensor | None
    features: torch.Tensor | None


class _Source(NamedTuple):
    """Where links come from: the input, its roles, the axes of its links that are the own items.

    `along`: inputs, and their axis, that tell of a link each.
    """

    place: int
    own: tuple[int, ...]
    along: tuple[tuple[int, int], ...]


class Links:
    """The links of the items of the group `own`.

    `widths`: of each of them, how many roles and features. Features come from inputs that stand on
    the axis of the links, `w[e, 3]` beside `edges[2, e]`, with channels of known number alone.
    """

    def __init__(self, inputs: tuple[Tensor, ...], own: str, sizes: Mapping[str, int]) -> None:
        self.inputs = inputs
        self.own = own
        self.sizes = dict(sizes)
        self.roles = {
            t: roles_of(tensor, sizes) for t, tensor in enumerate(inputs) if tensor.named_by(own)
        }
        self.sources = [self._source(t) for t in self.roles]
        self.widths = [
            (
                self.roles[source.place].count + len(source.own),
                sum(2 * self._channels(t, dim) for t, dim in source.along),
            )
            for source in self.sources
        ]

    def _source(self, place: int) -> _Source:
        role = self.roles[place].dim
        axes = [(dim, axis) for dim, _, axis in slots(self.inputs[place]) if dim != role]
        own = [dim for dim, axis in axes if isinstance(axis, Natural) and axis.group == self.own]
        along: list[tuple[int, int]] = []
        if len(axes) == 1 and not own and _named(axes[0][1]):
            for t, tensor in enumerate(self.inputs):
                dim = _place_of(axes[0][1], tensor, self.sizes)
                if tensor.names is None and dim is not None:
                    along.append((t, dim))
        return _Source(place, tuple(own), tuple(along))

    def _channels(self, place: int, along: int) -> int:
        """How many numbers of an input tell of one link."""
        tensor = self.inputs[place]
        total = tensor.labels or 1
        for dim, _, axis in slots(tensor):
            if dim != along and isinstance(axis, Trivial):
                total = total * evaluate(axis.size, self.sizes)
        return total

    def __call__(
        self,
        values: tuple[torch.Tensor, ...],
        counts: Mapping[str, torch.Tensor] | None,
        n: int,
        dtype: torch.dtype,
    ) -> list[Link]:
        """Of inputs [N, *axes] as they came, features in `dtype`; none where there are no items."""
        return [self._link(source, values, counts or {}, n, dtype) for source in self.sources]

    def _link(
        self,
        source: _Source,
        values: tuple[torch.Tensor, ...],
        counts: Mapping[str, torch.Tensor],
        n: int,
        dtype: torch.dtype,
    ) -> Link:
        tensor, x = self.inputs[source.place], values[source.place]
        roles = self.roles[source.place]
        index = [in_range(flat_names(x, roles), n)]
        for dim in source.own:
            shape = [1] * x.ndim
            shape[dim] = n
            position = torch.arange(n, device=x.device).reshape(shape).expand(x.shape)
            index.append(flat_names(position, roles)[..., :1])
        valid = None
        if any(size in counts for size in _ragged(tensor)):
            valid = flat_names(valid_entries(tensor, x, counts).expand(x.shape), roles)[..., 0]
        features = [self._features(t, dim, values[t], dtype) for t, dim in source.along]
        return Link(
            torch.cat(index, -1).transpose(1, 2),
            valid,
            torch.cat(features, 1) if features else None,
        )

    def _features(
        self, place: int, along: int, x: torch.Tensor, dtype: torch.dtype
    ) -> torch.Tensor:
        """[N, c, t] of numbers at two scales, labels one-hot."""
        labels = self.inputs[place].labels
        x = x.movedim(along, 1)
        if labels is not None:
            x = x.unsqueeze(-1) == torch.arange(labels, device=x.device)
        flat = x.reshape(*x.shape[:2], -1).to(dtype)
        return torch.cat(at_scales(flat, 2), -1).transpose(1, 2)


def _named(axis: Representation) -> bool:
    """Whether an axis is told from all others: by the name of its size, or by who moves it."""
    return isinstance(axis, Natural) or (isinstance(axis, Trivial) and isinstance(axis.size, str))


def _place_of(axis: Representation, tensor: Tensor, sizes: Mapping[str, int]) -> int | None:
    """Where the axis stands in a tensor whose other axes are channels of known number."""
    found = [dim for dim, _, other in slots(tensor) if other == axis]
    rest = [other for _, _, other in slots(tensor) if other != axis]
    plain = all(
        isinstance(other, Trivial) and not unknown_names(other.size, sizes) for other in rest
    )
    return found[0] if len(found) == 1 and plain else None


def _ragged(tensor: Tensor) -> list[str]:
    """Sizes of its axes that may be ragged."""
    return [
        axis.size
        for _, _, axis in slots(tensor)
        if isinstance(axis, (Natural, Trivial)) and isinstance(axis.size, str)
    ]
