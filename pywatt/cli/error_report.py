"""Errors as a person wants them: what happened, where, what to do."""

import sys
from collections.abc import Iterator
from typing import Final

import click

from pywatt.cli import exit_codes
from pywatt.errors import ConfigError, PyWattSDKError
from pywatt.orchestrator.console.terminal import use_colour, visible

_CODES_OF_ERRORS: Final = (
    ("pywatt.orchestrator.control.errors", "NotRunning", exit_codes.NOT_RUNNING),
    ("pywatt.orchestrator.control.errors", "ControlTimeout", exit_codes.TIMED_OUT),
    ("pywatt.orchestrator.logs.stored_logs", "NoLogsError", exit_codes.NOT_RUNNING),
)


def report(error: Exception) -> int:
    """Show an error on stderr and return the exit code that belongs to it.

    Args:
        error: what a verb raised.
    """
    if isinstance(error, click.ClickException):
        _show(error.format_message().rstrip("."), _usage_help(error))
        return exit_codes.USAGE_OR_CONFIGURATION
    if isinstance(error, (PyWattSDKError, OSError)):
        for what, lines in _explained(error):
            _show(what, lines)
        return _exit_code(error)
    import traceback

    click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    _show(
        f"{type(error).__name__} inside pywatt",
        ["this should not happen: please report it with the lines above"],
    )
    return exit_codes.FAILURE


def report_as_log(error: PyWattSDKError) -> int:
    """Show an error on stderr as lines of JSON log and return the exit code that belongs to it.

    Args:
        error: what kept an orchestrator from starting.
    """
    from pywatt.orchestrator.console.console import Console

    console = Console("json")
    for what, lines in _explained(error):
        console.event("ERROR", what, details=lines)
    console.close()
    return _exit_code(error)


def _exit_code(error: Exception) -> int:
    if isinstance(error, ConfigError):
        return exit_codes.USAGE_OR_CONFIGURATION
    for room, name, code in _CODES_OF_ERRORS:
        # Known only to those who have asked an orchestrator, or read its logs.
        module = sys.modules.get(room)
        if module is not None and isinstance(error, getattr(module, name)):
            return code
    return exit_codes.FAILURE


def _explained(error: Exception) -> Iterator[tuple[str, list[str]]]:
    """What happened, and the lines that say where and what to do; once for each problem."""
    # Known only to those who have loaded the orchestrator; a wrong option has not.
    configuration_errors = sys.modules.get("pywatt.orchestrator.configuration.errors")
    if configuration_errors is not None and isinstance(error, configuration_errors.ConfigurationError):
        for problem in error.problems:
            subject = problem.key or problem.file.name
            expected = f"expected {problem.expected}" if problem.expected else None
            lines = [f"--> {problem.place}", expected, problem.suggestion]
            yield f"{subject}: {problem.what}", [line for line in lines if line]
    elif isinstance(error, ConfigError):
        # Its prefix would say a second time that it is an error.
        yield error.message, list(_advice(error))
    else:
        yield str(error), list(_advice(error))


def _usage_help(error: click.ClickException) -> Iterator[str]:
    context = getattr(error, "ctx", None)
    if context is not None:
        yield f"see: {context.command_path} --help"


def _advice(error: Exception) -> Iterator[str]:
    advice = getattr(error, "advice", None)
    if isinstance(advice, str):
        yield from advice.splitlines()
    details = getattr(error, "details", None)
    if isinstance(details, dict):
        for module in details.get("modules", []):
            yield from (f"{module['name']} | {line}" for text in module["log"] for line in text.splitlines())
    cause = error.__cause__
    if cause is not None and not _says(str(error), cause):
        yield f"because: {cause}"


def _says(text: str, cause: BaseException) -> bool:
    reason = cause.strerror if isinstance(cause, OSError) else None
    return (reason or str(cause)) in text


def _show(what: str, lines: "Iterator[str] | list[str]") -> None:
    colour = use_colour(sys.stderr)
    click.echo(click.style("error: ", fg="red", bold=True) + visible(what), err=True, color=colour)
    for line in lines:
        click.echo(f"  {visible(line)}", err=True, color=colour)
