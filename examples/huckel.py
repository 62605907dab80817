"""Rings of six atoms: their pi electrons, by a model with one orbital a site.

Hückel's model (1931) with bonds that weaken as they stretch and twist: six electrons fill the three
lowest orbitals of a 6 x 6 matrix, whose diagonal says how strongly each site holds electrons and
whose other entries join neighbours. Energies are in units of the bond of benzene, |beta|, lengths
in units of 1.4 angstroms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

SITES = 6
KINDS = ("C-H", "C-CH3", "N", "N-H+")
HOLD = (0.0, -0.5, 0.5, 2.0)
"""How much more strongly than C-H a site of each kind holds an electron."""

REACH = 0.25
"""A bond is weaker by a factor e for each of this that it is longer."""

SPRING = 4.0


@dataclass(frozen=True)
class Rings:
    """Kinds [batch, 6], whole numbers; points [batch, 6, 3]; energies [batch]; charges [batch, 6].

    Sites are numbered around the ring.
    """

    kind: Tensor
    points: Tensor
    energy: Tensor
    charge: Tensor

    def __getitem__(self, index: Tensor | slice) -> Rings:
        return Rings(*(value[index] for value in vars(self).values()))

    def __len__(self) -> int:
        return len(self.kind)

    def renumbered(self, order: Tensor) -> Rings:
        """Site i of ring b is what was site order[b, i]; orders are those of D(6)."""
        points = self.points.gather(1, order.unsqueeze(-1).expand_as(self.points))
        return Rings(self.kind.gather(1, order), points, self.energy, self.charge.gather(1, order))

    def turned(self, rotation: Tensor, shift: Tensor) -> Rings:
        """Each turned by its matrix of [batch, 3, 3], then shifted by its row of [batch, 3]."""
        points = self.points @ rotation.mT + shift.unsqueeze(1)
        return Rings(self.kind, points, self.energy, self.charge)


def electrons(kind: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
    """The energy [batch] and the charge of each site [batch, 6], in float64.

    The energy is that of the pi electrons and of the springs along bonds; charges add up to zero.
    """
    points = points.double()
    after = torch.arange(1, SITES + 1) % SITES
    length = (points[:, after] - points).norm(dim=-1)
    axis = torch.nn.functional.normalize(_axes(points), dim=-1)
    # Orbitals stand along the axes of their sites: twisted against one another they overlap less.
    twist = (axis[:, after] * axis).sum(dim=-1)
    bond = -torch.exp((1 - length) / REACH) * twist
    matrix = torch.diag_embed(-torch.tensor(HOLD, dtype=torch.float64)[kind])
    site = torch.arange(SITES)
    matrix[:, site, after] += bond
    matrix[:, after, site] += bond
    level, orbital = torch.linalg.eigh(matrix)
    filled = SITES // 2
    energy = 2 * level[:, :filled].sum(dim=-1) + SPRING * (length - 1).square().sum(dim=-1)
    charge = 1 - 2 * orbital[:, :, :filled].square().sum(dim=-1)
    return energy, charge


def _axes(points: Tensor) -> Tensor:
    """What stands on the two bonds of each site, [batch, 6, 3]."""
    before, after = points.roll(1, dims=1), points.roll(-1, dims=1)
    axes: Tensor = torch.linalg.cross(points - before, after - points, dim=-1)
    return axes


def as_in_books(count: int, generator: torch.Generator) -> Rings:
    """Rings nearly flat and regular, the first site up, numbered as chemists do.

    The first site is of the highest kind there is, and the numbers run in the direction in which
    the next ones are higher too: of twelve ways to number a ring the largest word of kinds.
    """
    drawn = torch.randint(len(KINDS), (count, SITES), generator=generator)
    ways = torch.stack([drawn[:, order] for order in numberings()], dim=1)
    digits = len(KINDS) ** torch.arange(SITES - 1, -1, -1)
    largest = (ways * digits).sum(dim=-1).argmax(dim=1)
    kind = ways[torch.arange(count), largest]
    angle = math.pi / 2 - 2 * math.pi * torch.arange(SITES) / SITES
    flat = torch.stack([angle.cos(), angle.sin(), torch.zeros(SITES)], dim=-1)
    points = flat + 0.04 * torch.randn(count, SITES, 3, generator=generator)
    energy, charge = electrons(kind, points)
    return Rings(kind, points, energy.float(), charge.float())


def numberings() -> Tensor:
    """The twelve ways to number a ring: from each site, in each direction; [12, 6]."""
    site = torch.arange(SITES)
    return torch.stack([(start + way * site) % SITES for way in (1, -1) for start in range(SITES)])


def moved(rings: Rings, generator: torch.Generator) -> Rings:
    """Each numbered from another site, in either direction; turned, mirrored, shifted."""
    order = numberings()[torch.randint(2 * SITES, (len(rings),), generator=generator)]
    drawn, r = torch.linalg.qr(torch.randn(len(rings), 3, 3, generator=generator))
    rotation = drawn * r.diagonal(dim1=1, dim2=2).sign().unsqueeze(1)
    shift = torch.randn(len(rings), 3, generator=generator)
    return rings.renumbered(order).turned(rotation, shift)
