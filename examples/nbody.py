"""Five charged particles: where are they 1,000 steps later?

One transformer without symmetry, trained plain and under four methods of symmetrization, each
with the same budget of CPU time:

    python examples/nbody.py --seconds 18 --train 500 --test 500
    python examples/nbody.py --seconds 600 --seeds 0 1 2

The spec is `specs/nbody.sym`; the simulator is `simulation.py`. Results go to `--out`, one JSON
file a method and seed, so that `--methods average` and `--methods frame` may run apart and still
share a table; a run that is there already is not run again, and one that was stopped goes on from
its last checkpoint. `--show` prints what is there.
"""

from __future__ import annotations

import argparse
import copy
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import torch
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from torch import Tensor, nn

import symc
from plots import plot_trajectories
from simulation import STEP, State, initial_state, simulate
from symc_runtime.bases.item_transformer import ItemTransformer
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.testing import equivariance_error
from training import (
    Schedule,
    checkpoint_of,
    load_results,
    progress_bar,
    save_result,
    say_kept,
    train,
)

SPEC = Path(__file__).parents[1] / "specs" / "nbody.sym"
PARTICLES, FIRST, LAST = 5, 3000, 4000
TRAIN, TEST = 3000, 2000
EVAL_SAMPLES = 20
PLOTTED = 3

# Training on one pose a step is enough: the poses of many steps make the expectation. `by base`
# takes the base at its word that it has the symmetry, so it stays plain.
# Small nets suffice to choose a pose of five particles, and leave the time to the base.
_NETS = ("net=vector_neurons(hidden=16, layers=1)", "net=deepsets(hidden=16, layers=1)")
_SAMPLES = f"samples=1, eval_samples={EVAL_SAMPLES}"
METHODS = {
    "plain": "symmetrize M, P by base",
    "average": f"symmetrize M, P by average({_SAMPLES})",
    "frame": f"symmetrize M, P by frame({_SAMPLES})",
    "canonical": (f"symmetrize M by canonical({_NETS[0]})\nsymmetrize P by canonical({_NETS[1]})"),
    "probabilistic": (
        f"symmetrize M by probabilistic({_SAMPLES}, {_NETS[0]})\n"
        f"symmetrize P by probabilistic({_SAMPLES}, {_NETS[1]})"
    ),
}


@dataclass(frozen=True)
class Examples:
    """Inputs at frame 3,000 and positions at frame 4,000, float32; [batch, 5, 3] and pairs."""

    position: Tensor
    velocity: Tensor
    charges: Tensor
    target: Tensor

    def __getitem__(self, index: Tensor | slice) -> Examples:
        return Examples(*(value[index] for value in vars(self).values()))

    def __len__(self) -> int:
        return len(self.position)

    @property
    def inputs(self) -> tuple[Tensor, Tensor, Tensor]:
        """In the order of the spec."""
        return self.position, self.velocity, self.charges

    @property
    def start(self) -> State:
        """The state at frame 3,000, to run on from; its charges are told up to a common sign."""
        return State(self.position.double(), self.velocity.double(), self.charges[:, 0].double())


class Displacement(nn.Module):
    """The base: a transformer that says how far each particle moves.

    It sees positions from their centre, which is all that the plain one knows of symmetry.
    """

    def __init__(self) -> None:
        super().__init__()
        self.transformer = ItemTransformer(
            inputs=[("n", 3), ("n", 3), ("n", "n")],
            outputs=[("n", 3)],
            sizes={"n": PARTICLES},
            width=64,
            depth=4,
            heads=4,
        )

    def forward(self, position: Tensor, velocity: Tensor, charges: Tensor) -> Tensor:
        centred = position - position.mean(dim=1, keepdim=True)
        moved: Tensor = self.transformer(centred, velocity, charges)
        return position + moved


def straight_line(position: Tensor, velocity: Tensor) -> Tensor:
    """Positions at the last frame without any force."""
    return position + (LAST - FIRST) * STEP * velocity


def generate(
    seed: int, training: int, testing: int, progress: Progress
) -> tuple[Examples, Examples, Examples]:
    """Training, validation and test examples, from systems drawn one after the other.

    As many for the validation as for the test.
    """
    total = training + 2 * testing
    task = progress.add_task("simulate", total=total * LAST, status="")
    start = initial_state(total, PARTICLES, torch.Generator().manual_seed(seed))
    position, velocity = simulate(
        start, [FIRST, LAST], progress=lambda steps: progress.advance(task, steps)
    )
    charges = start.charge.unsqueeze(-1) * start.charge.unsqueeze(-2)
    every = Examples(*(x.float() for x in (position[0], velocity[0], charges, position[1])))
    return (
        every[:training],
        every[training : training + testing],
        every[training + testing :],
    )


