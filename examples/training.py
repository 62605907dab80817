"""Training within a budget of CPU time, the same for every method, and results that add up.

One thread, `time.process_time`: a method that costs more a step takes fewer steps. A run that is
stopped goes on from its last checkpoint.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from torch import Tensor, nn


@dataclass(frozen=True)
class Schedule:
    """AdamW under a learning rate that warms up, then falls as a cosine, over CPU time."""

    seconds: float
    batch: int
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    warm_up: float = 0.03
    clip: float = 1.0

    def rate(self, elapsed: float) -> float:
        """The learning rate after `elapsed` CPU seconds."""
        done = min(elapsed / self.seconds, 1.0)
        return (
            self.learning_rate * min(1.0, done / self.warm_up) * (1 + math.cos(math.pi * done)) / 2
        )


CHECKPOINT_SECONDS = 20.0
"""CPU seconds between two checkpoints, which is what a stopped run loses at most."""


@dataclass
class Watch:
    """A number that is looked at now and then while training, outside the budget's clock.

    `curve` has the CPU seconds of training and the number, for each look; `measure` gets the model
    in eval mode and may draw what it likes: training goes on as if nobody had looked.
    """

    measure: Callable[[], float]
    every: float
    curve: list[list[float]] = field(default_factory=list)


@dataclass(frozen=True)
class Effort:
    """What a training run took; `cpu_seconds` is its budget and the rest of its last step."""

    steps: int
    cpu_seconds: float
    seconds: float


def progress_bar(console: Console) -> Progress:
    """A bar a run, with a `status` field for its loss."""
    return Progress(
        TextColumn("{task.description}", justify="left"),
        BarColumn(bar_width=30),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[status]}"),
        console=console,
        refresh_per_second=2,
    )


def train(
    model: nn.Module,
    loss: Callable[[Tensor], Tensor],
    examples: int,
    schedule: Schedule,
    *,
    seed: int,
    progress: Progress,
    task: TaskID,
    checkpoint: Path | None = None,
    nets: Iterable[nn.Parameter] = (),
    watch: Watch | None = None,
) -> Effort:
    """Minimise `loss(indices)`, the mean loss of these examples, until the budget is spent.

    `nets`: parameters of what chooses poses. Their weights do not decay, and their gradients are
    clipped apart from those of the base.

    Epochs are shuffled by `seed`, so every method meets the examples in one order. With a
    `checkpoint` the state is written there every CHECKPOINT_SECONDS and at the end, and what lies
    there is gone on from; the caller removes it once the result is safe.
    """
    groups = _groups(model, nets)
    optimizer = torch.optim.AdamW(
        [
            {"params": own, "weight_decay": 0.0 if apart else schedule.weight_decay}
            for own, apart in groups
        ],
        lr=schedule.learning_rate,
    )
    model.train()
    done, mean = Effort(0, 0.0, 0.0), math.nan
    if checkpoint is not None and checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["random"])
        done, mean = Effort(**state["effort"]), state["mean"]
        if watch is not None:
            watch.curve[:] = state["curve"]
    wall, start = time.perf_counter() - done.seconds, time.process_time() - done.cpu_seconds
    steps, saved = done.steps, done.cpu_seconds
    looked = watch.curve[-1][0] if watch is not None and watch.curve else 0.0

    def effort() -> Effort:
        return Effort(steps, time.process_time() - start, time.perf_counter() - wall)

    progress.reset(task, total=schedule.seconds)
    for indices in itertools.islice(_batches(examples, schedule.batch, seed), steps, None):
        elapsed = effort().cpu_seconds
        if checkpoint is not None and (
            elapsed >= saved + CHECKPOINT_SECONDS or elapsed >= schedule.seconds > saved
        ):
            curve = [] if watch is None else watch.curve
            _write_checkpoint(checkpoint, model, optimizer, effort(), mean, curve)
            saved = elapsed
        if watch is not None and elapsed >= looked + watch.every and elapsed < schedule.seconds:
            paused = time.process_time(), time.perf_counter()
            watch.curve.append([elapsed, _look(model, watch)])
            looked = elapsed
            start += time.process_time() - paused[0]
            wall += time.perf_counter() - paused[1]
        if elapsed >= schedule.seconds:
            break
        for group in optimizer.param_groups:
            group["lr"] = schedule.rate(elapsed)
        optimizer.zero_grad()
        value = loss(indices)
        torch.autograd.backward(value)
        for own, _ in groups:
            nn.utils.clip_grad_norm_(own, schedule.clip)
        optimizer.step()
        steps += 1
        mean = value.item() if math.isnan(mean) else 0.98 * mean + 0.02 * value.item()
        progress.update(task, completed=elapsed, status=f"loss {mean:.4f}, step {steps:,}")
    model.eval()
    progress.update(task, completed=schedule.seconds)
    return effort()


def _groups(
    model: nn.Module, nets: Iterable[nn.Parameter]
) -> list[tuple[list[nn.Parameter], bool]]:
    """Parameters of the base and of nets, those that are trained, each with whether it is nets."""
    apart = {id(parameter) for parameter in nets}
    trained = [each for each in model.parameters() if each.requires_grad]
    base = [each for each in trained if id(each) not in apart]
    rest = [each for each in trained if id(each) in apart]
    return [(own, own is rest) for own in (base, rest) if own]


def _look(model: nn.Module, watch: Watch) -> float:
    random = torch.get_rng_state()
    model.eval()
    found = watch.measure()
    model.train()
    torch.set_rng_state(random)
    return found


def _write_checkpoint(
    path: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    effort: Effort,
    mean: float,
    curve: Sequence[Sequence[float]],
) -> None:
    """Written beside and moved into place: a run that is stopped meanwhile keeps the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "random": torch.get_rng_state(),
        "effort": asdict(effort),
        "mean": mean,
        "curve": [list(point) for point in curve],
    }
    torch.save(state, beside)
    os.replace(beside, path)


def _batches(examples: int, size: int, seed: int) -> Iterator[Tensor]:
    """Shuffled epochs without end; the last batch of an epoch may be smaller."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        yield from torch.split(torch.randperm(examples, generator=generator), size)


def checkpoint_of(folder: Path, name: str, settings: Mapping[str, object]) -> Path:
    """The checkpoint of a run: one of other settings is not to be gone on from."""
    said = "".join(f"-{key}={value}" for key, value in settings.items())
    return folder / f"{name}{said}.pt"


def save_result(folder: Path, name: str, settings: dict[str, object], result: object) -> None:
    """One file a run, `folder/name.json`, so that runs made apart join in one table."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"settings": settings, "result": result}, indent=1)
    (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def say_kept(console: Console, folder: Path, kept: Sequence[str]) -> None:
    """Tell that results of an earlier run are shown again, and how to be rid of them."""
    if kept:
        console.print(
            f"kept from an earlier run: {', '.join(kept)} (to run anew, delete {folder})",
            soft_wrap=True,
        )


def load_results(folder: Path, settings: dict[str, object]) -> dict[str, dict[str, Any]]:
    """The results in `folder` that were made with the same settings, by name."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["settings"] == settings:
            found[path.stem] = content["result"]
    return found
