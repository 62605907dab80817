"""Are the elements of the group, and is a sample what its element says? No law can see this.

A wrong determinant or a soft permutation passes every test of equivariance. So the elements are
looked at, and what the base saw and returned is compared with x and with the sample, moved by
matrices that are built from the representations alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from symc_runtime.actions.axes import fold
from symc_runtime.elements.finite import Finite as Elements
from symc_runtime.elements.orthogonal import Orthogonal, determinant
from symc_runtime.elements.permutation import Permutation, sign
from symc_runtime.elements.signs import Signs
from symc_runtime.elements.wreath import Wreath
from symc_runtime.groups.finite import Finite
from symc_runtime.spec.layout import Group, Tensor, blocks, of_base
from symc_runtime.spec.polynomials import evaluate
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.testing import Motion, act, flips, motion_of, permutation, valid_part
from symc_runtime.verification.lengths import widened
from symc_runtime.verification.report import NUMBERS, WEIGHTS

ROUNDING = 100.0
"""Last digits by which a matrix may fail to be orthogonal."""

Counts = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class Finding:
    """One property of the elements of a group, or of a tensor that groups (joined by " x ") move.

    `error` [rows] and its bound.
    """

    group: str
    tensor: str
    what: str
    error: torch.Tensor
    bound: float


def element_findings(
    group: Group,
    element: Any,
    counts: Counts,
    samples: int,
    sizes: Mapping[str, int] | None = None,
) -> list[Finding]:
    """What the elements of one stage are: [samples * batch] of them."""
    if isinstance(element, Permutation):
        return [Finding(group.name, "", "each index once", _softness(group, element, counts), 0.0)]
    if isinstance(element, Elements):
        off = _outside(group, element, sizes or {})
        found = [Finding(group.name, "", NUMBERS, off, 0.0)]
        return found + _weights(group, element.share, samples)
    if isinstance(element, Signs):
        off = (element.signs.abs() != 1).any(-1).double()
        found = [Finding(group.name, "", "a sign an item", off, 0.0)]
        return found + _weights(group, element.share, samples)
    if isinstance(element, Wreath):
        off = _unordered(element.blocks) + _unordered(element.items.flatten(0, 1)).unflatten(
            0, element.blocks.shape
        ).sum(1)
        return [Finding(group.name, "", "each item once", off, 0.0)]
    if not isinstance(element, Orthogonal):
        return [Finding(group.name, "", "an element", torch.full((1,), torch.inf), 0.0)]
    matrix = element.matrix
    eye = torch.eye(matrix.shape[-1], dtype=matrix.dtype)
    error = (matrix.transpose(1, 2) @ matrix - eye).abs().amax((1, 2)).double()
    bound = ROUNDING * torch.finfo(matrix.dtype).eps
    found = [Finding(group.name, "", "orthogonal", error.nan_to_num(torch.inf), bound)]
    if group.special:
        off = (torch.linalg.det(matrix.double()) - 1).abs().nan_to_num(torch.inf)
        found.append(Finding(group.name, "", "determinant 1", off, 0.5))
    return found


def _unordered(order: torch.Tensor) -> torch.Tensor:
    """1 for each row [rows, n] that does not hold each place once, as a whole number."""
    if order.is_floating_point():
        return torch.ones(order.shape[0], dtype=torch.float64)
    return (order.sort(-1).values != torch.arange(order.shape[-1])).any(-1).double()


def _weights(group: Group, share: torch.Tensor | None, samples: int) -> list[Finding]:
    """Whether shares [samples * batch] are not negative, and 1 in the mean."""
    if share is None:
        return []
    each = share.double().unflatten(0, (samples, -1))
    wrong = torch.maximum((each.mean(0) - 1).abs(), -each.amin(0)).nan_to_num(torch.inf)
    return [Finding(group.name, "", WEIGHTS, wrong, torch.finfo(share.dtype).eps ** 0.5)]


def _softness(group: Group, element: Permutation, counts: Counts) -> torch.Tensor:
    """1 for each row whose order is no permutation, or takes padding into its valid part."""
    order = element.order
    if order.is_floating_point():
        return torch.ones(order.shape[0], dtype=torch.float64)
    position = torch.arange(order.shape[-1])
    wrong = (order.sort(-1).values != position).any(-1)
    if isinstance(group.parameter, str) and group.parameter in counts:
        count = counts[group.parameter]
        valid = position < fold(count, order.shape[0] // count.shape[0]).unsqueeze(-1)
        wrong |= (valid & (order >= valid.sum(-1, keepdim=True))).any(-1)
    return wrong.double()


@torch.no_grad()
def membership(
    model: Symmetrized,
    *inputs: torch.Tensor,
    counts: Counts | None = None,
    generator: torch.Generator | None = None,
) -> list[Finding]:
    """Elements, poses and samples of one call on inputs [batch, ...] without NaNs."""
    counts = dict(counts or {})
    noise = model.draw_noise(*inputs, generator=generator, sizes=counts)
    drawn = [noise[entry.key] for entry in model.draws]
    samples = drawn[0].shape[0] if drawn else 1
    tensors, sizes, valid = model._checked(inputs, counts, {})
    seen: list[tuple[tuple[torch.Tensor, ...], Any]] = []

    def look(module: Any, taken: Any, keywords: Any, returned: Any) -> None:
        seen.append((taken, returned))

    handle = model.base.register_forward_hook(look, with_kwargs=True)
    try:
        outputs, elements = model.symmetrize(*tensors, *valid, *drawn)
    finally:
        handle.remove()
    by_name = {group.name: group for group in model.groups}
    found: list[Finding] = []
    motions: dict[str, Motion] = {}
    rows = samples * inputs[0].shape[0]
    for entry, element in zip(model.draws, elements, strict=True):
        group = by_name[entry.key]
        of_stage = element_findings(group, element, counts, samples, sizes)
        found += of_stage
        if of_stage[-1].error.isinf().any() or not _hard(element, of_stage[0]):
            return found
        motions[entry.key] = _motion(group, element, sizes)
    if len(seen) != 1:
        return found
    taken, returned = seen[0]
    values = returned if isinstance(returned, (tuple, list)) else (returned,)
    full = {name: fold(count, samples) for name, count in counts.items()}
    originals = tuple(fold(x, samples) for x in tensors)
    motions = _with_shifts(model, originals, taken, motions, sizes, full, rows)
    motions = {name: motions[name] for name in by_name if name in motions}
    for group in model.groups:
        shift = motions[group.name].shift if group.name in motions else None
        if group.shifts and shift is not None:
            infinite = (~shift.isfinite()).any(-1).double()
            found.append(Finding(group.name, "", "finite translation", infinite, 0.0))
    numbers = [_rows(x.double()).amax(1) for x in originals if x.is_floating_point()]
    far = torch.stack([*numbers, torch.zeros(rows, dtype=torch.float64)]).amax(0)
    found += _compared(model.inputs, originals, taken, motions, sizes, full, "pose", far)
    found += _compared(of_base(model.outputs), outputs, values, motions, sizes, full, "sample", far)
    return found


def _hard(element: Any, finding: Finding) -> bool:
    if isinstance(element, (Elements, Signs, Wreath)):
        return not finding.error.any()
    return not isinstance(element, Permutation) or not element.order.is_floating_point()


def _outside(group: Group, element: Elements, sizes: Mapping[str, int]) -> torch.Tensor:
    """1 for each number [rows] that no element has."""
    number = element.number
    if not isinstance(group.facts, Finite) or number.is_floating_point():
        return torch.ones(len(number), dtype=torch.float64)
    order = len(group.facts.every(evaluate(group.parameter, sizes)))
    return ((number < 0) | (number >= order)).double()


def _motion(group: Group, element: Any, sizes: Mapping[str, int]) -> Motion:
    """The element as a matrix; a Euclidean one without its translation yet."""
    if isinstance(element, Elements):
        return motion_of(group, evaluate(group.parameter, sizes), element.number)
    if isinstance(element, Permutation):
        n = element.order.shape[-1]
        inverse = (element.order.unsqueeze(-1) == torch.arange(n)).double()
        return Motion(inverse.transpose(1, 2), None, sign(element.order).double(), element.order)
    if isinstance(element, Signs):
        return flips(element.signs.double())
    if isinstance(element, Wreath):
        m = element.items.shape[2]
        row = torch.arange(len(element.blocks)).unsqueeze(1)
        # Place j of block i goes to the item that stands there in the block that it goes to.
        goes = element.blocks.unsqueeze(-1) * m + element.items[row, element.blocks]
        return replace(permutation(goes.flatten(1)), nested=m)
    matrix = element.matrix.double()
    return Motion(matrix, None, determinant(matrix))


def _with_shifts(
    model: Symmetrized,
    x: Sequence[torch.Tensor],
    seen: Sequence[torch.Tensor],
    motions: Mapping[str, Motion],
    sizes: Mapping[str, int],
    counts: Counts,
    rows: int,
) -> dict[str, Motion]:
    """The motions with the translations that fit best: x = g (what the base saw).

    No stage returns a translation; least squares finds it, as every point moves by it alike.
    """
    affine = [g for g in model.groups if g.shifts]
    affine = [g for g in affine if g.name not in model.trusted]
    complete = dict(motions)
    for group in affine:
        d = evaluate(group.parameter, sizes)
        eye = torch.eye(d, dtype=torch.float64).expand(rows, d, d)
        one = torch.ones(rows, dtype=torch.float64)
        linear = complete.get(group.name, Motion(eye, None, one))
        zero = torch.zeros(rows, d, dtype=torch.float64)
        complete[group.name] = Motion(linear.matrix, zero, linear.character)
    if not affine:
        return complete

    def moved(with_: Mapping[str, Motion]) -> torch.Tensor:
        parts = [
            valid_part(t, act(t, z.double(), with_, sizes), counts).flatten(1)
            for t, z in zip(model.inputs, seen, strict=True)
            if not t.whole
        ]
        return torch.cat(parts, 1)

    start = moved(complete)
    columns = []
    for group in affine:
        motion = complete[group.name]
        for i in range(motion.matrix.shape[-1]):
            unit = torch.zeros_like(motion.matrix[..., 0])
            unit[:, i] = 1
            once = complete | {group.name: Motion(motion.matrix, unit, motion.character)}
            columns.append(moved(once) - start)
    design = torch.stack([c.round() for c in columns], -1)
    wanted = [z.double().flatten(1) for t, z in zip(model.inputs, x, strict=True) if not t.whole]
    missing = (torch.cat(wanted, 1) - start).unsqueeze(-1)
    shift = (torch.linalg.pinv(design) @ missing).squeeze(-1)
    for group in affine:
        motion = complete[group.name]
        d = motion.matrix.shape[-1]
        complete[group.name] = Motion(motion.matrix, shift[:, :d], motion.character)
        shift = shift[:, d:]
    return complete


def _compared(
    tensors: Sequence[Tensor],
    moved: Sequence[torch.Tensor],
    canonical: Sequence[torch.Tensor],
    motions: Mapping[str, Motion],
    sizes: Mapping[str, int],
    counts: Counts,
    what: str,
    far: torch.Tensor,
) -> list[Finding]:
    found = []
    for tensor, there, here in zip(tensors, moved, canonical, strict=True):
        labels = not (here.is_floating_point() or here.is_complex())
        wide = here if labels else widened(here)
        expected = widened(valid_part(tensor, act(tensor, wide, motions, sizes), counts))
        error = _rows(widened(there) - expected).amax(1)
        scale = torch.maximum(_rows(expected).amax(1), _rows(widened(there)).amax(1))
        if any(m.shift is not None for m in motions.values()):
            # The translation is as exact as the longest points that it was read off.
            scale = torch.maximum(scale, far)
        dtype = torch.float64 if labels else there.dtype
        bound = torch.finfo(dtype).eps ** 0.5
        relative = (error / scale.clamp(min=1e-300)).nan_to_num(torch.inf)
        # The law says what is not finite; no action can be told from it.
        relative = relative.masked_fill(~_rows(widened(here)).isfinite().all(1), 0)
        groups = " x ".join(name for name in motions if name in _moved_by(tensor))
        found.append(Finding(groups, tensor.name, what, relative, bound))
    return found


def _moved_by(tensor: Tensor) -> set[str | None]:
    """Names of the groups that move it."""
    pieces = blocks(tensor)
    return {
        name for block in pieces for name in (*block.characters, *(a.group for a in block.axes))
    }


def _rows(x: torch.Tensor) -> torch.Tensor:
    """Magnitudes [batch, all else]."""
    return x.abs().reshape(x.shape[0], -1)