def build(method: str, seed: int) -> Symmetrized:
    """The base, with the same weights for every method, as `method` symmetrizes it."""
    torch.manual_seed(seed)
    text = SPEC.read_text(encoding="utf-8") + "\n" + METHODS[method] + "\n"
    model: Symmetrized = symc.build(text, Displacement())
    return model


@torch.no_grad()
def predict(model: nn.Module, examples: Examples) -> Tensor:
    """Predicted positions, [batch, 5, 3]."""
    parts = [examples[i : i + 200] for i in range(0, len(examples), 200)]
    return torch.cat([model(*part.inputs) for part in parts])


def errors(predicted: Tensor, examples: Examples) -> Tensor:
    """Mean squared error of each example, over particles and coordinates, [batch]."""
    return (predicted - examples.target).square().mean(dim=(1, 2))


@torch.no_grad()
def sampling_error(model: nn.Module, examples: Examples, seed: int) -> float:
    """How far f(h x) is from h f(x), relative to how far particles move; h in S(5) x E(3).

    Root mean squares over the examples, h drawn anew for each. Both sides draw their own noise: a
    method that samples is equivariant in law, and this is what a user of `EVAL_SAMPLES` samples
    sees of it.
    """
    generator = torch.Generator().manual_seed(seed)
    batch = len(examples)
    rotation, triangle = torch.linalg.qr(torch.randn(batch, 3, 3, generator=generator))
    rotation = rotation * triangle.diagonal(dim1=1, dim2=2).sign().unsqueeze(1)
    shift = torch.randn(batch, 1, 3, generator=generator)
    order = torch.rand(batch, PARTICLES, generator=generator).argsort(dim=-1)
    row = torch.arange(batch).unsqueeze(-1)

    def vector(x: Tensor) -> Tensor:
        return torch.bmm(x[row, order], rotation.mT)

    charges = examples.charges[row.unsqueeze(-1), order.unsqueeze(-1), order.unsqueeze(-2)]
    moved = Examples(
        vector(examples.position) + shift,
        vector(examples.velocity),
        charges,
        vector(examples.target) + shift,
    )
    difference = predict(model, moved) - vector(predict(model, examples)) - shift
    motion = examples.target - examples.position
    ratio: Tensor = difference.square().mean() / motion.square().mean()
    return float(ratio.sqrt())


def coupled_error(model: Symmetrized, examples: Examples, seed: int) -> float:
    """The largest relative |f(h x; h noise) - h f(x; noise)| in float64: is the law exact?"""
    inputs = [value.double() for value in examples[:200].inputs]
    generator = torch.Generator().manual_seed(seed)
    double = copy.deepcopy(model).double().eval()
    return equivariance_error(double, *inputs, groups=["M", "P"], generator=generator)


def summary(error: Tensor) -> dict[str, float]:
    """Mean and median of the errors of examples: they are heavy-tailed."""
    return {"mean": error.mean().item(), "median": error.median().item()}


def run(
    method: str,
    schedule: Schedule,
    seed: int,
    data: tuple[Examples, Examples, Examples],
    title: str,
    progress: Progress,
    checkpoint: Path,
) -> dict[str, object]:
    """Train one method and measure it."""
    training, validation, test = data
    model = build(method, seed)

    def loss(indices: Tensor) -> Tensor:
        batch = training[indices]
        return errors(model(*batch.inputs), batch).mean()

    task = progress.add_task(title, total=schedule.seconds, status="")
    effort = train(
        model,
        loss,
        len(training),
        schedule,
        seed=seed,
        progress=progress,
        task=task,
        checkpoint=checkpoint,
    )
    predicted = predict(model, test)
    return {
        "validation": summary(errors(predict(model, validation), validation)),
        "test": summary(errors(predicted, test)),
        "equivariance_error": coupled_error(model, test, seed),
        "sampling_error": sampling_error(model, test, seed),
        "effort": asdict(effort),
        "parameters": sum(p.numel() for p in model.parameters()),
        "predicted": predicted[:PLOTTED].tolist(),
    }


Runs = dict[str, dict[int, dict[str, Any]]]
"""The results of each method by seed."""


def spread(values: Sequence[float]) -> str:
    """The mean over seeds, and where there are several, how far they lie apart."""
    mean = fmean(values)
    return f"{mean:.4f}" if len(values) == 1 else f"{mean:.4f} ± {stdev(values):.4f}"


