"""Teams of players: goals of each team, and each player's share, whatever the order of the lists.

One small network learns from yearbooks, which list teams by goals and players by attack, and is
asked about lists in any order: plain, and symmetrized by S(3) wr S(4), four teams of three
players, under four methods. Beside them stand two wrong groups: S(4) x S(3), which reorders the
players of all teams alike, and S(12), which forgets who plays where:

    python examples/teams.py --seconds 12

The spec is `specs/teams.sym`; the games are made by `leagues.py`. Results go to `--out`, one JSON
file a method; one that is there already is not run again. `--show` prints what is there.
"""

from __future__ import annotations

import copy
from dataclasses import asdict
from pathlib import Path
from typing import Any

import matplotlib
import torch
from rich.progress import Progress
from rich.table import Table
from torch import Tensor, nn
from torch.nn import functional as F

import symc
from comparison import Comparison, Results, narrow_table
from leagues import PLAYERS, TEAMS, Games, as_listed, played, shuffled
from symc_runtime.bases.mlp import MLP
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.testing import equivariance_error
from training import Schedule, train

SPEC = Path(__file__).parents[1] / "specs" / "teams.sym"
TRAIN, TEST = 4000, 1000
ALIKE = """
group P = S(4)
group Q = S(3)
input  players[4: P, 3: Q, 4]
input  home[4: P]
output goals[4: P]
output share[4: P, 3: Q]
symmetrize by frame
"""
FORGOTTEN = """
group A = S(12)
input  players[12: A, 4]
input  home[4]
output goals[4]
output share[12: A]
symmetrize by frame
"""
METHODS = {
    "plain": "base",
    "average": "average(samples=1, eval_samples=20)",
    "frame": "frame",
    "canonical": "canonical",
    "probabilistic": "probabilistic",
    "S(4) x S(3) frame": ALIKE,
    "S(12) frame": FORGOTTEN,
}
ORDERS = ("as listed", "any order")


class OneList(nn.Module):
    """A base of teams, for a spec whose players are one list."""

    def __init__(self, base: nn.Module) -> None:
        super().__init__()
        self.base = base

    def forward(self, players: Tensor, home: Tensor) -> tuple[Tensor, Tensor]:
        """Players [batch, 12, 4]; shares are [batch, 12], too."""
        goals, share = self.base(players.unflatten(1, (TEAMS, PLAYERS)), home)
        return goals, share.flatten(1)


class Lists(nn.Module):
    """A model of one list of players, called as one of teams is."""

    def __init__(self, model: Symmetrized) -> None:
        super().__init__()
        self.model = model

    def forward(self, players: Tensor, home: Tensor) -> tuple[Tensor, Tensor]:
        """Players [batch, teams, players, 4]."""
        goals, share = self.model(players.flatten(1, 2), home)
        return goals, share.unflatten(1, (TEAMS, PLAYERS))


def build(method: str, seed: int) -> nn.Module:
    """The base, an MLP with the same weights for every method, as `method` symmetrizes it."""
    torch.manual_seed(seed)
    base = MLP([(TEAMS, PLAYERS, 4), (TEAMS,)], [(TEAMS,), (TEAMS, PLAYERS)], hidden=128, layers=2)
    chosen = METHODS[method]
    if chosen is FORGOTTEN:
        return Lists(symc.build(chosen, OneList(base)))
    text = SPEC.read_text(encoding="utf-8")
    model: Symmetrized = symc.build(
        chosen if "group" in chosen else f"{text}\nsymmetrize W by {chosen}\n", base
    )
    return model


@torch.no_grad()
def measure(model: nn.Module, games: Games) -> dict[str, float]:
    """The part of the variance of goals and of shares that is not told."""
    model.eval()
    found = model(games.players, games.home)
    truth = {"goals": games.goals, "share": games.share}
    return {
        name: ((y - x).square().mean() / x.var()).item()
        for y, (name, x) in zip(found, truth.items(), strict=True)
    }


