"""Errors as a person wants them: what happened, where, what to do."""

import sys
from collections.abc import Iterator

import click

from pywatt.cli import exit_codes
from pywatt.errors import PyWattSDKError
from pywatt.orchestrator.console.terminal import use_colour


def report(error: Exception) -> int:
    """Show an error on stderr and return the exit code that belongs to it.

    Args:
        error: what a verb raised.
    """
    # Known only to those who have loaded the orchestrator; a wrong option has not.
    configuration_errors = sys.modules.get("pywatt.orchestrator.configuration.errors")
    if isinstance(error, click.ClickException):
        _show(error.format_message().rstrip("."), _usage_help(error))
        return exit_codes.USAGE_OR_CONFIGURATION
    if configuration_errors is not None and isinstance(error, configuration_errors.ConfigurationError):
        for problem in error.problems:
            subject = f"{problem.key}: " if problem.key else ""
            where = [f"--> {problem.place}"]
            expected = [f"expected {problem.expected}"] if problem.expected else []
            _show(subject + problem.what, [*where, *expected, *filter(None, [problem.suggestion])])
        return exit_codes.USAGE_OR_CONFIGURATION
    if isinstance(error, (PyWattSDKError, OSError)):
        _show(str(error), _advice(error))
        return exit_codes.FAILURE
    import traceback

    click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    _show(
        f"{type(error).__name__} inside pywatt",
        ["this should not happen: please report it with the lines above"],
    )
    return exit_codes.FAILURE


def _usage_help(error: click.ClickException) -> Iterator[str]:
    context = getattr(error, "ctx", None)
    if context is not None:
        yield f"see: {context.command_path} --help"


def _advice(error: Exception) -> Iterator[str]:
    pid = getattr(error, "pid", None)
    if isinstance(pid, int):
        yield f"stop it with Ctrl-C in its terminal, or: kill {pid}"
    cause = error.__cause__
    if cause is not None and str(cause) not in str(error):
        yield f"because: {cause}"


def _show(what: str, lines: "Iterator[str] | list[str]") -> None:
    colour = use_colour(sys.stderr)
    click.echo(click.style("error: ", fg="red", bold=True) + what, err=True, color=colour)
    for line in lines:
        click.echo(f"  {line}", err=True, color=colour)
