"""`pywatt ps`: the modules of a running orchestrator."""

import sys
import time

import click

from pywatt.cli import exit_codes
from pywatt.cli.module_table import table, terminal_size
from pywatt.cli.running import FILE_OPTION, JSON_OPTION, connect, names_argument
from pywatt.orchestrator.console.terminal import use_colour

_EPILOG = f"""\b
Examples:
  pywatt ps
  pywatt ps --watch
  pywatt ps catalog --json | jq '.[0].state'

CPU is that of one core since the question before, for the first one since the start; memory is resident. Both
are those of all processes of a module.

{exit_codes.DESCRIPTION}"""


@click.command("ps", epilog=_EPILOG)
@names_argument()
@click.option("-w", "--watch", is_flag=True, help="Stay, and draw anew whenever something happens.")
@FILE_OPTION
@JSON_OPTION
def command(names: tuple[str, ...], watch: bool, file: str, as_json: bool) -> int:
    """Show the modules: state, restarts, process, CPU, memory, endpoints, and why one is not well."""
    if watch:
        from pywatt.cli.watching import watch_modules

        return watch_modules(file, list(names), as_json=as_json)
    with connect(file) as client:
        modules = client.request("modules", names=list(names))["modules"]
    if as_json:
        import json

        click.echo(json.dumps(modules, indent=2))
    else:
        size = terminal_size()
        lines = table(modules, time.time(), None if size is None else size.columns)
        click.echo("\n".join(lines), color=use_colour(sys.stdout))
    return exit_codes.SUCCESS
