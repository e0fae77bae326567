"""`pywatt ps`: the modules of a running orchestrator."""

import click

from pywatt.cli import exit_codes
from pywatt.cli.running import FILE_OPTION, JSON_OPTION, connect, names_argument

_EPILOG = f"""\b
Examples:
  pywatt ps
  pywatt ps catalog --json

{exit_codes.DESCRIPTION}"""


@click.command("ps", epilog=_EPILOG)
@names_argument()
@FILE_OPTION
@JSON_OPTION
def command(names: tuple[str, ...], file: str, as_json: bool) -> int:
    """Show the modules: state, restarts, process, CPU, memory, endpoints, and why one is not well."""
    with connect(file) as client:
        modules = client.request("modules", names=list(names))["modules"]
    if as_json:
        import json

        click.echo(json.dumps(modules, indent=2))
    return exit_codes.SUCCESS
