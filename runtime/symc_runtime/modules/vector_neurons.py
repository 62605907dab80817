"""Equivariant vectors as sums of input vectors weighted by invariants.

After Villar et al., Scalars are universal, NeurIPS 2021: an O(d)-equivariant vector function is
a combination of its input vectors with invariant coefficients.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import nn
from torch.nn.functional import pad

from symc_runtime.actions.axes import fold
from symc_runtime.modules.along_rows import AlongRows
from symc_runtime.modules.item_directions import item_directions
from symc_runtime.modules.item_invariants import ItemInvariants
from symc_runtime.modules.level_update import LevelUpdate, neighbours
from symc_runtime.modules.mixing import (
    added,
    level_mean,
    magnitudes,
    masked_mean,
    perceptron,
)
from symc_runtime.modules.powers import apart_by_products, through_factors
from symc_runtime.modules.telling_apart import ItemWeights
from symc_runtime.numerics.directions import Directions
from symc_runtime.numerics.orthogonalization import RowsSoFar, contracted, repeated
from symc_runtime.reading.features import Seen
from symc_runtime.reading.readings import Level

EXTRA = 3
"""Vectors beyond d: where one nearly lies in the span of those before it, the next serves."""
EXTRA_APART = 6
"""As many beyond d - 1 of what differs from item to item.

