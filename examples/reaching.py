"""A robot in the plane, with a waist and two arms of three joints, and a teacher that reaches.

Joints [batch, 7]: shoulders, elbows and wrists, each the left one, then the right one, and the
waist. Angles of an arm count outwards, so that equal angles are a symmetric pose; the waist counts
to the left. Places [batch, 2] are forward and to the left, in units of an arm's length.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

LINKS = (0.4, 0.35, 0.25)
SHOULDER = 0.3
"""How far a shoulder is from the waist."""

REST = torch.tensor([0.9, 0.9, -1.2, -1.2, -0.4, -0.4, 0.0])
FASTEST = 0.15
"""What all joints together move in a step at most, in radians."""

LEFT, RIGHT = 1.0, -1.0
STEPS, CLOSE = 40, 0.05


@dataclass(frozen=True)
class Reaches:
    """Joints [batch, 7], targets [batch, 2], and what the teacher does then, speeds [batch, 7]."""

    joints: Tensor
    target: Tensor
    speeds: Tensor

    def __getitem__(self, index: Tensor | slice) -> Reaches:
        return Reaches(*(value[index] for value in vars(self).values()))

    def __len__(self) -> int:
        return len(self.joints)


def chain(joints: Tensor, side: Tensor) -> Tensor:
    """The places of waist, shoulder, elbow, wrist and hand of an arm, [batch, 5, 2].

    `side` [batch]: 1 for the left arm, -1 for the right one.
    """
    waist = joints[:, 6]
    arm = torch.where(side.unsqueeze(1) > 0, joints[:, 0:6:2], joints[:, 1:6:2])
    # An arm's own angles start at straight ahead and count outwards.
    heading = waist.unsqueeze(1) + side.unsqueeze(1) * arm.cumsum(dim=1)
    links = torch.stack([heading.cos(), heading.sin()], dim=-1)
    links = links * torch.tensor(LINKS).to(links).unsqueeze(-1)
    shoulder = torch.stack([-waist.sin(), waist.cos()], dim=-1) * SHOULDER * side.unsqueeze(1)
    steps = torch.cat([torch.zeros_like(shoulder).unsqueeze(1), shoulder.unsqueeze(1), links], 1)
    places: Tensor = steps.cumsum(dim=1)
    return places


def mirrored(joints: Tensor) -> Tensor:
    """The pose in a mirror: arms swapped, the waist to the other side; of speeds alike."""
    swapped = joints[:, [1, 0, 3, 2, 5, 4, 6]]
    return torch.cat([swapped[:, :6], -swapped[:, 6:]], dim=1)


def arm_for(target: Tensor) -> Tensor:
    """The arm that reaches for each target of [batch, 2]: the one on its side."""
    return torch.where(target[:, 1] >= 0, LEFT, RIGHT).to(target)


def teacher(joints: Tensor, target: Tensor) -> Tensor:
    """Speeds [batch, 7]: the arm on the target's side goes there, the other one to its rest.

    A damped Gauss-Newton step on the way from hand to target, no faster than FASTEST.
    """
    side = arm_for(target)
    with torch.enable_grad():
        at = joints.detach().requires_grad_()
        hand = chain(at, side)[:, -1]
        rows = [torch.autograd.grad(hand[:, i].sum(), at, retain_graph=i == 0)[0] for i in (0, 1)]
    jacobian = torch.stack(rows, dim=1)
    damped = jacobian @ jacobian.mT + 0.02 * torch.eye(2).to(joints)
    way = (target - hand.detach()).unsqueeze(-1)
    # What does not move the hand, the other arm above all, goes back to rest.
    pull = jacobian.mT @ torch.linalg.solve(damped, torch.cat([way, jacobian], dim=2))
    idle = 0.3 * (REST.to(joints) - joints).unsqueeze(-1)
    speeds = (pull[:, :, :1] + idle - pull[:, :, 1:] @ idle).squeeze(-1)
    length = speeds.norm(dim=1, keepdim=True)
    slowed: Tensor = speeds * (FASTEST / length).clamp(max=1.0)
    return slowed


def targets(side: Tensor, generator: torch.Generator) -> Tensor:
    """A place for each side of [batch] that the arm there can reach, [batch, 2]."""
    angle = 0.1 + 1.2 * torch.rand(len(side), generator=generator)
    far = 0.6 + 0.5 * torch.rand(len(side), generator=generator)
    return torch.stack([far * angle.cos(), side * far * angle.sin()], dim=1)


def starts(count: int, generator: torch.Generator) -> Tensor:
    """Poses [count, 7] around rest."""
    return REST + 0.3 * torch.randn(count, 7, generator=generator)


def lessons(count: int, share_left: float, generator: torch.Generator) -> Reaches:
    """What the teacher does in `count` reaches, a moment of each; most of them to the left.

    Exactly `share_left` of the targets, rounded, are on the left. The moment is drawn, and the pose
    is off the teacher's way by a little, so that who learns from it can come back.
    """
    left = round(share_left * count)
    side = torch.cat([torch.full((left,), LEFT), torch.full((count - left,), RIGHT)])
    target, joints = targets(side, generator), starts(count, generator)
    moment = torch.randint(STEPS // 2, (count,), generator=generator)
    for step in range(STEPS // 2):
        joints = torch.where((step < moment).unsqueeze(1), joints + teacher(joints, target), joints)
    joints = joints + 0.1 * torch.randn(joints.shape, generator=generator)
    return Reaches(joints, target, teacher(joints, target))
