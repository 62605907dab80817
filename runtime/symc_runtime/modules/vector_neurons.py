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
from symc_runtime.modules.mixing import masked_mean, perceptron, squashed
from symc_runtime.readings import Level

GAIN = 8.0
SHARE = 8.0
FLOOR = 1e-3
WAVES = 3
"""Frequencies 1, 2, 4 ... at which the nets read invariants."""


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
        count: int,
        levels: Sequence[Level],
        vector_levels: Sequence[Level],
        has_matrices: bool,
    ) -> None:
        super().__init__()
        self.count = count
        self.noise = noise
        self.width = width
        self.vector_levels = tuple(vector_levels)
        self.levels = tuple(dict.fromkeys([*levels, *vector_levels]))
        self.left = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in vector_levels)
        self.right = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in vector_levels)
        # A level reads its scalars, the invariants of its vectors, and the levels pooled so far.
        spread = 2 * WAVES * width
        self.attention = nn.ModuleList(nn.Linear(spread, width) for _ in vector_levels)
        self.read = nn.ModuleList(
            perceptron(2 * width + 2 * spread, hidden, hidden) for _ in self.levels
        )
        self.update = nn.ModuleList(
            nn.ModuleList(perceptron(3 * hidden, hidden, hidden) for _ in self.levels)
            for _ in range(max(layers - 1, 0))
        )
        self.weights = nn.ModuleList(nn.Linear(hidden, count * width) for _ in vector_levels)
        self.direct = nn.ModuleList(
            nn.Linear(2 * spread, count * width, bias=False) for _ in vector_levels
        )
        self.mix_noise = nn.Linear(hidden, count * noise) if noise else None
        sources = noise + count
        self.mix_matrices = nn.Linear(hidden, 2 * count * sources) if has_matrices else None
        self.choose_matrices = nn.Linear(hidden, 2 * width) if has_matrices else None

    def forward(self, seen: Seen, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Vectors and their magnitudes; noise [K*N, noise, d]."""
        vectors, size = _unit(seen)
        rows, d = noise.shape[0], noise.shape[-1]
        invariants, summed = self._invariants(seen, vectors)
        context, states = self._trunk(seen, invariants, size)
        batch = context.shape[0]
        total = context.new_zeros(batch, self.count, d)
        scale = context.new_zeros(batch, self.count)
        for i, level in enumerate(self.vector_levels):
            x = vectors[level]
            direct = self.direct[i]
            told, rounding = _told_apart(invariants[level], summed[level], level, seen)
            coefficient = (self.weights[i](states[level]) + direct(told)).unflatten(
                -1, (self.count, self.width)
            )
            terms = coefficient @ x
            with torch.no_grad():
                rounded = (rounding.square() @ _squares(direct)).sqrt()
                rounded = coefficient.abs() + rounded.unflatten(-1, (self.count, self.width))
                lengths = (rounded @ _length(x).unsqueeze(-1)).squeeze(-1)
            for k in reversed(range(len(level))):
                mask = seen.masks.get(level[k])
                terms = masked_mean(terms, k + 1, mask)
                lengths = masked_mean(lengths, k + 1, mask)
            total, scale = total + terms, scale + lengths
        samples = rows // batch
        total, scale = fold(total, samples), fold(scale, samples)
        base, base_scale = total, scale
        if self.mix_noise is not None:
            mixed = fold(self.mix_noise(context), samples).unflatten(-1, (self.count, self.noise))
            total = total + mixed @ noise
            scale = scale + _summed(mixed, noise)
        if self.mix_matrices is not None and self.choose_matrices is not None:
            if seen.matrices is None:
                raise ValueError("matrices were declared, and none came")
            total, scale = self._through_matrices(
                seen.matrices,
                context,
                torch.cat([noise, base], 1),
                torch.cat([_length(noise.detach()), base_scale], 1),
                total,
                scale,
                samples,
            )
        return total, scale

    def _through_matrices(
        self,
        matrices: torch.Tensor,
        context: torch.Tensor,
        sources: torch.Tensor,
        source_scale: torch.Tensor,
        total: torch.Tensor,
        scale: torch.Tensor,
        samples: int,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Add A z and A B z for two learned combinations A, B of the matrices [N, width, d, d].

        Their scales follow from those of the sources and of the matrices: what was summed for a
        source that cancelled is there still.
        """
        chosen = self.choose_matrices(context) if self.choose_matrices is not None else context
        choice = chosen.unflatten(-1, (2, self.width))
        a, b = torch.einsum("nkw,nwij->knij", choice, matrices)
        both = torch.stack([fold(a, samples), fold(a @ b, samples)])
        lengths = matrices.detach().square().sum((-1, -2)).unsqueeze(1)
        size = ((choice.detach().square() * lengths).sum(-1) / matrices.shape[-1]).sqrt()
        powers = fold(size.cumprod(-1), samples)
        mixing = self.mix_matrices(context) if self.mix_matrices is not None else context
        weight = fold(mixing, samples).unflatten(-1, (2, self.count, sources.shape[1]))
        for power in range(2):
            moved = sources @ both[power].transpose(1, 2)
            total = total + weight[:, power] @ moved
            summed = weight[:, power].detach().square() @ source_scale.square().unsqueeze(-1)
            scale = scale + summed.squeeze(-1).sqrt() * powers[:, power : power + 1]
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
                size.new_zeros(*shape, 4 * WAVES * self.width) if found is None else found,
            ]
            log = size.reshape(-1, *[1] * len(level), 1).expand(*shape, self.width)
            states[level] = read(torch.cat([*filled, log], -1))
        context = self._context(states, seen)
        for update in self.update:
            pooled = self._pooled(states, seen)
            for level, step in zip(self.levels, list(update.children()), strict=True):
                state = states[level]
                shared = context.reshape(-1, *[1] * len(level), context.shape[-1])
                near = pooled.get(level, torch.zeros_like(state))
                states[level] = state + step(
                    torch.cat([state, shared.expand_as(state), near.expand_as(state)], -1)
                )
            context = self._context(states, seen)
        return context, states

    def _invariants(
        self, seen: Seen, vectors: dict[Level, torch.Tensor]
    ) -> tuple[dict[Level, torch.Tensor], dict[Level, torch.Tensor]]:
        """Products of an item's vectors with each other, and with a weighted mean of all.

        Waves spread them: coefficients that are nearly one and the same function of few
        invariants would give vectors that are nearly parallel. Also the size [N] of the terms
        that the products with the mean are a sum of.
        """
        own: dict[Level, torch.Tensor] = {}
        left: dict[Level, torch.Tensor] = {}
        mean: torch.Tensor | None = None
        size: torch.Tensor | None = None
        for i, level in enumerate(self.vector_levels):
            x = vectors[level]
            left[level] = self.left[i](x.transpose(-1, -2))
            right = self.right[i](x.transpose(-1, -2))
            own[level] = _waves((left[level] * right).sum(-2))
            # The plain mean of centred points is zero.
            x = x * (SHARE * self.attention[i](own[level])).unsqueeze(-1)
            square = _rows(x.detach().square().sum(-1))
            for k in reversed(range(len(level))):
                x = masked_mean(x, k + 1, seen.masks.get(level[k]))
            mean = x if mean is None else mean + x
            size = square if size is None else size + square
        found, summed = {}, {}
        for level in self.vector_levels:
            if mean is None or size is None:
                continue
            m = mean.transpose(-1, -2).reshape(-1, *[1] * len(level), *mean.shape[:0:-1])
            found[level] = torch.cat([own[level], _waves((left[level] * m).sum(-2))], -1)
            summed[level] = (_rows(left[level].detach().square().sum(-2)) * size).sqrt()
        return found, summed

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
        means = []
        for level, state in states.items():
            for k in reversed(range(len(level))):
                state = masked_mean(state, k + 1, seen.masks.get(level[k]))
            means.append(state)
        return torch.stack(means).sum(0)


