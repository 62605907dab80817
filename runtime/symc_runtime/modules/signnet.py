"""Scores of items that change their signs with them (after Lim et al., SignNet, ICLR 2023)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from symc_runtime.modules.matrices import matrix_of
from symc_runtime.modules.mixing import IndexedMixing, added, level_mean, masked_mean, mixing
from symc_runtime.modules.scores import Scored
from symc_runtime.reading.features import Seen
from symc_runtime.reading.odd import OddBlock, at_item_size_one
from symc_runtime.reading.readings import Level
from symc_runtime.reading.units import at_scales, at_scales_of_whole


class Odd(nn.Module):
    """phi(x, c) - phi(-x, c) for numbers x with a sign and a context c without one.

    Exactly odd in x: only what enters with a sign is multiplied by weights on its own.
    """

    def __init__(self, inputs: nn.Module) -> None:
        super().__init__()
        self.inputs = inputs

    def forward(self, x: torch.Tensor, context: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The difference [..., c], and the size of its terms."""
        along = self.inputs(x)
        ahead, behind = torch.tanh(context + along), torch.tanh(context - along)
        return ahead - behind, ahead.detach().abs() + behind.detach().abs()


class SignNet(nn.Module):
    """Odd features of every item's numbers in their context, pooled over what groups permute.

    `widths`: channels of the invariant features of each level; `odd`: the blocks that hold numbers
    with the sign of an item.
    """

    def __init__(self, widths: Mapping[Level, int], odd: Sequence[OddBlock], hidden: int) -> None:
        super().__init__()
        self.odd = tuple(odd)
        self.levels = tuple(widths)
        self.reading = nn.ModuleDict()
        self.contexts = nn.ModuleDict()
        for each in self.odd:
            size = each.reading.channel_size
            count = 3 * size if isinstance(size, int) else size
            axes = max(1, len(each.reading.channels)) + 1
            self.reading[each.key] = Odd(mixing(count, hidden, axes))
            # A bias for each place in the hidden layer: without any context it is even about 0.
            for i, level in enumerate(self.levels):
                self.contexts[f"{each.key}__{i}"] = nn.Linear(widths[level], hidden)
        self.place = IndexedMixing(1, hidden)
        self.whole = nn.ModuleList([nn.Linear(widths[level], hidden) for level in self.levels])
        self.middle = Odd(nn.Linear(hidden, hidden, bias=False))
        self.head = nn.Linear(hidden, 1, bias=False)

    def forward(self, seen: Seen, numbers: Sequence[torch.Tensor], rows: int, k: int) -> Scored:
        """Scores [N, k] for the numbers of each block, and a bound on the terms of each."""
        like = self.head.weight
        if not self.odd:
            # Nothing has a sign of its own: noise decides.
            none = torch.zeros(rows, k, dtype=like.dtype, device=like.device)
            return none, none
        place = self.place.rows((k,))
        found, sizes = [], []
        for each, x in zip(self.odd, numbers, strict=True):
            context = self._context(each, seen) + place
            y, size = self.reading[each.key](self._read(each, x), context)
            found.append(level_mean(y, each.level, seen.masks))
            sizes.append(level_mean(size, each.level, seen.masks))
        h, size = added(found), added(sizes)
        # What rounding leaves of odd numbers that cancel is to add up to nothing.
        h = h.masked_fill(h.detach().abs() <= seen.tolerance * size, 0)
        whole = [
            layer(level_mean(seen.scalars[level], level, seen.masks))
            for level, layer in zip(self.levels, self.whole, strict=True)
        ]
        context = added(whole).unsqueeze(1) + place if whole else place
        y, size = self.middle(h, context)
        scores = self.head(y).squeeze(-1)
        with torch.no_grad():
            bound = size @ matrix_of(self.head, size)[0].abs()
        return scores, bound

    def _read(self, each: OddBlock, x: torch.Tensor) -> torch.Tensor:
        """Numbers [N, items..., k, c...] at three scales, all odd in x."""
        scaling = at_scales_of_whole if each.reading.posed else at_scales
        every = torch.stack([at_item_size_one(x, each.level), *scaling(x, 2)], -1)
        return every.flatten(-2) if isinstance(each.reading.channel_size, int) else every

    def _context(self, each: OddBlock, seen: Seen) -> torch.Tensor:
        """What is known without signs of each place of a block: [N, items..., 1, hidden]."""
        total: list[torch.Tensor] = []
        for i, level in enumerate(self.levels):
            h = self.contexts[f"{each.key}__{i}"](seen.scalars[level])
            shared = len(each.level)
            if level[:shared] == each.level:
                # Of finer places, the mean over what they are finer by.
                for axis in reversed(range(shared, len(level))):
                    h = masked_mean(h, axis + 1, seen.masks.get(level[axis]))
            else:
                h = level_mean(h, level, seen.masks)
                h = h.reshape(h.shape[0], *[1] * shared, -1)
            total.append(h)
        if not total:
            return torch.zeros((), dtype=self.head.weight.dtype, device=self.head.weight.device)
        return added(total).unsqueeze(-2)
