"""Learned distributions over O(d) and SO(d): probabilistic symmetrization and canonicalization."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import torch
from torch import nn

from symc_runtime.actions.axes import fold_anew
from symc_runtime.call.precision import without_autocast
from symc_runtime.call.shapes import check_returned
from symc_runtime.catalogue import nets
from symc_runtime.distributions.orthogonal_average import OrthogonalNoise, element_of
from symc_runtime.distributions.principal_frame import PrincipalFrame
from symc_runtime.elements.orthogonal import Orthogonal
from symc_runtime.reading.features import Features
from symc_runtime.reading.naming import Naming
from symc_runtime.spec.covering import covered
from symc_runtime.spec.layout import Group, Tensor
from symc_runtime.spec.polynomials import evaluate, unknown_names

FEATURE_WIDTH = 16
SHORTER = 0.8
"""Of an axis beside the one before it: in what is left open, digits are not to choose."""


class LearnedOrthogonal(OrthogonalNoise):
    """Orthonormal frames of vectors that an equivariant net makes.

    Noise [K, B, c + d + 3, d]: c vectors into the net (none when canonical, or of scale 0); the
    others fill what the net's vectors leave open, and are not read where these span space.

    Without vectors into the net, directions of the input's own items come before those that fill:
    the last draw among items that nothing tells apart. Of tensors that later groups move, too, or
    that have two axes of the own one, principal axes do, with signs drawn.
    """

    def __init__(
        self,
        inputs: tuple[Tensor, ...],
        groups: tuple[Group, ...],
        own: str,
        later: tuple[str, ...] = (),
        anchors: Mapping[str, int] | None = None,
        net: str = "vector_neurons",
        options: Mapping[str, int] | None = None,
        probabilistic: bool = True,
        noise_scale: float = 1.0,
        sizes: Mapping[str, int] | None = None,
        network: nn.Module | None = None,
    ) -> None:
        naming = Naming(inputs, (own, *later), sizes or {})
        seen = covered(naming.inputs, groups, own, sizes)
        inputs, groups, later = seen.inputs, seen.groups, seen.named(later)
        super().__init__(inputs, groups, own)
        self.naming = naming
        self.noise_scale = noise_scale
        known = sizes or {}
        size = self.own.parameter
        fixed = not unknown_names(size, known)
        count = evaluate(size, known) if fixed else 4
        self.channels = count if probabilistic and noise_scale else 0
        self.scales_noise = self.channels > 0
        self.network = network
        if network is not None:
            return
        facts = nets()[net]
        chosen = {name: option.default for name, option in facts.options.items()}
        chosen |= dict(options or {})
        self.features = Features(
            inputs, groups, self.own, later, anchors or {}, known, FEATURE_WIDTH
        )
        module, _, name = facts.module.partition(":")
        kind = getattr(import_module(module), name)
        self.net = kind(
            noise=self.channels,
            width=FEATURE_WIDTH,
            vectors=self.features.vector_width,
            blocks=self.features.vector_blocks,
            dimension=count,
            levels=self.features.levels,
            scalar_levels=self.features.scalar_levels,
            vector_levels=self.features.vector_levels,
            has_matrices=self.features.has_matrices,
            special=self.own.special,
            **chosen,
        )
        self.axes = None
        if self.features.has_matrices and not self.channels:
            self.axes = PrincipalFrame(inputs, groups, own, sizes=known)
        self._built()

    def forward(
        self,
        noise: torch.Tensor,
        *inputs: torch.Tensor,
        counts: Mapping[str, torch.Tensor] | None = None,
    ) -> Orthogonal:
        """The frame of the net's vectors, completed by noise."""
        with without_autocast(noise.device):
            if self.channels:
                # Components first in memory, as the net and Gram-Schmidt go through them.
                noise = noise.permute(2, 1, 0).contiguous().permute(2, 1, 0)
            own, rest = noise.split([self.channels, noise.shape[1] - self.channels], 1)
            own = own if self.noise_scale == 1 else self.noise_scale * own
            if self.network is not None:
                vectors = check_returned(
                    self.own.name,
                    self.network(own.clone(), *(fold_anew(x, noise) for x in inputs)),
                    (noise.shape[0], noise.shape[2], noise.shape[2]),
                    "K*B samples, d vectors as rows",
                )
                scales, preferred, late = _lengths(vectors.detach()), None, 0
                directions = None
            else:
                dtype = self.dtype
                inputs = self.naming(inputs, counts)
                seen = self.features(
                    *inputs, dtype=dtype, counts=counts, tolerance=self.tolerance(dtype)
                )
                rest = rest.to(dtype)
                ties = rest[:, 0]
                if self.axes is not None:
                    rest = self._axes_drawn(self.axes, rest, inputs)
                vectors, scales, directions, frame = self.net(seen, own, rest, ties)
                if frame is not None:
                    return element_of(frame)
                preferred, late = self.net.count, self.net.late
            return self._completed(vectors, scales, rest, preferred, late, directions)

    def _axes_drawn(
        self, axes: PrincipalFrame, noise: torch.Tensor, inputs: tuple[torch.Tensor, ...]
    ) -> torch.Tensor:
        """Principal axes of everything the group moves, the longest first, the others shorter."""
        plus = torch.ones_like(noise[:, :1])
        found: Orthogonal = axes(torch.cat([noise, plus], 1), *inputs)
        rows = found.matrix.transpose(1, 2).flip(1)
        places = torch.arange(rows.shape[1], dtype=rows.dtype, device=rows.device)
        return rows * torch.pow(SHORTER, places).unsqueeze(-1)


def _lengths(x: torch.Tensor) -> torch.Tensor:
    """Lengths of vectors [..., d], whatever their size: no square overflows or vanishes."""
    largest = x.abs().amax(-1, keepdim=True)
    scaled = x / torch.where(largest > 0, largest, 1.0)
    return largest.squeeze(-1) * scaled.square().sum(-1).sqrt()
