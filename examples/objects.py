"""Which object is it, and which way is up? Trained on upright objects, asked about turned ones.

One small model of point clouds that knows nothing of symmetry, trained plain and under four
methods of symmetrization, each with the same budget of CPU time, on objects that all stand upright
and whose points are all numbered in one order:

    python examples/objects.py --seconds 10

The spec is `specs/objects.sym`; the objects are `wireframes.py`. Results go to `--out`, one JSON
file a method; one that is there already is not run again. `--show` prints what is there.
"""

from __future__ import annotations

import argparse
import copy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from torch import Tensor, nn
from torch.nn import functional as F

import symc
from plots import plot_objects, view_turn
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.testing import equivariance_error
from training import (
    Schedule,
    load_results,
    progress_bar,
    save_result,
    say_kept,
    train,
)
from wireframes import (
    KINDS,
    OBJECTS,
    POINTS,
    points_along,
    random_rotations,
    renumbered,
    upright,
)

SPEC = Path(__file__).parents[1] / "specs" / "objects.sym"
TRAIN, TEST = 100, 100
EVAL_SAMPLES = 20
PICTURED, TURNS = "chair", (0, 60, 120)

# Small nets suffice to choose a pose of 32 points, and leave the time to the base.
_NETS = ("net=vector_neurons(hidden=16, layers=1)", "net=deepsets(hidden=16, layers=1)")
_SAMPLES = f"samples=1, eval_samples={EVAL_SAMPLES}"
METHODS = {
    "plain": "symmetrize M, P by base",
    "average": f"symmetrize M, P by average({_SAMPLES})",
    "frame": f"symmetrize M, P by frame({_SAMPLES})",
    "canonical": f"symmetrize M by canonical({_NETS[0]})\nsymmetrize P by canonical({_NETS[1]})",
    "probabilistic": (
        f"symmetrize M by probabilistic({_SAMPLES}, {_NETS[0]})\n"
        f"symmetrize P by probabilistic({_SAMPLES}, {_NETS[1]})"
    ),
}

TESTS = ("as trained", "turned", "renumbered", "both")
"""Upright objects as in training; turned at random; with points in another order; both."""


@dataclass(frozen=True)
class Objects:
    """Points [batch, 32, 3], kinds [batch] and ways up [batch, 3]."""

    points: Tensor
    kind: Tensor
    up: Tensor

    def turned(self, rotation: Tensor) -> Objects:
        """Turned by rotations [batch, 3, 3]."""
        up = (rotation @ self.up.unsqueeze(-1)).squeeze(-1)
        return Objects(self.points @ rotation.mT, self.kind, up)

    def renumbered(self, generator: torch.Generator) -> Objects:
        """With the points of each in another random order."""
        return Objects(renumbered(self.points, generator), self.kind, self.up)


