"""Frames of O(d) and SO(d): principal axes (Puny et al., ICLR 2022)."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from symc_runtime.call.exportable import eigenvectors
from symc_runtime.call.noise import normal
from symc_runtime.call.precision import without_autocast
from symc_runtime.distributions.orthogonal_average import SPARE, OrthogonalNoise, element_of
from symc_runtime.elements.orthogonal import Orthogonal
from symc_runtime.modules.mixing import stacked
from symc_runtime.numerics.orthogonalization import frame_of_eigenspaces
from symc_runtime.reading.naming import Naming
from symc_runtime.reading.units import unit_scale
from symc_runtime.spec.covering import covered
from symc_runtime.spec.layout import Block, Group, Tensor, blocks, solve_sizes, split
from symc_runtime.spec.polynomials import Size


class PrincipalFrame(OrthogonalNoise):
    """Principal axes of everything the group moves, with every choice of signs.

    Noise [K, B, d + 1, d]: d isotropic vectors that choose the signs, and a basis where
    eigenvalues agree; then a row of signs +-1, all + when sampling. Gradients flow through the
    axes, but for turning those of one eigenspace into each other: that has none.
    """

    signs = 1

    def __init__(
        self,
        inputs: tuple[Tensor, ...],
        groups: tuple[Group, ...],
        own: str,
        later: tuple[str, ...] = (),
        anchors: Mapping[str, int] | None = None,
        sizes: Mapping[str, int] | None = None,
    ) -> None:
        naming = Naming(inputs, (own, *later), sizes or {})
        seen = covered(naming.inputs, groups, own, sizes)
        super().__init__(seen.inputs, seen.groups, own)
        self.naming = naming
        self.blocks = tuple(blocks(tensor) for tensor in self.inputs)
        self.sizes = dict(sizes or {})

    def draw(
        self,
        samples: int,
        batch: int,
        sizes: Mapping[str, int],
        dtype: torch.dtype,
        device: torch.device,
        generator: torch.Generator | None,
    ) -> torch.Tensor:
        """[samples, batch, d + SPARE + 1, d]: isotropic vectors, which choose signs too."""
        d = self._size(sizes)
        vectors = normal((samples, batch, d + SPARE, d), dtype, device, generator)
        return torch.cat([vectors, torch.ones_like(vectors[..., :1, :])], -2)

    def enumerate(
        self,
        batch: int,
        sizes: Mapping[str, int],
        dtype: torch.dtype,
        device: torch.device,
        generator: torch.Generator | None,
    ) -> torch.Tensor:
        """The same vectors for every choice of signs [2^d or 2^(d-1), batch, ..., d]."""
        d = self._size(sizes)
        # In SO(d) the last sign follows from the determinant.
        free = d - 1 if self.own.special else d
        patterns: list[list[int]] = [[]]
        for row in range(d):
            signs = (1, -1) if row < free else (1,)
            patterns = [[*pattern, sign] for pattern in patterns for sign in signs]
        rows = torch.tensor(patterns, dtype=dtype, device=device)
        rows = rows.reshape(-1, 1, 1, d).expand(-1, batch, 1, d)
        vectors = normal((1, batch, d + SPARE, d), dtype, device, generator)
        return torch.cat([vectors.expand(len(patterns), -1, -1, -1), rows], -2)

    def act_on_noise(self, element: Orthogonal, noise: torch.Tensor) -> torch.Tensor:
        """The vectors rotate, the signs stay."""
        moved = noise[:, :-1] @ element.matrix.transpose(1, 2)
        return torch.cat([moved, noise[:, -1:]], 1)

    def _vectors(self, inputs: tuple[torch.Tensor, ...], like: torch.Tensor) -> torch.Tensor:
        """Every axis of every input that the group moves, as rows [N, m, d].

        A block has unit size over the square root of its number.
        """
        sizes = solve_sizes(self.inputs, [x.shape for x in inputs], self.sizes)
        # Those of one shape are brought to size at once.
        alike: dict[tuple[Size, ...], list[tuple[int, torch.Tensor]]] = {}
        number = 0
        for tensor, x, every in zip(self.inputs, inputs, self.blocks, strict=True):
            for block, piece in zip(every, split(tensor, x, sizes), strict=True):
                for dim, axis in enumerate(block.axes, start=1):
                    if axis.group != self.own.name:
                        continue
                    rows = piece.to(like.dtype).movedim(dim, -1)
                    rows = rows.reshape(x.shape[0], -1, rows.shape[-1])
                    number += 1
                    alike.setdefault(_rows_of(block, dim), []).append((number, rows))
        if not alike:
            raise ValueError(f"{self.own} moves no input: it has no frame")
        found: list[torch.Tensor] = []
        for given in alike.values():
            units = unit_scale(stacked([x for _, x in given], 1)).unbind(1)
            for (place, _), unit in zip(given, units, strict=True):
                # At equal weights two single vectors at nearly right angles would have nearly
                # equal eigenvalues, told apart by rounding alone.
                found.append(unit / place**0.5 if place > 1 else unit)
        return found[0] if len(found) == 1 else torch.cat(found, 1)

    def forward(
        self,
        noise: torch.Tensor,
        *inputs: torch.Tensor,
        counts: Mapping[str, torch.Tensor] | None = None,
    ) -> Orthogonal:
        """Unit eigenvectors as columns; eigenvalues that agree to sqrt(eps) share an eigenspace."""
        with without_autocast(noise.device):
            vectors = self._vectors(self.naming(inputs, counts), noise)
            given = vectors.detach()
            # An example that is not finite is not to stop the others; it stays what it is.
            square = torch.nan_to_num(given.transpose(1, 2) @ given)
            values, columns = eigenvectors(square)
            least = self.tolerance(values.dtype) * values[:, -1:]
            cluster = (values.diff(dim=1, prepend=values[:, :1]) > least).cumsum(1)
            # 1 where two share an eigenspace, else 0.
            same = (cluster.unsqueeze(-1) == cluster.unsqueeze(-2)).to(values.dtype)
            columns = _refined(columns, vectors, same)
            if vectors.requires_grad and torch.is_grad_enabled():
                # The value of one step, the derivatives of two, which are exact to second order.
                again = _refined(columns, vectors, same)
                columns = columns.detach() + (again - again.detach())
            rows = frame_of_eigenspaces(
                noise[:, :-1], columns, same, signs=noise[:, -1], special=self.own.special
            )
            return element_of(rows)


def _rows_of(block: Block, dim: int) -> tuple[Size, ...]:
    """The sizes of a block's axes but one, which tell how many rows it has."""
    sizes = [axis.size for axis in block.axes]
    return (*sizes[: dim - 1], *sizes[dim:])


def _refined(columns: torch.Tensor, vectors: torch.Tensor, same: torch.Tensor) -> torch.Tensor:
    """Eigenvectors [N, d, d] of V^T V made as exact as the singular vectors of V [N, m, d].

    The product squares singular values, and with them what rounding does to flat clouds. One step
    of one-sided Jacobi on V, between eigenspaces only (`same`), then back to orthonormal columns.
    It brings the gradient, being the perturbation of first order.
    """
    moved = vectors @ columns
    product = moved.transpose(1, 2) @ moved
    values = product.detach().diagonal(dim1=1, dim2=2)
    gap = values.unsqueeze(1) - values.unsqueeze(2)
    turn = product * (1 - same) / (gap + same)
    columns = torch.baddbmm(columns, columns, turn)
    gram = columns.transpose(1, 2) @ columns
    return torch.baddbmm(columns, columns, gram, beta=1.5, alpha=-0.5)
