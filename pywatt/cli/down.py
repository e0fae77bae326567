"""`pywatt down`: everything, the orchestrator included."""

import click

from pywatt.cli import exit_codes
from pywatt.cli.progress import follow
from pywatt.cli.running import FILE_OPTION, connect, timeout_option

_EPILOG = f"""\b
Examples:
  pywatt down
  pywatt down --timeout 30 || pywatt down --now

Ctrl-C ends this command only: everything goes on stopping. --now ends at once what still runs, also when
another `pywatt down` has begun already.

{exit_codes.DESCRIPTION}"""


@click.command("down", epilog=_EPILOG)
@click.option("--now", is_flag=True, help="End the modules at once, whatever they do.")
@timeout_option(60, "How long to wait for the end.")
@FILE_OPTION
def command(now: bool, timeout: float, file: str) -> int:
    """Stop all modules in the reverse order of their dependencies, and the orchestrator."""
    import contextlib
    import time

    from pywatt.orchestrator.command_lines import for_file
    from pywatt.orchestrator.control.client import wait_for_end
    from pywatt.orchestrator.control.errors import ConnectionLost, ControlTimeout

    deadline = time.monotonic() + timeout
    with connect(file) as client:
        pid = client.greeting["pid"]
        try:
            with contextlib.suppress(ConnectionLost):  # it ended faster than it could say so
                follow(client.stream("down", now=now, within=timeout), "stopped", as_json=False)
            wait_for_end(file, pid, max(0.0, deadline - time.monotonic()))
        except ControlTimeout:
            raise ControlTimeout(
                f"not everything has stopped within {timeout:g} s; it goes on stopping",
                f"look at it with: {for_file('pywatt ps', file)}\n"
                f"end it at once with: {for_file('pywatt down --now', file)}",
            ) from None
    click.echo(f"the orchestrator, process {pid}, has ended")
    return exit_codes.SUCCESS
