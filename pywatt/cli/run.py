"""`pywatt run`: start one module without a configuration file."""

import click

from pywatt.cli import exit_codes
from pywatt.cli.foreground import LOG_FORMAT_OPTION, start
from pywatt.cli.module_options import ENV_OPTION, SECRET_FILE_OPTION

_EPILOG = f"""\b
Examples:
  pywatt run hello.py
  pywatt run shop.catalog                      a module that can be imported
  pywatt run shop.web:app                      an ASGI, WSGI or aiohttp application
  pywatt run hello.py --env TZ=UTC --secret-file dev.env

{exit_codes.DESCRIPTION}"""


@click.command("run", epilog=_EPILOG)
@click.argument("file", metavar="FILE", type=click.Path())
@click.option(
    "--listen",
    metavar="ADDRESS",
    help="HOST:PORT or unix:PATH for the gateway.  [default: 127.0.0.1:9900, a free port if taken]",
)
@ENV_OPTION
@SECRET_FILE_OPTION
@LOG_FORMAT_OPTION
def command(
    file: str, listen: str | None, env: dict[str, str], secret_file: tuple[str, ...], log_format: str
) -> int:
    """Start one module and serve it at / and at /m/NAME/.

    FILE is a Python file with @pywatt_module, an import path, or package.module:name for an application.
    Secrets that the module declares come from the environment and from ./.env.
    """
    from pywatt.orchestrator.configuration.loading import configuration_for_file

    return start(
        lambda: configuration_for_file(file, listen=listen, env=env, secret_files=secret_file),
        log_format,
        single=True,
    )
