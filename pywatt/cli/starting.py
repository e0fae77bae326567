"""What `start` and `restart` share: a verb that brings modules up and waits until they are ready."""

import click

from pywatt.cli import exit_codes
from pywatt.cli.progress import carry_out
from pywatt.cli.running import FILE_OPTION, JSON_OPTION, TIMEOUT_OPTION, names_argument


def starting_verb(name: str, explanation: str, epilog: str, *, names_required: bool) -> click.Command:
    """Return the command of a verb.

    Args:
        name: of the verb, and of what the orchestrator is asked for.
        explanation: what it does.
        epilog: examples, and what else there is to say.
        names_required: whether modules have to be named; otherwise none stands for all.
    """

    @click.command(name, help=explanation, epilog=f"{epilog}\n{exit_codes.DESCRIPTION}")
    @names_argument(required=names_required)
    @click.option("--no-wait", is_flag=True, help="Do not wait until they are ready.")
    @TIMEOUT_OPTION
    @FILE_OPTION
    @JSON_OPTION
    def command(names: tuple[str, ...], no_wait: bool, timeout: float, file: str, as_json: bool) -> int:
        arguments = {"names": list(names), "no_wait": no_wait}
        return carry_out(file, name, "ready", as_json=as_json, timeout=timeout, **arguments)

    return command