def _waves(x: torch.Tensor) -> torch.Tensor:
    """Waves of squashed invariants [..., c]: [..., 2 * WAVES * c].

    Sines and 1 - cos, as squares of sines: exact to their own last digit also where they are small.
    """
    turns = torch.pi / 2 * 2.0 ** torch.arange(WAVES + 1, device=x.device, dtype=x.dtype)
    sines = (squashed(GAIN * x).unsqueeze(-1) * turns).sin()
    both = torch.cat([sines[..., 1:], 2 * sines[..., :-1].square()], -1)
    return both.flatten(-2)


def _told_apart(
    x: torch.Tensor, summed: torch.Tensor, level: Level, seen: Seen
) -> tuple[torch.Tensor, torch.Tensor]:
    """Invariants [N, items..., 2 c] from their mean over items, each half scaled to size 1.

    Where items are nearly alike, so would be their weights, and the vectors nearly parallel. Also
    what rounding is relative to, on that scale, [N, 1..., 2]: the size of what was subtracted,
    and for products with a mean, which may have cancelled, `summed` [N].
    """
    if not level:
        return x, torch.ones_like(x[..., :2])

    def mean(x: torch.Tensor) -> torch.Tensor:
        for k in reversed(range(len(level))):
            x = masked_mean(x, k + 1, seen.masks.get(level[k])).unsqueeze(k + 1)
        return x

    halves = x.unflatten(-1, (2, -1))
    square = mean(halves.square().mean(-1))
    least = torch.stack([torch.zeros_like(summed), squashed(GAIN * summed).square()], -1)
    square = torch.maximum(square, least.reshape(-1, *[1] * len(level), 2))
    halves = halves - mean(halves)
    gain = (mean(halves.square().mean(-1)) + FLOOR * square + 1e-12).rsqrt()
    return (halves * gain.unsqueeze(-1)).flatten(-2), gain * square.sqrt()