def table(tests: dict[int, Examples], runs: Runs) -> Table:
    """What each method reached, below the two predictors that learn nothing.

    Means over seeds; after ± their standard deviation.
    """
    view = Table(
        title="mean squared error of positions after 1,000 steps, "
        f"{len(next(iter(tests.values()))):,} systems",
        box=SIMPLE,
        collapse_padding=True,
        pad_edge=False,
    )
    view.add_column("method", no_wrap=True)
    for column in (
        "mean",
        "median",
        "over\nplain",
        "error,\nsame\nnoise",
        "error,\nfresh\nnoise",
        "steps",
    ):
        view.add_column(column, justify="right", no_wrap=True)
    trivial: dict[str, Callable[[Examples], Tensor]] = {
        "no motion": lambda test: test.position,
        "straight line": lambda test: straight_line(test.position, test.velocity),
    }
    for name, predictor in trivial.items():
        found = [summary(errors(predictor(test), test)) for test in tests.values()]
        view.add_row(
            name,
            spread([error["mean"] for error in found]),
            spread([error["median"] for error in found]),
            *[""] * 4,
        )
    view.add_section()
    spent = [r["effort"]["cpu_seconds"] for results in runs.values() for r in results.values()]
    if spent:
        view.caption = f"{fmean(spent):.0f} CPU seconds a run"
    plain = runs.get("plain", {})
    for name, results in runs.items():
        shares = [
            result["test"]["mean"] / plain[seed]["test"]["mean"]
            for seed, result in results.items()
            if seed in plain
        ]
        each = list(results.values())
        view.add_row(
            name,
            spread([result["test"]["mean"] for result in each]),
            spread([result["test"]["median"] for result in each]),
            f"{fmean(shares):.2f}" if shares else "",
            f"{max(result['equivariance_error'] for result in each):.0e}",
            f"{fmean([result['sampling_error'] for result in each]):.0e}",
            f"{fmean([result['effort']['steps'] for result in each]):,.0f}",
        )
    return view


def conclusion(runs: Runs) -> str:
    """What the table shows, in a sentence made of its numbers."""
    errors = {
        name: fmean([result["test"]["mean"] for result in results.values()])
        for name, results in runs.items()
    }
    plain = errors.pop("plain", None)
    if plain is None or not errors:
        return ""
    ahead = [name for name, error in errors.items() if error < plain]
    least, most = (of(errors.values()) / plain for of in (min, max))
    return (
        f"{len(ahead)} of {len(errors)} symmetrized models are ahead of the plain one in the same "
        f"time: {least:.2f} to {most:.2f} of its error."
    )


def plot(path: Path, test: Examples, results: dict[str, dict[str, Any]]) -> None:
    """The first test systems, as every method in `results` predicts them."""
    frames = range(0, LAST - FIRST + 1, 20)
    paths, _ = simulate(test[:PLOTTED].start, frames)
    predicted = {name: torch.tensor(result["predicted"]) for name, result in results.items()}
    plot_trajectories(path, paths, predicted)


def main() -> None:
    """Simulate, train each method, print the table, save the picture."""
    parser = argparse.ArgumentParser(description="The charged 5-particle system.")
    parser.add_argument("--seconds", type=float, default=20.0, help="CPU seconds a method")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0], help="data, weights, order")
    parser.add_argument("--train", type=int, default=TRAIN, help="systems to train on")
    parser.add_argument("--test", type=int, default=TEST, help="systems to test on")
    parser.add_argument("--out", type=Path, default=Path("out/nbody"))
    parser.add_argument("--show", action="store_true", help="train nothing, show what is there")
    options = parser.parse_args()
    torch.set_num_threads(1)
    console = Console()
    settings: dict[str, object] = {"seconds": options.seconds}
    for name, value, usual in (("train", options.train, TRAIN), ("test", options.test, TEST)):
        if value != usual:
            settings[name] = value
    schedule = Schedule(options.seconds, batch=100, learning_rate=5e-3)
    wanted = [] if options.show else options.methods
    kept = load_results(options.out, settings)
    say_kept(
        console,
        options.out,
        sorted(f"{m}-{s}" for m in wanted for s in options.seeds if f"{m}-{s}" in kept),
    )
    tests: dict[int, Examples] = {}
    with progress_bar(console) as progress:
        for seed in options.seeds:
            data = generate(seed, options.train, options.test, progress)
            tests[seed] = data[-1]
            for place, method in enumerate(wanted, start=1):
                name = f"{method}-{seed}"
                if name in kept:
                    continue
                title = f"{method}, method {place} of {len(wanted)}"
                if len(options.seeds) > 1:
                    title += f", seed {seed}"
                checkpoint = checkpoint_of(options.out, name, settings)
                result = run(method, schedule, seed, data, title, progress, checkpoint)
                save_result(options.out, name, settings, result)
                checkpoint.unlink()
    found = load_results(options.out, settings)
    runs: Runs = {}
    for method in METHODS:
        names = {seed: f"{method}-{seed}" for seed in options.seeds}
        results = {seed: found[name] for seed, name in names.items() if name in found}
        if results:
            runs[method] = results
    console.print(table(tests, runs))
    console.print(conclusion(runs))
    seed = options.seeds[0]
    pictured = {method: results[seed] for method, results in runs.items() if seed in results}
    if pictured:
        picture = options.out / "trajectories.png"
        plot(picture, tests[seed], pictured)
        console.print(f"trajectories: {picture}", soft_wrap=True)


if __name__ == "__main__":
    main()
