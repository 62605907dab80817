"""A robot with two arms learns to reach with the left one, and is asked to use the right one.

One small network copies a teacher, trained plain and under four methods of symmetrization by
D(1), the mirror that swaps the arms. Of the lessons 98% are with the left arm:

    python examples/robot.py --seconds 15

Then the network moves the robot itself. The spec is `specs/robot.sym`; the robot is `reaching.py`.
Results go to `--out`, one JSON file a method; one that is there already is not run again. `--show`
prints what is there.
"""

from __future__ import annotations

import copy
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from rich.progress import Progress
from rich.table import Table
from torch import Tensor, nn
from torch.nn import functional as F

import symc
from comparison import Comparison, Results, narrow_table
from reaching import CLOSE, LEFT, RIGHT, STEPS, arm_for, chain, lessons, mirrored, starts, targets
from robot_pictures import draw_reaches
from symc_runtime.bases.mlp import MLP
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.testing import equivariance_error
from training import Schedule, train

SPEC = Path(__file__).parents[1] / "specs" / "robot.sym"
TRAIN, TEST, SHARE_LEFT = 2000, 500, 0.98
SIDES = {"left": LEFT, "right": RIGHT}
PICTURED = 3
METHODS = {
    "plain": "base",
    "average": "average(samples=1, eval_samples=20)",
    "frame": "frame",
    "canonical": "canonical",
    "probabilistic": "probabilistic",
}


def build(method: str, seed: int) -> Symmetrized:
    """The base, an MLP with the same weights for every method, as `method` symmetrizes it."""
    torch.manual_seed(seed)
    base = MLP([(7,), (2,)], [(7,)], hidden=128, layers=2)
    text = f"{SPEC.read_text(encoding='utf-8')}\nsymmetrize R by {METHODS[method]}\n"
    model: Symmetrized = symc.build(text, base)
    return model


@torch.no_grad()
def reach(model: nn.Module, joints: Tensor, target: Tensor) -> Tensor:
    """The model moves the robot from joints [batch, 7]; all poses, [STEPS + 1, batch, 7]."""
    poses = [joints]
    for _ in range(STEPS):
        # The model's answers are in tenths of a radian.
        poses.append(poses[-1] + 0.1 * model(poses[-1], target))
    return torch.stack(poses)


def tests(seed: int) -> dict[str, tuple[Tensor, Tensor]]:
    """For each side, where reaches start and where they go; on the right as in a mirror."""
    generator = torch.Generator().manual_seed(seed + 1)
    joints = starts(TEST, generator)
    target = targets(torch.full((TEST,), LEFT), generator)
    return {
        "left": (joints, target),
        "right": (mirrored(joints), target * torch.tensor([1.0, -1.0])),
    }


def measure(model: nn.Module, joints: Tensor, target: Tensor) -> dict[str, float]:
    """The share of targets that the hand is close to in the end; its median distance to them."""
    hand = chain(reach(model, joints, target)[-1], arm_for(target))[:, -1]
    away = (hand - target).norm(dim=1)
    return {"close": (away < CLOSE).double().mean().item(), "away": away.median().item()}


def pictured(model: nn.Module, joints: Tensor, target: Tensor) -> list[dict[str, Any]]:
    """Some reaches: the target, both arms in the end, and the way of the hand that reaches."""
    poses = reach(model, joints[:PICTURED], target[:PICTURED])
    side = arm_for(target[:PICTURED])
    both = {name: chain(poses[-1], torch.full_like(side, way)) for name, way in SIDES.items()}
    hands = torch.stack([chain(pose, side)[:, -1] for pose in poses], dim=1)
    return [
        {
            "target": target[i].tolist(),
            "arms": [arm[i].tolist() for arm in both.values()],
            "hand": hands[i].tolist(),
        }
        for i in range(PICTURED)
    ]


def coupled_error(model: Symmetrized, joints: Tensor, target: Tensor, seed: int) -> float:
    """The largest relative |f(h x; h noise) - h f(x; noise)| in float64: is the law exact?"""
    generator = torch.Generator().manual_seed(seed)
    double = copy.deepcopy(model).double().eval()
    inputs = joints[:100].double(), target[:100].double()
    return equivariance_error(double, *inputs, groups=["R"], generator=generator)


def run(
    method: str, seconds: float, seed: int, title: str, progress: Progress
) -> dict[str, object]:
    """Train one method on lessons, let it move the robot, and measure how close it comes."""
    training = lessons(TRAIN, SHARE_LEFT, torch.Generator().manual_seed(seed))
    every = tests(seed)
    model = build(method, seed)

    def loss(indices: Tensor) -> Tensor:
        batch = training[indices]
        return F.mse_loss(model(batch.joints, batch.target), 10 * batch.speeds)

    task = progress.add_task(title, total=seconds, status="")
    schedule = Schedule(seconds, batch=100, learning_rate=3e-3)
    effort = train(model, loss, len(training), schedule, seed=seed, progress=progress, task=task)
    return {
        "tests": {name: measure(model, *test) for name, test in every.items()},
        "equivariance_error": coupled_error(model, *every["left"], seed),
        "reaches": {name: pictured(model, *test) for name, test in every.items()},
        "effort": asdict(effort),
    }


COLUMNS = ("left\ntargets", "right\ntargets", "left, off\nby", "right, off\nby", "coupled\nerror")


def table(results: Results) -> Table:
    """Targets reached on both sides, and how far the hand is from them in the end."""
    title = f"targets reached; {SHARE_LEFT:.0%} of the lessons with the left arm"
    view = narrow_table(title, results, (*COLUMNS, "\nsteps"))
    for name, result in results.items():
        sides = [result["tests"][side] for side in SIDES]
        view.add_row(
            name,
            *(f"{side['close']:.1%}" for side in sides),
            *(f"{side['away']:.3f}" for side in sides),
            f"{result['equivariance_error']:.0e}",
            f"{result['effort']['steps']:,}",
        )
    return view


def conclusion(results: Results) -> str:
    """What the table shows, in a sentence made of its numbers."""
    others = [result["tests"] for name, result in results.items() if name != "plain"]
    if "plain" not in results or not others:
        return ""
    plain = results["plain"]["tests"]
    least = min(each[side]["close"] for each in others for side in SIDES)
    return (
        f"Plain: {plain['left']['close']:.1%} of the targets reached with the left arm, "
        f"{plain['right']['close']:.1%} with the right one; symmetrized: at least {least:.1%} "
        "with either."
    )


def draw(path: Path, results: Results) -> None:
    """Reaches to both sides, of the plain network and of another one."""
    shown = [name for name in ("plain", "frame") if name in results] or list(results)[:1]
    draw_reaches(path, {name: results[name]["reaches"] for name in shown})


EXAMPLE = Comparison(
    name="robot",
    title="A robot whose mirror swaps its arms.",
    methods=tuple(METHODS),
    seconds=15.0,
    run=run,
    table=table,
    conclusion=conclusion,
    draw=draw,
    drawn="reaches to both sides",
)

if __name__ == "__main__":
    EXAMPLE.main()
