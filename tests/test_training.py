"""Training within a budget, in the examples: a run that was stopped goes on where it was."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console
from torch import Tensor, nn

import nbody
import nbody_curves
import training

SCHEDULE = training.Schedule(seconds=0.3, batch=4)


class StoppedError(Exception):
    """What ends a run in these tests."""


class Run:
    """One model under `train`; keeps which examples it met."""

    def __init__(self, checkpoint: Path | None) -> None:
        self.model = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5))
        self.checkpoint = checkpoint
        self.met: list[list[int]] = []
        self.steps_until_stop = -1

    def loss(self, indices: Tensor) -> Tensor:
        if len(self.met) == self.steps_until_stop:
            raise StoppedError
        self.met.append(indices.tolist())
        return self.model(indices[:, None].float().expand(-1, 2)).square().mean()

    def train(self) -> training.Effort:
        with training.progress_bar(Console(file=io.StringIO())) as progress:
            task = progress.add_task("", status="")
            return training.train(
                self.model,
                self.loss,
                10,
                SCHEDULE,
                seed=0,
                progress=progress,
                task=task,
                checkpoint=self.checkpoint,
            )


def test_a_stopped_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 0.0)
    first = Run(tmp_path / "run.pt")
    first.steps_until_stop = 7
    with pytest.raises(StoppedError):
        first.train()
    second = Run(tmp_path / "run.pt")
    start = dict(second.model.state_dict())
    second.steps_until_stop = 0
    with pytest.raises(StoppedError):
        second.train()
    for name, value in second.model.state_dict().items():
        assert value.equal(first.model.state_dict()[name])
        assert value.data_ptr() == start[name].data_ptr()
    third = Run(tmp_path / "run.pt")
    effort = third.train()
    whole = Run(None)
    whole.steps_until_stop = 7 + len(third.met)
    with contextlib.suppress(StoppedError):
        whole.train()
    common = min(len(whole.met), 7 + len(third.met))
    assert (first.met + third.met)[:common] == whole.met[:common]
    assert effort.steps == 7 + len(third.met)
    assert SCHEDULE.seconds <= effort.cpu_seconds < SCHEDULE.seconds + 0.2


def test_a_run_that_is_done_is_only_measured(tmp_path: Path) -> None:
    done = Run(tmp_path / "run.pt")
    steps = done.train().steps
    again = Run(tmp_path / "run.pt")
    assert again.train().steps == steps
    assert again.met == []
    for name, value in again.model.state_dict().items():
        assert value.equal(done.model.state_dict()[name])


def test_a_run_of_other_settings_is_not_gone_on_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Path] = []

    def stopped(*arguments: Any) -> None:
        seen.append(arguments[-1])
        raise StoppedError

    monkeypatch.setattr(nbody, "run", stopped)
    monkeypatch.setattr(nbody, "generate", lambda *_: (None, None, None))
    for options in ("", "--seconds 30", "--seed 1", "--train 20", "--test 20", "--methods frame"):
        monkeypatch.setattr("sys.argv", ["nbody", "--out", str(tmp_path), *options.split()])
        with pytest.raises(StoppedError):
            nbody.main()
    assert len(set(seen)) == len(seen) == 6


class Clock:
    """A process time that only goes on where a test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(training.time, "process_time", lambda: self.now)


def watched(
    clock: Clock, checkpoint: Path | None, stop: int = -1, every: float = 0.22
) -> tuple[Any, training.Watch]:
    """A run whose steps take a hundredth of its budget each, and looks ten times the budget."""
    run = Run(checkpoint)
    run.steps_until_stop = stop

    def loss(indices: Tensor) -> Tensor:
        clock.now += SCHEDULE.seconds / 100
        return run.loss(indices)

    def measure() -> float:
        assert not run.model.training
        clock.now += 10 * SCHEDULE.seconds
        return float(torch.rand(()))

    watch = training.Watch(measure, every * SCHEDULE.seconds)
    effort = None
    with (
        training.progress_bar(Console(file=io.StringIO())) as progress,
        contextlib.suppress(StoppedError),
    ):
        effort = training.train(
            run.model,
            loss,
            10,
            SCHEDULE,
            seed=0,
            progress=progress,
            task=progress.add_task("", status=""),
            checkpoint=checkpoint,
            watch=watch,
        )
    return (run, effort), watch


