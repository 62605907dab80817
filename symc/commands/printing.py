"""What commands print. Names of files and texts of specs are a stranger's: they steer no terminal.

Standard output is an artifact where it goes to a file or a pipe, and keeps its bytes there;
standard error is for people, wherever it goes.
"""

from __future__ import annotations

import os
import re
import sys
from typing import TextIO

from symc.characters import escaped


def say(text: str, color: bool = False) -> None:
    """Prints an artifact to standard output; on a terminal without what could steer it.

    `color`: it holds sequences of ours that colour, for a terminal or for who asked for them.
    """
    _write(sys.stdout, escaped(text, color) if sys.stdout.isatty() else text)


def tell(text: str, color: bool = False) -> None:
    """Prints whole lines for people to standard error."""
    _write(sys.stderr, _inert(escaped(text, color)))


def tell_error(message: str) -> None:
    """Prints `error: ...` to standard error, in one line."""
    tell(f"error: {one_line(message)}\n")


def one_line(text: str) -> str:
    """A message or a name that may hold line breaks of a stranger's."""
    return text.replace("\r", "\\r").replace("\n", "\\n")


# A runner of GitHub Actions obeys `::name::` at the head of a line and `##[name]` anywhere.
_COMMAND = re.compile(r"(^\s*:)(?=:)|(##)(?=\[)", re.MULTILINE)


def _inert(text: str) -> str:
    """Text that holds no command for the runner whose log it goes to."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return text
    return _COMMAND.sub(lambda match: f"{match[0]} ", text)


def _write(stream: TextIO, text: str) -> None:
    # Not by click, which takes colours out of what is piped: out of the text of a spec, too.
    stream.write(text)
    stream.flush()
