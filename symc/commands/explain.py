"""`symc explain`: what a diagnostic means, with a wrong and a right spec."""

from __future__ import annotations

import sys
from difflib import get_close_matches

import click

from symc.commands.reading import InputError, wants_color
from symc.diagnostics.codes import CODES
from symc.diagnostics.explain import explanation


@click.command("explain")
@click.argument("code", required=False)
def command(code: str | None) -> None:
    """Explain CODE, such as SYM204; without it, list all codes."""
    color = wants_color(sys.stdout)
    if code is None:
        for known, entry in CODES.items():
            click.echo(f"{_bold(known, color)}  {entry.severity:<7}  {entry.title}", color=color)
        return
    wanted = code.strip().upper()
    wanted = f"SYM{wanted}" if wanted.isdigit() else wanted
    text = explanation(wanted)
    if text is None:
        near = get_close_matches(wanted, CODES, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise InputError(f"there is no diagnostic `{code}`{hint} (`symc explain` lists all)")
    lines = text.splitlines()
    for line in lines:
        heading = line.startswith("#")
        click.echo(_bold(line.lstrip("# "), color) if heading else _body(line), color=color)


def _body(line: str) -> str:
    """Code blocks are set off by their indentation alone."""
    return "" if line.startswith("```") else line


def _bold(text: str, color: bool) -> str:
    return f"\x1b[1m{text}\x1b[0m" if color else text
