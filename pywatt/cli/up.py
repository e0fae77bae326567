"""`pywatt up`: start the modules of a configuration file."""

import click

from pywatt.cli import exit_codes
from pywatt.cli.foreground import LOG_FORMAT_OPTION, start
from pywatt.cli.seconds import Seconds

_EPILOG = f"""\b
Examples:
  pywatt up
  pywatt up -f shop/pywatt.toml
  pywatt up --listen 127.0.0.1:8080 --log-format json
  pywatt up -d                                  in the background, until pywatt down

Every key of the file is described in docs/configuration.md.

{exit_codes.DESCRIPTION}"""


@click.command("up", epilog=_EPILOG)
@click.option(
    "-f",
    "--file",
    default="pywatt.toml",
    show_default=True,
    metavar="FILE",
    type=click.Path(dir_okay=True),
    help="The configuration.",
)
@click.option(
    "--listen", metavar="ADDRESS", help="HOST:PORT or unix:PATH for the gateway, instead of the file's."
)
@LOG_FORMAT_OPTION
@click.option("-d", "--detach", is_flag=True, help="Run in the background; return when all are ready.")
@click.option("--no-wait", is_flag=True, help="With -d: do not wait until the modules are ready.")
@click.option(
    "--timeout",
    type=Seconds(min=0, min_open=True),
    metavar="SECONDS",
    help="With -d: how long to wait.  [default: what their start_timeout allows]",
)
@click.option("--detached", is_flag=True, hidden=True, help="Be the process in the background.")
def command(
    *,
    file: str,
    listen: str | None,
    log_format: str,
    detach: bool,
    no_wait: bool,
    timeout: float | None,
    detached: bool,
) -> int:
    """Start the modules of a pywatt.toml, in the order of their dependencies.

    Logs go to stderr. On stdout one line says when a module is ready, and one more when all are. Ctrl-C stops
    the modules in reverse order; a second Ctrl-C ends them at once.

    With -d the orchestrator runs in the background, where no Ctrl-C and no closed terminal reaches it. A
    module that does not come up is told with its reason and the end of its log, and the others stay up.
    """
    if detach:
        from pywatt.cli.background import start_in_background

        return start_in_background(file, listen, log_format, wait=not no_wait, timeout=timeout)
    if no_wait or timeout is not None:
        raise click.UsageError("--no-wait and --timeout belong to -d", click.get_current_context())
    from pywatt.orchestrator.configuration.loading import load_configuration

    return start(
        lambda: load_configuration(file, listen=listen), log_format, single=False, background=detached
    )
