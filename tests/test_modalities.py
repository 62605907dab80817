"""A base that was trained on images, for graphs: what is carried, and what is shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

import alike_graphs
import image_transformer
import modalities
from image_transformer import ImageTransformer
from symc_runtime.testing import equivariance_error

AMOUNTS = {"skip links": 10, "pairs": 20}
TASKS = list(modalities.TASKS)


def small(seed: int, amount: int) -> tuple[alike_graphs.Graphs, alike_graphs.Graphs]:
    training, test = alike_graphs.generate(0, train=2, test=1, cores=2)
    return training[torch.arange(min(amount, len(training)))], test


def digits() -> dict[str, Tensor]:
    """Weights of a transformer of digits, such that no two numbers of a tensor are equal."""
    torch.manual_seed(7)
    model = ImageTransformer(8, 10)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return model.state_dict()


def weights_of(begin: str, task: str = "skip links") -> dict[str, Tensor]:
    model = modalities.build(modalities.TASKS[task], begin, 0, digits())
    return dict(model.base.transformer.state_dict())


def test_a_token_is_a_patch_where_it_lies() -> None:
    torch.manual_seed(0)
    model = ImageTransformer(10, 3, depth=0).double()
    image = torch.rand(1, 10, 10).double().requires_grad_()
    seen: list[Tensor] = []
    model.norm.register_forward_hook(lambda _, given, __: seen.append(given[0]))
    model(image)
    (gradient,) = torch.autograd.grad(seen[0][0, 4 * 1 + 2].sum(), image)
    rows, columns = gradient[0].nonzero().unbind(1)
    # Patches of three: of 10 pixels the last one begins the fourth.
    assert rows.unique().tolist() == [3, 4, 5]
    assert columns.unique().tolist() == [6, 7, 8]


def test_small_images_are_filled_up_and_large_ones_refused() -> None:
    torch.manual_seed(0)
    model = ImageTransformer(10, 3).double()
    image = torch.rand(2, 7, 9).double()
    filled = F.pad(image, (0, 1, 0, 3))
    torch.testing.assert_close(model(image), model(filled), rtol=0, atol=1e-12)
    with pytest.raises(ValueError, match="11 x 4 pixels.* at most 10 x 10"):
        model(torch.zeros(1, 11, 4).double())


@pytest.mark.parametrize("task", TASKS)
def test_blocks_are_carried_and_nothing_else(task: str) -> None:
    given, scratch = digits(), weights_of("scratch", task)
    for begin, (content, _) in modalities.STARTS.items():
        found = weights_of(begin, task)
        assert set(found) == set(given)
        for name, value in found.items():
            block = name.startswith(("blocks.", "norm."))
            source = given if block and content != "scratch" else scratch
            if block and content == "shuffled":
                assert torch.equal(
                    value.flatten().sort().values, source[name].flatten().sort().values
                )
                assert not torch.equal(value, source[name])
            else:
                assert torch.equal(value, source[name])


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("begin", list(modalities.STARTS))
def test_frozen_blocks_stay_and_all_else_is_trained(task: str, begin: str) -> None:
    chosen = modalities.TASKS[task]
    model = modalities.build(chosen, begin, 0, digits())
    training, _ = chosen.data(0, AMOUNTS[task])
    F.cross_entropy(modalities.asked(model, training), training.label).backward()
    learned = {
        name
        for name, parameter in model.named_parameters()
        if parameter.grad is not None and parameter.grad.abs().sum() > 0
    }
    frozen = {
        name
        for name, _ in model.named_parameters()
        if name.startswith(("base.transformer.blocks.", "base.transformer.norm."))
    }
    # What adds the same to every logit of attention has no gradient; that is a part of qkv alone.
    every = {name for name, _ in model.named_parameters() if name.startswith("base.")}
    assert learned & every == (every - frozen if "frozen" in begin else every)
    assert learned - every


def test_blocks_of_another_depth_are_refused() -> None:
    model = ImageTransformer(8, 10)
    for depth in (3, 5):
        other = image_transformer.carried(ImageTransformer(8, 10, depth=depth).state_dict())
        with pytest.raises(RuntimeError, match="of another depth"):
            image_transformer.start(model, other)
    with pytest.raises(ValueError, match="no weights to start from"):
        modalities.build(modalities.TASKS["pairs"], "pretrained", 0, None)


def test_kinds_are_on_the_diagonal_of_the_nodes_that_are_there() -> None:
    reader = modalities.MatrixReader(6, 2)
    seen: list[Tensor] = []
    reader.transformer.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    links = torch.zeros(1, 4, 4)
    links[0, 0, 1] = links[0, 1, 0] = 1.0
    reader(links, torch.tensor([[0, 1, 1, 0]]), torch.tensor([3]))
    assert seen[0][0].diagonal().tolist() == [-1.0, 1.0, 1.0, 0.0]
    assert torch.equal(seen[0] - torch.diag_embed(seen[0].diagonal(0, 1, 2)), links)


@pytest.mark.parametrize("task", TASKS)
def test_graphs_are_told_by_no_order_of_theirs(task: str) -> None:
    chosen = modalities.TASKS[task]
    model = modalities.build(chosen, "pretrained", 0, digits()).double().eval()
    _, test = chosen.data(0, AMOUNTS[task])
    some = test[torch.arange(4)]
    given = [some.adjacency.double(), *([some.kind] if hasattr(some, "kind") else [])]
    counts = {"n": some.n} if hasattr(some, "n") else None
    generator = torch.Generator().manual_seed(0)
    assert equivariance_error(model, *given, counts=counts, generator=generator) < 1e-9


def test_amounts_are_those_asked_for_with_each_class() -> None:
    for task in modalities.TASKS.values():
        for amount in task.amounts:
            training, test = task.data(0, amount)
            assert len(training) == amount
            assert len(training.label.unique()) == len(test.label.unique()) == task.classes


def test_accuracy_at_equal_steps_lies_between_looks() -> None:
    curve = [[1.0, 10, 0.5], [2.0, 30, 0.7], [3.0, 40, 0.6]]
    found = [modalities.after(curve, steps) for steps in (5, 10, 20, 30, 35, 40, 50)]
    assert found == pytest.approx([0.5, 0.5, 0.6, 0.7, 0.65, 0.6, 0.6])


def test_gains_are_those_of_the_same_seed() -> None:
    def runs(**found: float) -> dict[int, dict[str, Any]]:
        return {int(seed[1:]): {"test_accuracy": value} for seed, value in found.items()}

    rows = {
        "pretrained": runs(s0=0.9, s1=0.5, s2=0.7),
        "shuffled": runs(s1=0.6, s2=0.4),
        "scratch": runs(s0=0.9),
    }
    of = modalities.at_the_end
    found = modalities.differences(rows, "pretrained", "shuffled", of)
    assert found == pytest.approx([-0.1, 0.3])
    assert not modalities.differences(rows, "pretrained, frozen", "scratch, frozen", of)
    said = modalities.conclusion({("pairs", 200): rows})
    assert said.endswith("shuffled trained: 1 and 1 of 2; scratch trained: 0 and 0 of 1")


def test_the_example_runs_and_shows_what_it_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("sklearn")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(torch, "set_num_threads", lambda threads: None)
    monkeypatch.setattr(modalities, "LOOKS", 2)
    task = modalities.TASKS["pairs"]
    fields = {**vars(task), "amounts": (20,), "data": small}
    monkeypatch.setitem(modalities.TASKS, "pairs", modalities.Task(**fields))
    command = ["--seconds", "0.1", "--pretraining", "0.1", "--out", str(tmp_path)]
    command += ["--tasks", "pairs", "--seeds", "1"]
    some = ["--starts", "pretrained", "scratch", "scratch, frozen"]
    modalities.main([*command, *some])
    shown = capsys.readouterr().out
    assert all(len(line) <= 80 for line in shown.splitlines() if str(tmp_path) not in line)
    assert "…" not in shown
    assert "pairs, 20 training graphs" in shown
    assert "pretrained blocks ahead and behind" in shown
    assert (tmp_path / "modalities.png").stat().st_size > 10_000
    files = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert len([name for name in files if name.endswith(".json")]) == 3
    assert len([name for name in files if name.endswith(".pt")]) == 1
    found = json.loads((tmp_path / "pairs-20-pretrained-1.json").read_text(encoding="utf-8"))
    spent, steps, accuracy = found["result"]["curve"][-1]
    assert accuracy == found["result"]["test_accuracy"]
    assert steps == found["result"]["effort"]["steps"] > 0
    # What is there is not run again, and what is new goes on from the same digits.
    del files["modalities.png"]
    modalities.main([*command, "--starts", "shuffled", "scratch"])
    shown = capsys.readouterr().out
    assert "kept from an earlier run" in shown
    assert "digits, seed" not in shown
    again = {name: (tmp_path / name).stat().st_mtime_ns for name in files}
    assert again == files
    modalities.main([*command, "--show"])
    assert "shuffled" in capsys.readouterr().out
    modalities.main(["--seconds", "9", "--out", str(tmp_path), "--show"])
    assert "nothing in" in capsys.readouterr().out