def test_looks_take_nothing_from_the_budget_and_change_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(monkeypatch)
    torch.manual_seed(0)
    (run, effort), watch = watched(clock, None)
    assert effort.steps in (100, 101)
    assert len(watch.curve) == 4
    assert all(0 < seconds < SCHEDULE.seconds for seconds, _ in watch.curve)
    # Whatever looks draw, and without any, the same steps are taken with the same dropout.
    clock.now = 0.0
    torch.manual_seed(0)
    (other, _), unwatched = watched(clock, None, every=2.0)
    assert not unwatched.curve
    assert run.met == other.met
    for name, value in run.model.state_dict().items():
        assert value.equal(other.model.state_dict()[name])


def test_what_was_seen_is_not_forgotten_by_a_stopped_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 0.0)
    clock = Clock(monkeypatch)
    _, before = watched(clock, tmp_path / "run.pt", stop=60)
    assert len(before.curve) == 2
    (_, effort), after = watched(clock, tmp_path / "run.pt")
    assert effort is not None
    assert after.curve[:2] == before.curve
    assert len(after.curve) == 4


def test_nets_keep_their_weights_and_are_clipped_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    model = nn.ModuleDict({name: nn.Linear(1, 1) for name in ("base", "net", "still")})
    model["still"].requires_grad_(False)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    clipped: list[dict[str, float]] = []
    names = {id(value): name for name, value in model.named_parameters()}
    real = nn.utils.clip_grad_norm_

    def clip(parameters: list[nn.Parameter], bound: float) -> Tensor:
        norm = real(parameters, bound)
        clipped.append({names[id(each)]: float(each.grad.norm()) for each in parameters})
        return norm

    monkeypatch.setattr(training.nn.utils, "clip_grad_norm_", clip)

    def loss(indices: Tensor) -> Tensor:
        # Steep for the base: clipped together, the net's gradient would be next to nothing.
        steep, flat = 1e6 * (model["base"](torch.ones(1))), 0.5 * model["net"](torch.ones(1))
        return (steep + flat).sum()

    with training.progress_bar(Console(file=io.StringIO())) as progress:
        training.train(
            model,
            loss,
            10,
            training.Schedule(seconds=0.1, batch=4, weight_decay=10.0),
            seed=0,
            progress=progress,
            task=progress.add_task("", status=""),
            nets=model["net"].parameters(),
        )
    base, net = clipped[:2]
    assert set(base) == {"base.weight", "base.bias"}
    assert net == pytest.approx({"net.weight": 0.5, "net.bias": 0.5})
    assert torch.equal(model.state_dict()["still.weight"], before["still.weight"])


def test_weights_of_nets_do_not_decay() -> None:
    model = nn.ModuleDict({name: nn.Linear(1, 1) for name in ("base", "net")})
    before = {name: value.clone() for name, value in model.state_dict().items()}

    def loss(indices: Tensor) -> Tensor:
        return sum(0 * value.sum() for value in model.parameters())

    with training.progress_bar(Console(file=io.StringIO())) as progress:
        training.train(
            model,
            loss,
            10,
            training.Schedule(seconds=0.1, batch=4, weight_decay=10.0),
            seed=0,
            progress=progress,
            task=progress.add_task("", status=""),
            nets=model["net"].parameters(),
        )
    after = model.state_dict()
    assert torch.equal(after["net.weight"], before["net.weight"])
    assert after["base.weight"].abs() < before["base.weight"].abs()


def test_learning_curves_at_equal_steps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Errors on the way, and what two draws show the base before and after."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(torch, "set_num_threads", lambda threads: None)
    command = ["--steps", "4", "--train", "20", "--test", "10", "--out", str(tmp_path)]
    command += ["--variants", "average", "canonical", "mixed", "frozen"]
    nbody_curves.main(command)
    shown = capsys.readouterr().out
    assert all(len(line) <= 80 for line in shown.splitlines() if str(tmp_path) not in line)
    assert (tmp_path / "curves-4-20-0.png").stat().st_size > 10_000
    settings: dict[str, object] = {"steps": 4, "train": 20, "test": 10, "seed": 0}
    kept = training.load_results(tmp_path, settings)
    found = {name.partition("-")[0]: result for name, result in kept.items()}
    assert set(found) == {"average", "canonical", "mixed", "frozen"}
    assert [row["step"] for row in found["mixed"]["curve"]] == [1, 2, 3, 4]
    assert found["canonical"]["seen"] == pytest.approx([0, 0])
    assert min(found["average"]["seen"]) > 0.7
    assert found["average"]["uniform"]["mean"] == pytest.approx(
        found["average"]["test"]["mean"], rel=0.5
    )
    nbody_curves.main(command)
    assert "kept from an earlier run" in capsys.readouterr().out
