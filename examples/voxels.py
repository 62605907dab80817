"""Solid things on a grid of voxels, trained standing, asked about when turned and mirrored.

One small network of convolutions in space, trained plain and under four methods of symmetrization
by the 48 symmetries of the cube, each with the same budget of CPU time:

    python examples/voxels.py --seconds 15

It names the thing, says where up is, and marks its upper half, voxel by voxel. The spec is
`specs/voxels.sym`, whose group is written by three generators; the things are `solids.py`. Results
go to `--out`, one JSON file a method; one that is there already is not run again.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
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
from solids import KINDS, SIDE, Solids, drawn, made
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.testing import equivariance_error
from training import Schedule, train

SPEC = Path(__file__).parents[1] / "specs" / "voxels.sym"
TRAIN, TEST = 600, 400

HOW = {
    "average": "average(samples=1, eval_samples=20)",
    "frame": "frame",
    "canonical": "canonical",
    "probabilistic": "probabilistic",
}
METHODS = ("plain", *HOW)
TESTS = ("standing", "turned")
"""As trained; moved by an element of the group, each at random."""


class SmallCNN(nn.Module):
    """The base: convolutions, once more at half the resolution, and three readouts.

    Its padding, and the layer that reads the whole grid, tell it where up is.
    """

    def __init__(self, width: int = 8, whole: int = 48) -> None:
        super().__init__()
        self.fine = nn.Sequential(nn.Conv3d(1, width, 3, padding=1), nn.GELU())
        self.whole = nn.Sequential(
            nn.MaxPool3d(2),
            nn.Conv3d(width, 2 * width, 3, padding=1),
            nn.GELU(),
            nn.Flatten(),
            nn.Linear(2 * width * (SIDE // 2) ** 3, whole),
            nn.GELU(),
        )
        self.kind = nn.Linear(whole, len(KINDS))
        self.up = nn.Linear(whole, 3)
        self.told = nn.Linear(whole, width)
        self.mask = nn.Sequential(
            nn.Conv3d(2 * width, width, 3, padding=1), nn.GELU(), nn.Conv3d(width, 1, 1)
        )

    def forward(self, density: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Grids [batch, 8, 8, 8] to scores [batch, 4], a vector [batch, 3], logits of a mask."""
        fine = self.fine(density.unsqueeze(1))
        whole = self.whole(fine)
        told = self.told(whole)[..., None, None, None].expand_as(fine)
        mask = self.mask(torch.cat([fine, told], dim=1)).squeeze(1)
        return self.kind(whole), self.up(whole), mask


def build(method: str, seed: int) -> nn.Module:
    """The base, with the same weights for every method, as `method` symmetrizes it."""
    torch.manual_seed(seed)
    base = SmallCNN()
    if method == "plain":
        return base
    text = SPEC.read_text(encoding="utf-8")
    model: nn.Module = symc.build(f"{text}\nsymmetrize Cube by {HOW[method]}\n", base)
    return model


@torch.no_grad()
def measure(model: nn.Module, test: Solids) -> dict[str, float]:
    """Shares of right names, of arrows that point nearest to up, and the overlap of masks."""
    kind, up, mask = model(test.density)
    said, true = mask > 0, test.mask > 0.5
    return {
        "accuracy": (kind.argmax(1) == test.kind).double().mean().item(),
        "up": ((up * test.up).sum(1) > 0.8 * up.norm(dim=1)).double().mean().item(),
        "overlap": ((said & true).sum() / (said | true).sum()).item(),
    }


def coupled_error(model: nn.Module, test: Solids, seed: int) -> float | None:
    """The largest relative |f(h x; h noise) - h f(x; noise)| in float64; None of a plain one."""
    if not isinstance(model, Symmetrized):
        return None
    generator = torch.Generator().manual_seed(seed)
    double = copy.deepcopy(model).double().eval()
    return equivariance_error(double, test.density.double()[:40], generator=generator)


