"""`layers=`: in which submodule a symmetry is lost first."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

import symc
from symc_runtime.verification import layers, watching
from symc_runtime.verification.report import Report

CLOUD = """
group P = S(n)
group M = E(3)
input pos[n: P, 3: M.point]
output out[n: P, 3: M.point]
"""
SETS = "group P = S(n)\ninput x[n: P, 2]\noutput y[n: P]\n"
VECTORS = "group M = O(3)\ninput v[4, 3: M.vector]\noutput y[3: M.vector]\n"


class Messages(nn.Module):
    """Right: weights of distances times differences."""

    def __init__(self) -> None:
        super().__init__()
        self.phi = nn.Sequential(nn.Linear(1, 8), nn.SiLU(), nn.Linear(8, 1))

    def forward(self, pos: torch.Tensor) -> torch.Tensor:
        d = pos[:, :, None] - pos[:, None]
        return pos + (self.phi(d.square().sum(-1, keepdim=True)) * d).sum(2)


class ByCoordinates(Messages):
    """A net on centred coordinates behind it; its ReLU is no function of turned vectors."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Linear(16, 3))

    def forward(self, pos: torch.Tensor) -> torch.Tensor:
        pos = super().forward(pos)
        c = pos.mean(1, keepdim=True)
        return c + self.net(pos - c)


class Marked(nn.Module):
    """An embedding of the place, added in the forward of a block inside."""

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.before, self.after = nn.Linear(2, 8), nn.Linear(8, 1)
            self.place = nn.Parameter(torch.arange(5.0).unsqueeze(-1))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            h = self.before(x)
            return self.after(torch.tanh(h + self.place[: h.shape[1]])).squeeze(-1)

    def __init__(self) -> None:
        super().__init__()
        self.block = self.Block()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.block(x)


class Flat(nn.Module):
    """Sets as rows: too narrow for what it saw to be told of its output."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(8, 3), nn.Linear(3, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(torch.tanh(self.first(x.flatten(1))))


class Folded(nn.Module):
    """Items in the batch, then a recurrence over them, sequence first."""

    def __init__(self) -> None:
        super().__init__()
        self.items, self.gru, self.last = nn.Linear(2, 6), nn.GRU(6, 6), nn.Linear(6, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.items(x.flatten(0, 1)).unflatten(0, x.shape[:2])
        return self.last(self.gru(h.transpose(0, 1))[0]).squeeze(-1).transpose(0, 1)


class Channels(nn.Module):
    """Vectors as 12 numbers, mixed as vectors are, then with a bias on each coordinate."""

    def __init__(self, biased: bool) -> None:
        super().__init__()
        self.mix, self.add = nn.Linear(4, 1, bias=False), nn.Linear(3, 3, bias=biased)

    def forward(self, v: torch.Tensor) -> torch.Tensor:
        mixed = self.mix(v.transpose(1, 2)).squeeze(-1)
        return mixed + (self.add(mixed) if self.add.bias is not None else 0 * mixed)


class Late(nn.Module):
    """All submodules are right; the sum in its own forward is not."""

    def __init__(self) -> None:
        super().__init__()
        self.item = nn.Linear(2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.item(x).squeeze(-1)
        return y * torch.arange(y.shape[1])


class Other(nn.Module):
    """Well behaved and not as the spec says: the same numbers in no place of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.item = nn.Linear(2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.item(x).squeeze(-1).sort(1).values


class Branches(nn.Module):
    """Takes another way on what is moved."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(2, 1), nn.Linear(2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (self.a if x[0, 0, 0] > x[0, 1, 0] else self.b)(x).squeeze(-1)


def looked_at(module: nn.Module, spec: str) -> tuple[Report, dict[str, str]]:
    torch.manual_seed(0)
    report = symc.verify(module, spec=spec, samples=1, draws=100, layers=True)
    return report, dict(report.layers)


@pytest.mark.parametrize(
    ("make", "spec", "said"),
    [
        (Messages, CLOUD, {"P": "kept to the end", "M": "kept to the end"}),
        (ByCoordinates, CLOUD, {"P": "kept to the end", "M": "lost in `net.1` (ReLU): what it"}),
        (Marked, SETS, {"P": "lost in the forward of `block`, before it calls `block.after` (L"}),
        (Flat, SETS, {"P": "lost in `first` (Linear)"}),
        (Folded, SETS, {"P": "lost in `gru` (GRU)"}),
        (lambda: Channels(True), VECTORS, {"M": "lost in `add` (Linear)"}),
        (lambda: Channels(False), VECTORS, {"M": "kept to the end"}),
        (Late, SETS, {"P": "lost in the forward of the module itself, outside of its submodules"}),
        (Other, SETS, {"P": "each submodule's output moves in some way; what the module returns "}),
        (Branches, SETS, {"P": "cannot be told: on moved inputs it takes another way"}),
    ],
    ids=lambda value: getattr(value, "__name__", "")[:20],
)
def test_where_it_is_lost(make: Any, spec: str, said: dict[str, str]) -> None:
    report, found = looked_at(make(), spec)
    assert found.keys() == said.keys()
    for group, words in said.items():
        assert found[group].startswith(words), found[group]
        broken = any(row.group == group and row.test == "law" for row in report.broken)
        assert broken == (words != "kept to the end")


def test_what_mixes_coordinates_is_named_too() -> None:
    _, layers = looked_at(ByCoordinates(), CLOUD)
    assert layers["M"].endswith(
        ". `net.0` is the first whose output moves as no tensor of the spec"
    )


def test_nothing_is_claimed_of_what_is_too_wide_to_tell() -> None:
    class Wide(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.wide, self.last = nn.Linear(12, 400), nn.Linear(400, 3)

        def forward(self, v: torch.Tensor) -> torch.Tensor:
            return self.last(torch.relu(self.wide(v.flatten(1))))

    _, layers = looked_at(Wide(), VECTORS)
    assert "`wide` nothing can be told" in layers["M"]
    assert "lost in `wide`" not in layers["M"]


def test_nothing_is_claimed_of_what_was_not_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    class Many(Late):
        def __init__(self) -> None:
            super().__init__()
            self.keep = nn.Identity()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for _ in range(10):
                x = self.keep(x)
            return super().forward(x)

    assert looked_at(Many(), SETS)[1]["P"].startswith("lost in the forward of the module itself")
    for module in (watching, layers):
        monkeypatch.setattr(module, "MOST_EVENTS", 16)
    _, found = looked_at(Many(), SETS)
    assert found["P"] == (
        "cannot be told: its submodules are called more than 8 times, from `keep` (Identity) on"
    )


def test_a_trusted_base_is_looked_into() -> None:
    spec = SETS + "symmetrize P by base\n"
    model = symc.build(spec, Marked())
    report = symc.verify(model, samples=1, draws=100, layers=True)
    assert dict(report.layers)["P"].startswith("lost in the forward of `block`, before it calls")
    assert symc.verify(symc.build(SETS, Marked()), samples=1, draws=100, layers=True).layers == ()


def test_it_leaves_no_hook_and_prints_in_80_columns() -> None:
    module = ByCoordinates()
    report, _ = looked_at(module, CLOUD)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in module.modules())
    text = str(report)
    assert "\nLayers: where in the module a symmetry is lost first\n  P: kept to the end.\n" in text
    assert all(len(line) <= 80 for line in text.splitlines())
    assert Report.from_json(report.to_json()) == report
    assert "Layers" not in str(symc.verify(module, spec=CLOUD, samples=1, draws=100))
