"""What a network has learned, read off its weights: the frequency of the sine that it fits.

Twelve hundred networks with two hidden layers of six units are trained, each on a sine of its own.
An MLP reads the frequency off their 61 weights: plain, and symmetrized by S(6) x S(6), for the
units of a layer may be numbered in any order:

    python examples/weights.py --seconds 12

The spec is `specs/weights.sym`; `fitted_sines.py` trains the networks, before the first method.
Results go to `--out`, one JSON file a method; one that is there already is not run again. `--show`
prints what is there.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from pathlib import Path

import matplotlib
import torch
from rich.progress import Progress
from rich.table import Table
from torch.nn import functional as F

import symc
from comparison import Comparison, Results, narrow_table
from fitted_sines import UNITS, Networks, fitted, renumbered
from symc_runtime.bases.mlp import MLP
from symc_runtime.symmetrized import Symmetrized
from training import Schedule, train

SPEC = Path(__file__).parents[1] / "specs" / "weights.sym"
TRAIN, TEST = 900, 300
METHODS = {
    "plain": "base",
    "average": "average(samples=1, eval_samples=20)",
    "frame": "frame",
    "canonical": "canonical",
    "probabilistic": "probabilistic",
}


@cache
def networks(seed: int, count: int = TRAIN + TEST) -> Networks:
    """Those for training, then those for the test."""
    return fitted(count, seed)


def build(method: str, seed: int) -> Symmetrized:
    """The base, an MLP with the same weights for every method, as `method` symmetrizes it."""
    torch.manual_seed(seed)
    inputs: list[tuple[int, ...]] = [(UNITS,), (UNITS,), (UNITS, UNITS), (UNITS,), (UNITS,), (1,)]
    base = MLP(inputs, [()], hidden=128, layers=2)
    text = f"{SPEC.read_text(encoding='utf-8')}\nsymmetrize by {METHODS[method]}\n"
    model: Symmetrized = symc.build(text, base)
    return model


@torch.no_grad()
def measure(model: Symmetrized, tested: Networks) -> float:
    """The part of the variance of the frequency that is not told."""
    model.eval()
    missed = F.mse_loss(model(*tested.weights), tested.frequency) / tested.frequency.var()
    return float(missed)


def run(
    method: str, seconds: float, seed: int, title: str, progress: Progress
) -> dict[str, object]:
    """Train one method on the weights of networks, and test it on others, renumbered too."""
    every = networks(seed)
    training, tested = every.at(torch.arange(TRAIN)), every.at(torch.arange(TRAIN, TRAIN + TEST))
    model = build(method, seed)

    def loss(indices: torch.Tensor) -> torch.Tensor:
        batch = training.at(indices)
        return F.mse_loss(model(*batch.weights), batch.frequency)

    task = progress.add_task(title, total=seconds, status="")
    schedule = Schedule(seconds, batch=100, learning_rate=2e-3)
    effort = train(model, loss, TRAIN, schedule, seed=seed, progress=progress, task=task)
    other = renumbered(tested, torch.Generator().manual_seed(seed))
    return {
        "training": measure(model, training),
        "test": measure(model, tested),
        "renumbered": measure(model, other),
        "effort": asdict(effort),
    }


def table(results: Results) -> Table:
    """What part of the variance is missed."""
    columns = ("\ntraining", "\ntest", "test,\nrenumbered", "\nsteps")
    view = narrow_table("part of the variance of the frequency missed", results, columns)
    for name, result in results.items():
        missed = [f"{result[kind]:.3f}" for kind in ("training", "test", "renumbered")]
        view.add_row(name, *missed, f"{result['effort']['steps']:,}")
    return view


def conclusion(results: Results) -> str:
    """What the table shows, in a sentence made of its numbers."""
    others = {name: result["test"] for name, result in results.items() if name != "plain"}
    if "plain" not in results or not others:
        return ""
    best = min(others, key=lambda name: others[name])
    return (
        f"Plain: {results['plain']['test']:.1%} of the variance missed on other networks; "
        f"symmetrized: {others[best]:.1%} by {best}."
    )


def draw(path: Path, results: Results) -> None:
    """Bars: what is missed in training and on other networks."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axis = pyplot.subplots(figsize=(6, 3), layout="constrained")
    names = list(results)
    for place, kind in enumerate(("training", "test")):
        at = [row + 0.4 * place for row in range(len(names))]
        axis.barh(at, [results[name][kind] for name in names], height=0.38, label=kind)
    axis.set_yticks([row + 0.2 for row in range(len(names))], names)
    axis.set_title("part of the variance of the frequency missed", fontsize=10)
    axis.invert_yaxis()
    axis.legend()
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


EXAMPLE = Comparison(
    name="weights",
    title="What a network has learned, read off its weights.",
    methods=tuple(METHODS),
    seconds=12.0,
    run=run,
    table=table,
    conclusion=conclusion,
    draw=draw,
    drawn="what each method misses",
)

if __name__ == "__main__":
    EXAMPLE.main()
