"""`pywatt restart`: modules, while the others go on serving."""

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
  pywatt restart catalog
  pywatt restart catalog ledger --timeout 120

Ctrl-C ends this command only: a restart that has begun goes on. Two restarts of one module at once do not
disturb each other.

{exit_codes.DESCRIPTION}"""


@click.command("restart", epilog=_EPILOG)
@names_argument(required=True)
@NO_WAIT_OPTION
@TIMEOUT_OPTION
@FILE_OPTION
@JSON_OPTION
def command(names: tuple[str, ...], no_wait: bool, timeout: float, file: str, as_json: bool) -> int:
    """Restart modules, each by itself; the others go on serving."""
    arguments = {"names": list(names), "no_wait": no_wait, "timeout": timeout}
    return carry_out(file, "restart", "ready", as_json=as_json, **arguments)
