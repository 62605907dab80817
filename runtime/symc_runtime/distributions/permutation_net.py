"""Learned distributions over S(n): probabilistic symmetrization and canonicalization."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import torch
from torch import nn

from symc_runtime.actions.axes import fold, fold_anew, fold_like
from symc_runtime.call.precision import without_autocast
from symc_runtime.call.shapes import check_returned
from symc_runtime.catalogue import nets
from symc_runtime.distributions.permutation_average import PermutationNoise
from symc_runtime.elements.permutation import Permutation
from symc_runtime.modules.item_features import ItemFeatures
from symc_runtime.modules.posed_items import PosedItems
from symc_runtime.modules.scores import Scored
from symc_runtime.numerics.sinkhorn import entropy, soft_order
from symc_runtime.numerics.sorting import magnitude, sorting_index
from symc_runtime.reading.colours import Colours, colours
from symc_runtime.reading.features import Features
from symc_runtime.reading.invariants import exact_key, item_columns
from symc_runtime.reading.links import Links
from symc_runtime.reading.naming import Naming
from symc_runtime.reading.readings import moves
from symc_runtime.spec.covering import covered
from symc_runtime.spec.layout import Group, Tensor, blocks

NOISE_CHANNELS = 4
FEATURE_WIDTH = 16
PAIR_CHANNELS = 2
POSED_WIDTH = 8


class LearnedPermutation(PermutationNoise):
    """Permutations that sort the scores of an equivariant net.

    Noise [K, B, n, c + 1]: c channels into the net (none when canonical), and a secondary key
    that only decides ties (when canonical, those that the items' own numbers leave). In training,
    gradients reach the scores straight through a soft permutation; its mean row entropy is the
    penalty (Kim et al. 2023, section 2.2).

    `earlier`: groups of earlier stages, which the net may be, but need not be invariant to. Its
    trunk is, so that it reads `shared` inputs, once for all samples; what those groups move it
    reads again, item by item, as their elements posed it.

    `detached`: the soft path that gradients take in training reaches the net's weights and not the
    inputs, of whose derivative it is no part.
    """

    def __init__(
        self,
        inputs: tuple[Tensor, ...],
        groups: tuple[Group, ...],
        own: str,
        later: tuple[str, ...] = (),
        earlier: tuple[str, ...] = (),
        anchors: Mapping[str, int] | None = None,
        net: str = "deepsets",
        options: Mapping[str, Any] | None = None,
        probabilistic: bool = True,
        noise_scale: float = 1.0,
        temperature: float = 0.1,
        sizes: Mapping[str, int] | None = None,
        network: nn.Module | None = None,
        detached: bool = False,
    ) -> None:
        known, around = sizes or {}, anchors or {}
        names = Naming(inputs, (own, *later, *earlier), known)
        posed_names = Naming(inputs, (own, *later), known)
        links = Links(inputs, own, known)
        posed_seen = covered(posed_names.inputs, groups, own, sizes)
        seen = covered(names.inputs, groups, own, sizes)
        super().__init__(seen.inputs, seen.groups, own)
        self.names, self.posed_names, self.links = names, posed_names, links
        # Before an element of an earlier stage posed the inputs, and after it: what these say of
        # items of that group is told in other ways then.
        self.posed_inputs, self.posed_groups = posed_seen.inputs, posed_seen.groups
        self.posed_later = posed_seen.named(later)
        posed_earlier = posed_seen.named(earlier)
        moved_by = {*earlier, *posed_earlier}
        inputs, groups = seen.inputs, seen.groups
        later, earlier = seen.named(later), seen.named(earlier)
        self.probabilistic = probabilistic
        self.noise_scale = noise_scale
        self.scales_noise = probabilistic and noise_scale > 0
        self.temperature = temperature
        self.detached = detached
        facts = nets()[net]
        chosen = {name: option.default for name, option in facts.options.items()}
        chosen |= dict(options or {})
        self.roots = facts.draws_roots and network is None
        noise = (chosen["rounds"] if self.roots else NOISE_CHANNELS) if probabilistic else 0
        self.channels = noise + 1
        self.network = network
        self.earlier = earlier
        self.later = later
        self.sizes = dict(sizes or {})
        self.anchors = dict(anchors or {})
        if network is not None:
            return
        self.features = Features(
            inputs,
            groups,
            self.own,
            (*later, *earlier),
            around,
            known,
            FEATURE_WIDTH,
            plain=2,
        )
        self.items = ItemFeatures(own, self.features.widths, chosen["hidden"], PAIR_CHANNELS)
        self.posed_features = self.posed_items = None
        if any(
            moves(moved_by, block, tensor)
            for tensor in self.posed_inputs
            for block in blocks(tensor)
        ):
            self.posed_features = Features(
                self.posed_inputs,
                self.posed_groups,
                self.own,
                self.posed_later,
                around,
                known,
                POSED_WIDTH,
                plain=0,
                moved_by=moved_by,
            )
            self.posed_items = PosedItems(own, self.posed_features.widths, POSED_WIDTH)
        module, _, name = facts.module.partition(":")
        kind = getattr(import_module(module), name)
        posed = 0 if self.posed_items is None else self.posed_items.width
        drawn: dict[str, Any] = {} if self.roots else {"noise": noise}
        self.passes = facts.reads_names and bool(links.widths)
        if self.passes:
            drawn["links"] = links.widths
        self.net = kind(posed=posed, channels=PAIR_CHANNELS, **drawn, **chosen)
        self._built()

    def _scores(
        self,
        noise: torch.Tensor,
        inputs: tuple[torch.Tensor, ...],
        counts: Mapping[str, torch.Tensor] | None,
        valid: torch.Tensor | None,
        shared: tuple[torch.Tensor, ...] | None,
    ) -> tuple[Scored, list[torch.Tensor]]:
        """Scores of the items, and exact keys that tell items apart whose scores do not."""
        if self.network is not None:
            # A user's net need not know that samples share their inputs.
            given = check_returned(
                self.own.name,
                self.network(
                    self._scaled(noise[..., :-1]).clone(),
                    *(fold_anew(x, noise) for x in inputs),
                ),
                tuple(noise.shape[:2]),
                "K*B samples, a score an item",
            )
            size = magnitude(given, None if valid is None else fold_like(valid, given))
            return (given, size), self._keys(given, inputs, counts)
        if self.earlier and shared is None:
            raise ValueError("a stage after others reads `shared` inputs, as they came")
        trunk = inputs if shared is None else shared
        rows, n, dtype = trunk[0].shape[0], noise.shape[1], self.dtype
        first = None if counts is None else {name: each[:rows] for name, each in counts.items()}
        read = self.names(trunk, first)
        seen = self.features(*read, dtype=dtype, counts=first)
        nodes, pairs = self.items(seen, n, trunk[0])
        drawn = noise.to(dtype)
        apart = drawn[..., :0] if self.roots else self._scaled(drawn[..., :-1])
        if self.posed_features is not None and self.posed_items is not None:
            posed = self.posed_names(inputs, counts)
            moved = self.posed_features(*posed, dtype=dtype, counts=counts)
            items = self.posed_items(moved, n)
            apart = torch.cat([apart, fold_like(items, apart)], -1)
        mask = None if valid is None else valid[:rows]
        if not self.roots:
            named = (self.links(trunk, first, n, dtype),) if self.passes else ()
            scores: Scored = self.net(apart, nodes, pairs, mask, *named)
            return scores, self._keys(scores[0], inputs, counts)
        every = drawn[..., :-1] if self.probabilistic else drawn
        told = self._colours(read, first, n)
        values, summed, colour = self.net(
            apart, every, self._loud, nodes, pairs, mask, told, self.tolerance(dtype)
        )
        return (values, summed), [colour]

    @property
    def _loud(self) -> float:
        return self.noise_scale if self.probabilistic else 0.0

    def _scaled(self, noise: torch.Tensor) -> torch.Tensor:
        return noise if self.noise_scale == 1 else self.noise_scale * noise

    def _colours(
        self,
        trunk: tuple[torch.Tensor, ...],
        counts: Mapping[str, torch.Tensor] | None,
        n: int,
    ) -> Colours:
        """What the inputs, as they came, say of items and pairs without any weights."""
        floating = [
            torch.promote_types(x.dtype, torch.float32) for x in trunk if x.is_floating_point()
        ]
        return colours(
            self.inputs,
            self.groups,
            self.own,
            (*self.later, *self.earlier),
            self.anchors,
            self.sizes,
            trunk,
            counts,
            n,
            tol=self.tolerance((*floating, torch.float32)[0]),
            rounded=self.resolution is not None,
        )

    def _keys(
        self,
        scores: torch.Tensor,
        inputs: tuple[torch.Tensor, ...],
        counts: Mapping[str, torch.Tensor] | None,
    ) -> list[torch.Tensor]:
        """Of one element: what tells items apart whose scores do not, by which nothing rounds.

        Among many items some scores are always nearly equal.
        """
        if self.probabilistic or self.resolution is not None:
            return []
        columns, _ = item_columns(
            self.posed_inputs,
            self.posed_groups,
            self.own,
            self.posed_later,
            {},
            self.sizes,
            self.posed_names(inputs, counts),
            counts,
            exact=True,
        )
        if not columns:
            return []
        return [fold_like(exact_key(columns), scores)]

    def forward(
        self,
        noise: torch.Tensor,
        *inputs: torch.Tensor,
        counts: Mapping[str, torch.Tensor] | None = None,
        shared: tuple[torch.Tensor, ...] | None = None,
    ) -> Permutation:
        """The permutation that sorts the scores, ascending.

        `shared` [B, ...]: the inputs before any element posed them, points relative to their
        anchor or not.
        """
        if self.detached:
            inputs = tuple([x.detach() for x in inputs])
            shared = None if shared is None else tuple([x.detach() for x in shared])
        valid = self._valid(noise, counts)
        if valid is not None:
            # Whatever stands in padding, noise too, is not read.
            of_all = fold(valid, noise.shape[0] // valid.shape[0])
            noise = noise.masked_fill(~of_all.unsqueeze(-1), 0)
        with without_autocast(noise.device):
            (scores, summed), keys = self._scores(noise, inputs, counts, valid, shared)
            if valid is not None:
                valid = fold(valid, noise.shape[0] // valid.shape[0])
            tol = self.tolerance(scores.dtype)
            sizes = [summed, *(torch.zeros_like(summed) for _ in keys)]
            index = sorting_index([scores, *keys], noise[..., -1], valid, sizes, tol=tol)
            if not self.training:
                return Permutation(index)
            # Where all count as equal, no score has a place of its own.
            soft = soft_order(scores, index, self.temperature, valid, tol * summed)
            return Permutation(index, soft)

    def penalty(self, element: Permutation) -> torch.Tensor | None:
        """Mean row entropy of the soft permutation, [K*B]; None where there is none."""
        if element.soft is None or not self.probabilistic:
            return None
        with without_autocast(element.order.device):
            return entropy(element.soft)
