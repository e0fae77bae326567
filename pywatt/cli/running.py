"""What the verbs share that talk to a running orchestrator: file, connection, names and their completion."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pywatt.cli.loading import CollectorAtRest
from pywatt.cli.seconds import Seconds

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from pywatt.orchestrator.control.client import ControlClient

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

COMPLETION_TIMEOUT = 0.5
ANSWER_GRACE = 5.0
"""Seconds that an orchestrator gets to say itself that the time is over."""
_FILE_HELP = "The configuration that is running; for `pywatt run`, the module's file."


def _complete_file(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> "list[CompletionItem]":
    return click.Path(dir_okay=True).shell_complete(context, parameter, incomplete)


FILE_OPTION = click.option(
    "-f",
    "--file",
    default="pywatt.toml",
    show_default=True,
    metavar="FILE",
    shell_complete=_complete_file,
    help=_FILE_HELP,
)
# Where -f follows, the file has no short name.
LONG_FILE_OPTION = click.option(
    "--file",
    default="pywatt.toml",
    show_default=True,
    metavar="FILE",
    shell_complete=_complete_file,
    help=_FILE_HELP,
)
JSON_OPTION = click.option("--json", "as_json", is_flag=True, help="JSON, for programs.")


def timeout_option(
    default: float, explanation: str, *, positive: bool = False
) -> Callable[[Decorated], Decorated]:
    """Return the option `--timeout SECONDS`.

    Args:
        default: in seconds.
        explanation: what is waited for.
        positive: whether 0, which does not wait at all, makes no sense.
    """
    return click.option(
        "--timeout",
        type=Seconds(min=0, min_open=positive),
        default=default,
        show_default=True,
        metavar="SECONDS",
        help=explanation,
    )


TIMEOUT_OPTION = timeout_option(60, "How long to wait until they are ready.")


def names_argument(*, required: bool = False) -> Callable[[Decorated], Decorated]:
    """Return the argument for names of modules, completed in the shell with the modules that run.

    Args:
        required: whether at least one has to be given.
    """
    return click.argument(
        "names",
        metavar="NAME..." if required else "[NAME]...",
        nargs=-1,
        required=required,
        shell_complete=complete_modules,
    )


def connect(file: str) -> "ControlClient":
    """Return a connection to the orchestrator that runs a configuration, to be used in a `with` statement.

    Args:
        file: the configuration.

    Raises:
        NotRunning: nobody runs it.
        ControlError: it cannot be asked.
    """
    with CollectorAtRest():
        from pywatt.orchestrator.control.client import connect as connect_client

    return connect_client(file)


def complete_modules(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> "Iterable[CompletionItem]":
    """Return the modules that run, for the shell; none when nothing runs, and never an error.

    Args:
        context: of the verb that is being completed.
        incomplete: the beginning of the name.
    """
    from click.shell_completion import CompletionItem

    from pywatt.orchestrator.control.client import connect as connect_client
    from pywatt.orchestrator.control.errors import ControlError

    given: Sequence[str] = context.params.get("names") or ()
    file = context.params.get("file") or "pywatt.toml"
    try:
        with connect_client(file, COMPLETION_TIMEOUT) as client:
            modules = client.request("modules", within=COMPLETION_TIMEOUT)["modules"]
    except (ControlError, OSError):
        return []
    return [
        CompletionItem(module["name"], help=module["state"])
        for module in modules
        if module["name"].startswith(incomplete) and module["name"] not in given
    ]
