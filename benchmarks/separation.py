"""Does an untrained model tell graphs apart, and know a graph again that is numbered anew?

    python benchmarks/separation.py

All 1,044 graphs with 7 nodes, their adjacency alone, through Linear(49, 256), Tanh, Linear(256, 10)
at initial weights, symmetrized under S(7) by each method of `--methods`, 10 samples in eval mode.
Two answers for one graph in two orders differ by chance: graphs count as told apart only beyond
what that does to all but 1% of them. Reported is the share of pairs of different graphs that are
not: whose distance (L1) lies within the 99% quantile of the distances of graphs to themselves,
relabelled. A distribution that draws one order out of many has far selves, and separates little.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean

import networkx
import torch
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

import symc
from saving import OUT, save

NODES = 7
SAMPLES = 10
QUANTILE = 0.99
SPEC = f"""
size n = {NODES}
group P = S(n)
input adjacency[n: P, n: P]
output y[10]
"""
METHODS = (
    "average(eval_samples={samples})",
    "canonical",
    "probabilistic(eval_samples={samples})",
    "probabilistic(eval_samples={samples}, noise_scale=0.1)",
    "probabilistic(eval_samples={samples}, noise_scale=0.01)",
)
"""What `symmetrize P by` says, the number of samples as {samples}."""


def atlas() -> Tensor:
    """Adjacency of all graphs with 7 nodes, in the order of the atlas, [1044, 7, 7]."""
    every = (graph for graph in networkx.graph_atlas_g() if len(graph) == NODES)
    adjacency = torch.zeros(1044, NODES, NODES)
    for place, graph in enumerate(every):
        for one, other in graph.edges:
            adjacency[place, one, other] = adjacency[place, other, one] = 1.0
    return adjacency


def renumbered(adjacency: Tensor, generator: torch.Generator) -> Tensor:
    """Each graph of [batch, n, n] with its nodes in another random order."""
    order = torch.rand(adjacency.shape[:2], generator=generator).argsort(dim=-1)
    rows = torch.arange(len(adjacency)).view(-1, 1, 1)
    return adjacency[rows, order.unsqueeze(-1), order.unsqueeze(-2)]


def build(
    method: str, seed: int, distributions: Mapping[str, nn.Module] | None = None
) -> nn.Module:
    """The model of one seed in eval mode; its base has the same weights for every method."""
    torch.manual_seed(seed)
    base = nn.Sequential(nn.Flatten(), nn.Linear(NODES * NODES, 256), nn.Tanh(), nn.Linear(256, 10))
    text = f"{SPEC}symmetrize P by {method.format(samples=SAMPLES)}\n"
    model: nn.Module = symc.build(text, base, distributions=distributions)
    return model.eval()


@torch.no_grad()
def not_told_apart(model: nn.Module, graphs: Tensor, seed: int) -> float:
    """The share of pairs of different graphs within the quantile of graphs and themselves."""
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    seen, again = model(graphs), model(renumbered(graphs, generator))
    return share_within(seen, again)


def share_within(seen: Tensor, again: Tensor) -> float:
    """Of answers [graphs, numbers], and of answers to the same graphs relabelled."""
    selves = (seen - again).abs().sum(dim=-1)
    bound = torch.quantile(selves, QUANTILE)
    one, other = torch.triu_indices(len(seen), len(seen), 1).unbind(0)
    apart = torch.cdist(seen, again, p=1)[one, other]
    return (apart <= bound).double().mean().item()


def table(results: Mapping[str, Sequence[float]]) -> Table:
    """A row a method: the mean share over seeds, and each."""
    view = Table(
        title="pairs of different graphs with 7 nodes that are not told apart",
        caption=f"initial weights, {SAMPLES} samples; less is better",
        box=SIMPLE,
    )
    view.add_column("method")
    for column in ("mean", "seeds"):
        view.add_column(column, justify="right")
    for method, shares in results.items():
        seeds = " ".join(f"{share:.1%}" for share in shares)
        view.add_row(method.format(samples=SAMPLES), f"{mean(shares):.1%}", seeds)
    return view


def main() -> None:
    """Measure each method, print the table, save the figures."""
    parser = argparse.ArgumentParser(description="Separation of graphs at initial weights.")
    parser.add_argument(
        "--methods",
        nargs="+",
        default=METHODS,
        metavar="METHOD",
        help="what `symmetrize P by` says; {samples} is the number of samples",
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    torch.set_num_threads(1)
    console, graphs = Console(), atlas()
    results = {
        method: [not_told_apart(build(method, seed), graphs, seed) for seed in options.seeds]
        for method in options.methods
    }
    console.print(table(results))
    settings = {"samples": SAMPLES, "seeds": options.seeds, "quantile": QUANTILE}
    console.print(f"saved: {save(options.out, 'separation', settings, results)}", soft_wrap=True)


if __name__ == "__main__":
    main()
