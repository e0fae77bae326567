"""`pywatt stop`: modules, while the orchestrator stays."""

import click

from pywatt.cli import exit_codes
from pywatt.cli.progress import carry_out
from pywatt.cli.running import FILE_OPTION, JSON_OPTION, names_argument

_EPILOG = f"""\b
Examples:
  pywatt stop
  pywatt stop catalog

Of the named modules, one stops after those that depend on it; what is not named goes on running. Ctrl-C ends
this command only: a stop that has begun goes on.

{exit_codes.DESCRIPTION}"""


@click.command("stop", epilog=_EPILOG)
@names_argument()
@FILE_OPTION
@JSON_OPTION
def command(names: tuple[str, ...], file: str, as_json: bool) -> int:
    """Stop modules, all of them when none is named; the orchestrator stays."""
    return carry_out(file, "stop", "stopped", as_json=as_json, names=list(names))
