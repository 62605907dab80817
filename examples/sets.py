"""Does the learned distribution find the order that the labels prefer?

Sets of eight items with three numbers each. The label weighs the second number of each item by its
rank in the first, from -1 for the smallest to 1 for the largest: an MLP that sees the items in the
order of their first numbers has a linear task, and nothing tells it this order.

    python examples/sets.py --seconds 30 --seeds 0 1 2

`frozen` keeps the net that chooses orders as it starts, `with penalty` adds the entropy of soft
orders to the loss, `annealed` lets the noise fall (`symc_runtime.schedules`). The same CPU time for
all: a method that costs more takes fewer steps. `--task steps` makes the weights alternate, so that
an order which is nearly right is worth nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from statistics import mean
from typing import NamedTuple

import torch
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from torch import Tensor, nn
from torch.nn import functional as F

import symc
from symc_runtime.schedules import annealed
from training import Schedule, progress_bar, train

ITEMS, NUMBERS, TRAINING, TEST = 8, 3, 8_000, 1_000

SPEC = f"""
group P = S({ITEMS})
input x[{ITEMS}: P, {NUMBERS}]
output y
symmetrize P by {{}}
"""

METHODS = {
    "average": "average",
    "probabilistic": "probabilistic",
    "frozen": "probabilistic",
    "with penalty": "probabilistic",
    "annealed": "probabilistic",
    "canonical": "canonical",
    "plain": "base",
}

WEIGHTS = {
    "slope": torch.linspace(-1, 1, ITEMS),
    "steps": torch.tensor([1.0, -1.0]).repeat(ITEMS // 2),
}


def sets(count: int, task: str, seed: int) -> tuple[Tensor, Tensor]:
    """Sets [count, 8, 3], and their labels [count] of variance 1."""
    x = torch.randn(count, ITEMS, NUMBERS, generator=torch.Generator().manual_seed(seed))
    ranked = x[..., 1].gather(1, x[..., 0].argsort(1))
    return x, ranked @ WEIGHTS[task] / WEIGHTS[task].norm()


class Result(NamedTuple):
    """Mean squared errors over the variance of labels; how often two draws agree, at both ends."""

    training: float
    test: float
    before: float
    after: float
    steps: int


def run(method: str, task: str, schedule: Schedule, seed: int, progress: Progress) -> Result:
    """Train an MLP under one method and measure it."""
    torch.manual_seed(seed)
    base = nn.Sequential(
        nn.Flatten(1),
        nn.Linear(ITEMS * NUMBERS, 128),
        nn.ReLU(),
        nn.Linear(128, 128),
        nn.ReLU(),
        nn.Linear(128, 1),
        nn.Flatten(0),
    )
    model = symc.build(SPEC.format(METHODS[method]), base)
    nets = [each for name, each in model.named_parameters() if not name.startswith("base.")]
    for parameter in nets if method == "frozen" else ():
        parameter.requires_grad_(False)
    (x, y), (unseen, truth) = sets(TRAINING, task, 10 + seed), sets(TEST, task, 9)
    bar = progress.add_task(f"{method}, seed {seed}", total=schedule.seconds, status="")

    def spread() -> float:
        model.eval()
        found = model.spread(unseen[:100]).values()
        return mean(float(each.value.mean()) for each in found) if found else 1.0

    def loss(indices: Tensor) -> Tensor:
        if method == "annealed":
            model.noise_scale = annealed(progress.tasks[bar].percentage / 100)
        predicted, penalty = model(x[indices], return_penalty=True)
        error = F.mse_loss(predicted, y[indices])
        return error + penalty if method == "with penalty" else error

    @torch.no_grad()
    def error(inputs: Tensor, labels: Tensor) -> float:
        return F.mse_loss(model.eval()(inputs), labels).item()

    before = spread()
    effort = train(
        model, loss, TRAINING, schedule, seed=seed, progress=progress, task=bar, nets=nets
    )
    test = error(unseen, truth)
    return Result(error(x[:TEST], y[:TEST]), test, before, spread(), effort.steps)


def table(results: dict[str, list[Result]]) -> Table:
    """A row a method: test errors seed by seed, means of the rest."""
    view = Table(title="mean squared error over the variance of the labels", box=SIMPLE)
    view.add_column("method")
    for column in ("training", "test", "each seed", "two draws agree", "steps"):
        view.add_column(column, justify="right")
    for method, some in results.items():
        each = list(zip(*some, strict=True))
        view.add_row(
            method,
            f"{mean(each[0]):.4f}",
            f"{mean(each[1]):.4f}",
            ", ".join(f"{value:.4f}" for value in each[1]),
            f"{mean(each[2]):.0%} to {mean(each[3]):.0%}",
            f"{mean(each[4]):,.0f}",
        )
    return view


def main(arguments: Sequence[str] | None = None) -> None:
    """Train every method with every seed, and print the table."""
    parser = argparse.ArgumentParser(prog="sets.py", description="Sets whose labels want an order.")
    parser.add_argument("--seconds", type=float, default=30.0, help="CPU seconds a run (30)")
    parser.add_argument("--task", choices=list(WEIGHTS), default="slope")
    parser.add_argument(
        "--methods",
        nargs="+",
        choices=list(METHODS),
        default=list(METHODS),
        metavar="METHOD",
        help=f"of {', '.join(repr(name) for name in METHODS)}",
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    console = Console()
    schedule = Schedule(seconds=options.seconds, batch=100)
    results: dict[str, list[Result]] = {}
    with progress_bar(console) as progress:
        for method in options.methods:
            results[method] = [
                run(method, options.task, schedule, seed, progress) for seed in options.seeds
            ]
    console.print(table(results))


if __name__ == "__main__":
    main()
