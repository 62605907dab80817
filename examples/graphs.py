"""Circular skip links: ten classes of graphs that message passing cannot tell apart.

CSL(41, R) of Murphy et al. (2019, 'Relational Pooling for Graph Representations'): a cycle of 41
nodes where each node is also linked to the one R steps on. Every node has four neighbours in every
class, so message passing alone sees one and the same graph. Two bases without the symmetry of
graphs, message passing with a learned embedding of each node's position and an MLP on the
adjacency matrix, become invariant to relabelling under S(n):

    python examples/graphs.py --seconds 60

The spec is `specs/graphs.sym`. Results go to `--out`, one JSON file a run; `--show` prints what is
there.
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
from graphs_picture import draw_views
from symc_runtime.bases.mlp import MLP
from training import Schedule, load_results, progress_bar, save_result, train

SPEC = Path(__file__).parents[1] / "specs" / "graphs.sym"
NODES = 41
SKIPS = (2, 3, 4, 5, 6, 9, 11, 12, 13, 16)
A_CLASS, TRAIN_A_CLASS = 15, 9
EVAL_SAMPLES = 50
COPIES = 5

METHODS = {
    "plain": "symmetrize P by base",
    "average": f"symmetrize P by average(samples=1, eval_samples={EVAL_SAMPLES})",
    "probabilistic": f"symmetrize P by probabilistic(samples=1, eval_samples={EVAL_SAMPLES})",
    "probabilistic, gin": (
        f"symmetrize P by probabilistic(samples=1, eval_samples={EVAL_SAMPLES}, "
        "temperature=0.05, net=gin)"
    ),
}
"""The default net builds on a traversal from a root; `gin` has to learn all of the order."""


class MessagePassing(nn.Module):
    """Layers of messages along the links; adjacency [batch, n, n] to logits [batch, 10].

    `positions` starts each node at a learned embedding of its place in the matrix; without, all
    nodes start alike and the network is equivariant to relabelling.
    """

    def __init__(self, *, positions: bool, width: int = 64, layers: int = 5) -> None:
        super().__init__()
        self.start = nn.Parameter(torch.randn(NODES if positions else 1, width))
        self.updates = nn.ModuleList(
            nn.Sequential(nn.Linear(2 * width, width), nn.GELU(), nn.Linear(width, width))
            for _ in range(layers)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(layers))
        self.head = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, len(SKIPS)))

    def forward(self, adjacency: Tensor) -> Tensor:
        nodes = self.start.expand(adjacency.shape[0], NODES, -1)
        for update, norm in zip(self.updates, self.norms, strict=True):
            # Half the sum over four neighbours has the size of one node's features.
            messages = 0.5 * (adjacency @ nodes)
            nodes = norm(nodes + update(torch.cat([nodes, messages], dim=-1)))
        logits: Tensor = self.head(nodes.mean(dim=1))
        return logits


def _mlp() -> nn.Module:
    return MLP([(NODES, NODES)], [(len(SKIPS),)], hidden=256, layers=2, norm=True)


BASES = {
    "messages": lambda: MessagePassing(positions=False),
    "messages + positions": lambda: MessagePassing(positions=True),
    "MLP": _mlp,
}

RUNS = {
    "alone": ("messages", "plain"),
    **{f"positions-{method}": ("messages + positions", method) for method in METHODS},
    **{f"mlp-{method}": ("MLP", method) for method in METHODS},
}


@dataclass(frozen=True)
class Graphs:
    """Adjacency matrices [batch, 41, 41] and their classes [batch]."""

    adjacency: Tensor
    label: Tensor

    def __len__(self) -> int:
        return len(self.label)

    def __getitem__(self, index: Tensor) -> Graphs:
        return Graphs(self.adjacency[index], self.label[index])

    def relabelled(self, generator: torch.Generator) -> Graphs:
        """Each graph with its nodes in another random order."""
        return Graphs(relabelled(self.adjacency, generator), self.label)


def circular_skip_links(skip: int) -> Tensor:
    """The adjacency matrix of CSL(41, skip), float32."""
    node = torch.arange(NODES)
    adjacency = torch.zeros(NODES, NODES)
    for step in (1, skip):
        adjacency[node, (node + step) % NODES] = 1.0
        adjacency[(node + step) % NODES, node] = 1.0
    return adjacency


def relabelled(adjacency: Tensor, generator: torch.Generator) -> Tensor:
    """Each graph of [batch, n, n] with its nodes in another random order."""
    order = torch.rand(adjacency.shape[:2], generator=generator).argsort(dim=-1)
    rows = torch.arange(len(adjacency)).view(-1, 1, 1)
    return adjacency[rows, order.unsqueeze(-1), order.unsqueeze(-2)]


def generate(seed: int) -> tuple[Graphs, Graphs]:
    """Training and test graphs, 9 and 6 of each class, randomly relabelled."""
    generator = torch.Generator().manual_seed(seed)
    each = torch.stack([circular_skip_links(skip) for skip in SKIPS])
    every = relabelled(each.repeat_interleave(A_CLASS, dim=0), generator)
    label = torch.arange(len(SKIPS)).repeat_interleave(A_CLASS)
    training = torch.arange(len(every)) % A_CLASS < TRAIN_A_CLASS
    return Graphs(every[training], label[training]), Graphs(every[~training], label[~training])


def build(base: str, method: str, seed: int) -> nn.Module:
    """`base`, with the same weights for every method, as `method` symmetrizes it."""
    torch.manual_seed(seed)
    text = SPEC.read_text(encoding="utf-8") + "\n" + METHODS[method] + "\n"
    model: nn.Module = symc.build(text, BASES[base]())
    return model


@torch.no_grad()
def classes(model: nn.Module, adjacency: Tensor) -> Tensor:
    """The class that the model gives each graph."""
    predicted: Tensor = model(adjacency).argmax(dim=-1)
    return predicted


@torch.no_grad()
def seen(model: nn.Module, graph: Tensor) -> list[list[float]]:
    """The matrix of one graph [1, n, n] as the base sees it, mean over the draws of a call."""
    views: list[Tensor] = []
    inner = model.get_submodule("base")
    hook = inner.register_forward_pre_hook(lambda _, given: views.append(given[0].mean(0)))
    model.eval()(graph)
    hook.remove()
    return [[round(value, 2) for value in row] for row in views[0].tolist()]


def run(
    base: str, method: str, schedule: Schedule, seed: int, progress: Progress
) -> dict[str, object]:
    """Train one base under one method and measure it."""
    training, test = generate(seed)
    model = build(base, method, seed)
    graph = circular_skip_links(SKIPS[0]).unsqueeze(0)
    before = seen(model, graph)

    def loss(indices: Tensor) -> Tensor:
        return F.cross_entropy(model(training.adjacency[indices]), training.label[indices])

    examples = len(training.label)
    task = progress.add_task(f"{base}, {method}", total=schedule.seconds, status="")
    effort = train(model, loss, examples, schedule, seed=seed, progress=progress, task=task)
    predicted = classes(model, test.adjacency)
    generator = torch.Generator().manual_seed(seed + 1)
    copies = [classes(model, relabelled(test.adjacency, generator)) for _ in range(COPIES)]
    same = torch.stack([copy == predicted for copy in copies])
    return {
        "base": base,
        "method": method,
        "train_accuracy": _share(classes(model, training.adjacency) == training.label),
        "test_accuracy": _share(predicted == test.label),
        "self_pairs": _share(same),
        "seen": [before, seen(model, graph)],
        "effort": asdict(effort),
        "parameters": sum(p.numel() for p in model.parameters()),
    }


def _share(hits: Tensor) -> float:
    return hits.double().mean().item()


def table(results: dict[str, dict[str, Any]]) -> Table:
    """Accuracy by base and method; self pairs: a graph and a relabelled copy get one class."""
    view = Table(title="circular skip links: accuracy on 60 test graphs, ten classes")
    view.add_column("base", no_wrap=True)
    view.add_column("method", no_wrap=True)
    for column in ("train", "test", "self\npairs", "steps", "CPU s"):
        view.add_column(column, justify="right")
    for name in RUNS:
        if name in results:
            result, effort = results[name], results[name]["effort"]
            view.add_row(
                result["base"],
                result["method"],
                f"{result['train_accuracy']:.0%}",
                f"{result['test_accuracy']:.0%}",
                f"{result['self_pairs']:.0%}",
                f"{effort['steps']:,}",
                f"{effort['cpu_seconds']:.0f}",
            )
    return view


def main() -> None:
    """Train each run, print the table."""
    parser = argparse.ArgumentParser(description="Circular skip links.")
    parser.add_argument("--seconds", type=float, default=60.0, help="CPU seconds a run")
    parser.add_argument("--runs", nargs="+", choices=RUNS, default=list(RUNS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("out/graphs"))
    parser.add_argument("--show", action="store_true", help="train nothing, show what is there")
    options = parser.parse_args()
    torch.set_num_threads(1)
    console = Console()
    settings = {"seconds": options.seconds, "seed": options.seed}
    schedule = Schedule(seconds=options.seconds, batch=60)
    with progress_bar(console) as progress:
        for name in [] if options.show else options.runs:
            result = run(*RUNS[name], schedule, options.seed, progress)
            save_result(options.out, name, settings, result)
    results = load_results(options.out, settings)
    console.print(table(results))
    path = options.out / "seen.png"
    draw_views(path, {RUNS[name]: results[name]["seen"] for name in RUNS if name in results})
    console.print(f"what the base sees, before training and after: {path}")


if __name__ == "__main__":
    main()