class PointModel(nn.Module):
    """The base: features of each point and of its number, their largest values, two readouts.

    That it pools would make it blind to the order of the points; the numbers take this back, as
    position embeddings do in a transformer.
    """

    def __init__(self, width: int = 128) -> None:
        super().__init__()
        self.number = nn.Parameter(torch.randn(POINTS, width) / 2)
        self.embed = nn.Linear(3, width)
        self.features = nn.Sequential(
            nn.GELU(), nn.Linear(width, width), nn.GELU(), nn.Linear(width, width)
        )
        self.head = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, width),
            nn.GELU(),
            nn.Linear(width, len(KINDS) + 3),
        )

    def forward(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Points [batch, n, 3] to logits [batch, 6] and a direction [batch, 3]."""
        each = self.features(self.embed(points) + self.number[: points.shape[1]])
        logits, up = self.head(each.amax(dim=1)).split([len(KINDS), 3], dim=-1)
        return logits, up


def generate(seed: int) -> tuple[Objects, dict[str, Objects]]:
    """Objects to train on, and the four tests by name."""
    generator = torch.Generator().manual_seed(seed)
    training = Objects(*upright(TRAIN, generator))
    test = Objects(*upright(TEST, generator))
    turned = test.turned(random_rotations(len(test.kind), generator))
    both = turned.renumbered(generator)
    every = (test, turned, test.renumbered(generator), both)
    return training, dict(zip(TESTS, every, strict=True))


def build(method: str, seed: int) -> Symmetrized:
    """The base, with the same weights for every method, as `method` symmetrizes it."""
    torch.manual_seed(seed)
    text = SPEC.read_text(encoding="utf-8") + "\n" + METHODS[method] + "\n"
    model: Symmetrized = symc.build(text, PointModel())
    return model


@torch.no_grad()
def measure(model: nn.Module, test: Objects) -> dict[str, float]:
    """The share of right kinds, and the median angle between up and the answer in degrees."""
    logits, up = model(test.points)
    cosine = F.cosine_similarity(up, test.up, dim=-1).clamp(-1, 1)
    return {
        "accuracy": (logits.argmax(dim=-1) == test.kind).double().mean().item(),
        "degrees": cosine.arccos().rad2deg().median().item(),
    }


@torch.no_grad()
def answers(model: nn.Module) -> list[dict[str, Any]]:
    """What the model says of one object as it is turned further in the plane of the picture."""
    points = points_along(OBJECTS[PICTURED]).unsqueeze(0)
    found = []
    for degrees in TURNS:
        logits, up = model(points @ view_turn(degrees).mT)
        kind = KINDS[int(logits.argmax())]
        found.append({"up": up[0].tolist(), "kind": kind, "right": kind == PICTURED})
    return found


def coupled_error(model: Symmetrized, test: Objects, seed: int) -> float:
    """The largest relative |f(h x; h noise) - h f(x; noise)| in float64: is the law exact?"""
    generator = torch.Generator().manual_seed(seed)
    double = copy.deepcopy(model).double().eval()
    points = test.points.double()[:100]
    return equivariance_error(double, points, groups=["M", "P"], generator=generator)


def run(
    method: str, schedule: Schedule, seed: int, title: str, progress: Progress
) -> dict[str, object]:
    """Train one method and measure it."""
    training, tests = generate(seed)
    model = build(method, seed)

    def loss(indices: Tensor) -> Tensor:
        logits, up = model(training.points[indices])
        wrong: Tensor = F.cross_entropy(logits, training.kind[indices])
        return wrong + F.mse_loss(up, training.up[indices])

    task = progress.add_task(title, total=schedule.seconds, status="")
    effort = train(
        model, loss, len(training.kind), schedule, seed=seed, progress=progress, task=task
    )
    return {
        "tests": {name: measure(model, test) for name, test in tests.items()},
        "equivariance_error": coupled_error(model, tests["as trained"], seed),
        "answers": answers(model),
        "effort": asdict(effort),
    }


def table(results: dict[str, dict[str, Any]]) -> Table:
    """Accuracy in each test, how far off `up` is, and whether the law is exact."""
    spent = [result["effort"]["cpu_seconds"] for result in results.values()]
    view = Table(
        title="share of objects named right; trained on upright ones alone",
        caption=f"{sum(spent) / len(spent):.0f} CPU seconds a method" if spent else None,
        box=SIMPLE,
        collapse_padding=True,
        pad_edge=False,
    )
    view.add_column("method", no_wrap=True)
    columns = ("as\ntrained", "\nturned", "\nrenumbered", "\nboth", "up off\nby, both")
    for column in (*columns, "error,\nsame noise", "\nsteps"):
        view.add_column(column, justify="right", no_wrap=True)
    for name, result in results.items():
        view.add_row(
            name,
            *(f"{result['tests'][test]['accuracy']:.0%}" for test in TESTS),
            f"{result['tests']['both']['degrees']:.0f}°",
            f"{result['equivariance_error']:.0e}",
            f"{result['effort']['steps']:,}",
        )
    return view


def conclusion(results: dict[str, dict[str, Any]]) -> str:
    """What the table shows, in a sentence made of its numbers."""
    others = [result for name, result in results.items() if name != "plain"]
    if "plain" not in results or not others:
        return ""
    plain = results["plain"]["tests"]
    least = min(result["tests"][test]["accuracy"] for result in others for test in TESTS)
    return (
        f"Plain: {plain['as trained']['accuracy']:.0%} right on what it was trained on, "
        f"{plain['both']['accuracy']:.0%} once turned and renumbered; "
        f"symmetrized: at least {least:.0%}, whatever the pose."
    )


def main() -> None:
    """Train each method, print the table, save the picture."""
    parser = argparse.ArgumentParser(description="Six objects in any pose.")
    parser.add_argument("--seconds", type=float, default=10.0, help="CPU seconds a method")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("out/objects"))
    parser.add_argument("--show", action="store_true", help="train nothing, show what is there")
    options = parser.parse_args()
    torch.set_num_threads(1)
    console = Console()
    settings = {"seconds": options.seconds, "seed": options.seed}
    schedule = Schedule(options.seconds, batch=64, learning_rate=5e-3)
    kept = load_results(options.out, settings)
    methods = [] if options.show else options.methods
    say_kept(console, options.out, [method for method in methods if method in kept])
    with progress_bar(console) as progress:
        for place, method in enumerate(methods, start=1):
            if method not in kept:
                title = f"{method}, method {place} of {len(methods)}"
                result = run(method, schedule, options.seed, title, progress)
                save_result(options.out, method, settings, result)
    found = load_results(options.out, settings)
    results = {method: found[method] for method in METHODS if method in found}
    console.print(table(results))
    console.print(conclusion(results))
    if results:
        picture = options.out / "turned.png"
        said = {name: each["answers"] for name, each in results.items()}
        plot_objects(picture, OBJECTS[PICTURED], said, TURNS)
        console.print(f"an object turned, and the answers: {picture}", soft_wrap=True)


if __name__ == "__main__":
    main()
