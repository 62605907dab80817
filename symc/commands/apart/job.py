"""What a process of its own is asked, and what it answers: lines of JSON. No torch."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Progress = Callable[[str, int, int], None]
"""Is told what goes on: a label, how many steps are done, and of how many."""

LOADING = "starting"
"""The step in which the user's code is imported and the factory called."""


class JobError(Exception):
    """The user's code or what was asked for is at fault: what is wrong, for the user."""


@dataclass(frozen=True)
class Job:
    """`verify`: measure; the answer is a report as JSON. `graph`: the torch.fx graph as text.

    `source` and `text` of the spec; `base`, `module`, `inputs`: references `package.module:factory`
    to code of the user's.
    """

    work: Literal["verify", "graph"]
    source: str
    text: str
    base: str | None = None
    module: str | None = None
    inputs: str | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)
    samples: int = 8
    draws: int = 4000
    seed: int = 0
    layers: bool = False

    @property
    def code(self) -> str:
        """The user's code that it runs, as on the command line; empty: none."""
        given = {"--base": self.base, "--module": self.module, "--inputs": self.inputs}
        return " ".join(f"{option} {name}" for option, name in given.items() if name is not None)

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str | bytes) -> Job:
        """The job that `to_json` wrote."""
        return cls(**json.loads(text))


KEYS = frozenset({"step", "answer", "error", "status"})

Answer = dict[str, Any]
"""One of: `step` [label, done, total], what goes on, again and again; `answer`, a text, the last;
`error`, a message, the last; `status`, of a process that has said all itself, the last."""