PICTURED = (0, 1, 2, 3)
"""Of each kind one, turned each by an element of its own."""


@torch.no_grad()
def answers(model: nn.Module, test: Solids) -> list[dict[str, Any]]:
    """What the model says of one thing of each kind."""
    first = [int((test.kind == kind).nonzero()[0]) for kind in PICTURED]
    shown = test[torch.tensor(first)]
    kind, up, mask = model(shown.density)
    return [
        {
            "density": shown.density[i].tolist(),
            "said": KINDS[int(kind[i].argmax())],
            "right": bool(kind[i].argmax() == shown.kind[i]),
            "up": F.normalize(up[i], dim=0).tolist(),
            "mask": mask[i].sigmoid().tolist(),
        }
        for i in range(len(first))
    ]


def run(
    method: str, seconds: float, seed: int, title: str, progress: Progress
) -> dict[str, object]:
    """Train one method on things that stand and measure it on moved ones."""
    generator = torch.Generator().manual_seed(seed)
    training, test = made(TRAIN, generator), made(TEST, generator)
    tests = {"standing": test, "turned": test.moved(generator)}
    model = build(method, seed)

    def loss(indices: Tensor) -> Tensor:
        batch = training[indices]
        kind, up, mask = model(batch.density)
        wrong: Tensor = F.cross_entropy(kind, batch.kind)
        marked = F.binary_cross_entropy_with_logits(mask, batch.mask)
        return wrong + marked + F.mse_loss(up, batch.up)

    task = progress.add_task(title, total=seconds, status="")
    schedule = Schedule(seconds, batch=32, learning_rate=3e-3)
    effort = train(model, loss, len(training), schedule, seed=seed, progress=progress, task=task)
    return {
        "tests": {name: measure(model, each) for name, each in tests.items()},
        "equivariance_error": coupled_error(model, test, seed),
        "answers": answers(model, tests["turned"]),
        "effort": asdict(effort),
    }


COLUMNS = ("\nstanding", "\nturned", "up,\nturned", "mask,\nturned", "coupled\nerror", "\nsteps")


def table(results: Results) -> Table:
    """Names, arrows and masks in each test."""
    view = narrow_table("things named right; trained on standing ones alone", results, COLUMNS)
    for name, result in results.items():
        standing, turned = (result["tests"][test] for test in TESTS)
        error = result["equivariance_error"]
        view.add_row(
            name,
            f"{standing['accuracy']:.1%}",
            f"{turned['accuracy']:.1%}",
            f"{turned['up']:.0%}",
            f"{turned['overlap']:.0%}",
            "-" if error is None else f"{error:.0e}",
            f"{result['effort']['steps']:,}",
        )
    return view


def conclusion(results: Results) -> str:
    """What the table shows, in a sentence made of its numbers."""
    others = [each["tests"]["turned"] for name, each in results.items() if name != "plain"]
    if "plain" not in results or not others:
        return ""
    plain = results["plain"]["tests"]
    least = min(each["accuracy"] for each in others)
    return (
        f"Plain: {plain['standing']['accuracy']:.1%} right standing, "
        f"{plain['turned']['accuracy']:.1%} once turned; symmetrized: at least {least:.1%} turned."
    )


def draw(path: Path, results: Results) -> None:
    """Things turned, and where the plain network and another one say up is."""
    shown: Sequence[str] = [name for name in ("plain", "frame") if name in results]
    shown = shown or list(results)[:1]
    drawn(path, {name: results[name]["answers"] for name in shown})


EXAMPLE = Comparison(
    name="voxels",
    title="Solid things on a grid of voxels, turned and mirrored.",
    methods=METHODS,
    seconds=15.0,
    run=run,
    table=table,
    conclusion=conclusion,
    draw=draw,
    drawn="things turned, and the answers",
)

if __name__ == "__main__":
    EXAMPLE.main()
