"""Which of two is it? Pairs of graphs that message passing cannot tell apart.

Cycles, copies, graphs of Cai, Fürer and Immerman, strongly regular graphs, circulants: in each pair
colour refinement run to its end sees one and the same graph (`alike_graphs.py`). Bases that have an
order to look at can tell them apart, once S(n) makes them say the same of every order:

    python examples/pairs.py --seconds 60 --bases mlp --methods probabilistic average plain

Eight different pairs a sort recur (`--cores`), each time beside another random graph, so that no
test graph is a training graph, and yet what tells its class was met; with `--cores 0` each is new.
The spec is `specs/pairs.sym`. Training reads the stored order of 800 graphs; it is judged on fresh
relabelled copies of 200 others, and on self pairs: does a graph get one class in two orders?
`--net` goes into the brackets of `probabilistic(...)`. Results and a picture go to `--out`, one
JSON file a run; a run that was stopped goes on; `--show` prints what is there.
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
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

import symc
from alike_graphs import CORES, MOST, SORTS, Graphs, generate
from pairs_bases import BASES
from pairs_picture import draw_curves
from symc_runtime.symmetrized import Symmetrized
from training import (
    Schedule,
    Watch,
    checkpoint_of,
    load_results,
    progress_bar,
    save_result,
    say_kept,
    train,
)

SPEC = Path(__file__).parents[1] / "specs" / "pairs.sym"
EVAL_SAMPLES = 50
GLANCE_SAMPLES = 10
LOOKS = 12
GOAL = 0.99
DATA_SEED = 0

METHODS = {
    "probabilistic": "symmetrize P by probabilistic({draws}{net})",
    "frozen": "symmetrize P by probabilistic({draws}{net})",
    "average": "symmetrize P by average({draws})",
    "canonical": "symmetrize P by canonical",
    "plain": "symmetrize P by base",
}
ALONE = "message passing"
"""The method of no base: message passing without positions, which is equivariant by itself."""

DRAWS = {"mlp": 2, "transformer": 1, "messages": 1}
"""Samples in training."""


@cache
def data(cores: int = CORES) -> tuple[Graphs, Graphs]:
    """Training and test graphs: the same for all seeds, which differ in weights and order."""
    return generate(DATA_SEED, cores=cores)


def build(
    base: str,
    method: str,
    seed: int,
    net: str = "",
    distributions: Mapping[str, nn.Module] | None = None,
) -> Symmetrized:
    """`base`, with the same weights for every method, as `method` symmetrizes it.

    `frozen` keeps the net that chooses the order as it starts.
    """
    torch.manual_seed(seed)
    made = BASES[base](MOST)
    draws = f"samples={DRAWS.get(base, 1)}, eval_samples={EVAL_SAMPLES}"
    line = METHODS["plain" if method == ALONE else method]
    line = line.format(draws=draws, net=f", {net}" if net else "")
    text = SPEC.read_text(encoding="utf-8") + "\n" + line + "\n"
    model: Symmetrized = symc.build(text, made, distributions=distributions)
    if method == "frozen":
        for parameter in choosing(model):
            parameter.requires_grad_(False)
    return model


def choosing(model: nn.Module) -> list[nn.Parameter]:
    """The parameters of what chooses the order: all but the base's."""
    named = model.named_parameters()
    return [each for name, each in named if not name.startswith("base.")]


@torch.no_grad()
def classes(model: nn.Module, graphs: Graphs) -> Tensor:
    """The class that a model in eval mode gives each graph."""
    said = [
        model(graphs[part].adjacency, graphs[part].kind, n=graphs[part].n)
        for part in torch.arange(len(graphs)).split(50)
    ]
    return torch.cat(said).argmax(dim=-1)


def draw_so_many(model: Symmetrized, samples: int) -> None:
    """In eval mode; of a method that draws nothing nothing is changed."""
    if model.eval_samples is not None and model.eval_samples > 1:
        model.eval_samples = samples


def share(hits: Tensor) -> float:
    """The part that is true."""
    return hits.double().mean().item()


