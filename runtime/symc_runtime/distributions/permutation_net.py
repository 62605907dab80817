"""Learned distributions over S(n): probabilistic symmetrization and canonicalization."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import torch
from torch import nn

from symc_runtime.actions import fold, fold_like
from symc_runtime.catalogue import nets
from symc_runtime.distributions.permutation_average import PermutationNoise
from symc_runtime.elements.permutation import Permutation
from symc_runtime.features import Features
from symc_runtime.layout import Group, Tensor
from symc_runtime.modules.item_features import ItemFeatures
from symc_runtime.modules.scores import Scored
from symc_runtime.sinkhorn import entropy, soft_order
from symc_runtime.sorting import magnitude, sorting_index

NOISE_CHANNELS = 4
FEATURE_WIDTH = 16
PAIR_CHANNELS = 2


class LearnedPermutation(PermutationNoise):
    """Permutations that sort the scores of an equivariant net.

    Noise [K, B, n, c + 1]: c channels into the net (none when canonical), and a secondary key
    that only decides ties. In training, gradients reach the scores straight through a soft
    permutation; its mean row entropy is the penalty (Kim et al. 2023, section 2.2).
    """

    def __init__(
        self,
        inputs: tuple[Tensor, ...],
        groups: tuple[Group, ...],
        own: str,
        later: tuple[str, ...] = (),
        anchors: Mapping[str, int] | None = None,
        net: str = "deepsets",
        options: Mapping[str, int] | None = None,
        probabilistic: bool = True,
        noise_scale: float = 1.0,
        temperature: float = 0.1,
        sizes: Mapping[str, int] | None = None,
        network: nn.Module | None = None,
    ) -> None:
        super().__init__(inputs, groups, own)
        self.probabilistic = probabilistic
        self.noise_scale = noise_scale
        self.temperature = temperature
        noise = NOISE_CHANNELS if probabilistic else 0
        self.channels = noise + 1
        self.network = network
        if network is not None:
            return
        facts = nets()[net]
        chosen = {name: option.default for name, option in facts.options.items()}
        chosen |= dict(options or {})
        self.features = Features(
            inputs, groups, self.own, later, anchors or {}, sizes or {}, FEATURE_WIDTH
        )
        self.items = ItemFeatures(
            own, self.features.levels, FEATURE_WIDTH, chosen["hidden"], PAIR_CHANNELS
        )
        module, _, name = facts.module.partition(":")
        kind = getattr(import_module(module), name)
        self.net = kind(noise=noise, channels=PAIR_CHANNELS, **chosen)

    def _scores(
        self,
        noise: torch.Tensor,
        inputs: tuple[torch.Tensor, ...],
        counts: Mapping[str, torch.Tensor] | None,
        valid: torch.Tensor | None,
    ) -> Scored:
        if self.network is not None:
            # A user's net need not know that samples share their inputs.
            given: torch.Tensor = self.network(noise, *(fold_like(x, noise) for x in inputs))
            return given, magnitude(given, None if valid is None else fold_like(valid, given))
        dtype = self.features.dtype
        seen = self.features(*inputs, counts=counts)
        nodes, pairs = self.items(seen, noise.shape[1], inputs[0])
        result: Scored = self.net(noise.to(dtype), nodes, pairs, valid)
        return result

    def forward(
        self,
        noise: torch.Tensor,
        *inputs: torch.Tensor,
        counts: Mapping[str, torch.Tensor] | None = None,
    ) -> Permutation:
        """The permutation that sorts the scores, ascending."""
        valid = self._valid(noise, counts)
        with torch.autocast(noise.device.type, enabled=False):
            scores, summed = self._scores(self.noise_scale * noise[..., :-1], inputs, counts, valid)
            if valid is not None:
                valid = fold(valid, noise.shape[0] // valid.shape[0])
            index = sorting_index(
                [scores], noise[..., -1], valid, [summed], tol=self.tolerance(scores.dtype)
            )
            if not (self.training and scores.requires_grad):
                return Permutation(index)
            return Permutation(index, soft_order(scores, index, self.temperature, valid))

    def penalty(self, element: Permutation) -> torch.Tensor | None:
        """Mean row entropy of the soft permutation, [K*B]; None where there is none."""
        if element.soft is None or not self.probabilistic:
            return None
        with torch.autocast(element.order.device.type, enabled=False):
            return entropy(element.soft)
