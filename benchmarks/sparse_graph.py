"""A graph of 100,000 edges, as an edge list and as a matrix: time and peak memory.

    python benchmarks/sparse_graph.py [--items 20000] [--edges 100000]

S(n) is handled by the net that reads `edges[2, e] of P`, around message passing that sums by index,
in eval mode. Counted is every byte that the CPU allocator hands out during a call, read off the
profiler, above what was there before. Beside it stands what one matrix of pairs would take, and the
net that reads matrices keeps several. In training a learned order keeps a soft permutation of
n x n whatever the graph; `frame` does not, and `base` needs no order.
"""

from __future__ import annotations

import argparse
import time

import torch
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

import symc
from symc_runtime.bases.edge_messages import EdgeMessages
from symc_runtime.symmetrized import Symmetrized

SPEC = """
group P = S(n)
input  x[n: P, 8]
input  edges[2, e] of P
input  w[e, 2]
output y[n: P, 1]
symmetrize P by {method}
"""


def peak_bytes(model: Symmetrized, inputs: tuple[Tensor, ...]) -> int:
    """The most that a call holds at a time, above what there was before it."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        model(*inputs)
    if recorded.profiler is None or recorded.profiler.kineto_results is None:
        raise RuntimeError("the profiler recorded nothing")
    events = [e for e in recorded.profiler.kineto_results.events() if e.name() == "[memory]"]
    held = peak = 0
    for event in sorted(events, key=lambda e: e.start_ns()):
        held += event.nbytes()
        peak = max(peak, held)
    return peak


def main() -> None:
    """Print a row a method."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--edges", type=int, default=100_000)
    given = parser.parse_args()
    n, e = given.items, given.edges
    torch.manual_seed(0)
    inputs = (torch.randn(1, n, 8), torch.randint(0, n, (1, 2, e)), torch.randn(1, e, 2))
    table = Table("P by", "samples", "seconds", "peak", box=SIMPLE)
    for method in ("base", "frame", "canonical", "probabilistic(samples=1, eval_samples=1)"):
        base = EdgeMessages(items=8, edges=2, outputs=1)
        model = symc.build(SPEC.format(method=method), base, chunk=1).eval()
        with torch.no_grad():
            start = time.perf_counter()
            model(*inputs)
            taken = time.perf_counter() - start
            peak = peak_bytes(model, inputs)
        table.add_row(method, str(model.eval_samples), f"{taken:.2f}", f"{peak / 1e6:,.0f} MB")
    table.caption = f"one matrix of pairs: {4 * n * n / 1e6:,.0f} MB"
    Console().print(table)


if __name__ == "__main__":
    main()
