"""Learned distributions over sign flips: each item has a learned odd score."""

from __future__ import annotations

import math
from collections.abc import Mapping
from importlib import import_module

import torch
from torch import nn

from symc_runtime.actions.axes import fold_like
from symc_runtime.call.precision import without_autocast
from symc_runtime.call.shapes import check_returned
from symc_runtime.catalogue import nets
from symc_runtime.distributions.sign_average import SignNoise
from symc_runtime.elements.signs import Signs, sign_of
from symc_runtime.modules.scores import Scored
from symc_runtime.reading.features import Features
from symc_runtime.reading.naming import Naming
from symc_runtime.reading.odd import odd_blocks, odd_numbers
from symc_runtime.spec.covering import covered
from symc_runtime.spec.layout import Group, Tensor, solve_sizes

FEATURE_WIDTH = 16
LAST_DIGITS = 64
"""So many of them decide nothing: what cancels among items is zero before it is a score."""


class LearnedSigns(SignNoise):
    """The sign of each item's score, a number that changes its sign with the item.

    Noise [K, B, k]: of a probabilistic stage it is added to the scores, and infinite noise takes
    the sign that it has, with its probability for a weight; of a canonical one it decides only
    for items that are their own mirror image, whose score is zero. In training gradients reach
    the scores straight through tanh(score / temperature).

    `network`: called with the inputs, it returns scores [rows, k] that change their signs as the
    items do.

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
        net: str = "signnet",
        options: Mapping[str, int] | None = None,
        probabilistic: bool = True,
        noise_scale: float = 1.0,
        temperature: float = 0.1,
        sizes: Mapping[str, int] | None = None,
        network: nn.Module | None = None,
        detached: bool = False,
    ) -> None:
        naming = Naming(inputs, (own, *later), sizes or {})
        seen = covered(naming.inputs, groups, own, sizes)
        super().__init__(seen.inputs, seen.groups, own)
        self.naming = naming
        later = seen.named(later)
        self.noise_scale = noise_scale if probabilistic else 0.0
        self.scales_noise = self.noise_scale > 0
        self.temperature = temperature
        self.detached = detached
        self.sizes = dict(sizes or {})
        self.network = network
        if network is not None:
            return
        named = {group.name: group for group in self.groups}
        self.odd = odd_blocks(self.inputs, named, self.own, later, self.sizes)
        facts = nets()[net]
        chosen = {name: option.default for name, option in facts.options.items()}
        chosen |= dict(options or {})
        self.features = Features(
            self.inputs, self.groups, self.own, later, anchors or {}, self.sizes, FEATURE_WIDTH
        )
        module, _, name = facts.module.partition(":")
        kind = getattr(import_module(module), name)
        self.net = kind(widths=self.features.widths, odd=self.odd, **chosen)
        self._built()

    def enumerate(
        self,
        batch: int,
        sizes: Mapping[str, int],
        dtype: torch.dtype,
        device: torch.device,
        generator: torch.Generator | None,
    ) -> torch.Tensor:
        """[2^k, batch, k]: infinite, with all signs; of a canonical stage one draw."""
        if not self.noise_scale:
            return self.draw(1, batch, sizes, dtype, device, generator)
        every = self.every(sizes, torch.empty((), dtype=dtype, device=device))
        return (every * math.inf).unsqueeze(1).expand(-1, batch, -1)

    def _scores(
        self, inputs: tuple[torch.Tensor, ...], counts: Mapping[str, torch.Tensor] | None, k: int
    ) -> Scored:
        """Scores [N, k], and a bound on the terms of each."""
        if self.network is not None:
            given = check_returned(
                self.own.name,
                self.network(*[x.clone() for x in inputs]),
                (inputs[0].shape[0], k),
                "a score for each item, which changes its sign as the item does",
            )
            return given, given.detach().abs()
        inputs = self.naming(inputs, counts)
        dtype = self.dtype
        tol = self.tolerance(dtype)
        seen = self.features(*inputs, dtype=dtype, counts=counts, tolerance=tol)
        sizes = solve_sizes(self.inputs, [x.shape for x in inputs], self.sizes)
        numbers = odd_numbers(self.inputs, inputs, self.odd, sizes, dtype, tol)
        result: Scored = self.net(seen, numbers, inputs[0].shape[0], k)
        return result

    def forward(
        self,
        noise: torch.Tensor,
        *inputs: torch.Tensor,
        counts: Mapping[str, torch.Tensor] | None = None,
    ) -> Signs:
        """For noise [K*B, k] and inputs of as many rows, or shared by samples."""
        if self.detached and self.training:
            inputs = tuple([x.detach() for x in inputs])
        with without_autocast(noise.device):
            each, bound = self._scores(inputs, counts, noise.shape[-1])
            rounding = LAST_DIGITS * self.tolerance(each.dtype) ** 2
            each = each.masked_fill(each.detach().abs() <= rounding * bound, 0)
            scores = fold_like(each, noise)
            noise = noise.to(scores.dtype)
            if self.noise_scale:
                scores = scores + self.noise_scale * noise
            hard = torch.where(scores == 0, sign_of(noise), sign_of(scores)).detach()
            if self.training:
                soft = torch.tanh(scores / self.temperature)
                return Signs(hard + (soft - soft.detach()))
            if not self.noise_scale:
                return Signs(hard)
            return Signs(hard, self._share(fold_like(each, noise), hard, noise))

    def _share(self, scores: torch.Tensor, hard: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """Of infinite noise 2^k times the probability of these signs; of other noise 1."""
        agreed = hard * scores / (self.noise_scale * math.sqrt(2))
        # Twice the probability of each sign.
        weight = (1 + torch.erf(agreed)).prod(-1)
        return torch.where(noise.isinf().any(-1), weight, 1.0)
