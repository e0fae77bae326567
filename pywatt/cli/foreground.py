"""What `up`, `run` and `dev` share: a console around a running orchestrator."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pywatt.orchestrator.configuration.settings import Configuration

LOG_FORMAT_OPTION = click.option(
    "--log-format",
    type=click.Choice(["auto", "pretty", "json"]),
    default="auto",
    show_default=True,
    help="auto: for a person, in colour on a terminal; pretty: short times everywhere; json: JSON lines.",
)


def start(
    load: Callable[[], "Configuration"],
    log_format: Any,
    *,
    single: bool,
    background: bool = False,
    reloading: bool = False,
) -> int:
    """Run the orchestrator until it is told to stop, and return the exit code.

    Args:
        load: reads and checks the configuration.
        log_format: "auto", "pretty" or "json".
        single: whether it is the one module of `pywatt run`.
        background: whether nobody watches once it has started.
        reloading: whether modules are restarted when their files change.
    """
    from pywatt.errors import PyWattSDKError

    try:
        return _start(load(), log_format, single=single, background=background, reloading=reloading)
    except PyWattSDKError as error:
        if log_format != "json":
            raise
        from pywatt.cli.error_report import report_as_log

        return report_as_log(error)


def _start(
    configuration: "Configuration", log_format: Any, *, single: bool, background: bool, reloading: bool
) -> int:
    from pywatt.orchestrator.application import run_orchestrator
    from pywatt.orchestrator.console.background_console import BackgroundConsole
    from pywatt.orchestrator.console.console import Console

    console = (BackgroundConsole if background else Console)(log_format, configuration.modules)
    console.capture_logging()
    try:
        return run_orchestrator(configuration, console, single=single, reloading=reloading)
    finally:
        console.close()
