"""A base that was trained on images, for graphs: does it learn sooner than one from scratch?

Kim et al. (2023) put a vision transformer, trained on images, to work on graphs: a learned S(n)
orders the nodes, and the adjacency matrix is then an image to it. Here a small one is trained on
scikit-learn's handwritten digits; its blocks (attention, MLPs, norms) are the base for skip links
(`graphs.py`) and for pairs of graphs (`pairs.py`), beside the same base with other blocks:

    python examples/modalities.py --seconds 30 --seeds 0 1 2

Blocks start pretrained, shuffled (the same numbers, at random places in each tensor) or from
scratch, and are trained or frozen. All else starts alike and is trained: patches, positions,
answers, the net that orders the nodes. The budget is CPU time, and a step costs much the same in
each row: accuracy after the steps that all runs took stands beside that after the budget. Results
and a picture go to `--out`, one JSON file a run; one that is there already is not run again.
`--show` prints what is there.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from torch import Tensor, nn
from torch.nn import functional as F

import alike_graphs
import graphs
import pairs
import symc
from handwriting import SIDE, load
from image_transformer import ImageTransformer, carried, shuffled, start
from modalities_picture import draw_curves
from pairs import choosing, draw_so_many, share
from symc_runtime.symmetrized import Symmetrized
from training import (
    Schedule,
    Watch,
    load_results,
    progress_bar,
    save_result,
    say_kept,
    train,
)

DIGITS, TRAIN_DIGITS = 10, 1197
EVAL_SAMPLES, GLANCE_SAMPLES = 10, 4
LOOKS = 4
METHOD = f"symmetrize P by probabilistic(samples=1, eval_samples={EVAL_SAMPLES})"
CONTENTS = ("pretrained", "shuffled", "scratch")
STARTS = {
    f"{content}{', frozen' * frozen}": (content, frozen)
    for frozen in (False, True)
    for content in CONTENTS
}

Graphs = graphs.Graphs | alike_graphs.Graphs


class MatrixReader(nn.Module):
    """An adjacency matrix as an image: links are 1, the diagonal tells kinds apart by -1 and 1."""

    def __init__(self, nodes: int, classes: int) -> None:
        super().__init__()
        self.transformer = ImageTransformer(nodes, classes)

    def forward(
        self, adjacency: Tensor, kind: Tensor | None = None, n: Tensor | None = None
    ) -> Tensor:
        """Adjacency [batch, n, n], and kinds [batch, n] of the first n [batch] nodes, to logits."""
        if kind is not None and n is not None:
            there = torch.arange(kind.shape[1], device=kind.device) < n.unsqueeze(1)
            adjacency = adjacency + torch.diag_embed((2 * kind - 1) * there).to(adjacency)
        logits: Tensor = self.transformer(adjacency)
        return logits


def skip_links(seed: int, amount: int) -> tuple[graphs.Graphs, graphs.Graphs]:
    """So many training graphs, as many of each class, and the test graphs."""
    training, test = graphs.generate(seed)
    few = torch.arange(len(training)) % graphs.TRAIN_A_CLASS < amount // len(graphs.SKIPS)
    return training[few], test


def alike_pairs(seed: int, amount: int) -> tuple[alike_graphs.Graphs, alike_graphs.Graphs]:
    """The first training graphs, which are in random order, and the test graphs."""
    training, test = pairs.data()
    return training[torch.arange(amount)], test


@dataclass(frozen=True)
class Task:
    """Graphs of a spec. `share`: what part of the seconds a run gets, for some learn sooner."""

    spec: Path
    nodes: int
    classes: int
    amounts: Sequence[int]
    share: float
    data: Callable[[int, int], tuple[Graphs, Graphs]]


TASKS = {
    "skip links": Task(graphs.SPEC, graphs.NODES, len(graphs.SKIPS), (10, 90), 1 / 6, skip_links),
    "pairs": Task(pairs.SPEC, alike_graphs.MOST, 2, (200, 800), 1.0, alike_pairs),
}


def pretrained(
    folder: Path, seconds: float, seed: int, progress: Progress
) -> tuple[dict[str, Tensor], float]:
    """Weights of a transformer of digits and its accuracy on new ones; it is kept in `folder`."""
    kept = folder / f"digits-{seed}-{seconds:g}.pt"
    training, test = load(seed, TRAIN_DIGITS)
    torch.manual_seed(seed)
    model = ImageTransformer(SIDE, DIGITS)
    if kept.exists():
        model.load_state_dict(torch.load(kept, weights_only=True))
    else:

        def loss(indices: Tensor) -> Tensor:
            return F.cross_entropy(model(training.image[indices, 0]), training.label[indices])

        task = progress.add_task(f"digits, seed {seed}", total=seconds, status="")
        schedule = Schedule(seconds, batch=64)
        train(model, loss, len(training), schedule, seed=seed, progress=progress, task=task)
        folder.mkdir(parents=True, exist_ok=True)
        torch.save(model.state_dict(), kept)
    with torch.no_grad():
        right = model(test.image[:, 0]).argmax(dim=1) == test.label
    return model.state_dict(), share(right)


def build(task: Task, begin: str, seed: int, weights: Mapping[str, Tensor] | None) -> Symmetrized:
    """A base for graphs under a learned S(n), with blocks that start as `begin` says.

    `weights`: those of the transformer of digits; not read from scratch.
    """
    content, frozen = STARTS[begin]
    torch.manual_seed(seed)
    base = MatrixReader(task.nodes, task.classes)
    blocks = None
    if content != "scratch":
        if weights is None:
            raise ValueError(f"{begin}: no weights to start from")
        blocks = carried(weights)
        if content == "shuffled":
            blocks = shuffled(blocks, torch.Generator().manual_seed(seed))
    start(base.transformer, blocks, frozen=frozen)
    text = f"{task.spec.read_text(encoding='utf-8')}\n{METHOD}\n"
    model: Symmetrized = symc.build(text, base)
    return model


def asked(model: nn.Module, some: Graphs) -> Tensor:
    """What the model says of graphs, logits [batch, classes]."""
    logits: Tensor = (
        model(some.adjacency, some.kind, n=some.n)
        if isinstance(some, alike_graphs.Graphs)
        else model(some.adjacency)
    )
    return logits


@torch.no_grad()
def classes(model: nn.Module, some: Graphs) -> Tensor:
    """The class that a model in eval mode gives each graph."""
    parts = torch.arange(len(some)).split(50)
    return torch.cat([asked(model, some[part]).argmax(dim=-1) for part in parts])


def run(
    task: Task,
    amount: int,
    begin: str,
    schedule: Schedule,
    seed: int,
    weights: Mapping[str, Tensor] | None,
    title: str,
    progress: Progress,
) -> dict[str, object]:
    """Train one base on so many graphs and measure it on the way and at the end."""
    training, test = task.data(seed, amount)
    model = build(task, begin, seed, weights)
    copies = torch.Generator().manual_seed(1000 + seed)
    taken, looks = 0, []

    def loss(indices: Tensor) -> Tensor:
        nonlocal taken
        taken += 1
        some = training[indices]
        return F.cross_entropy(asked(model, some), some.label)

    def glance() -> float:
        looks.append(taken)
        draw_so_many(model, GLANCE_SAMPLES)
        found = share(classes(model, test.relabelled(copies)) == test.label)
        draw_so_many(model, EVAL_SAMPLES)
        return found

    watch = Watch(glance, schedule.seconds / LOOKS)
    bar = progress.add_task(title, total=schedule.seconds, status="")
    effort = train(
        model,
        loss,
        len(training),
        schedule,
        seed=seed,
        progress=progress,
        task=bar,
        nets=choosing(model),
        watch=watch,
    )
    fresh = torch.Generator().manual_seed(2000 + seed)
    one, other = (classes(model, test.relabelled(fresh)) for _ in range(2))
    accuracy = share(torch.stack([one, other]) == test.label)
    draw_so_many(model, GLANCE_SAMPLES)
    looked = [
        [spent, steps, found] for (spent, found), steps in zip(watch.curve, looks, strict=True)
    ]
    return {
        "train_accuracy": share(classes(model, training) == training.label),
        "test_accuracy": accuracy,
        "self_pairs": share(one == other),
        "curve": [*looked, [effort.cpu_seconds, effort.steps, accuracy]],
        "effort": asdict(effort),
    }


Result = Mapping[str, Any]
Key = tuple[str, int]
"""A task and an amount of training graphs."""


def name_of(task: str, amount: int, begin: str, seed: int) -> str:
    """The name of a run's file."""
    return f"{task}-{amount}-{begin}-{seed}".replace(",", "").replace(" ", "-")