def coupled_error(model: nn.Module, games: Games, seed: int) -> float | None:
    """The largest relative |f(h x; h noise) - h f(x; noise)| in float64, for teams and players."""
    if not isinstance(model, Symmetrized) or "W" not in {group.name for group in model.groups}:
        return None
    double = copy.deepcopy(model).double().eval()
    inputs = games.players[:100].double(), games.home[:100].double()
    generator = torch.Generator().manual_seed(seed)
    return equivariance_error(double, *inputs, groups=["W"], generator=generator)


def run(
    method: str, seconds: float, seed: int, title: str, progress: Progress
) -> dict[str, object]:
    """Train one method on yearbooks, and ask it about lists as in books and in any order."""
    generator = torch.Generator().manual_seed(seed)
    training = as_listed(played(TRAIN, generator))
    asked = as_listed(played(TEST, generator))
    tests = {"as listed": asked, "any order": shuffled(asked, generator)}
    model = build(method, seed)

    def loss(indices: Tensor) -> Tensor:
        batch = training.at(indices)
        goals, share = model(batch.players, batch.home)
        return F.mse_loss(goals, batch.goals) + 4 * F.mse_loss(share, batch.share)

    task = progress.add_task(title, total=seconds, status="")
    schedule = Schedule(seconds, batch=100, learning_rate=3e-3)
    effort = train(model, loss, TRAIN, schedule, seed=seed, progress=progress, task=task)
    return {
        "tests": {name: measure(model, games) for name, games in tests.items()},
        "equivariance_error": coupled_error(model, asked, seed),
        "effort": asdict(effort),
    }


COLUMNS = ("goals,\nlisted", "goals,\nany", "share,\nlisted", "share,\nany", "coupled\nerror")


def table(results: Results) -> Table:
    """What part of the variance is missed, on lists as in yearbooks and in any order."""
    view = narrow_table("part of the variance missed", results, (*COLUMNS, "\nsteps"))
    for name, result in results.items():
        error = result["equivariance_error"]
        view.add_row(
            name,
            *(f"{result['tests'][order][what]:.3f}" for what in ("goals", "share")
              for order in ORDERS),
            "" if error is None else f"{error:.0e}",
            f"{result['effort']['steps']:,}",
        )  # fmt: skip
    return view


def conclusion(results: Results) -> str:
    """What the table shows, in a sentence made of its numbers."""
    right = [r["tests"]["any order"] for n, r in results.items() if n in ("average", "frame",
             "canonical", "probabilistic")]  # fmt: skip
    if "plain" not in results or not right:
        return ""
    plain = results["plain"]["tests"]
    most = max(each["goals"] for each in right)
    return (
        f"Plain: {plain['as listed']['goals']:.1%} of the variance of goals missed as listed, "
        f"{plain['any order']['goals']:.1%} in any order; symmetrized: at most {most:.1%} in any "
        "order."
    )


def draw(path: Path, results: Results) -> None:
    """Bars: what is missed of goals and of shares, listed and in any order."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(9, 3.2), sharey=True, layout="constrained")
    names = list(results)
    for axis, what in zip(axes, ("goals", "share"), strict=True):
        for place, order in enumerate(ORDERS):
            missed: list[Any] = [min(results[n]["tests"][order][what], 2.0) for n in names]
            at = [row + 0.4 * place for row in range(len(names))]
            axis.barh(at, missed, height=0.38, label=order)
        axis.set_title(f"{what}: part of the variance missed (2 is the end)", fontsize=9)
        axis.set_yticks([row + 0.2 for row in range(len(names))], names)
    axes[0].invert_yaxis()
    axes[0].legend()
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


EXAMPLE = Comparison(
    name="teams",
    title="Teams of players, in any order.",
    methods=tuple(METHODS),
    seconds=12.0,
    run=run,
    table=table,
    conclusion=conclusion,
    draw=draw,
    drawn="what each method misses",
)

if __name__ == "__main__":
    EXAMPLE.main()
