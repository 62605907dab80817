"""The command `symc`: finds the file of a subcommand and hands over; nothing else is imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from textwrap import fill

import click

from symc import __version__
from symc.commands.defect import DEFECT, tell_defect
from symc.commands.printing import tell, tell_error

# Pydantic would look through every installed distribution for plugins: 30 ms at each start.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


class _NoReaderError(Exception):
    """Who reads our output has had enough (`| head`)."""


class _Commands(click.Group):
    """Subcommands are the files of `symc/commands` that define a `command`."""

    def invoke(self, ctx: click.Context) -> object:
        """Runs the subcommand; click would exit with 1, errors found, where a pipe is closed."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _NoReaderError from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds the subcommand; a wrong one is told which is near."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from symc.commands.meant import command_instead

            if args[0].startswith("-"):
                raise
            meant = command_instead(args[0], self.list_commands(ctx))
            if meant is None:
                raise
            raise click.UsageError(f"{error.message} Did you mean 'symc {meant}'?", ctx) from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all subcommands."""
        folder = Path(__file__).with_name("commands")
        names = sorted(path.stem for path in folder.glob("*.py") if path.stem[0] != "_")
        return [name for name in names if self.get_command(ctx, name) is not None]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports one subcommand."""
        module = f"symc.commands.{cmd_name}"
        if not cmd_name.isidentifier() or find_spec(module) is None:
            return None
        command = getattr(import_module(module), "command", None)
        return command if isinstance(command, click.Command) else None


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit status: 0 clean, 1 errors found, 2 usage or input/output, 70 a defect of symc.",
)
@click.version_option(__version__, message="symc %(version)s")
def command() -> None:
    """Compile declarative symmetry specs: make any PyTorch model equivariant."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command and exits: 0, 1, 2, or 70 where symc itself is at fault."""
    _replace_closed_streams()
    try:
        try:
            status = command.main(
                args=list(arguments) if arguments is not None else None,
                prog_name="symc",
                standalone_mode=False,
            )
        except SystemExit as left:
            status = left.code
        # A full disk shows here; at exit Python would only complain. The server closes its own.
        if not sys.stdout.closed:
            sys.stdout.flush()
    except click.ClickException as error:
        _show(error)
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except (_NoReaderError, BrokenPipeError):
        _silence_output()
        sys.exit(0)
    except OSError as error:
        if error.filename is not None:
            tell_defect(error)
            sys.exit(DEFECT)
        # Files have names; what has none is a standard stream.
        _silence_output()
        tell_error(f"cannot write the output: {error.strerror or error}")
        sys.exit(2)
    except Exception as error:
        if isinstance(error, ModuleNotFoundError):
            from symc.commands.missing import explained

            if message := explained(error):
                tell_error(message)
                sys.exit(2)
        from symc_runtime.catalogue.outside import OutsideError, blamed

        if message := str(error) if isinstance(error, OutsideError) else blamed(error):
            tell_error(message)
            sys.exit(2)
        tell_defect(error)
        sys.exit(DEFECT)
    sys.exit(status if isinstance(status, int) else 0)


def _show(error: click.ClickException) -> None:
    """Prints an error; that of a wrong usage in lines of at most 80 columns.

    Arguments may be names of files that a stranger gave, so it is escaped.
    """
    said = StringIO()
    error.show(said)
    lines = said.getvalue().splitlines()
    if isinstance(error, click.UsageError):
        lines = [
            fill(line, 80, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
            if line.startswith("Error: ")
            else line
            for line in lines
        ]
    tell("\n".join([*lines, ""]))


def _replace_closed_streams() -> None:
    """Standard streams that the caller closed are None: now they fail where they are used."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # Opened for the other direction: it fails once it is used. Nobody hears standard error.
            other = os.O_RDONLY if name == "stdout" else os.O_WRONLY
            setattr(sys, name, os.fdopen(os.open(os.devnull, other), mode, encoding="utf-8"))


def _silence_output() -> None:
    """Nothing more can be written: Python must not complain at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
