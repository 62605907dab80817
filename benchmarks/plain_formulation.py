"""Ours beside the plain formulation of probabilistic symmetrization, S(64), K = 10, one base.

    python benchmarks/plain_formulation.py

The plain formulation is written here from the formulas of Kim et al., 'Learning Probabilistic
Symmetrization for Architecture Agnostic Equivariance' (NeurIPS 2023): scores Z of a GIN with node
noise; the hard P = eq(Z 1^T, 1 sort(Z)^T) as a dense matrix; in every forward a soft one, Sinkhorn
in the log domain of -|Z 1^T - 1 sort(Z)^T| / temperature, and its entropy; P_hard + (P_soft -
sg(P_soft)); the base on P^T X P. Both sides pay for the K draws inside the batch.

Compared is what each adds to the base alone: whole less base. In training the loss of both has the
entropy in it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import torch
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from cases import CLASSES, Case, graph_case, graph_mlp
from saving import OUT, save
from symc_runtime.actions.axes import fold
from timing import interleaved, keep_pages

BARS = {"eval": 5.0, "train": 3.0}
TEMPERATURE, ENTROPY, NOISE = 0.01, 0.1, 1
NETS = {"default": "", "gin 64": ", net=gin(hidden=64, layers=3)"}


class GraphScores(nn.Module):
    """Three GIN layers of width 64 with a virtual node: [N, n, n] and noise [N, n, c] to [N, n]."""

    def __init__(self, width: int = 64, layers: int = 3) -> None:
        super().__init__()
        self.start = nn.Linear(1 + NOISE, width)
        self.eps = nn.Parameter(torch.zeros(layers))
        self.updates = nn.ModuleList(
            nn.Sequential(
                nn.Linear(width, width), nn.LayerNorm(width), nn.ReLU(), nn.Linear(width, width)
            )
            for _ in range(layers)
        )
        self.score = nn.Linear(width, 1)

    def forward(self, adjacency: Tensor, noise: Tensor) -> Tensor:
        degree = adjacency.sum(-1, keepdim=True)
        nodes = self.start(torch.cat([degree, noise], dim=-1))
        for eps, update in zip(self.eps, self.updates, strict=True):
            virtual = nodes.mean(dim=1, keepdim=True)
            nodes = update((1 + eps) * nodes + adjacency @ nodes + virtual)
        scores: Tensor = self.score(nodes)
        return scores.squeeze(-1)


def log_sinkhorn(logits: Tensor, iterations: int) -> Tensor:
    """Rows and columns of exp(logits) [N, n, n] normalised in turn, in the log domain."""
    for _ in range(iterations):
        logits = logits - logits.logsumexp(dim=-1, keepdim=True)
        logits = logits - logits.logsumexp(dim=-2, keepdim=True)
    return logits.exp()


class PlainSymmetrization(nn.Module):
    """f(x) = mean over K draws of base(P^T x P), and the mean entropy of the soft P."""

    def __init__(self, base: nn.Module, samples: int, iterations: int) -> None:
        super().__init__()
        self.base = base
        self.net = GraphScores()
        self.samples = samples
        self.iterations = iterations

    def forward(self, adjacency: Tensor) -> tuple[Tensor, Tensor]:
        folded = fold(adjacency, self.samples)
        scores = self.net(folded, torch.rand(*folded.shape[:2], NOISE))
        order = scores.argsort(dim=-1)
        ordered = scores.gather(-1, order)
        distance = (scores.unsqueeze(-1) - ordered.unsqueeze(-2)).abs()
        soft = log_sinkhorn(-distance / TEMPERATURE, self.iterations)
        entropy = -(soft * (soft + 1e-20).log()).sum(-1).mean()
        nodes = torch.arange(order.shape[-1], device=order.device)
        hard = (nodes.unsqueeze(-1) == order.unsqueeze(-2)).to(soft.dtype)
        matrix = hard + (soft - soft.detach())
        outputs = self.base(matrix.transpose(1, 2) @ folded @ matrix)
        return outputs.unflatten(0, (self.samples, -1)).mean(0), entropy


def calls(
    case: Case, base: nn.Module, iterations: int, mode: str
) -> dict[str, Callable[[], object]]:
    """The base alone, ours and the plain formulation around this one base."""
    ours = case.build_around(base).train(mode == "train")
    plain = PlainSymmetrization(base, case.folds, iterations).train(mode == "train")
    (adjacency,) = case.draw()
    folded = fold(adjacency, case.folds)

    def answered(run: Callable[[], object]) -> Callable[[], object]:
        return torch.no_grad()(run)

    def trained(model: nn.Module, loss: Callable[[], Tensor]) -> Callable[[], object]:
        def call() -> None:
            model.zero_grad(set_to_none=True)
            torch.autograd.backward(loss())

        return call

    def regularized(returned: tuple[Tensor, Tensor], weight: float) -> Tensor:
        value, penalty = returned
        return value.square().mean() + weight * penalty

    if mode == "eval":
        return {
            "base": answered(lambda: base(folded)),
            "ours": answered(lambda: ours(adjacency)),
            "plain": answered(lambda: plain(adjacency)),
        }
    # Ours returns the penalty with its weight in it.
    return {
        "base": trained(base, lambda: base(folded).square().mean()),
        "ours": trained(ours, lambda: regularized(ours(adjacency, return_penalty=True), 1.0)),
        "plain": trained(plain, lambda: regularized(plain(adjacency), ENTROPY)),
    }


def table(rows: list[dict[str, object]]) -> Table:
    """A line a mode, a net of ours and a number of iterations."""
    view = Table(
        title="whole less base in CPU ms: the plain formulation, and ours", box=SIMPLE, padding=0
    )
    view.add_column("mode", no_wrap=True)
    view.add_column("our net", no_wrap=True)
    for column in ("steps", "base", "plain", "ours", "plain\n/ base", "ours\n/ base"):
        view.add_column(column, justify="right")
    for column in ("plain\n/ ours", "bar", "met"):
        view.add_column(column, justify="right")
    for row in rows:
        view.add_row(
            str(row["mode"]),
            str(row["net"]),
            str(row["iterations"]),
            f"{row['base_ms']:.0f}",
            f"{row['plain_added_ms']:.0f}",
            f"{row['ours_added_ms']:.0f}",
            f"{row['plain_ratio']:.2f}",
            f"{row['ours_ratio']:.2f}",
            f"{row['added_ratio']:.2f}",
            f"{row['bar']:.0f}",
            "yes" if row["met"] else "no",
        )
    return view


def main() -> None:
    """Time base, ours and plain in one run, print what each adds."""
    parser = argparse.ArgumentParser(description="Ours beside the plain formulation.")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--iterations", nargs="+", type=int, default=[20, 10])
    parser.add_argument("--nets", nargs="+", choices=NETS, default=list(NETS))
    parser.add_argument("--hidden", type=int, default=2048, help="width of the MLP")
    parser.add_argument("--layers", type=int, default=5, help="hidden layers of the MLP")
    parser.add_argument("--keep-pages", action="store_true", help="glibc gives no memory back")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    if options.keep_pages:
        keep_pages()
    rows: list[dict[str, object]] = []
    console = Console()
    torch.manual_seed(0)
    base = graph_mlp(options.hidden, options.layers)
    for mode, bar in BARS.items():
        for net in options.nets:
            for iterations in options.iterations:
                case = graph_case(NETS[net], hidden=options.hidden, layers=options.layers)
                with console.status(f"{mode}, {net}, {iterations} iterations"):
                    timing = interleaved(calls(case, base, iterations, mode), rounds=options.rounds)
                plain, ours = (timing.difference(name, "base") for name in ("plain", "ours"))
                rows.append(
                    {
                        "mode": mode,
                        "net": net,
                        "iterations": iterations,
                        "base_ms": 1e3 * timing.median("base"),
                        "plain_added_ms": 1e3 * plain,
                        "ours_added_ms": 1e3 * ours,
                        "plain_ratio": timing.ratio("plain", "base"),
                        "ours_ratio": timing.ratio("ours", "base"),
                        "added_ratio": plain / ours,
                        "bar": bar,
                        "met": plain >= bar * ours,
                    }
                )
    console.print(table(rows))
    settings = {
        "rounds": options.rounds,
        "hidden": options.hidden,
        "layers": options.layers,
        "classes": CLASSES,
        "keep_pages": options.keep_pages,
    }
    save(options.out, "plain_formulation", settings, rows)


if __name__ == "__main__":
    main()
