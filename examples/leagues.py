"""Games of four teams of three players: who scores how much, and what each player adds."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

TEAMS, PLAYERS = 4, 3


class Games(NamedTuple):
    """`players` [games, teams, players, 4]: attack, defence, passes, form. `home` [games, teams].

    `goals` [games, teams] above what is usual, `share` [games, teams, players] of each player.
    """

    players: Tensor
    home: Tensor
    goals: Tensor
    share: Tensor

    def at(self, rows: Tensor) -> Games:
        """Those of these numbers."""
        return Games(*(x[rows] for x in self))


def played(count: int, generator: torch.Generator) -> Games:
    """Games of random players: the best attack of a team, fed by its passes, meets the best
    defence of each other team."""
    players = torch.randn(count, TEAMS, PLAYERS, 4, generator=generator)
    home = (torch.rand(count, TEAMS, generator=generator) < 0.5).float()
    attack, defence, passes, form = players.unbind(-1)
    ahead = attack.amax(2) + 0.5 * passes.mean(2) + 0.3 * home
    behind = defence.amax(2)
    against = (behind.sum(1, keepdim=True) - behind) / (TEAMS - 1)
    goals = ahead - against
    return Games(players, home, goals, torch.softmax(attack + form, 2) * (1 + goals.unsqueeze(2)))


def as_listed(games: Games) -> Games:
    """In the order of a yearbook: teams by goals, the players of each by attack."""
    of_players = games.players[..., 0].argsort(2, descending=True)
    of_teams = games.goals.argsort(1, descending=True)
    return ordered(games, of_teams, of_players)


def shuffled(games: Games, generator: torch.Generator) -> Games:
    """Teams in any order, and the players of each team in any order."""
    count = len(games.players)
    of_players = torch.rand(count, TEAMS, PLAYERS, generator=generator).argsort(2)
    return ordered(games, torch.rand(count, TEAMS, generator=generator).argsort(1), of_players)


def ordered(games: Games, of_teams: Tensor, of_players: Tensor) -> Games:
    """The players of each team in the order [games, teams, players], then teams in theirs."""
    players = games.players.gather(2, of_players.unsqueeze(-1).expand_as(games.players))
    share = games.share.gather(2, of_players)
    teams = of_teams.unsqueeze(-1)
    return Games(
        players.gather(1, teams.unsqueeze(-1).expand_as(players)),
        games.home.gather(1, of_teams),
        games.goals.gather(1, of_teams),
        share.gather(1, teams.expand_as(share)),
    )
