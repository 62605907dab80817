"""The option `--timeout` of commands that run code of users."""

from __future__ import annotations

import click

DEFAULT = 1800.0

timeout_option = click.option(
    "--timeout",
    type=click.FloatRange(0),
    default=DEFAULT,
    show_default=True,
    metavar="SECONDS",
    help="End your code where it makes no step forward for so long: imports and the factory are "
    "one, and so is each call of the module. 0: never.",
)
