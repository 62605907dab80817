"""The examples of finite groups: their data obey the laws that they claim, and they run."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import fitted_sines
import forces
import handwriting
import huckel
import reaching
import ring
import robot
import sets
import symc
import weights
from symc_runtime import testing
from symc_runtime.symmetrized import Symmetrized

ROOT = Path(__file__).parents[1]


def strokes(count: int) -> handwriting.Digits:
    """Random images with a stroke in each."""
    image = torch.rand(count, 8, 8, generator=torch.Generator().manual_seed(0)).double()
    return handwriting.labelled(image, torch.arange(count) % 10)


def moved_by_group(
    model: Symmetrized, parameter: int, number: Tensor, values: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Values of tensors of the spec, by name, moved by elements of its only table group."""
    (group,) = [group for group in model.groups if group.tabled]
    motions = {group.name: testing.motion_of(group, parameter, number)}
    tensors = {tensor.name: tensor for tensor in (*model.inputs, *model.outputs)}
    return {name: testing.act(tensors[name], value, motions, {}) for name, value in values.items()}


def built(name: str, group: str = "", other: str = "", **stages: str) -> Symmetrized:
    text = (ROOT / "specs" / f"{name}.sym").read_text(encoding="utf-8").replace(group, other)
    lines = "\n".join(f"symmetrize {group} by {how}" for group, how in stages.items())
    model: Symmetrized = symc.build(f"{text}\n{lines}\n", nn.Identity())
    return model


def test_digits_move_as_the_spec_says() -> None:
    upright = strokes(8)
    turns, flips = [0, 1, 2, 3] * 2, [False] * 4 + [True] * 4
    seen = upright.moved(turns, flips)
    # Element j + 4 f is r^j s^f: mirrored first, then turned.
    values = {"image": upright.image, "mask": upright.mask, "field": upright.field}
    expected = moved_by_group(
        built("digits", "C(4)", "D(4)", R="frame"), 4, torch.arange(8), values
    )
    for name, value in expected.items():
        torch.testing.assert_close(getattr(seen, name), value, rtol=0, atol=1e-12)


def test_digits_are_asked_for_their_tops_and_upper_halves() -> None:
    image = torch.zeros(1, 8, 8)
    image[0, 2:6, 3] = 1.0
    digit = handwriting.labelled(image, torch.tensor([1]))
    assert handwriting.tops(digit.field).tolist() == [[2.0, 3.0]]
    assert digit.mask[0].nonzero().tolist() == [[2, 3], [3, 3]]
    (turned,) = [digit.moved([1], [False])]
    # A quarter turn counterclockwise: row 2, column 3 comes to row 4, column 2.
    assert handwriting.tops(turned.field)[0].tolist() == pytest.approx([4.0, 2.0])


def test_what_is_missing_for_the_digits_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name.startswith("sklearn"):
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SystemExit, match="pip install scikit-learn"):
        handwriting.load(0, 10)


def test_benzene_is_that_of_the_textbook() -> None:
    angle = torch.arange(6) * torch.pi / 3
    hexagon = torch.stack([angle.cos(), angle.sin(), 0 * angle], dim=-1).unsqueeze(0)
    energy, charge = huckel.electrons(torch.zeros(1, 6, dtype=torch.int64), hexagon)
    assert energy.item() == pytest.approx(-8.0, abs=1e-5)
    torch.testing.assert_close(charge, torch.zeros(1, 6).double(), rtol=0, atol=1e-6)


def test_energies_and_charges_of_rings_move_along() -> None:
    generator = torch.Generator().manual_seed(0)
    books = huckel.as_in_books(50, generator)
    moved = huckel.moved(books, generator)
    assert not torch.equal(moved.kind, books.kind)
    energy, charge = huckel.electrons(moved.kind, moved.points)
    torch.testing.assert_close(energy.float(), books.energy, rtol=0, atol=1e-4)
    torch.testing.assert_close(charge.float(), moved.charge, rtol=0, atol=1e-4)
    assert charge.sum(dim=1).abs().max() < 1e-12
    assert charge.abs().max() > 0.1


def test_numberings_are_the_elements_of_the_group() -> None:
    model = built("ring", R="frame", M="base")
    sites = torch.arange(6.0).expand(12, 6)
    moved = moved_by_group(model, 6, torch.arange(12), {"charge": sites})["charge"]
    every = {tuple(order) for order in moved.int().tolist()}
    assert every == {tuple(order) for order in huckel.numberings().tolist()}
    assert len(every) == 12


def test_kinds_in_books_are_numbered_by_the_largest_word() -> None:
    books = huckel.as_in_books(50, torch.Generator().manual_seed(0))
    for kind in books.kind:
        words = [tuple(kind[order].tolist()) for order in huckel.numberings()]
        assert tuple(kind.tolist()) == max(words)


