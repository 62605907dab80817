"""Peak memory in training with `chunk` = K/8 against all K samples at once.

    python benchmarks/memory.py

Counted is every byte that the CPU allocator hands out during forward and backward, read off the
profiler, above what was there before. The gradients are there before: the step adds to them.
The gradients of both must agree. What does not shrink with the chunk (the net's view of the inputs,
gradients of weights on their way, where no linear layer adds them itself) weighs more the smaller K
is and the larger the base, so the bar is asked of every K and of a small and a large MLP. A
process's resident memory falls less than this, as malloc keeps pages.

`KINETO_LOG_LEVEL=99` silences the profiler where it talks.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from cases import Case, graph_case, particles
from saving import OUT, save
from symc_runtime.symmetrized import Symmetrized
from timing import interleaved

BAR, AGREEMENT = 0.4, 1e-6
SAMPLES = (8, 16, 32)


def step(model: Symmetrized, inputs: tuple[Tensor, ...], noise: dict[str, Tensor]) -> None:
    """Forward and backward, with the regularizer; gradients add to those that are there."""
    output, penalty = model(*inputs, noise=noise, return_penalty=True)
    torch.autograd.backward(output.square().mean() + penalty)


def peak_bytes(model: Symmetrized, inputs: tuple[Tensor, ...], noise: dict[str, Tensor]) -> int:
    """The most that one step holds at a time, above what there was before it."""
    step(model, inputs, noise)
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        step(model, inputs, noise)
    if recorded.profiler is None or recorded.profiler.kineto_results is None:
        raise RuntimeError("the profiler recorded nothing")
    events = [e for e in recorded.profiler.kineto_results.events() if e.name() == "[memory]"]
    held = peak = 0
    for event in sorted(events, key=lambda e: e.start_ns()):
        held += event.nbytes()
        peak = max(peak, held)
    return peak


def gradients(
    model: Symmetrized, inputs: tuple[Tensor, ...], noise: dict[str, Tensor]
) -> list[Tensor]:
    """Of one step, a tensor a parameter that has one."""
    model.zero_grad(set_to_none=True)
    step(model, inputs, noise)
    return [p.grad.clone() for p in model.parameters() if p.grad is not None]


def disagreement(case: Case, chunk: int, dtype: torch.dtype) -> float:
    """Norm of the difference of all gradients, over their norm."""
    inputs = tuple(x.to(dtype) for x in case.draw())
    model = case.build().to(dtype).train()
    noise = model.draw_noise(*inputs)
    whole = gradients(model, inputs, noise)
    model.chunk = chunk
    parts = gradients(model, inputs, noise)
    difference = sum((a - b).square().sum() for a, b in zip(whole, parts, strict=True))
    return float((difference / sum(a.square().sum() for a in whole)) ** 0.5)


def measured(name: str, case: Case, rounds: int) -> dict[str, Any]:
    """Peak, CPU time and gradients of both."""
    inputs, chunk = case.draw(), case.folds // 8
    model = case.build().train()
    noise = model.draw_noise(*inputs)
    peaks: dict[str, int] = {}
    calls: dict[str, Callable[[], object]] = {}
    for way, samples in (("whole", None), ("chunked", chunk)):
        each = case.build(chunk=samples).train()
        peaks[way] = peak_bytes(each, inputs, noise)
        calls[way] = partial(step, each, inputs, noise)
    timing = interleaved(calls, rounds=rounds)
    ratio = peaks["chunked"] / peaks["whole"]
    single, double = (disagreement(case, chunk, d) for d in (torch.float32, torch.float64))
    return {
        "case": name,
        "samples": case.folds,
        "chunk": chunk,
        "whole_bytes": peaks["whole"],
        "chunked_bytes": peaks["chunked"],
        "ratio": ratio,
        "time_ratio": timing.ratio("chunked", "whole"),
        "float32": single,
        "float64": double,
        "met": ratio < BAR and single <= AGREEMENT,
    }


def table(rows: list[dict[str, Any]]) -> Table:
    """A line a case."""
    view = Table(title="training: peak above parameters and gradients", box=SIMPLE, padding=(0, 0))
    view.add_column("base", no_wrap=True)
    for column in ("K", "chunk", "all\nMB", "parts\nMB", "ratio", "bar", "CPU\nratio"):
        view.add_column(column, justify="right")
    for column in ("float\n32", "float\n64", "met"):
        view.add_column(column, justify="right")
    for row in rows:
        view.add_row(
            str(row["case"]),
            str(row["samples"]),
            str(row["chunk"]),
            f"{row['whole_bytes'] / 1e6:.1f}",
            f"{row['chunked_bytes'] / 1e6:.1f}",
            f"{row['ratio']:.2f}",
            f"{BAR}",
            f"{row['time_ratio']:.2f}",
            f"{row['float32']:.0e}",
            f"{row['float64']:.0e}",
            "yes" if row["met"] else "no",
        )
    return view


def main() -> None:
    """Measure a transformer of particles and an MLP of graphs, print the table."""
    parser = argparse.ArgumentParser(description="Memory with chunks of samples.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--samples", nargs="+", type=int, default=SAMPLES, help="K, by eights")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    console = Console()
    rows = []
    for samples in options.samples:
        cases = {
            "transformer": particles(samples),
            "MLP 256x3": graph_case("", hidden=256, layers=3, samples=samples),
            "MLP 2048x5": graph_case("", hidden=2048, layers=5, samples=samples),
        }
        for name, case in cases.items():
            with console.status(f"{name}, K = {samples}"):
                rows.append(measured(name, case, options.rounds))
    console.print(table(rows))
    save(options.out, "memory", {"samples": list(options.samples), "rounds": options.rounds}, rows)


if __name__ == "__main__":
    main()