def run(
    base: str,
    method: str,
    schedule: Schedule,
    seed: int,
    progress: Progress,
    *,
    title: str = "",
    net: str = "",
    cores: int = CORES,
    checkpoint: Path | None = None,
    distributions: Mapping[str, nn.Module] | None = None,
) -> dict[str, object]:
    """Train one base under one method and measure it."""
    training, test = data(cores)
    model = build(base, method, seed, net, distributions)
    copies = torch.Generator().manual_seed(1000 + seed)

    def loss(indices: Tensor) -> Tensor:
        some = training[indices]
        said, penalty = model(some.adjacency, some.kind, n=some.n, return_penalty=True)
        return F.cross_entropy(said, some.label) + (0 if method == "frozen" else penalty)

    def glance() -> float:
        draw_so_many(model, GLANCE_SAMPLES)
        found = share(classes(model, test.relabelled(copies)) == test.label)
        draw_so_many(model, EVAL_SAMPLES)
        return found

    watch = Watch(glance, schedule.seconds / LOOKS)
    task = progress.add_task(title or f"{base}, {method}", total=schedule.seconds, status="")
    effort = train(
        model,
        loss,
        len(training),
        schedule,
        seed=seed,
        progress=progress,
        task=task,
        checkpoint=checkpoint,
        nets=choosing(model),
        watch=watch,
    )
    fresh = torch.Generator().manual_seed(2000 + seed)
    one, other = (classes(model, test.relabelled(fresh)) for _ in range(2))
    right = (one == test.label).double() / 2 + (other == test.label).double() / 2
    accuracy = right.mean().item()
    draw_so_many(model, GLANCE_SAMPLES)
    known = share(classes(model, training) == training.label)
    curve = [*watch.curve, [effort.cpu_seconds, accuracy]]
    return {
        "base": base,
        "method": method,
        "train_accuracy": known,
        "test_accuracy": accuracy,
        "by_sort": {
            name: right[test.sort == place].mean().item() for place, name in enumerate(SORTS)
        },
        "self_pairs": share(one == other),
        "reached": next((seconds for seconds, found in curve if found >= GOAL), None),
        "curve": curve,
        "effort": asdict(effort),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
    }


Results = Mapping[str, Mapping[str, Any]]


def table(results: Results, seeds: Sequence[int]) -> Table:
    """A row a base and method, means over the seeds that are there; the worst seed beside them."""
    view = Table(
        title="pairs that message passing cannot tell apart: accuracy on 200 test graphs",
        caption="self pairs: a graph and a relabelled copy get one class",
        box=SIMPLE,
        collapse_padding=True,
        pad_edge=False,
    )
    for column in ("base", "method"):
        view.add_column(column, no_wrap=True)
    for column in (
        "seeds",
        "train",
        "test",
        "worst\nseed",
        "self\npairs",
        "99% at\nCPU s",
        "steps",
    ):
        view.add_column(column, justify="right", no_wrap=True)
    for (base, method), some in grouped(results, seeds).items():
        reached = [each["reached"] for each in some]
        view.add_row(
            "-" if method == ALONE else base,
            method,
            str(len(some)),
            f"{mean(each['train_accuracy'] for each in some):.1%}",
            f"{mean(each['test_accuracy'] for each in some):.1%}",
            f"{min(each['test_accuracy'] for each in some):.1%}",
            f"{mean(each['self_pairs'] for each in some):.1%}",
            "-" if None in reached else f"{mean(reached):.0f}",
            f"{mean(each['effort']['steps'] for each in some):,.0f}",
        )
    return view


def sorts_table(results: Results, seeds: Sequence[int]) -> Table:
    """The same rows, test accuracy sort by sort."""
    view = Table(title="the same by sort", box=SIMPLE, collapse_padding=True, pad_edge=False)
    for column in ("base", "method"):
        view.add_column(column, no_wrap=True)
    for sort in SORTS:
        view.add_column(sort.replace(" ", "\n"), justify="right", no_wrap=True)
    for (base, method), some in grouped(results, seeds).items():
        found = [f"{mean(each['by_sort'][sort] for each in some):.0%}" for sort in SORTS]
        view.add_row("-" if method == ALONE else base, method, *found)
    return view


