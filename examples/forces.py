"""Molecules of our own making: a learned energy, and the forces that are its gradient.

    python examples/forces.py --seconds 120

Six atoms of three kinds hold together by Morse springs between all pairs. A message-passing base
reads atoms and the vectors between them, in any order of the atoms but in one pose; a frame of
E(3) makes its energy invariant, and `force = -grad(energy, pos)` of `specs/forces.sym` derives the
forces from what comes out. It is trained on forces, within a budget of CPU time. Shown are the
error beside that of the mean predictor, net forces and torques, and forces against differences of
the energy.
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

import symc
from symc_runtime.symmetrized import Symmetrized

SPEC = Path(__file__).parents[1] / "specs" / "forces.sym"
ATOMS, KINDS = 6, 3
DEPTH = torch.tensor([[1.0, 0.7, 0.5], [0.7, 0.6, 0.9], [0.5, 0.9, 0.8]])
LENGTH = torch.tensor([[1.0, 1.2, 1.1], [1.2, 1.4, 1.0], [1.1, 1.0, 1.3]])
STIFFNESS = 2.0
SHAKEN = 0.1
"""How far atoms are moved from a state that is nearly at rest."""


@dataclass(frozen=True)
class Molecules:
    """Positions [B, n, 3], kinds [B, n] int64, energies [B] and forces [B, n, 3]."""

    pos: Tensor
    kind: Tensor
    energy: Tensor
    force: Tensor

    def __getitem__(self, index: Tensor | slice) -> Molecules:
        return Molecules(*(value[index] for value in vars(self).values()))

    def __len__(self) -> int:
        return len(self.pos)


def true_energy(pos: Tensor, kind: Tensor) -> Tensor:
    """Morse springs between all pairs of atoms, [B]."""
    first, second = torch.triu_indices(pos.shape[1], pos.shape[1], 1)
    distance = (pos[:, first] - pos[:, second]).norm(dim=-1)
    depth, length = (
        table.to(pos.dtype)[kind[:, first], kind[:, second]] for table in (DEPTH, LENGTH)
    )
    stretched = 1 - torch.exp(-STIFFNESS * (distance - length))
    return (depth * stretched.square()).sum(1)


def true_force(pos: Tensor, kind: Tensor) -> Tensor:
    """What moves the atoms, [B, n, 3]."""
    x = pos.detach().requires_grad_()
    (slope,) = torch.autograd.grad(true_energy(x, kind).sum(), x)
    return -slope


def molecules(count: int, seed: int) -> Molecules:
    """Random atoms, let fall to where they are nearly at rest, then shaken; float64."""
    generator = torch.Generator().manual_seed(seed)
    kind = torch.randint(KINDS, (count, ATOMS), generator=generator)
    pos = 1.2 * torch.randn(count, ATOMS, 3, dtype=torch.float64, generator=generator)
    for _ in range(400):
        pos = pos + (0.02 * true_force(pos, kind)).clamp(-0.1, 0.1)
    pos = pos + SHAKEN * torch.randn(pos.shape, dtype=pos.dtype, generator=generator)
    return Molecules(pos, kind, true_energy(pos, kind), true_force(pos, kind))


class MessagePassing(nn.Module):
    """Atoms hear from all others, twice; what they then are adds up to an energy.

    No order of the atoms changes it, but a turn of the molecule does.
    """

    def __init__(self, width: int = 48, waves: int = 12) -> None:
        super().__init__()
        self.kinds = nn.Embedding(KINDS, width)
        self.middles = nn.Parameter(torch.linspace(0.4, 4.0, waves), requires_grad=False)
        self.messages = nn.ModuleList(
            nn.Sequential(
                nn.Linear(2 * width + waves + 3, width), nn.SiLU(), nn.Linear(width, width)
            )
            for _ in range(2)
        )
        self.updates = nn.ModuleList(
            nn.Sequential(nn.Linear(2 * width, width), nn.SiLU(), nn.Linear(width, width))
            for _ in range(2)
        )
        self.energy = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 1))

    def forward(self, pos: Tensor, kind: Tensor) -> Tensor:
        """Energies [B]."""
        between = pos.unsqueeze(1) - pos.unsqueeze(2)
        # Of no length at a distance 0, the diagonal, and of a derivative everywhere.
        distance = (between.square().sum(-1, keepdim=True) + 1e-6).sqrt()
        waves = torch.exp(-8 * (distance - self.middles).square())
        state = self.kinds(kind)
        n = pos.shape[1]
        others = (1 - torch.eye(n, dtype=pos.dtype)).unsqueeze(-1)
        for message, update in zip(self.messages, self.updates, strict=True):
            pair = [
                state.unsqueeze(2).expand(-1, -1, n, -1),
                state.unsqueeze(1).expand(-1, n, -1, -1),
                waves,
                between / distance,
            ]
            heard = (others * message(torch.cat(pair, -1))).sum(2)
            state = state + update(torch.cat([state, heard], -1))
        total: Tensor = self.energy(state).squeeze(-1).sum(1)
        return total


def build(seed: int) -> Symmetrized:
    """The base around which `specs/forces.sym` is built, float32."""
    torch.manual_seed(seed)
    model = symc.build(SPEC, MessagePassing())
    # One pose of the frame is enough to train on; eval mode takes all eight.
    model.samples = 1
    return model


def train(model: nn.Module, data: Molecules, seconds: float, batch: int = 32) -> int:
    """AdamW on forces, under a cosine, for so many CPU seconds. Returns the number of steps."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-4)
    scale = data.force.square().mean().sqrt()
    pos, force = data.pos.float(), (data.force / scale).float()
    start, steps = time.process_time(), 0
    model.train()
    while (done := (time.process_time() - start) / seconds) < 1:
        for group in optimizer.param_groups:
            group["lr"] = 3e-3 * (1 + math.cos(math.pi * done)) / 2 * min(1, done / 0.03 + 0.01)
        rows = torch.randint(len(data), (batch,))
        _, found = model(pos[rows], data.kind[rows])
        loss = (found / scale.float() - force[rows]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        steps += 1
    return steps


def error(model: nn.Module, data: Molecules) -> tuple[float, float]:
    """Root mean square error of forces, and that of the mean of all forces."""
    model.eval()
    with torch.no_grad():
        _, found = model(data.pos.float(), data.kind)
    mean = data.force.mean((0, 1))
    own = (found - data.force).square().mean().sqrt()
    return float(own), float((data.force - mean).square().mean().sqrt())


@dataclass(frozen=True)
class Laws:
    """In float64, of the largest force: net forces and torques; and forces against differences."""

    net_force: float
    torque: float
    difference: float


def laws(model: nn.Module, data: Molecules) -> Laws:
    """What every molecule obeys, whatever the weights are."""
    double = model.double().eval()
    with torch.no_grad():
        _, force = double(data.pos, data.kind)
        direction = torch.randn_like(data.pos)
        step = 1e-5
        above, below = (
            double(data.pos + sign * step * direction, data.kind)[0] for sign in (1, -1)
        )
    size = force.abs().max()
    slope = (above - below) / (2 * step)
    given = -(force * direction).sum((1, 2))
    net = force.sum(1).abs().max() / size
    torque = torch.linalg.cross(data.pos, force).sum(1).abs().max() / size
    return Laws(float(net), float(torque), float((slope - given).abs().max() / slope.abs().max()))


def main() -> None:
    """Train, and print what was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=120, help="of CPU time, to train")
    parser.add_argument("--train", type=int, default=4000, help="molecules")
    parser.add_argument("--test", type=int, default=500, help="molecules")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    data = molecules(given.train + given.test, given.seed)
    training, testing = data[: given.train], data[given.train :]
    model = build(given.seed)
    steps = train(model, training, given.seconds)
    own, mean = error(model, testing)
    found = laws(model, testing[:50])
    print(f"{steps:,} steps in {given.seconds:g} CPU seconds")
    print(f"error of forces    {own:.4f}, {own / mean:.3f} of the mean predictor's {mean:.4f}")
    print(f"net force          {found.net_force:.1e} of the largest force, in float64")
    print(f"torque             {found.torque:.1e}")
    print(f"against -dE/dx     {found.difference:.1e} by finite differences")


if __name__ == "__main__":
    main()
