"""Ring molecules: energy and charges, however the ring lies and wherever its numbers begin.

One small network, trained plain and under four methods of symmetrization by D(6), the ways to
number a ring, on 100 rings and on 1,000. They all lie as in books, numbered by the rule of
chemists; the plain network is trained once more on rings that are numbered anyhow. Where a ring
lies in space, under E(3), is no question for this base, which sees distances:

    python examples/ring.py --seconds 18

The spec is `specs/ring.sym`; the molecules are `huckel.py`. Results go to `--out`, one JSON file a
method; one that is there already is not run again. `--show` prints what is there.
"""

from __future__ import annotations

import copy
from dataclasses import asdict
from itertools import combinations
from pathlib import Path

import torch
from rich.progress import Progress
from rich.table import Table
from torch import Tensor, nn
from torch.nn import functional as F

import symc
from comparison import Comparison, Results, narrow_table
from huckel import KINDS, SITES, Rings, as_in_books, moved
from ring_pictures import draw_rings
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.testing import equivariance_error
from training import Effort, Schedule, train

SPEC = Path(__file__).parents[1] / "specs" / "ring.sym"
SIZES, TEST = (100, 1000), 1000
PICTURED = 3
FLAT = 1.5
"""The distance of two sites from which a perceptron counts: in a hexagon 1, 1.73 and 2."""

_SAMPLES = "samples=1, eval_samples=20"
METHODS = {
    "plain": "symmetrize R by base",
    "plain, any number": "symmetrize R by base",
    "average": f"symmetrize R by average({_SAMPLES})",
    "frame": "symmetrize R by frame",
    "canonical": "symmetrize R by canonical",
    "probabilistic": f"symmetrize R by probabilistic({_SAMPLES})",
}


