"""Learned distributions over finite groups: every pose of the input has a learned score."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import torch
from torch import nn

from symc_runtime.actions.axes import fold_like
from symc_runtime.call.precision import without_autocast
from symc_runtime.call.shapes import check_returned
from symc_runtime.catalogue import nets
from symc_runtime.distributions.template_frame import OrbitDistribution
from symc_runtime.elements.finite import Finite
from symc_runtime.elements.permutation import inverse_index
from symc_runtime.modules.scores import Scored
from symc_runtime.reading.features import Features
from symc_runtime.reading.images import Images
from symc_runtime.spec.layout import Group, Tensor

FEATURE_WIDTH = 16


class LearnedFinite(OrbitDistribution):
    """The element whose pose g^-1 x has the largest score: (Gs)(h x) = h (Gs)(x) for any score.

    Noise [K, B, order]: of a probabilistic stage Gumbel noise, which makes the largest sum of
    score and noise a draw from the softmax of the scores; of a canonical one it only decides which
    of the elements that the input does not tell apart is taken. Noise that is infinite for one
    element takes that one, with its probability for a weight.

    Poses come to the net in the order of a fixed template's scores, not of the elements: of h x
    they are the same then, digit by digit, and so are their scores.

    `detached`: the soft path that gradients take in training reaches the net's weights and not the
    inputs, of whose derivative it is no part.
    """

    def __init__(
        self,
        inputs: tuple[Tensor, ...],
        groups: tuple[Group, ...],
        own: str,
        atoms: tuple[str, ...],
        later: tuple[str, ...] = (),
        anchors: Mapping[str, int] | None = None,
        net: str = "pooled",
        options: Mapping[str, int] | None = None,
        probabilistic: bool = True,
        noise_scale: float = 1.0,
        temperature: float = 0.1,
        sizes: Mapping[str, int] | None = None,
        network: nn.Module | None = None,
        detached: bool = False,
    ) -> None:
        super().__init__(inputs, groups, own, atoms, later, anchors, sizes)
        self.noise_scale = noise_scale if probabilistic else 0.0
        self.scales_noise = self.noise_scale > 0
        self.temperature = temperature
        self.detached = detached
        self.network = network
        if network is not None:
            return
        facts = nets()[net]
        chosen: dict[str, Any] = {name: option.default for name, option in facts.options.items()}
        chosen |= dict(options or {})
        context = (self.seen.groups, self.own, self.later)
        self.images = None
        if facts.reads_images:
            self.images = Images(self.naming.inputs, self.seen.inputs, *context, self.sizes)
        self.features = Features(
            self.seen.inputs,
            *context,
            anchors or {},
            self.sizes,
            FEATURE_WIDTH,
            without=() if self.images is None else self.images.read,
        )
        module, _, name = facts.module.partition(":")
        kind = getattr(import_module(module), name)
        if self.images is not None:
            chosen["images"] = [(frame.channels, len(frame.sides)) for frame in self.images.frames]
        self.net = kind(widths=self.features.widths, **chosen)
        self._built()

    def enumerate(
        self,
        batch: int,
        sizes: Mapping[str, int],
        dtype: torch.dtype,
        device: torch.device,
        generator: torch.Generator | None,
    ) -> torch.Tensor:
        """[order, batch, order]: infinite for one element each; of a canonical stage one draw."""
        if not self.noise_scale:
            return super().enumerate(batch, sizes, dtype, device, generator)
        dtype = torch.promote_types(dtype, torch.float32)
        taken = torch.eye(self.order, dtype=torch.bool, device=device)
        noise = torch.zeros(self.order, self.order, dtype=dtype, device=device)
        noise = noise.masked_fill(taken, torch.inf)
        return noise.unsqueeze(1).expand(-1, batch, -1)

    def _scored(
        self,
        values: list[torch.Tensor],
        counts: Mapping[str, torch.Tensor] | None,
    ) -> Scored:
        """Of poses [P*N, ...]: scores [P*N], and a bound on the terms of each."""
        if self.network is not None:
            given = check_returned(
                self.own.name,
                self.network(*[x.clone() for x in values]),
                (values[0].shape[0],),
                "a score for each pose",
            )
            return given, given.detach().abs()
        dtype = self.dtype
        seen = self.features(*values, dtype=dtype, counts=counts, tolerance=self.tolerance(dtype))
        result: Scored
        if self.images is None:
            result = self.net(seen)
        else:
            result = self.net(seen, self.images(*values, dtype=dtype, counts=counts))
        return result

    def _scores(
        self, inputs: tuple[torch.Tensor, ...], counts: Mapping[str, torch.Tensor] | None
    ) -> Scored:
        """Scores [N, order] of all elements, equal ones equal to the bit; and their bounds."""
        given, many = self._every_pose(inputs, counts)
        values = self._read(given, many)
        with torch.no_grad():
            found, _ = self._told_apart(values, many)
            rank = found.argsort(1, descending=True)
            # Poses of one element after the other: that of row n by element g is at g N + n.
            at = rank.T * rank.shape[0] + torch.arange(rank.shape[0], device=rank.device)
            at = at.flatten()
        # A net of the user's reads inputs as they are.
        moves = self.moving
        if self.network is not None:
            values, moves = given, self.given_moving
        values = [
            x.index_select(0, at) if moving else x for x, moving in zip(values, moves, strict=True)
        ]
        scores, sizes = self._scored(values, many)
        scores, sizes = (each.unflatten(0, (self.order, -1)).T for each in (scores, sizes))
        if self.template.exact and self.resolution is None:
            # Poses that look alike have one score: the mean, for which of them is the first hangs
            # on the order of elements.
            found = found.gather(1, rank)
            place = torch.arange(1, self.order, device=rank.device)
            first = (place * (found[:, :-1] > found[:, 1:])).cummax(1).values
            first = torch.cat([torch.zeros_like(rank[:, :1]), first], 1)
            scores, sizes = (_mean_of_alike(each, first) for each in (scores, sizes))
        back = inverse_index(rank)
        return scores.gather(1, back), sizes.gather(1, back)

    def forward(
        self,
        noise: torch.Tensor,
        *inputs: torch.Tensor,
        counts: Mapping[str, torch.Tensor] | None = None,
    ) -> Finite:
        """For noise [K*B, order] and inputs of as many rows, or shared by samples."""
        if self.detached and self.training:
            inputs = tuple([x.detach() for x in inputs])
        with without_autocast(noise.device):
            each, sizes = self._scores(inputs, counts)
            scores = fold_like(each, noise)
            noise = noise.to(scores.dtype)
            if not self.noise_scale:
                # Moved by later groups, what the net reads beside poses rounds.
                exact = self.template.exact and not self.later
                tied = fold_like(self._tied(each.detach(), sizes, exact), noise)
                number = noise.masked_fill(~tied, -torch.inf).argmax(1)
                soft = torch.softmax(scores / self.temperature, 1) if self.training else None
                return self.element(number, soft)
            total = scores + self.noise_scale * noise
            number = total.detach().argmax(1)
            if self.training:
                return self.element(number, torch.softmax(total / self.temperature, 1))
            weight = torch.softmax(scores / self.noise_scale, 1) * self.order
            share = weight.gather(1, number.unsqueeze(1)).squeeze(1)
            # Of drawn elements each stands for as much.
            taken = noise.isinf().any(1)
            return self.element(number, None, torch.where(taken, share, 1.0))


def _mean_of_alike(values: torch.Tensor, first: torch.Tensor) -> torch.Tensor:
    """The means of values [N, order] that have one `first` [N, order]; bit for bit the same."""
    total = torch.zeros_like(values).scatter_add(1, first, values)
    many = torch.zeros_like(values).scatter_add(1, first, torch.ones_like(values))
    return (total / many.clamp(min=1)).gather(1, first)
