"""Eigenvectors up to sign: how far each node of a graph is from the farthest one.

Random connected graphs of 12 nodes with links of random lengths, given as the first eigenvectors
of their Laplacian and nothing else. An eigenvector is known up to its sign, and the nodes have no
order. An MLP on all numbers learns with the signs and the order that one solver gives, and fails
where another gives others; symmetrized under Z2(k) and S(n) the same MLP cannot tell:

    python examples/eigenvectors.py --seconds 20

The spec is `specs/eigenvectors.sym`. Results and a picture go to `--out`, one JSON file a run;
`--show` prints what is there.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from torch import Tensor, nn
from torch.nn import functional as F

import symc
from plots import plot_graphs
from symc_runtime.bases.mlp import MLP
from training import Schedule, load_results, progress_bar, save_result, say_kept, train

SPEC = Path(__file__).parents[1] / "specs" / "eigenvectors.sym"
NODES, VECTORS = 12, 6
EXTRA_LINKS = 4
TRAINING, TEST = 4000, 500
EVAL_SAMPLES = 20

METHODS = {
    "plain": "symmetrize Flip, Node by base",
    "average": f"symmetrize Flip, Node by average(samples=1, eval_samples={EVAL_SAMPLES})",
    "frame": "symmetrize Flip, Node by frame",
    "canonical": "symmetrize Flip, Node by canonical",
    "probabilistic": (
        f"symmetrize Flip, Node by probabilistic(samples=1, eval_samples={EVAL_SAMPLES})"
    ),
}
VIEWS = ("as trained", "signs flipped", "nodes relabelled")


@dataclass(frozen=True)
class Graphs:
    """Eigenvectors [graphs, n, k], eigenvalues [graphs, k], the longest way from each node
    [graphs, n], and the lengths of links [graphs, n, n], infinite where there is none.
    """

    evecs: Tensor
    evals: Tensor
    farthest: Tensor
    lengths: Tensor


def links(graphs: int, generator: torch.Generator) -> Tensor:
    """Lengths of the links of random connected graphs, [graphs, n, n]: a tree and some more."""
    lengths = torch.full((graphs, NODES, NODES), torch.inf, dtype=torch.float64)
    rows = torch.arange(graphs)
    pairs = [
        (torch.full((graphs,), node), _below(node, graphs, generator)) for node in range(1, NODES)
    ]
    for _ in range(EXTRA_LINKS):
        first = _below(NODES, graphs, generator)
        step = 1 + _below(NODES - 1, graphs, generator)
        pairs.append((first, (first + step) % NODES))
    for one, other in pairs:
        length = 0.5 + torch.rand(graphs, dtype=torch.float64, generator=generator)
        lengths[rows, one, other] = lengths[rows, other, one] = length
    return lengths


def _below(bound: int, count: int, generator: torch.Generator) -> Tensor:
    return torch.randint(bound, (count,), generator=generator)


def ways(lengths: Tensor) -> Tensor:
    """The shortest way between each two nodes (Floyd and Warshall), [graphs, n, n]."""
    shortest = lengths.clone()
    shortest.diagonal(dim1=1, dim2=2).zero_()
    for node in range(NODES):
        around = shortest[:, :, node, None] + shortest[:, None, node, :]
        shortest = torch.minimum(shortest, around)
    return shortest


def generate(graphs: int, seed: int) -> Graphs:
    """Random graphs with their first eigenvectors but the constant one, as one solver gives them.

    That solver makes the sum of cubes of each positive, and sorts nodes by the first. Short links
    weigh much: their weights are one over the length.
    """
    lengths = links(graphs, torch.Generator().manual_seed(seed))
    weights = 1 / lengths
    laplacian = weights.sum(-1).diag_embed() - weights
    evals, evecs = torch.linalg.eigh(laplacian)
    chosen = slice(1, 1 + VECTORS)
    # Of size 1 an entry, whatever the number of nodes.
    evecs = evecs[..., chosen] * NODES**0.5
    cubes = evecs.pow(3).sum(1, keepdim=True)
    evecs = evecs * torch.where(cubes < 0, -1.0, 1.0)
    rows, order = torch.arange(graphs).unsqueeze(-1), evecs[..., 0].argsort(-1)
    evecs = evecs[rows, order]
    lengths = lengths[rows.unsqueeze(-1), order.unsqueeze(-1), order.unsqueeze(-2)]
    farthest = ways(lengths).amax(-1)
    return Graphs(evecs.float(), evals[:, chosen].float(), farthest.float(), lengths)


def seen_as(graphs: Graphs, view: str, seed: int) -> Graphs:
    """The same graphs, their eigenvectors with other signs, or their nodes in another order."""
    generator = torch.Generator().manual_seed(seed)
    count = len(graphs.evals)
    if view == "signs flipped":
        signs = 2.0 * torch.randint(2, (count, 1, VECTORS), generator=generator) - 1
        return Graphs(graphs.evecs * signs, graphs.evals, graphs.farthest, graphs.lengths)
    if view == "nodes relabelled":
        order = torch.rand(count, NODES, generator=generator).argsort(-1)
        rows = torch.arange(count).unsqueeze(-1)
        lengths = graphs.lengths[rows.unsqueeze(-1), order.unsqueeze(-1), order.unsqueeze(-2)]
        return Graphs(
            graphs.evecs[rows, order], graphs.evals, graphs.farthest[rows, order], lengths
        )
    return graphs


def build(method: str, seed: int) -> nn.Module:
    """The MLP, with the same weights for every method, as `method` symmetrizes it."""
    torch.manual_seed(seed)
    base = MLP([(NODES, VECTORS), (VECTORS,)], [(NODES,)], hidden=256, layers=2, norm=True)
    text = SPEC.read_text(encoding="utf-8") + "\n" + METHODS[method] + "\n"
    model: nn.Module = symc.build(text, base, sizes={"n": NODES, "k": VECTORS})
    return model


@torch.no_grad()
def predicted(model: nn.Module, graphs: Graphs) -> Tensor:
    """What the model says of each node, [graphs, n]."""
    torch.manual_seed(0)
    found: Tensor = model(graphs.evecs, graphs.evals)
    return found


def run(method: str, schedule: Schedule, seed: int, progress: Progress) -> dict[str, object]:
    """Train the MLP under one method, on the signs and order of one solver, and measure it."""
    training, test = generate(TRAINING, seed), generate(TEST, seed + 1)
    model = build(method, seed)

    def loss(indices: Tensor) -> Tensor:
        said = model(training.evecs[indices], training.evals[indices])
        return F.mse_loss(said, training.farthest[indices])

    task = progress.add_task(method, total=schedule.seconds, status="")
    effort = train(model, loss, TRAINING, schedule, seed=seed, progress=progress, task=task)
    errors, shown = {}, {}
    for view in VIEWS:
        graphs = seen_as(test, view, seed + 2)
        said = predicted(model, graphs)
        errors[view] = F.mse_loss(said, graphs.farthest).sqrt().item()
        shown[view] = said[0].tolist()
    return {"errors": errors, "shown": shown, "effort": asdict(effort)}


def table(results: dict[str, dict[str, Any]], seed: int) -> Table:
    """Errors of each method by how the test graphs are given."""
    spread = generate(TEST, seed + 1).farthest.std().item()
    view = Table(title=f"how far is the farthest node: error (the answers spread by {spread:.2f})")
    view.add_column("method", no_wrap=True)
    for column in (*VIEWS, "steps", "CPU s"):
        view.add_column(column, justify="right")
    for name in METHODS:
        if name in results:
            errors, effort = results[name]["errors"], results[name]["effort"]
            view.add_row(
                name,
                *[f"{errors[each]:.3f}" for each in VIEWS],
                f"{effort['steps']:,}",
                f"{effort['cpu_seconds']:.0f}",
            )
    return view


def picture(path: Path, results: dict[str, dict[str, Any]], seed: int) -> None:
    """The first test graph, in each view, with what each method says of its nodes."""
    test = generate(TEST, seed + 1)
    rows = {}
    for view in VIEWS:
        graphs = seen_as(test, view, seed + 2)
        said = {"true": graphs.farthest[0].tolist()}
        said |= {name: results[name]["shown"][view] for name in METHODS if name in results}
        # Where the nodes are drawn is the same in each view, what is given differs.
        places = graphs.evecs[0, :, :2]
        places = places * torch.where(places.pow(3).sum(0) < 0, -1.0, 1.0)
        rows[view] = (places, graphs.lengths[0], said)
    plot_graphs(path, rows)


def main() -> None:
    """Train each run, print the table, draw the picture."""
    parser = argparse.ArgumentParser(description="Eigenvectors up to sign.")
    parser.add_argument("--seconds", type=float, default=20.0, help="CPU seconds a run")
    parser.add_argument("--runs", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("out/eigenvectors"))
    parser.add_argument("--show", action="store_true", help="train nothing, show what is there")
    options = parser.parse_args()
    torch.set_num_threads(1)
    console = Console()
    settings = {"seconds": options.seconds, "seed": options.seed}
    schedule = Schedule(seconds=options.seconds, batch=100)
    kept = load_results(options.out, settings)
    missing = [] if options.show else [name for name in options.runs if name not in kept]
    with progress_bar(console) as progress:
        for name in missing:
            save_result(options.out, name, settings, run(name, schedule, options.seed, progress))
    say_kept(console, options.out, [name for name in options.runs if name in kept])
    results = load_results(options.out, settings)
    console.print(table(results, options.seed))
    if results:
        path = options.out / "graphs.png"
        picture(path, results, options.seed)
        console.print(f"picture: {path}", soft_wrap=True)


if __name__ == "__main__":
    main()