class RingModel(nn.Module):
    """The base: a perceptron on kinds, one-hot, and on the distances of all pairs of sites.

    Distances know neither origin nor axes, so it has the symmetry of space: `symmetrize M by base`.
    Of the ring it knows nothing: each of its weights belongs to a number of a site.
    """

    def __init__(self, width: int = 128) -> None:
        super().__init__()
        self.pairs = tuple(combinations(range(SITES), 2))
        self.layers = nn.Sequential(
            nn.Linear(SITES * len(KINDS) + len(self.pairs), width),
            nn.SiLU(),
            nn.Linear(width, width),
            nn.SiLU(),
            nn.Linear(width, width),
            nn.SiLU(),
            nn.Linear(width, 1 + SITES),
        )

    def forward(self, kind: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
        """Kinds [batch, 6] and points [batch, 6, 3] to an energy [batch] and charges [batch, 6]."""
        one, other = zip(*self.pairs, strict=True)
        away = (points[:, list(one)] - points[:, list(other)]).norm(dim=-1)
        which = F.one_hot(kind, len(KINDS)).to(points).flatten(1)
        # Distances vary by a few hundredths.
        both = self.layers(torch.cat([which, 10 * (away - FLAT)], dim=1))
        energy, charge = both.split([1, SITES], dim=1)
        # Benzene has -8, and most other atoms hold their electrons more strongly.
        return 3 * energy.squeeze(1) - 12, charge


def generate(seed: int, count: int) -> tuple[Rings, Rings]:
    """Rings to train on, the first of which are the same for every count, and for the test."""
    training = as_in_books(max(SIZES), torch.Generator().manual_seed(2 * seed))
    return training[:count], as_in_books(TEST, torch.Generator().manual_seed(2 * seed + 1))


def build(method: str, seed: int) -> Symmetrized:
    """The base, with the same weights for every method, as `method` symmetrizes it."""
    torch.manual_seed(seed)
    text = f"{SPEC.read_text(encoding='utf-8')}\n{METHODS[method]}\nsymmetrize M by base\n"
    model: Symmetrized = symc.build(text, RingModel())
    return model


@torch.no_grad()
def measure(model: nn.Module, test: Rings) -> dict[str, float]:
    """Mean absolute errors of energies and of charges."""
    energy, charge = model(test.kind, test.points)
    return {
        "energy": (energy - test.energy).abs().mean().item(),
        "charge": (charge - test.charge).abs().mean().item(),
    }


@torch.no_grad()
def charges(model: nn.Module, test: Rings) -> list[list[float]]:
    """What the model says of the charges of a few rings."""
    said: Tensor = model(test.kind[:PICTURED], test.points[:PICTURED])[1]
    return [[round(each, 4) for each in ring] for ring in said.tolist()]


def coupled_error(model: Symmetrized, test: Rings, seed: int) -> float:
    """The largest relative |f(h x; h noise) - h f(x; noise)| in float64: is the law exact?"""
    generator = torch.Generator().manual_seed(seed)
    double = copy.deepcopy(model).double().eval()
    inputs = test.kind[:100], test.points[:100].double()
    return equivariance_error(double, *inputs, groups=["R", "M"], generator=generator)


def tests(seed: int) -> dict[str, Rings]:
    """Rings as in books, and the same ones renumbered, turned, mirrored and shifted."""
    _, test = generate(seed, 1)
    return {"books": test, "moved": moved(test, torch.Generator().manual_seed(seed))}


def _train(
    method: str, count: int, seconds: float, seed: int, title: str, progress: Progress
) -> tuple[Symmetrized, Effort]:
    training, _ = generate(seed, count)
    if method == "plain, any number":
        training = moved(training, torch.Generator().manual_seed(seed))
    model = build(method, seed)

    def loss(indices: Tensor) -> Tensor:
        batch = training[indices]
        energy, charge = model(batch.kind, batch.points)
        off: Tensor = F.mse_loss(energy, batch.energy) / 8
        return off + 6 * F.mse_loss(charge, batch.charge)

    task = progress.add_task(f"{title}: {count:,} rings", total=seconds, status="")
    schedule = Schedule(seconds, batch=100, learning_rate=3e-3)
    effort = train(model, loss, count, schedule, seed=seed, progress=progress, task=task)
    return model, effort


def run(
    method: str, seconds: float, seed: int, title: str, progress: Progress
) -> dict[str, object]:
    """Train one method on few rings, then on many, in half of the time each, and measure it."""
    every, errors, efforts = tests(seed), {}, []
    for count in SIZES:
        model, effort = _train(method, count, seconds / len(SIZES), seed, title, progress)
        errors[str(count)] = {name: measure(model, test) for name, test in every.items()}
        efforts.append(effort)
    return {
        "tests": errors,
        "equivariance_error": coupled_error(model, every["books"], seed),
        "charges": {name: charges(model, test) for name, test in every.items()},
        "effort": asdict(
            Effort(
                sum(each.steps for each in efforts),
                sum(each.cpu_seconds for each in efforts),
                sum(each.seconds for each in efforts),
            )
        ),
        "seed": seed,
    }


COLUMNS = (
    "100,\nin books",
    "\nmoved",
    "1,000,\nin books",
    "\nmoved",
    "charges,\nmoved",
    "coupled\nerror",
)


def table(results: Results) -> Table:
    """Errors of the energy in both tests by the number of rings; of charges after 1,000."""
    view = narrow_table(
        "mean error of the energy, in bonds of benzene, after 100 and 1,000 rings", results, COLUMNS
    )
    for name, result in results.items():
        few, many = (result["tests"][str(count)] for count in SIZES)
        view.add_row(
            name,
            *(f"{count[test]['energy']:.3f}" for count in (few, many) for test in count),
            f"{many['moved']['charge']:.3f}",
            f"{result['equivariance_error']:.0e}",
        )
    return view


def conclusion(results: Results) -> str:
    """What the table shows, in a sentence made of its numbers."""
    others = {name: result for name, result in results.items() if not name.startswith("plain")}
    if not others or not {"plain", "plain, any number"} <= set(results):
        return ""
    few, many = (str(count) for count in SIZES)
    best = min(others, key=lambda name: others[name]["tests"][few]["moved"]["energy"])
    plain, posed = results["plain"]["tests"], results["plain, any number"]["tests"]
    worst = max(result["tests"][many]["moved"]["energy"] for result in others.values())
    return (
        f"Plain: off by {plain[many]['books']['energy']:.3f} on rings as in books, "
        f"{plain[many]['moved']['energy']:.3f} once moved; symmetrized: at most {worst:.3f}. With "
        f"100 rings {best} is off by {others[best]['tests'][few]['moved']['energy']:.3f}, "
        f"plain with 1,000 numbered anyhow by {posed[many]['moved']['energy']:.3f}."
    )


def draw(path: Path, results: Results) -> None:
    """True charges of rings as in books and moved, beside those of two methods."""
    shown = [name for name in ("plain", "frame") if name in results] or list(results)[:1]
    said = {name: results[name]["charges"] for name in shown}
    every = tests(results[shown[0]]["seed"])
    draw_rings(path, {name: test[:PICTURED] for name, test in every.items()}, said)


EXAMPLE = Comparison(
    name="ring",
    title="Ring molecules in any pose, numbered from anywhere.",
    methods=tuple(METHODS),
    seconds=18.0,
    run=run,
    table=table,
    conclusion=conclusion,
    draw=draw,
    drawn="rings as in books and moved, and their charges",
)

if __name__ == "__main__":
    EXAMPLE.main()
