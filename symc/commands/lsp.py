"""`symc lsp`: the language server for editors."""

from __future__ import annotations

import click

from symc.commands.reading import InputError


@click.command("lsp", short_help="Serve an editor: diagnostics, hover, completion, fixes.")
@click.option("--stdio", is_flag=True, help="Standard input and output: the default, and all.")
def command(stdio: bool) -> None:
    """Serve an editor over standard input and output (Language Server Protocol)."""
    try:
        from symc.editor.server import serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("pygls", "lsprotocol"):
            raise
        raise InputError("the language server needs pygls: pip install 'pygls>=2'") from error
    serve()
