"""The spread of every stage of a module, one after the other, given the stages before it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from symc_runtime.call.precision import without_autocast
from symc_runtime.call.sampling import check_noise, check_samples, distribution
from symc_runtime.call.shapes import ShapeError
from symc_runtime.distributions.distribution import Distribution
from symc_runtime.methods.method import ENUMERATION_BUDGET
from symc_runtime.spec.draws import Draw
from symc_runtime.spec.layout import Group
from symc_runtime.spec.polynomials import evaluate, written
from symc_runtime.spread.apartness import share_of_haar
from symc_runtime.spread.record import Spread
from symc_runtime.spread.sameness import Poses, among_pairs, by_weight
from symc_runtime.spread.sight import Sight, seen_by

if TYPE_CHECKING:
    from symc_runtime.symmetrized import Symmetrized

EARLIER = 8
"""So many draws of the stages before it, at most, does a stage see."""
AT_ONCE = 64
"""Elements of a uniform stage that are compared at a time."""


def pair_noise(
    draws: Sequence[Draw],
    stages: Mapping[str, Distribution],
    *,
    samples: int,
    noise: Mapping[str, torch.Tensor] | None,
    batch: int,
    sizes: Mapping[str, int],
    dtype: torch.dtype,
    device: torch.device,
    generator: torch.Generator | None,
) -> list[torch.Tensor]:
    """Independent draws of each stage in order, [samples, batch, ...]: these, or new ones."""
    if noise is not None:
        shapes = {key: stage.noise_shape(sizes) for key, stage in stages.items()}
        given = check_noise(draws, noise, batch, shapes)
        if given and given[0].shape[0] < 2:
            raise ShapeError("noise, axis 0 (samples): expected 2 or more, a pair, got 1")
        return given
    if check_samples("samples", samples) < 2:
        raise ValueError(f"samples: a whole number from 2, for pairs, not {samples}")
    return [
        stages[entry.key].draw(samples, batch, sizes, dtype, device, generator) for entry in draws
    ]


@torch.no_grad()
def spread_of(
    model: Symmetrized,
    tensors: Sequence[torch.Tensor],
    valid: Mapping[str, torch.Tensor],
    sizes: Mapping[str, int],
    noise: Sequence[torch.Tensor],
) -> dict[str, Spread]:
    """The spread of every stage that draws, by its group.

    tensors: the checked inputs; `valid`: counts of ragged sizes; `noise`: of each stage, in order,
    [samples, batch, ...], independent draws.
    """
    found = {}
    with _as_found([getattr(model, entry.attribute) for entry in model.draws]):
        for index, entry in enumerate(model.draws):
            stage = distribution(getattr(model, entry.attribute))
            values = []
            for earlier in range(min(EARLIER, noise[0].shape[0]) if index else 1):
                rows = [z[earlier : earlier + 1] for z in noise]
                sight = seen_by(model, entry.attribute, [*tensors, *valid.values(), *rows])
                values.append(_Stage(model, entry, stage, sight, sizes).value(noise[index]))
            own = stage.own
            counts = valid.get(str(own.parameter))
            found[entry.key] = Spread(
                over=_name(own, sizes, counts),
                measure="apart" if own.turns else "same",
                value=torch.stack(values).mean(0),
                uniform=_uniform(own, sizes, counts, values[0]),
                exact=_elements(model, entry, own, sizes) is not None and not index,
            )
    return found


class _Stage:
    """One stage and what it sees."""

    def __init__(
        self,
        model: Symmetrized,
        entry: Draw,
        stage: Distribution,
        sight: Sight,
        sizes: Mapping[str, int],
    ) -> None:
        self.stage, self.sight, self.sizes = stage, sight, sizes
        self.inputs = model.inputs
        self.groups = model.groups
        self.elements = _elements(model, entry, stage.own, sizes)

    def value(self, noise: torch.Tensor) -> torch.Tensor:
        """The measure [batch]; of draws by this noise [samples, batch, ...], or of all elements."""
        weights = None
        if self.elements is not None:
            batch, dtype, device = noise.shape[1], noise.dtype, noise.device
            noise = self.stage.enumerate(batch, self.sizes, dtype, device, None)
        samples = noise.shape[0]
        counts = self.sight.keywords.get("counts") or {}
        inputs, own = self.sight.inputs, self.stage.own
        if own.turns:
            element = self._drawn(noise)
            if self.elements is not None:
                weights = noise.new_full(noise.shape[:2], 1 / samples)
            with without_autocast(noise.device):
                return share_of_haar(
                    self.stage, self.inputs, inputs, self.sizes, element, samples, weights
                )
        poses = Poses(self.stage, self.inputs, inputs, self.groups, self.sizes, counts)
        dtype = torch.promote_types(noise.dtype, torch.float32)
        if self.elements is None:
            return among_pairs(poses, poses.of(self._drawn(noise), samples), dtype)
        parts = noise.split(AT_ONCE)
        first = self._drawn(parts[0])
        share = getattr(first, "share", None)
        if share is not None:
            every = self._drawn(noise)
            weights = every.share.to(dtype).unflatten(0, (samples, -1)) / samples
            return by_weight(poses, poses.of(every, samples), weights)
        # Elements alike: as many look like any one as there are symmetries of x.
        one = [y[0] for y in poses.of(first, parts[0].shape[0])]
        equal = [poses.same(one, poses.of(self._drawn(z), z.shape[0])).sum(0) for z in parts]
        return torch.stack(equal).sum(0).to(dtype) / samples

    def _drawn(self, noise: torch.Tensor) -> Any:
        return self.stage(noise.flatten(0, 1), *self.sight.inputs, **self.sight.keywords)


def _elements(model: Symmetrized, entry: Draw, own: Group, sizes: Mapping[str, int]) -> int | None:
    """How many elements the stage has, where it can take all of them; None: it draws."""
    if entry.method is None or entry.method.generic:
        return None
    elements = entry.elements(own, sizes, model.training)
    return elements if elements is not None and elements <= ENUMERATION_BUDGET else None


def _name(own: Group, sizes: Mapping[str, int], counts: torch.Tensor | None) -> str:
    """The compact group that elements are of; of a ragged size by its letter."""
    parameter = own.parameter if counts is not None else evaluate(own.parameter, sizes)
    if own.turns:
        return f"{'SO' if own.special else 'O'}({parameter})"
    return own.facts.written(written(parameter))


def _uniform(
    own: Group, sizes: Mapping[str, int], counts: torch.Tensor | None, like: torch.Tensor
) -> torch.Tensor:
    """What the measure is of uniform elements and an x without symmetry, [batch]."""
    if own.turns:
        return torch.ones_like(like)
    if counts is not None:
        return (-torch.lgamma(counts.to(like.dtype) + 1)).exp()
    parameter = evaluate(own.parameter, sizes)
    if own.permutes:
        return torch.full_like(like, math.exp(-math.lgamma(parameter + 1)))
    if own.nests:
        sizes_of: Any = parameter
        m, n = sizes_of
        return torch.full_like(like, math.exp(-n * math.lgamma(m + 1) - math.lgamma(n + 1)))
    order = own.facts.rest_order(parameter)
    return torch.full_like(like, 2.0**-parameter if order is None else 1 / order)


@contextmanager
def _as_found(stages: Sequence[nn.Module]) -> Iterator[None]:
    """Buffers stay: nets in training mode may keep statistics of what they are asked."""
    kept = []
    for module in (each for stage in stages for each in stage.modules() if each.training):
        # BatchNorm counts its calls, and moves no version but that of the count.
        own = list(module.buffers(recurse=False))
        kept.append([(buffer, buffer._version, buffer.clone()) for buffer in own])
    try:
        yield
    finally:
        for buffers in kept:
            if any(buffer._version != version for buffer, version, _ in buffers):
                for buffer, _, copy in buffers:
                    buffer.copy_(copy)
