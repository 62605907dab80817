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
        raise InputError(
            f"there is no diagnostic `{code}`{_hint(wanted)} (`symc explain` lists all)"
        )
    for line in lines(text, color):
        click.echo(line, color=color)


def _hint(wanted: str) -> str:
    """The codes that one which does not exist may mean, or those about a word."""
    hundred = [code for code in CODES if code[:4] == wanted[:4]]
    near = get_close_matches(wanted, hundred, n=1) if len(wanted) == 6 else []
    if near:
        return f"; did you mean {near[0]}?"
    if hundred and len(wanted) <= 5:
        return f"; those of {wanted[:4]} are {hundred[0]} to {hundred[-1]}"
    about = [code for code, entry in CODES.items() if wanted.lower() in entry.title.lower()]
    about = about if len(wanted) > 2 else []
    if about:
        return f"; about that: {', '.join(about[:8])}"
    near = get_close_matches(wanted, CODES, n=1)
    return f"; did you mean {near[0]}?" if near else ""


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