def grouped(
    results: Mapping[str, Result], seeds: Sequence[int]
) -> dict[Key, dict[str, dict[int, Result]]]:
    """The results of these seeds, by task and amount, then by start, then by seed."""
    found: dict[Key, dict[str, dict[int, Result]]] = {}
    for name, task in TASKS.items():
        for amount in task.amounts:
            rows = {}
            for begin in STARTS:
                names = {seed: name_of(name, amount, begin, seed) for seed in seeds}
                some = {seed: results[key] for seed, key in names.items() if key in results}
                if some:
                    rows[begin] = some
            if rows:
                found[name, amount] = rows
    return found


def after(curve: Sequence[Sequence[float]], steps: float) -> float:
    """Accuracy after so many steps, on straight lines from look to look, level at both ends."""
    _, first, found = curve[0]
    if steps <= first:
        return found
    for (_, before, low), (_, behind, high) in pairwise(curve):
        if steps <= behind:
            return low + (high - low) * (steps - before) / max(behind - before, 1)
    return curve[-1][2]


def common_steps(rows: Mapping[str, Mapping[int, Result]]) -> int:
    """How many steps every run took at least."""
    return min(int(run["effort"]["steps"]) for some in rows.values() for run in some.values())


def on_the_way(run: Result) -> float:
    """The mean of the looks, each an equal time after the one before: how soon it is learned."""
    return mean(float(point[2]) for point in run["curve"])