def test_the_robot_in_a_mirror_is_what_the_group_makes_of_it() -> None:
    generator = torch.Generator().manual_seed(0)
    joints = reaching.starts(20, generator).double()
    side = torch.full((20,), reaching.LEFT).double()
    target = reaching.targets(side, generator).double()
    model = built("robot", R="frame")
    seen = moved_by_group(
        model, 1, torch.ones(20, dtype=torch.int64), {"joints": joints, "target": target}
    )
    torch.testing.assert_close(seen["joints"], reaching.mirrored(joints))
    hand, other = reaching.chain(joints, side), reaching.chain(seen["joints"], -side)
    flip = torch.tensor([1.0, -1.0]).double()
    torch.testing.assert_close(other, hand * flip)
    torch.testing.assert_close(seen["target"], target * flip)
    torch.testing.assert_close(
        reaching.teacher(seen["joints"], seen["target"]),
        reaching.mirrored(reaching.teacher(joints, target)),
    )


def test_the_teacher_reaches_with_either_arm() -> None:
    for joints, target in robot.tests(0).values():
        for _ in range(reaching.STEPS):
            speeds = reaching.teacher(joints, target)
            assert speeds.norm(dim=1).max() <= reaching.FASTEST * (1 + 1e-5)
            joints = joints + speeds
        hand = reaching.chain(joints, reaching.arm_for(target))[:, -1]
        assert ((hand - target).norm(dim=1) < reaching.CLOSE).double().mean() > 0.99


def test_lessons_are_mostly_with_the_left_arm() -> None:
    given = reaching.lessons(100, 0.98, torch.Generator().manual_seed(0))
    assert int((given.target[:, 1] > 0).sum()) == 98


def test_sets_have_labels_of_variance_one_that_no_order_of_items_changes() -> None:
    for task in sets.WEIGHTS:
        x, y = sets.sets(4000, task, 0)
        assert abs(float(y.var()) - 1) < 0.1
        assert torch.equal(y, sets.sets(4000, task, 0)[1])
        order = torch.randperm(sets.ITEMS)
        ranked = x[:, order][..., 1].gather(1, x[:, order][..., 0].argsort(1))
        weights = sets.WEIGHTS[task]
        assert torch.allclose(ranked @ weights / weights.norm(), y, atol=1e-6)


def test_the_comparison_on_sets_shows_every_method(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(torch, "set_num_threads", lambda threads: None)
    sets.main(["--seconds", "0.1", "--methods", *sets.METHODS])
    shown = capsys.readouterr().out.splitlines()
    for method in sets.METHODS:
        assert any(line.strip().startswith(f"{method} ") for line in shown)


def examples() -> list[Any]:
    return [
        pytest.param("digits", ("plain", "D(4) frame"), id="digits"),
        pytest.param("ring", tuple(ring.METHODS)[:4], id="ring"),
        pytest.param("robot", ("plain", "probabilistic"), id="robot"),
        pytest.param("teams", ("plain", "frame", "S(12) frame"), id="teams"),
    ]


@pytest.mark.parametrize(("name", "methods"), examples())
def test_an_example_runs_and_shows_what_it_found(
    name: str,
    methods: tuple[str, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if name == "digits":
        pytest.importorskip("sklearn")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(torch, "set_num_threads", lambda threads: None)
    example = __import__(name).EXAMPLE
    command = ["--seconds", "0.4", "--out", str(tmp_path), "--methods", *methods]
    example.main(command)
    shown = capsys.readouterr().out
    assert all(len(line) <= 80 for line in shown.splitlines() if str(tmp_path) not in line)
    assert "…" not in shown
    assert "symmetrized: " in shown
    picture = tmp_path / f"{name}.png"
    assert picture.stat().st_size > 10_000
    for method in methods:
        assert any(line.split("  ")[0].strip() == method for line in shown.splitlines())
    # What is there is not run again, and may be shown alone.
    first = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.json")}
    example.main(command)
    assert "kept from an earlier run" in capsys.readouterr().out
    example.main(["--seconds", "0.4", "--out", str(tmp_path), "--show"])
    assert "symmetrized: " in capsys.readouterr().out
    assert first == {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.json")}
    example.main(["--seconds", "9", "--out", str(tmp_path), "--show"])
    assert "nothing in" in capsys.readouterr().out


def test_networks_that_are_renumbered_answer_alike() -> None:
    few = fitted_sines.fitted(5, 0)
    other = fitted_sines.renumbered(few, torch.Generator().manual_seed(0))
    x = torch.linspace(-2, 2, 9).expand(5, -1)
    answers = fitted_sines.answers(few.weights, x)
    torch.testing.assert_close(fitted_sines.answers(other.weights, x), answers)
    assert not torch.equal(other.w2, few.w2)
    model = weights.build("frame", 0)
    torch.testing.assert_close(model(*other.weights), model(*few.weights))


def test_forces_are_the_gradient_and_learned() -> None:
    data = forces.molecules(30, seed=0)
    step = 1e-6
    direction = torch.randn_like(data.pos)
    above, below = (
        forces.true_energy(data.pos + sign * step * direction, data.kind) for sign in (1, -1)
    )
    slope = (above - below) / (2 * step)
    assert torch.allclose(slope, -(data.force * direction).sum((1, 2)), atol=1e-5, rtol=1e-5)
    model = forces.build(0)
    found = forces.laws(model, data)
    assert found.net_force < 1e-12
    assert found.torque < 1e-12
    assert found.difference < 1e-5
    model.float()
    before, _ = forces.error(model, data)
    assert forces.train(model, data, seconds=2.0) > 0
    assert forces.error(model, data)[0] < before
