"""`symc explain`: what a diagnostic means, with a wrong and a right spec."""

from __future__ import annotations

import re
import sys
from difflib import get_close_matches

import click

from symc.commands.reading import InputError, wants_color
from symc.diagnostics.codes import CODES
from symc.diagnostics.explain import explanation


@click.command("explain", short_help="Say what a diagnostic means, with a wrong and a right spec.")
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
    for line in lines(text, color):
        click.echo(line, color=color)


def lines(text: str, color: bool = False) -> list[str]:
    """An explanation in lines of 80 columns: headings set off, specs indented, text broken anew."""
    from symc.diagnostics.render._terminal import wrap

    found: list[str] = []
    for number, part in enumerate(re.split(r"^```(?:sym)?\n", text, flags=re.MULTILINE)):
        if number % 2:  # between two fences
            found += ["", *(f"  {line}".rstrip() for line in part.splitlines())]
            continue
        for paragraph in filter(None, (piece.strip() for piece in part.split("\n\n"))):
            heading = paragraph.startswith("#")
            words = paragraph.replace("\n", " ")
            broken = [_bold(words.lstrip("# "), color)] if heading else wrap(words, 0, 0)
            found += ["", *broken] if found else broken
    return found


def _bold(text: str, color: bool) -> str:
    return f"\x1b[1m{text}\x1b[0m" if color else text
