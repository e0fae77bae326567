"""`pywatt dev`: start modules, and restart each when its files change."""

import click

from pywatt.cli import exit_codes
from pywatt.cli.foreground import LOG_FORMAT_OPTION, start
from pywatt.cli.module_options import ENV_OPTION, SECRET_FILE_OPTION

_EPILOG = f"""\b
Examples:
  pywatt dev                       the modules of ./pywatt.toml
  pywatt dev -f shop/pywatt.toml
  pywatt dev hello.py              one module, at / and at /m/hello/

{exit_codes.DESCRIPTION}"""


@click.command("dev", epilog=_EPILOG)
@click.argument("module", metavar="[MODULE]", required=False, type=click.Path())
@click.option(
    "-f",
    "--file",
    metavar="FILE",
    type=click.Path(dir_okay=True),
    help="The configuration.  [default: pywatt.toml]",
)
@click.option(
    "--listen",
    metavar="ADDRESS",
    help="HOST:PORT or unix:PATH for the gateway, instead of the file's, or of 127.0.0.1:9900.",
)
@ENV_OPTION
@SECRET_FILE_OPTION
@LOG_FORMAT_OPTION
def command(
    *,
    module: str | None,
    file: str | None,
    listen: str | None,
    env: dict[str, str],
    secret_file: tuple[str, ...],
    log_format: str,
) -> int:
    """Start modules as `up` does, or one MODULE as `run` does, and restart each when its files change.

    Save a file, and the modules that have imported it get a new process; the gateway and the other modules
    stay. Requests and calls wait for the new process. While a module does not start, its error is on the
    terminal and on its page, and the next save starts it again. A file of secrets restarts the modules that
    may ask for any; a changed configuration is read at the next start of `pywatt dev`.
    """
    from pywatt.orchestrator.configuration.loading import configuration_for_file, load_configuration

    if module is None:
        if env or secret_file:
            raise click.UsageError("--env and --secret-file belong to a MODULE; a file has keys for both")
        return start(
            lambda: load_configuration(file or "pywatt.toml", listen=listen),
            log_format,
            single=False,
            reloading=True,
        )
    if file is not None:
        raise click.UsageError("give a MODULE or --file, not both")
    return start(
        lambda: configuration_for_file(module, listen=listen, env=env, secret_files=secret_file),
        log_format,
        single=True,
        reloading=True,
    )
