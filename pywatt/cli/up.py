"""`pywatt up`: start the modules of a configuration file."""

import click

from pywatt.cli import exit_codes
from pywatt.cli.foreground import LOG_FORMAT_OPTION, start

_EPILOG = f"""\b
Examples:
  pywatt up
  pywatt up -f shop/pywatt.toml
  pywatt up --listen 127.0.0.1:8080 --log-format json

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
def command(file: str, listen: str | None, log_format: str) -> int:
    """Start the modules of a pywatt.toml, in the order of their dependencies.

    Logs go to stderr. On stdout one line says when a module is ready, and one more when all are. Ctrl-C stops
    the modules in reverse order; a second Ctrl-C ends them at once.
    """
    from pywatt.orchestrator.configuration.loading import load_configuration

    return start(lambda: load_configuration(file, listen=listen), log_format, single=False)