def table(name: str, amount: int, rows: Mapping[str, Mapping[int, Result]]) -> Table:
    """A row a start, means over the seeds that are there; the worst seed beside them."""
    least = common_steps(rows)
    seeds = sorted({seed for some in rows.values() for seed in some})
    every = [run["effort"]["cpu_seconds"] for some in rows.values() for run in some.values()]
    view = Table(
        title=f"{name}, {amount} training graphs",
        caption=(
            f"seeds {', '.join(map(str, seeds))}, {mean(every):.0f} CPU seconds a run; "
            "way: mean accuracy on the way"
        ),
        box=SIMPLE,
        collapse_padding=True,
        pad_edge=False,
    )
    view.add_column("blocks", no_wrap=True)
    columns = ("train", "test", "worst\nseed", "self\npairs", "way", f"{least:,}\nsteps", "steps")
    for column in columns:
        view.add_column(column, justify="right", no_wrap=True)
    for begin, some in rows.items():
        runs = list(some.values())
        shares = (
            mean(each["train_accuracy"] for each in runs),
            mean(each["test_accuracy"] for each in runs),
            min(each["test_accuracy"] for each in runs),
            mean(each["self_pairs"] for each in runs),
            mean(on_the_way(each) for each in runs),
            mean(after(each["curve"], least) for each in runs),
        )
        steps = mean(each["effort"]["steps"] for each in runs)
        view.add_row(begin, *(f"{each:.1%}" for each in shares), f"{steps:,.0f}")
    return view


def differences(
    rows: Mapping[str, Mapping[int, Result]], one: str, other: str, of: Callable[[Result], float]
) -> list[float]:
    """One start less another, seed by seed, of the seeds that both have."""
    ours, theirs = rows.get(one, {}), rows.get(other, {})
    return [of(ours[seed]) - of(theirs[seed]) for seed in ours if seed in theirs]


def at_the_end(run: Result) -> float:
    """Accuracy on the test graphs, of two orders each."""
    return float(run["test_accuracy"])


MEASURES: dict[str, Callable[[Result], float]] = {
    "at the end": at_the_end,
    "on the way": on_the_way,
}


