"""`pywatt wait`: until modules are ready."""

import click

from pywatt.cli import exit_codes
from pywatt.cli.progress import carry_out
from pywatt.cli.running import FILE_OPTION, JSON_OPTION, TIMEOUT_OPTION, names_argument

_EPILOG = f"""\b
Examples:
  pywatt wait
  pywatt wait catalog ledger --timeout 30

It ends at once, with the reason, when a module is not going to be ready: it failed, crash-loops, or was
stopped.

{exit_codes.DESCRIPTION}"""


@click.command("wait", epilog=_EPILOG)
@names_argument()
@TIMEOUT_OPTION
@FILE_OPTION
@JSON_OPTION
def command(names: tuple[str, ...], timeout: float, file: str, as_json: bool) -> int:
    """Wait until modules are ready; all of them when none is named."""
    return carry_out(file, "wait", "ready", as_json=as_json, names=list(names), timeout=timeout)
