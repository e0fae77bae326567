"""`pywatt start`: modules that do not run."""

import click

from pywatt.cli import exit_codes
from pywatt.cli.progress import carry_out
from pywatt.cli.running import (
    FILE_OPTION,
    JSON_OPTION,
    NO_WAIT_OPTION,
    TIMEOUT_OPTION,
    names_argument,
)

_EPILOG = f"""\b
Examples:
  pywatt start
  pywatt start catalog --no-wait

One that runs is left alone. A module that failed or crash-loops gets a new chance.

{exit_codes.DESCRIPTION}"""


@click.command("start", epilog=_EPILOG)
@names_argument()
@NO_WAIT_OPTION
@TIMEOUT_OPTION
@FILE_OPTION
@JSON_OPTION
def command(names: tuple[str, ...], no_wait: bool, timeout: float, file: str, as_json: bool) -> int:
    """Start modules that do not run, with those they come after; all of them when none is named."""
    arguments = {"names": list(names), "no_wait": no_wait, "timeout": timeout}
    return carry_out(file, "start", "ready", as_json=as_json, **arguments)