def gains(found: Mapping[Key, Mapping[str, Mapping[int, Result]]], measure: str) -> Table:
    """What pretrained blocks gain over others, in points, on average and seed by seed."""
    view = Table(
        title=f"pretrained blocks less others, points {measure} (each seed)",
        box=SIMPLE,
        collapse_padding=True,
        pad_edge=False,
    )
    for column in ("graphs", "less", "trained", "frozen"):
        view.add_column(column, no_wrap=True)
    for (name, amount), rows in found.items():
        for other in CONTENTS[1:]:
            cells = []
            for kept in ("", ", frozen"):
                gained = differences(rows, f"pretrained{kept}", f"{other}{kept}", MEASURES[measure])
                each = ", ".join(f"{100 * one:+.0f}" for one in gained)
                cells.append(f"{100 * mean(gained):+.1f} ({each})" if gained else "-")
            view.add_row(f"{name}, {amount}", other, *cells)
    return view


def conclusion(found: Mapping[Key, Mapping[str, Mapping[int, Result]]]) -> str:
    """How often pretrained blocks were ahead and behind at the end, seed by seed."""
    said = []
    for kept, word in (("", "trained"), (", frozen", "frozen")):
        for other in CONTENTS[1:]:
            every = [
                gained
                for rows in found.values()
                for gained in differences(rows, f"pretrained{kept}", f"{other}{kept}", at_the_end)
            ]
            if every:
                ahead, behind = sum(each > 0 for each in every), sum(each < 0 for each in every)
                said.append(f"{other} {word}: {ahead} and {behind} of {len(every)}")
    return f"pretrained blocks ahead and behind, at the end: {'; '.join(said)}" if said else ""


def main(arguments: Sequence[str] | None = None) -> None:
    """Train each run that is not there yet, print the tables, draw the picture."""
    parser = argparse.ArgumentParser(
        prog="modalities.py", description="A base trained on images, for graphs."
    )
    parser.add_argument("--seconds", type=float, default=30.0,
                        help="CPU seconds a run; skip links take a sixth (30)")  # fmt: skip
    parser.add_argument("--pretraining", type=float, default=20.0,
                        help="CPU seconds on digits, once a seed (20)")  # fmt: skip
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS), metavar="TASK",
                        help=f"of {', '.join(repr(name) for name in TASKS)}")  # fmt: skip
    parser.add_argument("--starts", nargs="+", choices=STARTS, default=list(STARTS),
                        metavar="START",
                        help=f"of {', '.join(repr(name) for name in STARTS)}")  # fmt: skip
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--out", type=Path, default=Path("out/modalities"))
    parser.add_argument("--show", action="store_true", help="train nothing, show what is there")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    console = Console()
    settings: dict[str, object] = {"seconds": options.seconds, "pretraining": options.pretraining}
    kept = load_results(options.out, settings)
    asked_for = [
        (name, amount, begin, seed)
        for seed in options.seeds
        for name in options.tasks
        for amount in TASKS[name].amounts
        for begin in options.starts
    ]
    names = [name_of(*each) for each in asked_for]
    say_kept(console, options.out, [] if options.show else [name for name in names if name in kept])
    with progress_bar(console) as progress:
        for place, (file, each) in enumerate(zip(names, asked_for, strict=True), start=1):
            if options.show or file in kept:
                continue
            name, amount, begin, seed = each
            weights, accuracy = None, None
            if STARTS[begin][0] != "scratch":
                weights, accuracy = pretrained(options.out, options.pretraining, seed, progress)
            schedule = Schedule(options.seconds * TASKS[name].share, batch=50)
            title = f"{place} of {len(names)}: {name} {amount}, {begin}"
            found = run(TASKS[name], amount, begin, schedule, seed, weights, title, progress)
            save_result(options.out, file, settings, {**found, "digits": accuracy})
    results = grouped(load_results(options.out, settings), options.seeds)
    if not results:
        console.print(f"nothing in {options.out} with these settings", soft_wrap=True)
        return
    for (name, amount), rows in results.items():
        console.print(table(name, amount, rows))
    for measure in MEASURES:
        console.print(gains(results, measure))
    console.print(conclusion(results), soft_wrap=True)
    picture = options.out / "modalities.png"
    draw_curves(picture, results)
    console.print(f"learning curves: {picture}", soft_wrap=True)


if __name__ == "__main__":
    main()