def _rows(x: torch.Tensor) -> torch.Tensor:
    """Mean over all but the rows, [N]."""
    return x.flatten(1).mean(1)


def _length(x: torch.Tensor) -> torch.Tensor:
    return x.square().sum(-1).sqrt()


def _summed(weight: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    return (weight.detach().abs() @ _length(x.detach()).unsqueeze(-1)).squeeze(-1)


def _unit(seen: Seen) -> tuple[dict[Level, torch.Tensor], torch.Tensor]:
    """Vectors over the length of the longest, and that length, squashed, [N, 1]."""
    batch = next(iter([*seen.scalars.values(), *seen.vectors.values()])).shape[0]
    like = next(iter([*seen.scalars.values(), *seen.vectors.values()]))
    largest = like.new_zeros(batch)
    for x in seen.vectors.values():
        largest = torch.maximum(largest, x.detach().abs().flatten(1).amax(1))
    safe = torch.where(largest > 0, largest, torch.ones_like(largest))
    longest = torch.zeros_like(largest)
    for x in seen.vectors.values():
        y = x.detach() / safe.reshape(-1, *[1] * (x.ndim - 1))
        longest = torch.maximum(longest, _length(y).flatten(1).amax(1))
    length = safe * torch.where(longest > 0, longest, torch.ones_like(longest))
    scaled = {
        level: x / length.reshape(-1, *[1] * (x.ndim - 1)) for level, x in seen.vectors.items()
    }
    return scaled, (torch.log(length) / 10).tanh().unsqueeze(-1)


def _squares(linear: nn.Module) -> torch.Tensor:
    """Sums of squared weights over each half of the inputs, [2, outputs]."""
    (weight,) = linear.parameters()
    squares: torch.Tensor = weight.square().unflatten(-1, (2, -1)).sum(-1)
    return squares.T
