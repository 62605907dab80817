"""Equivariant vectors as sums of input vectors weighted by invariants.

After Villar et al., Scalars are universal, NeurIPS 2021: an O(d)-equivariant vector function is
a combination of its input vectors with invariant coefficients.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from symc_runtime.actions import fold
from symc_runtime.features import Seen
from symc_runtime.modules.item_invariants import ItemInvariants
from symc_runtime.modules.mixing import added, level_mean, masked_mean, perceptron
from symc_runtime.modules.telling_apart import ItemWeights
from symc_runtime.orthogonalization import contracted, repeated
from symc_runtime.readings import Level


class VectorNeurons(nn.Module):
    """`count` vectors from `Seen` and noise vectors: V = V(x) + U(x)^T z + sum of M(x) z.

    The trunk sees each input once; the K noise draws meet it at low rank. Coefficients are
    invariant to the own group and to all later ones. Returns the vectors [K*N, count, d] and the
    magnitudes that were summed to make them [K*N, count].
    """

    def __init__(
        self,
        hidden: int,
        layers: int,
        noise: int,
        width: int,
        vectors: int,
        count: int,
        levels: Sequence[Level],
        vector_levels: Sequence[Level],
        has_matrices: bool,
    ) -> None:
        super().__init__()
        self.count = count
        self.noise = noise
        self.width = width
        self.vectors = vectors
        self.vector_levels = tuple(vector_levels)
        self.levels = tuple(dict.fromkeys([*levels, *vector_levels]))
        self.invariants = ItemInvariants(vectors, width, vector_levels)
        # A level reads its scalars, the invariants of its vectors, and the levels pooled so far.
        self.read = nn.ModuleList(perceptron(3 * width + 1, hidden, hidden) for _ in self.levels)
        self.update = nn.ModuleList(
            nn.ModuleList(perceptron(3 * hidden, hidden, hidden) for _ in self.levels)
            for _ in range(max(layers - 1, 0))
        )
        self.weights = nn.ModuleList(nn.Linear(hidden, count * vectors) for _ in vector_levels)
        self.apart = nn.ModuleList(
            ItemWeights(width, count * vectors) if level else nn.Identity()
            for level in vector_levels
        )
        self.mix_noise = nn.Linear(hidden, count * noise) if noise else None
        sources = noise + count
        self.mix_matrices = nn.Linear(hidden, 3 * count * sources) if has_matrices else None
        self.choose_matrices = nn.Linear(hidden, 2 * width) if has_matrices else None

    def forward(self, seen: Seen, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Vectors and their magnitudes; noise [K*N, noise, d]."""
        vectors, size = _unit(seen)
        rows, d = noise.shape[0], noise.shape[-1]
        invariants, summed = self.invariants(vectors, seen.masks)
        context, states = self._trunk(seen, invariants, size)
        batch = context.shape[0]
        noise = noise.to(context.dtype)
        totals: list[torch.Tensor] = []
        scales: list[torch.Tensor] = []
        for i, level in enumerate(self.vector_levels):
            weight = self.weights[i](states[level])
            if level:
                apart, differing = self.apart[i](
                    invariants[level], summed[level], level, seen.masks
                )
                weight = weight + apart
                terms = weight.detach().abs() + differing
            else:
                terms = weight.detach().abs()
            x = vectors[level]
            found = weight.unflatten(-1, (self.count, self.vectors)) @ x
            terms = terms.unflatten(-1, (self.count, self.vectors))
            lengths = (terms @ _length(x.detach()).unsqueeze(-1)).squeeze(-1)
            totals.append(level_mean(found, level, seen.masks))
            scales.append(level_mean(lengths, level, seen.masks))
        total = added(totals) if totals else context.new_zeros(batch, self.count, d)
        scale = added(scales) if scales else context.new_zeros(batch, self.count)
        samples = rows // batch
        base, base_scale = total, scale
        if self.mix_noise is None:
            total, scale = fold(total, samples), fold(scale, samples)
        else:
            total, scale = self._with_noise(self.mix_noise(context), noise, total, scale)
        if self.mix_matrices is not None and self.choose_matrices is not None:
            if seen.matrices is None or seen.matrix_sizes is None:
                raise ValueError("matrices were declared, and none came")
            total, scale = self._through_matrices(
                seen.matrices,
                seen.matrix_sizes,
                context,
                torch.cat([noise, fold(base, samples)], 1),
                torch.cat([_length(noise.detach()), fold(base_scale, samples)], 1),
                total,
                scale,
                samples,
            )
        return total, scale

    def _with_noise(
        self, mixed: torch.Tensor, noise: torch.Tensor, total: torch.Tensor, scale: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Vectors [N, count, d] and their scales for each sample, noise mixed in.

        Components first in memory, rows of the batch last.
        """
        batch, samples = total.shape[0], noise.shape[0] // total.shape[0]
        # [noise, count, K*N] and [noise, d, K*N].
        weight = mixed.T.reshape(self.count, self.noise, batch).transpose(0, 1)
        weight = repeated(weight, samples)
        draws = noise.permute(1, 2, 0)
        lengths = draws.detach().square().sum(1).sqrt()
        total = repeated(total.permute(2, 1, 0), samples)
        total = contracted(weight.unsqueeze(1), draws.unsqueeze(2), total)
        scale = repeated(scale.T, samples)
        scale = contracted(weight.detach().abs(), lengths.unsqueeze(1), scale)
        return total.permute(2, 1, 0), scale.T

    def _through_matrices(
        self,
        matrices: torch.Tensor,
        matrix_sizes: torch.Tensor,
        context: torch.Tensor,
        sources: torch.Tensor,
        source_scale: torch.Tensor,
        total: torch.Tensor,
        scale: torch.Tensor,
        samples: int,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Add A z, B z and A B z; A, B: learned combinations of the matrices [N, width, d, d].

        Their scales follow from those of the sources and of the matrices: what was summed for a
        source that cancelled is there still.
        """
        chosen = self.choose_matrices(context) if self.choose_matrices is not None else context
        choice = chosen.unflatten(-1, (2, self.width))
        a, b = torch.einsum("nkw,nwij->knij", choice, matrices)
        maps = [fold(x, samples) for x in (a, b, a @ b)]
        lengths = (choice.detach() * matrix_sizes.unsqueeze(1)).square().sum(-1)
        size = (lengths / matrices.shape[-1]).sqrt()
        sizes = fold(torch.cat([size, size.prod(-1, keepdim=True)], -1), samples)
        mixing = self.mix_matrices(context) if self.mix_matrices is not None else context
        weight = fold(mixing, samples).unflatten(-1, (3, self.count, sources.shape[1]))
        for i, matrix in enumerate(maps):
            total = total + weight[:, i] @ (sources @ matrix.transpose(1, 2))
            summed = weight[:, i].detach().square() @ source_scale.square().unsqueeze(-1)
            scale = scale + summed.squeeze(-1).sqrt() * sizes[:, i : i + 1]
        return total, scale

    def _trunk(
        self, seen: Seen, invariants: dict[Level, torch.Tensor], size: torch.Tensor
    ) -> tuple[torch.Tensor, dict[Level, torch.Tensor]]:
        """The context [N, hidden] and a state an item of each level."""
        batch = size.shape[0]
        states: dict[Level, torch.Tensor] = {}
        for level, read in zip(self.levels, self.read, strict=True):
            scalars, found = seen.scalars.get(level), invariants.get(level)
            known = scalars if scalars is not None else found
            shape = torch.Size([batch]) if known is None else known.shape[:-1]
            filled = [
                size.new_zeros(*shape, self.width) if scalars is None else scalars,
                size.new_zeros(*shape, 2 * self.width) if found is None else found,
            ]
            log = size.reshape(-1, *[1] * len(level), 1).expand(*shape, 1)
            states[level] = read(torch.cat([*filled, log], -1))
        context = self._context(states, seen)
        for update in self.update:
            pooled = self._pooled(states, seen)
            for level, step in zip(self.levels, list(update.children()), strict=True):
                state = states[level]
                shared = context.reshape(-1, *[1] * len(level), context.shape[-1])
                near = pooled[level] if level in pooled else torch.zeros_like(state)
                states[level] = state + step(
                    torch.cat([state, shared.expand_as(state), near.expand_as(state)], -1)
                )
            context = self._context(states, seen)
        return context, states

    def _pooled(self, states: dict[Level, torch.Tensor], seen: Seen) -> dict[Level, torch.Tensor]:
        """For each level, what pairs say about their items, and items about their pairs.

        Weights 1, 2 ... tell rows from columns, and one group from another.
        """
        pooled: dict[Level, torch.Tensor] = {}
        for level in self.levels:
            near: list[torch.Tensor] = []
            for other in self.levels:
                if len(other) == len(level) + 1:
                    near += [
                        masked_mean(states[other], k + 1, seen.masks.get(other[k]))
                        for k in reversed(range(len(other)))
                        if level and other[:k] + other[k + 1 :] == level
                    ]
                elif len(other) == len(level) - 1:
                    near += [
                        states[other].unsqueeze(k + 1)
                        for k in range(len(level))
                        if other and level[:k] + level[k + 1 :] == other
                    ]
            for weight, x in enumerate(near, start=1):
                pooled[level] = pooled[level] + weight * x if level in pooled else x
        return pooled

    def _context(self, states: dict[Level, torch.Tensor], seen: Seen) -> torch.Tensor:
        return added([level_mean(state, level, seen.masks) for level, state in states.items()])


def _length(x: torch.Tensor) -> torch.Tensor:
    return x.square().sum(-1).sqrt()


def _unit(seen: Seen) -> tuple[dict[Level, torch.Tensor], torch.Tensor]:
    """Vectors over the length of the longest, and that length, squashed, [N, 1]."""
    if not seen.vectors:
        like = next(iter(seen.scalars.values()))
        return {}, like.new_zeros(like.shape[0], 1)
    largest = _greatest([x.detach().abs().flatten(1).amax(1) for x in seen.vectors.values()])
    largest = largest + (largest == 0)
    squares = []
    for x in seen.vectors.values():
        y = x.detach() / largest.reshape(-1, *[1] * (x.ndim - 1))
        squares.append(y.square().sum(-1).flatten(1).amax(1))
    # 1 at least, the largest component being 1, unless all are zero.
    length = largest * _greatest(squares).sqrt().clamp(min=1)
    scaled = {
        level: x / length.reshape(-1, *[1] * (x.ndim - 1)) for level, x in seen.vectors.items()
    }
    return scaled, (torch.log(length) / 10).tanh().unsqueeze(-1)


def _greatest(values: list[torch.Tensor]) -> torch.Tensor:
    """The largest of each row of numbers [N]."""
    greatest = values[0]
    for value in values[1:]:
        greatest = torch.maximum(greatest, value)
    return greatest