Where two numbers an item tell items apart, all of these lie in one plane. How far apart they are
there is a matter of the weights, and no change of the input shows it: of many, two are far apart.
"""

FAINT = 1 / 8
"""How much of what matrices add is in the sums in reserve, and how much noise counts for there."""


class Candidates(NamedTuple):
    """Vectors [K*N, m, d] for a frame, and the magnitudes that were summed to make them [K*N, m].

    `directions` of items fill what these leave open. `frame`: its rows [K*N, d, d], where they are
    found already.
    """

    vectors: torch.Tensor
    scales: torch.Tensor
    directions: Directions | None = None
    frame: torch.Tensor | None = None


class VectorNeurons(nn.Module):
    """Vectors from `Seen` and noise vectors: V = V(x) + U(x)^T z + sum of M(x) z.

    There are `count`: some of everything that was summed, and behind them some of what differs
    from item to item alone. For where items are nearly alike, sums of everything are nearly
    parallel, and what is left of one beside another hangs on its last digits. The trunk sees each
    input once; the K noise draws meet it at low rank. Coefficients are invariant to the own group
    and to all later ones.

    Returns the vectors [K*N, count, d] and the magnitudes that were summed to make them
    [K*N, count]. For a frame that finds too little in these, what was summed follows in reserve:
    the noise vectors, the sums with little of M(x) z, what A, B and A B (in d > 3, A B A ...)
    add to each, and what of it is not along what others add.

    Without noise, items of a cloud that is nearly symmetric are told apart along the rows of the
    frame itself (`AlongRows`); without matrices these rows are the frame.
    """

    def __init__(
        self,
        hidden: int,
        layers: int,
        noise: int,
        width: int,
        vectors: int,
        blocks: int,
        dimension: int,
        levels: Sequence[Level],
        scalar_levels: Sequence[Level],
        vector_levels: Sequence[Level],
        has_matrices: bool,
        special: bool = False,
    ) -> None:
        super().__init__()
        several = any(vector_levels)
        self.dimension = dimension
        self.common = dimension + EXTRA + (not several)
        differing = dimension - 1 + EXTRA_APART if several else 0
        self.count = count = self.common + differing
        self.noise = noise
        self.width = width
        self.vectors = vectors
        # Channels were mixed into twice as many.
        self.drawn = -(-vectors // 2)
        self.special = special
        self.vector_levels = tuple(vector_levels)
        self.scalar_levels = tuple(scalar_levels)
        self.levels = tuple(dict.fromkeys([*levels, *vector_levels]))
        self.invariants = ItemInvariants(vectors, width, vector_levels)
        # A level reads its scalars, the invariants of its vectors, and how long all vectors are.
        self.read = nn.ModuleList(
            perceptron(
                width * (level in scalar_levels) + 2 * width * (level in vector_levels) + blocks,
                hidden,
                hidden,
            )
            for level in self.levels
        )
        self.update = nn.ModuleList(
            nn.ModuleList(
                LevelUpdate(
                    hidden, bool(neighbours(level, self.levels)), alone=not any(self.levels)
                )
                for level in self.levels
            )
            for _ in range(max(layers - 1, 0))
        )
        self.weights = nn.ModuleList(
            nn.Linear(hidden, self.common * vectors) for _ in vector_levels
        )
        self.apart = nn.ModuleList(
            ItemWeights(
                width,
                count * vectors,
                differing * vectors,
                (level in scalar_levels) + len(self._speaking(level)),
            )
            if level
            else nn.Identity()
            for level in vector_levels
        )
        # With noise in them, vectors are far apart as they are.
        self.along = (
            AlongRows(vectors, dimension, vector_levels)
            if several and dimension > 1 and not noise
            else None
        )
        self.mix_noise = nn.Linear(hidden, count * noise) if noise else None
        sources = noise + count
        # Powers of one matrix up to d - 1 may be needed to span space.
        self.maps = max(3, dimension)
        columns = self.maps * count * sources
        self.mix_matrices = nn.Linear(hidden, columns) if has_matrices else None
        self.choose_matrices = nn.Linear(hidden, 2 * width) if has_matrices else None
        # Those told apart of powers, the last of all.
        self.late = 3 * (dimension - 1) * count if has_matrices else 0

    def forward(
        self,
        seen: Seen,
        noise: torch.Tensor,
        filling: torch.Tensor | None = None,
        ties: torch.Tensor | None = None,
    ) -> Candidates:
        """Vectors and their magnitudes; noise [K*N, noise, d].

        Without noise of its own the net takes rows of a frame one after another, and reads more:
        `filling` [K*N, r, d], r >= d, for what vectors leave open, and `ties` [K*N, d] that
        choose among directions of items which look alike.
        """
        vectors = seen.vectors
        rows, d = noise.shape[0], noise.shape[-1]
        invariants, summed = self.invariants(vectors, seen.masks)
        context, states = self._trunk(seen, invariants)
        batch = context.shape[0]
        noise = noise.to(context.dtype)
        totals: list[torch.Tensor] = []
        scales: list[torch.Tensor] = []
        told: dict[Level, torch.Tensor] = {}
        for i, level in enumerate(self.vector_levels):
            weight = self.weights[i](states[level])
            terms = magnitudes(weight)
            if level and self.along is not None:
                told[level] = weight[..., 0].sigmoid()
            if self.count > self.common:
                alone = (0, (self.count - self.common) * self.vectors)
                weight, terms = pad(weight, alone), pad(terms, alone)
            if level:
                apart, differing = self.apart[i](
                    invariants[level],
                    summed[level],
                    level,
                    seen.masks,
                    self._known(level, seen, invariants[level]),
                )
                weight = weight + apart
                terms = terms + apart.detach().abs() + differing
            x = vectors[level]
            # Of the whole, `@` would take ten steps for one.
            product = torch.matmul if level else torch.bmm
            sums = product(weight.unflatten(-1, (self.count, self.vectors)), x)
            terms = terms.unflatten(-1, (self.count, self.vectors))
            lengths = product(terms, _length(x.detach()).unsqueeze(-1)).squeeze(-1)
            totals.append(level_mean(sums, level, seen.masks))
            scales.append(level_mean(lengths, level, seen.masks))
        total = added(totals) if totals else context.new_zeros(batch, self.count, d)
        scale = added(scales) if scales else context.new_zeros(batch, self.count)
        samples = rows // batch
        base, base_scale = total, scale
        spare: list[tuple[torch.Tensor, torch.Tensor]] = []
        directions = None
        if self.along is not None and filling is not None and ties is not None and d > 1:
            few = {level: vectors[level][..., : min(self.drawn, d), :] for level in told}
            directions = item_directions(few, told, ties, self.special, seen.matrices)
            if self.mix_matrices is None:
                # No sample adds to them: they are the frame. But each draws directions of its own.
                masks = seen.masks
                if samples > 1:
                    total, scale = fold(total, samples), fold(scale, samples)
                    vectors = {level: fold(x, samples) for level, x in vectors.items()}
                    told = {level: fold(x, samples) for level, x in told.items()}
                    masks = {name: fold(x, samples) for name, x in masks.items()}
                taken = RowsSoFar(total, scale, seen.tolerance, filling, directions)
                self.along(taken, vectors, masks, told)
                return Candidates(total, scale, frame=taken.frame(self.special))
            taken = RowsSoFar(total, scale, seen.tolerance, total.new_zeros(batch, 1, d), None)
            self.along(taken, vectors, seen.masks)
            spare += [(fold(x, samples), fold(size, samples)) for x, size in taken.offered]
        if self.mix_noise is not None:
            lengths = _length(noise.detach())
            # Nothing was summed for these: at their own lengths they would stand before most sums.
            spare.append((noise, lengths / FAINT))
            total, scale = self._with_noise(self.mix_noise(context), noise, lengths, total, scale)
        elif samples > 1:
            total, scale = fold(total, samples), fold(scale, samples)
        if self.mix_matrices is not None and self.choose_matrices is not None:
            if seen.matrices is None or seen.matrix_sizes is None:
                raise ValueError("matrices were declared, and none came")
            parts = self._through_matrices(
                seen.matrices,
                seen.matrix_sizes,
                context,
                torch.cat([noise, fold(base, samples)], 1),
                torch.cat([_length(noise.detach()), fold(base_scale, samples)], 1),
                samples,
                seen,
            )
            summed = parts[: self.maps]
            more, more_scale = added([x for x, _ in summed]), added([size for _, size in summed])
            spare += [(total + FAINT * more, scale + FAINT * more_scale), *parts]
            total, scale = total + more, scale + more_scale
        if not spare:
            return Candidates(total, scale, directions)
        # Components first in memory, as a frame reads them.
        rows_of_all = torch.cat([x.permute(2, 1, 0) for x in (total, *(x for x, _ in spare))], 1)
        sizes = torch.cat([size.T for size in (scale, *(size for _, size in spare))])
        return Candidates(rows_of_all.permute(2, 1, 0), sizes.T, directions)

    def _with_noise(
        self,
        mixed: torch.Tensor,
        noise: torch.Tensor,
        lengths: torch.Tensor,
        total: torch.Tensor,
        scale: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Vectors [N, count, d] and their scales for each sample, noise mixed in.

        Components first in memory, rows of the batch last.
        """
        batch, samples = total.shape[0], noise.shape[0] // total.shape[0]
        # [noise, count, K*N] and [noise, d, K*N].
        weight, size = (
            repeated(x.T.reshape(self.count, self.noise, batch).transpose(0, 1), samples)
            for x in (mixed, magnitudes(mixed))
        )
        draws = noise.permute(1, 2, 0)
        total = repeated(total.permute(2, 1, 0), samples)
        total = contracted(weight.unsqueeze(1), draws.unsqueeze(2), total)
        scale = repeated(scale.T, samples)
        scale = contracted(size, lengths.T.unsqueeze(1), scale)
        return total.permute(2, 1, 0), scale.T

    def _through_matrices(
        self,
        matrices: torch.Tensor,
        matrix_sizes: torch.Tensor,
        context: torch.Tensor,
        sources: torch.Tensor,
        source_scale: torch.Tensor,
        samples: int,
        seen: Seen,
    ) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """A z, B z, A B z, A B A z ... and their scales; A, B: combinations of `matrices`.

        Behind these, what factors make of z (`through_factors`), then what is told apart of
        powers (`apart_by_products`), mapped once more.

        `matrices` are [N, width, d, d]. A and B are brought to the size of an orthogonal matrix.
        The scales follow from those of the sources and of the matrices: what was summed for a
        source that cancelled is there still.
        """
        chosen = self.choose_matrices(context) if self.choose_matrices is not None else context
        choice = chosen.unflatten(-1, (2, self.width))
        a, b = torch.einsum("nkw,nwij->knij", choice, matrices)
        square = (choice * matrix_sizes.unsqueeze(1)).square().sum(-1) / matrices.shape[-1]
        size = torch.threshold(square, 0.0, 1.0).sqrt()
        a, b = (matrix / size[:, i].reshape(-1, 1, 1) for i, matrix in enumerate((a, b)))
        maps, some = [a, b, a @ b], (square.detach() > 0).to(square.dtype)
        while len(maps) < self.maps:
            maps.append(maps[-1] @ (a if len(maps) % 2 else b))
        both = some.prod(-1, keepdim=True).expand(-1, self.maps - 2)
        sizes = fold(torch.cat([some, both], -1), samples)
        mixing = self.mix_matrices(context) if self.mix_matrices is not None else context
        weight = fold(mixing, samples).unflatten(-1, (self.maps, self.count, -1))
        a, b, *products = (fold(x, samples).transpose(1, 2) for x in maps)
        given = [(i, sources @ x) for i, x in enumerate((a, b, *products))]
        apart = apart_by_products(sources, a, b, self.dimension - 1, seen.tolerance)
        first, *others = through_factors(
            [sources, *apart], source_scale, seen.factors, seen.tolerance
        )
        given.append((0, first))
        for i, (x, other) in enumerate(zip(apart, others, strict=True), start=1):
            given += [(i, x @ a), (i, x @ b), (i, other)]
        parts = []
        for i, x in given:
            part = weight[:, i] @ x
            summed = weight[:, i].detach().square() @ source_scale.square().unsqueeze(-1)
            part_scale = summed.squeeze(-1).sqrt() * sizes[:, i : i + 1]
            # One of low rank makes some vectors longer than an orthogonal matrix would.
            part_scale = torch.maximum(part_scale, _length(part.detach()))
            parts.append((part, part_scale))
        return parts

    def _trunk(
        self, seen: Seen, invariants: dict[Level, torch.Tensor]
    ) -> tuple[torch.Tensor, dict[Level, torch.Tensor]]:
        """The context [N, hidden] and a state an item of each level."""
        states: dict[Level, torch.Tensor] = {}
        lengths = None if seen.lengths is None else (torch.log(seen.lengths) / 10).tanh()
        for level, read in zip(self.levels, self.read, strict=True):
            known = [each[level] for each in (seen.scalars, invariants) if level in each]
            if lengths is not None:
                each_row = lengths.reshape(-1, *[1] * len(level), lengths.shape[-1])
                known.append(each_row.expand(*known[0].shape[:-1], -1))
            states[level] = read(known[0] if len(known) == 1 else torch.cat(known, -1))
        context = self._context(states, seen)
        for update in self.update:
            near = {level: self._near(level, states, seen) for level in self.levels}
            for level, step in zip(self.levels, list(update.children()), strict=True):
                shared = context.reshape(-1, *[1] * len(level), context.shape[-1])
                states[level] = step(states[level], shared, near[level])
            context = self._context(states, seen)
        return context, states

    def _near(
        self, level: Level, states: dict[Level, torch.Tensor], seen: Seen
    ) -> torch.Tensor | None:
        """What pairs say about their items, or items about their pairs.

        Weights 1, 2 ... tell rows from columns, and one group from another.
        """
        near = None
        for weight, (other, k) in enumerate(neighbours(level, self.levels), start=1):
            x = _heard(states[other], level, other, k, seen)
            near = x if near is None else near + weight * x
        return near

    def _speaking(self, level: Level) -> list[tuple[Level, int]]:
        """The neighbours of a level that have scalars."""
        near = neighbours(level, self.levels)
        return [(other, k) for other, k in near if other in self.scalar_levels]

    def _known(self, level: Level, seen: Seen, like: torch.Tensor) -> list[torch.Tensor]:
        """Scalars of items, and what their pairs, or the items of pairs, say: without a net.

        Each [N, items..., width]. Rows and columns apart: together they would tell one direction.
        """
        known = [seen.scalars[level]] if level in self.scalar_levels else []
        for other, k in self._speaking(level):
            x = _heard(seen.scalars[other], level, other, k, seen)
            known.append(x.expand(*like.shape[:-1], -1))
        return known

    def _context(self, states: dict[Level, torch.Tensor], seen: Seen) -> torch.Tensor:
        return added([level_mean(state, level, seen.masks) for level, state in states.items()])


def _heard(x: torch.Tensor, level: Level, other: Level, k: int, seen: Seen) -> torch.Tensor:
    """What x of another level says at this one: a mean over the axis k, or the same along it."""
    if len(other) > len(level):
        return masked_mean(x, k + 1, seen.masks.get(other[k]))
    return x.unsqueeze(k + 1)


def _length(x: torch.Tensor) -> torch.Tensor:
    return x.square().sum(-1).sqrt()
