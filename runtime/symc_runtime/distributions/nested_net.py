"""Learned distributions over S(m) wr S(n): items are scored inside their blocks, and blocks."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import torch
from torch import nn

from symc_runtime.actions.axes import fold_anew, fold_like
from symc_runtime.call.precision import without_autocast
from symc_runtime.call.shapes import check_returned
from symc_runtime.catalogue import nets
from symc_runtime.distributions.mixed_orthogonal import chosen_below
from symc_runtime.distributions.nested_average import NestedNoise, ordered
from symc_runtime.elements.wreath import Wreath
from symc_runtime.modules.item_features import ItemFeatures
from symc_runtime.modules.nested import Features as Known
from symc_runtime.modules.scores import Scored
from symc_runtime.numerics.sinkhorn import SoftOrder, entropy, soft_order
from symc_runtime.numerics.sorting import magnitude, sorting_index
from symc_runtime.reading.features import Features, Seen
from symc_runtime.reading.invariants import exact_key, item_columns, mean_in_any_order
from symc_runtime.reading.naming import Naming
from symc_runtime.spec.covering import covered
from symc_runtime.spec.layout import Group, Tensor

NOISE_CHANNELS = 4
FEATURE_WIDTH = 16
PAIR_CHANNELS = 2
ATOMS = ("natural", "blocks")
"""What is scored: items, then blocks."""


class LearnedNested(NestedNoise):
    """What sorts the scores of items in each block, and those of the blocks.

    Noise [K, B, n, m + 1, c + 1], as of `NestedNoise`: c channels into the net (none when
    canonical), and a secondary key that only decides ties (when canonical, those that the items'
    own numbers leave). With `haar` there is a channel more, one number everywhere, which says
    whether the order of the keys is taken instead. In training, gradients reach the scores
    straight through soft permutations, of blocks and inside each; their mean row entropies,
    added, are the penalty.

    `network`: called with noise [K*B, n, m + 1, c] and the inputs, it returns scores of items
    [K*B, n, m] and of blocks [K*B, n].
    `detached`: the soft path that gradients take in training reaches the net's weights and not the
    inputs, of whose derivative it is no part.
    """

    def __init__(
        self,
        inputs: tuple[Tensor, ...],
        groups: tuple[Group, ...],
        own: str,
        later: tuple[str, ...] = (),
        anchors: Mapping[str, int] | None = None,
        net: str = "nested",
        options: Mapping[str, Any] | None = None,
        probabilistic: bool = True,
        noise_scale: float = 1.0,
        temperature: float = 0.1,
        haar: float = 0.0,
        sizes: Mapping[str, int] | None = None,
        network: nn.Module | None = None,
        detached: bool = False,
    ) -> None:
        naming = Naming(inputs, (own, *later), sizes or {})
        seen = covered(naming.inputs, groups, own, sizes)
        super().__init__(seen.inputs, seen.groups, own)
        self.naming = naming
        self.parts = {atom: group for (name, atom), group in seen.parts.items() if name == own}
        self.later = seen.named(later)
        self.sizes = dict(sizes or {})
        self.probabilistic = probabilistic
        self.noise_scale = noise_scale
        self.scales_noise = probabilistic and noise_scale > 0
        self.temperature = temperature
        self.detached = detached
        self.haar = haar
        self.below = chosen_below(haar) if haar else None
        noise = NOISE_CHANNELS if probabilistic else 0
        self.channels = noise + 1 + bool(haar)
        self.network = network
        if network is not None:
            return
        facts = nets()[net]
        chosen = {name: option.default for name, option in facts.options.items()}
        chosen |= dict(options or {})
        first = next(iter(self.parts.values()))
        others = tuple([group.name for group in self.parts.values() if group is not first])
        self.features = Features(
            self.inputs,
            self.groups,
            first,
            (*others, *self.later),
            anchors or {},
            self.sizes,
            FEATURE_WIDTH,
            plain=2,
        )
        hidden = chosen["hidden"]
        self.hidden = hidden
        widths = self.features.widths
        self.read = nn.ModuleDict(
            {
                atom: ItemFeatures(group.name, widths, hidden, PAIR_CHANNELS)
                for atom, group in self.parts.items()
            }
        )
        self.pairs = nn.Linear(PAIR_CHANNELS, hidden, bias=False) if self._has_pairs() else None
        module, _, name = facts.module.partition(":")
        kind = getattr(import_module(module), name)
        self.net = kind(noise=noise, **chosen)
        self._built()

    def _has_pairs(self) -> bool:
        """Whether some input has features of pairs of items."""
        group = self.parts.get("natural")
        return group is not None and any(
            level.count(group.name) > 1 for level in self.features.widths
        )

    def draw(
        self,
        samples: int,
        batch: int,
        sizes: Mapping[str, int],
        dtype: torch.dtype,
        device: torch.device,
        generator: torch.Generator | None,
    ) -> torch.Tensor:
        """Standard normal noise; with `haar` the last channel is one number."""
        noise = super().draw(samples, batch, sizes, dtype, device, generator)
        if not self.haar:
            return noise
        decides = noise[:, :, :1, :1, -1:].expand_as(noise[..., -1:])
        return torch.cat([noise[..., :-1], decides], -1)

    def forward(
        self,
        noise: torch.Tensor,
        *inputs: torch.Tensor,
        counts: Mapping[str, torch.Tensor] | None = None,
    ) -> Wreath:
        """The element that sorts the scores, ascending."""
        if self.detached:
            inputs = tuple([x.detach() for x in inputs])
        with without_autocast(noise.device):
            decides = noise[:, 0, 0, -1] if self.haar else None
            noise = noise[..., :-1] if self.haar else noise
            keys = noise[..., -1]
            read = self.naming(inputs, counts)
            (items, of_items), (blocks, of_blocks) = self._scores(noise, inputs, read, counts)
            exact = self._keys(items, read, counts)
            n = blocks.shape[1]
            order, soft_items = self._sorted(
                items.flatten(0, 1),
                of_items.repeat_interleave(n, 0),
                [key.flatten(0, 1) for key in exact[0]],
                keys[:, :, :-1].flatten(0, 1),
            )
            outer, soft_blocks = self._sorted(blocks, of_blocks, exact[1], keys[:, :, -1])
            learned = Wreath(outer, order.unflatten(0, (-1, n)), soft_blocks, soft_items)
            if decides is None or self.below is None:
                return learned
            return _mixed(learned, ordered(keys), decides < self.below)

    def _sorted(
        self,
        scores: torch.Tensor,
        summed: torch.Tensor,
        exact: list[torch.Tensor],
        keys: torch.Tensor,
    ) -> tuple[torch.Tensor, SoftOrder | None]:
        tol = self.tolerance(scores.dtype)
        sizes = [summed, *(torch.zeros_like(summed) for _ in exact)]
        index = sorting_index([scores, *exact], keys, None, sizes, tol=tol)
        if not self.training:
            return index, None
        # Where all count as equal, no score has a place of its own.
        return index, soft_order(scores, index, self.temperature, None, tol * summed)

    def _scores(
        self,
        noise: torch.Tensor,
        inputs: tuple[torch.Tensor, ...],
        read: tuple[torch.Tensor, ...],
        counts: Mapping[str, torch.Tensor] | None,
    ) -> tuple[Scored, Scored]:
        """Of items [K*B, n, m] and of blocks [K*B, n], each with a bound on its terms [K*B, 1].

        `read`: the inputs as the net reads names of items; a user's net reads them as they are.
        """
        drawn = noise[..., :-1] if self.noise_scale == 1 else self.noise_scale * noise[..., :-1]
        if self.network is not None:
            given = self.network(drawn.clone(), *(fold_anew(x, noise) for x in inputs))
            return _returned(self.own.name, given, tuple(noise.shape[:3]))
        dtype = self.dtype
        drawn = drawn.to(dtype)
        seen = self.features(*read, dtype=dtype, counts=counts)
        known = self._known(seen, noise.shape[1], noise.shape[2] - 1, inputs[0])
        scored: tuple[Scored, Scored] = self.net(known, Known(drawn[:, :, :-1], drawn[:, :, -1]))
        return scored

    def _known(self, seen: Seen, n: int, m: int, like: torch.Tensor) -> Known:
        """Features of items and of blocks, zero where no input has any."""
        rows = like.shape[0]
        nothing = next(self.parameters())
        items = nothing.new_zeros(rows, n, m, self.hidden)
        blocks = nothing.new_zeros(rows, n, self.hidden)
        if "natural" in self.read:
            nodes, pairs = self.read["natural"](seen, n * m, like)
            items = nodes.unflatten(1, (n, m))
            if pairs is not None and self.pairs is not None:
                # Of pairs inside a block their mean apart: [N, c, n, m, m, n] with n on a diagonal.
                inside = pairs.unflatten(3, (n, m)).unflatten(2, (n, m)).diagonal(0, 2, 4)
                items = items + self.pairs(inside.mean(3).permute(0, 3, 2, 1))
        if "blocks" in self.read:
            blocks, _ = self.read["blocks"](seen, n, like)
        return Known(items, blocks)

    def _keys(
        self,
        scores: torch.Tensor,
        inputs: tuple[torch.Tensor, ...],
        counts: Mapping[str, torch.Tensor] | None,
    ) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """Of one element: what tells items [K*B, n, m], and blocks [K*B, n], apart that score
        alike, by which nothing rounds."""
        if self.probabilistic or self.resolution is not None:
            return [], []
        exact: dict[str, torch.Tensor] = {}
        for atom, group in self.parts.items():
            columns, _ = item_columns(
                self.inputs,
                self.groups,
                group,
                (*self.later, *(other.name for other in self.parts.values() if other != group)),
                {},
                self.sizes,
                inputs,
                counts,
                exact=True,
            )
            if columns:
                exact[atom] = fold_like(exact_key(columns), scores)
        items = [exact["natural"].unflatten(1, scores.shape[1:])] if "natural" in exact else []
        blocks = [exact["blocks"]] if "blocks" in exact else []
        for key in items:
            blocks += [mean_in_any_order(power, 2, None) for power in (key, key.square())]
        return items, blocks

    def penalty(self, element: Wreath) -> torch.Tensor | None:
        """Mean row entropies of the soft permutations, [K*B]; None where there are none."""
        if element.soft_blocks is None or element.soft_items is None:
            return None
        with without_autocast(element.blocks.device):
            inside = entropy(element.soft_items).unflatten(0, element.blocks.shape)
            total: torch.Tensor = entropy(element.soft_blocks) + inside.mean(1)
            return total


def _returned(group: str, given: Any, shape: tuple[int, ...]) -> tuple[Scored, Scored]:
    """What a user's net gave, checked; `shape`: rows, blocks and items in each, and one more."""
    rows, n, more = shape
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        came = f"{len(given)} of them" if isinstance(given, (tuple, list)) else type(given).__name__
        raise TypeError(
            f"the distribution of {group}: expected two tensors, scores of items "
            f"[{rows}, {n}, {more - 1}] and of blocks [{rows}, {n}], got {came}"
        )
    items = check_returned(
        group, given[0], (rows, n, more - 1), "first, K*B samples, a score an item of each block"
    )
    blocks = check_returned(group, given[1], (rows, n), "second, K*B samples, a score a block")
    return (items, magnitude(items.flatten(1))), (blocks, magnitude(blocks))


def _mixed(learned: Wreath, uniform: Wreath, taken: torch.Tensor) -> Wreath:
    """Uniform elements in the rows that are `taken` [K*B], which no gradient goes through."""
    blocks = torch.where(taken.unsqueeze(-1), uniform.blocks, learned.blocks)
    items = torch.where(taken.reshape(-1, 1, 1), uniform.items, learned.items)
    soft_blocks, soft_items = learned.soft_blocks, learned.soft_items
    if soft_blocks is not None and soft_items is not None:
        soft_blocks = _silenced(soft_blocks, taken)
        soft_items = _silenced(soft_items, taken.repeat_interleave(blocks.shape[1]))
    return Wreath(blocks, items, soft_blocks, soft_items)


def _silenced(soft: SoftOrder, taken: torch.Tensor) -> SoftOrder:
    path = torch.where(taken.reshape(-1, 1, 1), soft.path.detach(), soft.path)
    return soft._replace(path=path)
