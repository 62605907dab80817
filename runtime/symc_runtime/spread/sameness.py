"""Which draws show the base the same input, and how probable it is that two of them do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch

from symc_runtime.actions.axes import keep_valid
from symc_runtime.actions.posing import moves, posed
from symc_runtime.call.shapes import valid_entries
from symc_runtime.distributions.distribution import Distribution
from symc_runtime.groups.finite import Finite, Rows
from symc_runtime.spec.layout import Block, BlockAxis, Group, Tensor, blocks, split
from symc_runtime.spec.polynomials import evaluate


class Poses:
    """What the base would see of everything that a stage moves, for inputs as the stage sees them.

    Compared to the last bit where moving is exact; else, where another group turns it, or the own
    one by matrices, up to the share of its size that nets take for a tie.
    """

    def __init__(
        self,
        stage: Distribution,
        tensors: Sequence[Tensor],
        inputs: Sequence[torch.Tensor],
        groups: Sequence[Group],
        sizes: Mapping[str, int],
        counts: Mapping[str, torch.Tensor],
    ) -> None:
        self.own, self.sizes, self.counts = stage.own, sizes, counts
        self.moved: list[tuple[Tensor, torch.Tensor]] = []
        self.slack: list[torch.Tensor | None] = []
        named = {group.name: group for group in groups}
        for tensor, x in zip(tensors, inputs, strict=True):
            if not moves(tensor, self.own.name):
                continue
            self.moved.append((tensor, x))
            pieces = split(tensor, x, sizes)
            for block, piece in zip(blocks(tensor), pieces, strict=True):
                slack = None
                counted = not (piece.is_floating_point() or piece.is_complex())
                if piece.numel() and not counted and _rounds(block, named, self.own.name, sizes):
                    slack = stage.tolerance(piece.dtype) * _size(piece, block, counts)
                self.slack.append(slack)

    def of(self, element: Any, samples: int) -> list[torch.Tensor]:
        """The blocks of g^-1 x for elements [samples * batch, ...], each [samples, batch, ...]."""
        if getattr(element, "soft", None) is not None:
            element = element._replace(soft=None)
        found = []
        for tensor, x in self.moved:
            y = posed(tensor, x, element, self.own, self.sizes)
            if tensor.names is not None:
                valid = valid_entries(tensor, x, self.counts).expand_as(x)
                y = y * valid.repeat(samples, *[1] * (x.ndim - 1))
            pieces = split(tensor, y, self.sizes)
            found += [piece.unflatten(0, (samples, -1)) for piece in pieces]
        return found

    def same(self, one: Sequence[torch.Tensor], others: Sequence[torch.Tensor]) -> torch.Tensor:
        """Whether poses [m, batch, ...] are that of one sample [batch, ...]: [m, batch]."""
        result: torch.Tensor | None = None
        for x, y, slack in zip(one, others, self.slack, strict=True):
            equal = x == y if slack is None else (x - y).abs() <= slack
            each = equal.reshape(*y.shape[:2], -1).all(-1)
            result = each if result is None else result & each
        if result is None:
            raise TypeError(f"{self.own} moves no input")
        return result

    def compared(self, poses: Sequence[torch.Tensor]) -> Iterator[tuple[int, torch.Tensor]]:
        """Each sample, and whether those behind it are the same: [the rest, batch]."""
        for i in range(poses[0].shape[0] - 1):
            yield i, self.same([y[i] for y in poses], [y[i + 1 :] for y in poses])


def among_pairs(found: Poses, poses: Sequence[torch.Tensor], dtype: torch.dtype) -> torch.Tensor:
    """The share of pairs of different samples that are the same, [batch]: without bias."""
    samples = poses[0].shape[0]
    equal = sum(same.sum(0) for _, same in found.compared(poses))
    return torch.as_tensor(equal).to(dtype) / (samples * (samples - 1) // 2)


def by_weight(found: Poses, poses: Sequence[torch.Tensor], weights: torch.Tensor) -> torch.Tensor:
    """The probability that two draws of these weights [samples, batch] are the same, [batch]."""
    total = weights.square().sum(0)
    for i, same in found.compared(poses):
        total = total + 2 * weights[i] * (weights[i + 1 :] * same).sum(0)
    return total


def _rounds(block: Block, named: Mapping[str, Group], own: str, sizes: Mapping[str, int]) -> bool:
    """Whether its numbers are sums that other groups, or tables of the own one, make."""
    return any(
        axis.group is not None
        and (
            (axis.group != own and axis.table is None and named[axis.group].turns)
            or (axis.table is not None and _of_matrices(axis, named[axis.group], sizes))
        )
        for axis in block.axes
    )


def _of_matrices(axis: BlockAxis, group: Group, sizes: Mapping[str, int]) -> bool:
    facts, table = group.facts, axis.table
    if table is None or not isinstance(facts, Finite) or facts.atoms[table.atom].axis == "grid":
        return False
    parameter = evaluate(group.parameter, sizes)
    arguments = tuple([evaluate(argument, sizes) for argument in table.arguments])
    return isinstance(facts.image(table.atom, arguments, parameter, 0), Rows)


def _size(x: torch.Tensor, block: Block, counts: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """The largest number of each channel of a block [batch, ...], as it broadcasts over it.

    Of points the distance from the first: how far all are from the origin says nothing.
    """
    moving = [dim for dim, axis in enumerate(block.axes, start=1) if axis.group is not None]
    if block.affine is not None:
        for dim in moving:
            axis = block.axes[dim - 1]
            if axis.group != block.affine:
                x = x - x.narrow(dim, 0, 1)
        for dim, axis in enumerate(block.axes, start=1):
            if str(axis.size) in counts:
                x = keep_valid(x, counts[str(axis.size)], dim)
    return x.abs().amax(moving, keepdim=True)
