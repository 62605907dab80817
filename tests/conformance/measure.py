"""One cell of the matrix, measured: the coupled law, membership, padding, gradients."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import torch
from models import sizes_for
from torch import nn

import symc
from conformance.cases import Cell
from symc.lower.module import CompiledModel
from symc_runtime.elements.finite import Finite
from symc_runtime.elements.orthogonal import Orthogonal
from symc_runtime.elements.permutation import Permutation
from symc_runtime.elements.signs import Signs
from symc_runtime.elements.wreath import Wreath
from symc_runtime.spec.layout import Group, Tensor, blocks, symbolic_dimension
from symc_runtime.spec.polynomials import evaluate
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.testing import valid_part
from symc_runtime.verification.bases import flat_base
from symc_runtime.verification.inputs import KINDS, make_inputs, within_counts
from symc_runtime.verification.law import coupled_law

DTYPES = (torch.float64, torch.float32)
MODES = (("train", True), ("eval", False))
COMBINATIONS = len(KINDS) * len(DTYPES) * len(MODES)
MAXIMUM_ROWS = 5_000
"""Rows that the base may see at once, samples times elements: gradients of these take 3 GB."""

Values = tuple[torch.Tensor, ...]
Counts = Mapping[str, torch.Tensor]
Record = dict[str, Any]
"""A `Result` as plain data."""


@dataclass
class Result:
    """What was found of a cell. `ratio`: the largest error over its bound, and its `worst` place.

    `wrong` counts samples by place (kind, precision, mode); `faults` are broken laws of another
    sort, in words.
    """

    name: str
    samples: int = 0
    unclear: int = 0
    ratio: float = 0.0
    worst: str = ""
    wrong: dict[str, int] = field(default_factory=dict)
    excluded: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


class _Having(nn.Module):
    """A base that has the trusted permutation groups exactly: a mean over all their elements."""

    ragged = "n"

    def __init__(self, text: str, trusted: Sequence[str], base: nn.Module) -> None:
        super().__init__()
        kept = [line for line in text.splitlines() if not line.startswith("symmetrize")]
        kept += [f"symmetrize {name} by average" for name in trusted]
        self.model = symc.build("\n".join([*kept, "symmetrize by base"]), base)

    def forward(self, *inputs: torch.Tensor, **counts: torch.Tensor) -> Any:
        return self.model(*inputs, **counts)


def build(cell: Cell) -> tuple[CompiledModel, dict[str, int], list[str]]:
    """The cell's module, its sizes, and the names of the groups that it answers for.

    The base has no symmetry but the permutation groups that it must have, where they are small.
    """
    torch.manual_seed(0)
    probe = symc.build(cell.text, nn.Identity())
    sizes = sizes_for(probe.inputs + probe.outputs, {**probe.fixed, **cell.sizes})
    base: nn.Module = flat_base(probe.inputs, probe.outputs, sizes)
    # What changes sign under a group cancels in the mean over it, down to rounding.
    signed = {name for t in probe.outputs for block in blocks(t) for name in block.characters}
    held = tuple(
        group.name
        for group in probe.groups
        if group.name in cell.trusted - signed
        and group.permutes
        and int(sizes.get(str(group.parameter), group.parameter)) <= 5
    )
    if held:
        base = _Having(cell.text, held, base)
    model = symc.build(cell.text, base)
    model.draw_so_many(1, 2)
    return model, sizes, [g.name for g in probe.groups if g.name not in cell.trusted - set(held)]


@dataclass(frozen=True)
class _Batch:
    """Rows of inputs of several kinds of about one scale."""

    inputs: Values
    counts: Counts
    kinds: tuple[str, ...]

    def pieces(self, rows: int) -> Iterator[_Batch]:
        """The same in order, at most so many rows at once."""
        for start in range(0, len(self.kinds), rows):
            chosen = slice(start, start + rows)
            counts = {name: value[chosen] for name, value in self.counts.items()}
            yield _Batch(tuple(x[chosen] for x in self.inputs), counts, self.kinds[chosen])


def _joined(batches: list[_Batch]) -> _Batch:
    return _Batch(
        tuple(torch.cat(xs) for xs in zip(*(b.inputs for b in batches), strict=True)),
        {key: torch.cat([b.counts[key] for b in batches]) for key in batches[0].counts},
        tuple(kind for b in batches for kind in b.kinds),
    )


def batches(
    model: CompiledModel,
    sizes: Mapping[str, int],
    rows: int,
    dtype: torch.dtype,
    seed: int,
    apart: float = 0.0,
) -> list[_Batch]:
    """`rows` inputs of every kind; kinds of one scale share a batch, for a call costs much.

    Of one scale because elements of the group move all rows of a batch by about as much. `apart`:
    how far numbers are from what the kind says, relative to the largest.
    """
    generator = torch.Generator().manual_seed(seed)
    by_scale: dict[int, list[_Batch]] = {}
    for index, kind in enumerate(KINDS):
        inputs = make_inputs(
            kind, model.inputs, model.groups, sizes, rows, dtype=dtype, generator=generator
        )
        if apart:
            inputs = tuple(_near(x, apart, generator) for x in inputs)
        counts = {}
        for name in model.ragged:
            named = any(t.names is not None and t.names.size == name for t in model.inputs)
            fewest = 1 if named or _holds_the_origin(model, name) else 0
            counts[name] = fewest + (torch.arange(rows) + index) % (sizes[name] + 1 - fewest)
        inputs = within_counts(model.inputs, inputs, counts)
        largest = max((float(x.abs().max()) for x in inputs if x.is_floating_point()), default=1.0)
        scale = round(math.log10(largest) / 3) if largest > 0 else 0
        by_scale.setdefault(scale, []).append(_Batch(inputs, counts, (kind,) * rows))
    return [_joined(group) for group in by_scale.values()]


def _near(x: torch.Tensor, apart: float, generator: torch.Generator) -> torch.Tensor:
    """x, each number off at random by `apart` of the largest; labels as they are."""
    if not x.is_floating_point():
        return x
    noise = torch.randn(x.shape, dtype=torch.float64, generator=generator).to(x.dtype)
    largest = float(x.abs().max()) if x.numel() else 0.0
    return x + apart * (largest or 1.0) * noise


def _holds_the_origin(model: CompiledModel, size: str) -> bool:
    """Whether an output point is told where space is by items of a ragged size alone.

    Without any item there is no such map: nothing that came has moved.
    """

    def has(tensor: Tensor, group: str) -> bool:
        return any(block.affine == group for block in blocks(tensor))

    def ragged(tensor: Tensor) -> bool:
        return any(symbolic_dimension(axis) == size for axis in tensor.axes)

    tensors = {tensor.name: tensor for tensor in model.inputs}
    return any(
        has(output, stage.group) and not ragged(output)
        for stage in model.program.stages
        if stage.anchor is not None and ragged(tensors[stage.anchor])
        for output in model.outputs
    )


def _elements(
    model: Symmetrized, batch: _Batch, noise: Mapping[str, torch.Tensor]
) -> tuple[Values, tuple[Any, ...]]:
    """Samples and elements of one pass."""
    tensors, _, valid = model._checked(batch.inputs, batch.counts, {})
    outputs, elements = model.symmetrize(*tensors, *valid, *(noise[d.key] for d in model.draws))
    return outputs, elements


def _parameter(model: Symmetrized, group: Group) -> int:
    return evaluate(group.parameter, model.fixed)


def membership(model: Symmetrized, batch: _Batch, elements: tuple[Any, ...]) -> list[str]:
    """What is wrong with elements as elements of their groups."""
    faults = []
    groups = {group.name: group for group in model.groups}
    for draw, element in zip(model.draws, elements, strict=True):
        group = groups[draw.key]
        if isinstance(element, Permutation):
            order = element.order
            place = torch.arange(order.shape[1])
            if order.dtype != torch.int64 or not order.sort(-1).values.eq(place).all():
                faults.append(f"{draw.key}: not a permutation")
            counts = batch.counts.get(str(group.parameter))
            if counts is not None:
                padding = place >= counts.repeat(order.shape[0] // len(counts)).unsqueeze(-1)
                if (padding & (order != place)).any():
                    faults.append(f"{draw.key}: padding moves")
        elif isinstance(element, Orthogonal):
            matrix = element.matrix
            eye = torch.eye(matrix.shape[-1], dtype=matrix.dtype)
            error = (matrix.transpose(1, 2) @ matrix - eye).abs().max()
            if not error <= 100 * torch.finfo(matrix.dtype).eps:
                faults.append(f"{draw.key}: not orthogonal, off by {float(error):.1e}")
            if group.special and not (torch.linalg.det(matrix.double()) > 0).all():
                faults.append(f"{draw.key}: determinant -1")
        elif isinstance(element, Wreath):
            for order in (element.blocks, element.items):
                place = torch.arange(order.shape[-1])
                if order.is_floating_point() or (order.sort(-1).values != place).any():
                    faults.append(f"{draw.key}: not each block once, or each of its items")
        elif isinstance(element, Signs):
            if not (element.signs.abs() == 1).all():
                faults.append(f"{draw.key}: not a sign an item")
            if element.share is not None and not (element.share >= 0).all():
                faults.append(f"{draw.key}: a negative weight")
        elif isinstance(element, Finite):
            number, order = element.number, len(group.facts.every(_parameter(model, group)))
            if number.dtype != torch.int64 or not ((number >= 0) & (number < order)).all():
                faults.append(f"{draw.key}: no number of an element")
            if element.share is not None and not (element.share >= 0).all():
                faults.append(f"{draw.key}: a negative weight")
        else:
            faults.append(f"{draw.key}: an element of what group? {type(element).__name__}")
    return faults


def padding(
    model: Symmetrized, batch: _Batch, noise: Mapping[str, torch.Tensor], clean: Values
) -> list[str]:
    """Whether what stands in the padding reaches a result."""
    if not batch.counts:
        return []
    dirty = []
    for tensor, x in zip(model.inputs, batch.inputs, strict=True):
        ones = torch.ones(x.shape, dtype=torch.float64)
        inside = valid_part(tensor, ones, batch.counts).bool()
        dirty.append(x.masked_fill(~inside, torch.nan if x.is_floating_point() else -77))
    outputs, _ = _elements(model, replace(batch, inputs=tuple(dirty)), noise)
    faults = []
    for tensor, y, z in zip(model.outputs, clean, outputs, strict=True):
        if not torch.equal(y, z):
            faults.append(f"{tensor.name}: padding is read")
        rows = {k: v.repeat(y.shape[0] // len(v)) for k, v in batch.counts.items()}
        if not torch.equal(y, valid_part(tensor, y, rows)):
            faults.append(f"{tensor.name}: padding is not zero")
    return faults


def gradients(model: Symmetrized, batch: _Batch, noise: Mapping[str, torch.Tensor]) -> list[str]:
    """Whether the output and every gradient are finite."""
    inputs = tuple(x.detach().clone().requires_grad_(x.is_floating_point()) for x in batch.inputs)
    model.zero_grad()
    y, penalty = model(*inputs, noise=noise, sizes=batch.counts, return_penalty=True)
    outputs = y if isinstance(y, tuple) else (y,)
    faults = [
        f"{tensor.name}: not finite{_kinds_of(value, batch)}"
        for tensor, value in zip(model.outputs, outputs, strict=True)
        if not torch.isfinite(value).all()
    ]
    # The square brings in the output itself: constant weights would hide what depends on it.
    total = sum((value.square().sum() + value.sum() for value in outputs), penalty)
    if not total.requires_grad:
        return faults
    total.backward()
    for tensor, x in zip(model.inputs, inputs, strict=True):
        if x.grad is not None and not torch.isfinite(x.grad).all():
            faults.append(f"{tensor.name}: gradient not finite{_kinds_of(x.grad, batch)}")
    for name, parameter in model.named_parameters():
        if parameter.grad is not None and not torch.isfinite(parameter.grad).all():
            faults.append(f"{name}: gradient not finite")
    return faults


def _kinds_of(value: torch.Tensor, batch: _Batch) -> str:
    finite = torch.isfinite(value.detach()).reshape(value.shape[0], -1).all(1).tolist()
    bad = {kind for kind, good in zip(batch.kinds, finite, strict=True) if not good}
    return " at " + ", ".join(sorted(bad))


def _agreement(model: Symmetrized, batch: _Batch, noise: Mapping[str, torch.Tensor]) -> list[str]:
    """Whether training and eval mode give the same samples and elements for the same noise."""
    was = model.training
    here, elements = _elements(model, batch, noise)
    _mode(model, not was)
    there, others = _elements(model, batch, noise)
    _mode(model, was)
    faults = []
    for draw, g, h in zip(model.draws, elements, others, strict=True):
        if not torch.equal(g[0], h[0]):
            faults.append(f"{draw.key}: another element in training")
    for tensor, y, z in zip(model.outputs, here, there, strict=True):
        if not torch.equal(y, z):
            faults.append(f"{tensor.name}: another value in training")
    return faults


def _mode(model: Symmetrized, training: bool) -> None:
    model.train(training)
    model.base.eval()


def measure(cell: Cell, rows: int = 2, seed: int = 0, apart: float = 0.0) -> Result:
    """Every law on `rows` inputs of each kind, precision and mode, or `apart` from a kind."""
    model, sizes, answers_for = build(cell)
    result = Result(cell.name)
    wrong: Counter[str] = Counter()
    excluded: Counter[str] = Counter()
    for dtype in DTYPES:
        model = model.to(dtype)
        for mode, training in MODES:
            _mode(model, training)
            place = f"{str(dtype)[6:]} {mode}"
            for number, whole in enumerate(batches(model, sizes, rows, dtype, seed, apart)):
                generator = torch.Generator().manual_seed(seed * 31 + number)
                for batch in whole.pieces(max(1, MAXIMUM_ROWS // _elements_of(model, whole))):
                    noise = model.draw_noise(*batch.inputs, generator=generator, sizes=batch.counts)
                    _law(model, batch, answers_for, generator, place, result, wrong, excluded)
                    clean, elements = _elements(model, batch, noise)
                    found = membership(model, batch, elements)
                    found += padding(model, batch, noise, clean)
                    found += _agreement(model, batch, noise)
                    found += gradients(model, batch, noise)
                    result.faults += [f"{place}: {fault}" for fault in found]
    result.wrong, result.excluded = dict(wrong), dict(excluded)
    return result


def _elements_of(model: Symmetrized, batch: _Batch) -> int:
    """How many elements a sample is moved by."""
    first = next(batch.pieces(1))
    generator = torch.Generator().manual_seed(0)
    noise = model.draw_noise(*first.inputs, generator=generator, sizes=first.counts)
    return next((value.shape[0] for value in noise.values()), 1)


def _law(
    model: Symmetrized,
    batch: _Batch,
    answers_for: list[str],
    generator: torch.Generator,
    place: str,
    result: Result,
    wrong: Counter[str],
    excluded: Counter[str],
) -> None:
    """The coupled law on a batch."""
    verdicts = coupled_law(
        model, *batch.inputs, counts=batch.counts, groups=answers_for, generator=generator
    )
    result.samples += len(batch.kinds)
    ratio = verdicts.error / verdicts.bound
    clear = torch.where(verdicts.unclear, torch.zeros_like(ratio), ratio).nan_to_num(torch.inf)
    top = int(clear.argmax())
    if float(clear[top]) > result.ratio:
        result.ratio, result.worst = float(clear[top]), f"{batch.kinds[top]}, {place}"
    for kind, bad, unclear in zip(
        batch.kinds, verdicts.wrong.tolist(), verdicts.unclear.tolist(), strict=True
    ):
        wrong[f"{kind}, {place}"] += bad
        excluded[f"{kind}, {place}"] += unclear
        result.unclear += unclear
    for counter in (wrong, excluded):
        for key in [key for key, count in counter.items() if not count]:
            del counter[key]


def record_of(cell: Cell, rows: int, seed: int, apart: float = 0.0) -> Record:
    """A cell measured by a worker; an exception is a fault like any other."""
    torch.set_num_threads(1)
    try:
        return asdict(measure(cell, rows, seed, apart))
    except Exception as error:
        result = Result(cell.name)
        result.faults.append(f"raises {type(error).__name__}: {error}")
        return asdict(result)
