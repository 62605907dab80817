"""Particles at equal steps: what does a learned distribution gain, and what does it overfit?

`nbody.py` gives each method the same time. Here each takes the same number of steps, so that the
cost of its nets does not count, and errors on training and test systems stand side by side:

    python examples/nbody_curves.py --steps 1500 --train 500
    python examples/nbody_curves.py --steps 2500 --variants average probabilistic mixed

A variant is learned as it says in VARIANTS; of `frozen` the nets stay what they are at first. At
the end each base is also asked under uniform poses, whatever it was trained under. `seen` is how
far apart two draws are in what they show the base: 1 for uniform poses, 0 for one pose.
Results go to `--out`, a JSON file a variant; what is there already is not run again.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import Progress, TaskID
from rich.table import Table
from torch import Tensor, nn

import nbody
import symc
from nbody import METHODS, Examples, errors, generate, predict, summary
from plots import plot_curves
from symc_runtime.symmetrized import Symmetrized
from training import Schedule, load_results, progress_bar, save_result, say_kept

SPACE, ITEMS = nbody._NETS
SAMPLES = nbody._SAMPLES


def learned(space: str = "", items: str = "") -> str:
    """Learned elements of both groups, with more options for each; `average`: uniform ones."""
    return f"{_line('M', SPACE, space)}\n{_line('P', ITEMS, items)}"


def _line(group: str, net: str, more: str) -> str:
    uniform = more == "average"
    said = f"average({SAMPLES})" if uniform else f"probabilistic({SAMPLES}, {net}{more})"
    return f"symmetrize {group} by {said}"


VARIANTS = {
    "average": METHODS["average"],
    "frame": METHODS["frame"],
    "canonical": METHODS["canonical"],
    "probabilistic": learned(),
    "mixed": learned(", haar=0.5", ", haar=0.5"),
    "M alone": learned(items="average"),
    "P alone": learned(space="average"),
    "frozen": learned(),
    "loud": learned(", noise_scale=5", ", noise_scale=5"),
}
POINTS, PROBED = 4, 400


def build(lines: str, seed: int) -> Symmetrized:
    """The base of `nbody.py`, with the same weights for every variant."""
    torch.manual_seed(seed)
    text = f"{nbody.SPEC.read_text(encoding='utf-8')}\n{lines}\n"
    model: Symmetrized = symc.build(text, nbody.Displacement())
    return model


def error(model: nn.Module, examples: Examples) -> dict[str, float]:
    """Mean and median error in eval mode."""
    return summary(errors(predict(model.eval(), examples), examples))


@torch.no_grad()
def seen(model: Symmetrized, examples: Examples) -> float:
    """1 - the mean inner product of two draws' positions over their squared norm."""
    shown: list[Tensor] = []
    hook = model.base.register_forward_hook(lambda _, given, __: shown.append(given[0]))
    model.eval()(*examples.inputs)
    hook.remove()
    x = shown[0].reshape(-1, len(examples), nbody.PARTICLES * 3)
    if len(x) == 1:
        return 0.0
    square = x.square().sum()
    pairs = x.sum(0).square().sum() - square
    return 1 - (pairs / square).item() / (len(x) - 1)


def run(
    name: str,
    steps: int,
    seed: int,
    data: tuple[Examples, Examples, Examples],
    progress: Progress,
    task: TaskID,
) -> dict[str, Any]:
    """Train one variant for so many steps and measure it on the way and at the end."""
    training, _, test = data
    model = build(VARIANTS[name], seed)
    if name == "frozen":
        for key, parameter in model.named_parameters():
            parameter.requires_grad_(key.startswith("base."))
    schedule = Schedule(float(steps), batch=100, learning_rate=5e-3)
    optimizer = torch.optim.AdamW(
        [p for p in model.parameters() if p.requires_grad], weight_decay=schedule.weight_decay
    )
    generator = torch.Generator().manual_seed(seed)
    order: list[Tensor] = []
    curve: list[dict[str, Any]] = []
    first, spent = seen(model, test[:300]), 0.0
    for step in range(1, steps + 1):
        start = time.process_time()
        model.train()
        if not order:
            permutation = torch.randperm(len(training), generator=generator)
            order = list(permutation.split(schedule.batch))
        for group in optimizer.param_groups:
            group["lr"] = schedule.rate(float(step))
        optimizer.zero_grad()
        batch = training[order.pop(0)]
        torch.autograd.backward(errors(model(*batch.inputs), batch).mean())
        nn.utils.clip_grad_norm_(model.parameters(), schedule.clip)
        optimizer.step()
        spent += time.process_time() - start
        if step % max(steps // POINTS, 1) == 0:
            curve.append(
                {
                    "step": step,
                    "cpu": spent,
                    "train": error(model, training[:PROBED]),
                    "test": error(model, test[:PROBED]),
                }
            )
        progress.update(task, completed=step, status=f"step {step:,}")
    uniform = build(METHODS["average"], seed)
    uniform.base = model.base
    return {
        "curve": curve,
        "cpu_seconds": spent,
        "seen": [first, seen(model, test[:300])],
        "train": error(model, training[:PROBED]),
        "test": error(model, test),
        "uniform": error(uniform, test),
    }


def table(found: dict[str, dict[str, Any]], steps: int, training: int) -> Table:
    """What each variant reached."""
    view = Table(
        title=f"mean squared error after {steps:,} steps on {training:,} systems",
        box=SIMPLE,
        collapse_padding=True,
        pad_edge=False,
    )
    view.add_column("variant", no_wrap=True)
    for column in ("train", "test", "median", "uniform\nposes", "seen", "CPU s"):
        view.add_column(column, justify="right", no_wrap=True)
    for name, result in found.items():
        view.add_row(
            name,
            f"{result['train']['mean']:.4f}",
            f"{result['test']['mean']:.4f}",
            f"{result['test']['median']:.4f}",
            f"{result['uniform']['mean']:.4f}",
            " to ".join(f"{share:.2f}" for share in result["seen"]),
            f"{result['cpu_seconds']:.0f}",
        )
    return view


def main(arguments: Sequence[str] | None = None) -> None:
    """Train each variant, print the table, save the picture."""
    parser = argparse.ArgumentParser(description="Learning curves of particles at equal steps.")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--train", type=int, default=500, help="systems to train on")
    parser.add_argument("--test", type=int, default=nbody.TEST, help="systems to test on")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--out", type=Path, default=Path("out/nbody_curves"))
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    console = Console()
    settings: dict[str, object] = {
        "steps": options.steps,
        "train": options.train,
        "test": options.test,
        "seed": options.seed,
    }
    kept = load_results(options.out, settings)
    stem = f"{options.steps}-{options.train}-{options.seed}"
    say_kept(console, options.out, sorted(kept))
    with progress_bar(console) as progress:
        data = generate(options.seed, options.train, options.test, progress)
        for name in options.variants:
            file = f"{name.replace(' ', '_')}-{stem}"
            if file in kept:
                continue
            task = progress.add_task(name, total=options.steps, status="")
            result = run(name, options.steps, options.seed, data, progress, task)
            save_result(options.out, file, settings, result)
    kept = load_results(options.out, settings)
    files = {name: f"{name.replace(' ', '_')}-{stem}" for name in VARIANTS}
    found = {name: kept[file] for name, file in files.items() if file in kept}
    console.print(table(found, options.steps, options.train))
    picture = options.out / f"curves-{stem}.png"
    plot_curves(picture, {name: result["curve"] for name, result in found.items()})
    console.print(f"curves: {picture}", soft_wrap=True)


if __name__ == "__main__":
    main()