def grouped(
    results: Results, seeds: Sequence[int]
) -> dict[tuple[str, str], list[Mapping[str, Any]]]:
    """The results of these seeds, by base and method, in the order of both."""
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for base, method in every_run(list(BASES), [*METHODS, ALONE]):
        names = [name_of(base, method, seed) for seed in seeds]
        if some := [results[name] for name in names if name in results]:
            found[base, method] = some
    return found


def every_run(bases: Sequence[str], methods: Sequence[str]) -> list[tuple[str, str]]:
    """Each base under each method, and message passing alone once."""
    runs = [
        (base, method)
        for base in bases
        for method in methods
        if base != "alone" and method != ALONE
    ]
    return runs + [("alone", ALONE)] * (ALONE in methods)


def name_of(base: str, method: str, seed: int) -> str:
    """The name of a run's file."""
    return f"{base}-{method}-{seed}".replace(" ", "-")


def conclusion(results: Results, seeds: Sequence[int]) -> str:
    """One sentence: what the best row reached beside the best that knows no order."""
    rows = {
        key: mean(each["test_accuracy"] for each in some)
        for key, some in grouped(results, seeds).items()
    }
    (base, method), best = max(rows.items(), key=lambda row: row[1])
    said = "message passing" if method == ALONE else f"{method}, {base}"
    reached = sum(found >= GOAL for found in rows.values())
    return f"best: {said} at {best:.1%}; {reached} of {len(rows)} rows reach {GOAL:.0%}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Train each run that is not there yet, print the tables, draw the picture."""
    parser = argparse.ArgumentParser(
        prog="pairs.py", description="Pairs of 1-WL-equivalent graphs."
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="CPU seconds a run (60)")
    every = [*METHODS, ALONE]
    parser.add_argument("--methods", nargs="+", choices=every, default=every, metavar="METHOD",
                        help=f"of {', '.join(repr(name) for name in every)}")  # fmt: skip
    bases = [name for name in BASES if name != "alone"]
    parser.add_argument("--bases", nargs="+", choices=bases, default=bases)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--net", default="", help="options of `probabilistic`, as in a spec")
    parser.add_argument(
        "--cores", type=int, default=CORES, help=f"cores a sort; 0: each pair anew ({CORES})"
    )
    parser.add_argument("--out", type=Path, default=Path("out/pairs"))
    parser.add_argument("--show", action="store_true", help="train nothing, show what is there")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    console = Console()
    settings: dict[str, object] = {
        "seconds": options.seconds,
        "net": options.net,
        "cores": options.cores,
    }
    schedule = Schedule(seconds=options.seconds, batch=50)
    asked = [
        (base, method, seed)
        for seed in options.seeds
        for base, method in every_run(options.bases, options.methods)
    ]
    names = [name_of(*each) for each in asked]
    kept = load_results(options.out, settings)
    say_kept(console, options.out, [] if options.show else [name for name in names if name in kept])
    with progress_bar(console) as progress:
        for place, (name, (base, method, seed)) in enumerate(
            zip(names, asked, strict=True), start=1
        ):
            if options.show or name in kept:
                continue
            # Names of files take no net's options as they are written.
            tag = zlib.crc32(json.dumps(settings).encode())
            checkpoint = checkpoint_of(options.out, name, {"settings": f"{tag:08x}"})
            title = f"{base}, {method}, seed {seed}, {place} of {len(names)}"
            found = run(
                base,
                method,
                schedule,
                seed,
                progress,
                title=title,
                net=options.net,
                cores=options.cores,
                checkpoint=checkpoint,
            )
            save_result(options.out, name, settings, found)
            checkpoint.unlink(missing_ok=True)
    results = load_results(options.out, settings)
    if not grouped(results, options.seeds):
        console.print(f"nothing in {options.out} with these settings", soft_wrap=True)
        return
    console.print(table(results, options.seeds))
    console.print(sorts_table(results, options.seeds))
    console.print(conclusion(results, options.seeds))
    picture = options.out / "pairs.png"
    draw_curves(picture, grouped(results, options.seeds), GOAL)
    console.print(f"learning curves: {picture}", soft_wrap=True)


if __name__ == "__main__":
    main()
