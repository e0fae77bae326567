"""`pywatt logs`: what modules have logged, read from the files."""

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from pywatt.cli import exit_codes
from pywatt.cli.running import JSON_OPTION, LONG_FILE_OPTION

if TYPE_CHECKING:
    import re

    from click.shell_completion import CompletionItem

    from pywatt.orchestrator.logs.reading import LogReading
    from pywatt.orchestrator.logs.stored_logs import StoredLogs

DEFAULT_LINES = 100
ALL_LINES = float("inf")
MORE_THAN_ANY_LOG = 1e9  # lines
LOOK_INTERVAL = 0.1  # seconds between two looks at the files

_EPILOG = f"""\b
Examples:
  pywatt logs                                   the last {DEFAULT_LINES} lines of all modules, merged by time
  pywatt logs -f catalog web                    what comes, until Ctrl-C
  pywatt logs --since 10m --level warn          warnings and errors of the last ten minutes
  pywatt logs catalog --grep 'order \\d+' --json
  pywatt logs orchestrator                      what the orchestrator itself says

The files are read directly: nothing needs to run. How much is kept says [logs] in the configuration.

{exit_codes.DESCRIPTION}"""


def _count(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> float | None:
    if value is None:
        return None
    if value == "all":
        return ALL_LINES
    if not value.isdecimal():
        raise click.BadParameter(f'"{value}" is neither a number of lines nor "all"')
    count = float(value)
    return count if count < MORE_THAN_ANY_LOG else ALL_LINES


def _level(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> int | None:
    from pywatt.observe.logging import parse_level

    level = None if value is None else parse_level(value)
    if value is not None and level is None:
        raise click.BadParameter(f'"{value}" is none of trace, debug, info, warn, error')
    return level


def _since(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> bytes:
    if value is None:
        return b""
    from datetime import UTC, datetime

    from pywatt.orchestrator.logs.selection import read_since, stamp_of

    time = read_since(value, datetime.now(UTC))
    if time is None:
        raise click.BadParameter(
            f'"{value}" is no time; write a duration such as 10m or 1h30m, or 2026-11-26T03:00, or 03:00'
        )
    return stamp_of(time)


def _pattern(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> "re.Pattern[str] | None":
    if value is None:
        return None
    import re
    import warnings

    try:
        # Nobody who looks for "[[" needs to hear what it may mean in a later Python.
        with warnings.catch_warnings(action="ignore", category=FutureWarning):
            return re.compile(value)
    except (re.error, OverflowError, RecursionError) as error:
        raise click.BadParameter(f'"{value}" is no regular expression: {error}') from None


def _complete(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> "Iterable[CompletionItem]":
    from click.shell_completion import CompletionItem

    from pywatt.orchestrator.logs.stored_logs import find_logs

    names = find_logs(context.params.get("file") or "pywatt.toml").names()
    given: Sequence[str] = context.params.get("names") or ()
    return [CompletionItem(name) for name in names if name.startswith(incomplete) and name not in given]


@click.command("logs", epilog=_EPILOG)
@click.argument("names", metavar="[NAME]...", nargs=-1, shell_complete=_complete)
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, through restarts and rotations.")
@click.option(
    "-n",
    "--lines",
    metavar="NUMBER",
    callback=_count,
    help=f"How many lines, the last ones, or all.  [default: {DEFAULT_LINES}; all with --since]",
)
@click.option("--since", metavar="TIME", callback=_since, help="Not before: 10m, 2026-11-26T03:00, 03:00.")
@click.option("--level", metavar="LEVEL", callback=_level, help="Not below: trace, debug, info, warn, error.")
@click.option("--grep", metavar="REGEX", callback=_pattern, help="Only lines that hold it.")
@JSON_OPTION
@LONG_FILE_OPTION
def command(
    names: tuple[str, ...],
    *,
    follow: bool,
    lines: float | None,
    since: bytes,
    level: int | None,
    grep: "re.Pattern[str] | None",
    as_json: bool,
    file: str,
) -> int:
    """Show what modules have logged, merged by time.

    Without NAME: all modules, and what the orchestrator says. Lines that are no JSON log count as INFO.
    """
    from pywatt.cli.log_printing import LinePrinter
    from pywatt.orchestrator.logs.reading import LogReading
    from pywatt.orchestrator.logs.selection import Selection
    from pywatt.orchestrator.logs.stored_logs import NoLogsError, find_logs

    logs = find_logs(file)
    if not logs.exist() and not (follow and logs.modules):
        if not os.path.exists(file):
            raise click.UsageError(f"there is no file {file}; name another with --file")
        raise NoLogsError(file, logs.directory)
    _check_names(names, logs)
    shown = list(dict.fromkeys(names)) or logs.names()
    selection = Selection(level, since, grep, shown)
    count = lines if lines is not None else ALL_LINES if since else DEFAULT_LINES
    # All there are, so that a module has its colour and place whichever of them are shown.
    printer = LinePrinter(dict.fromkeys([*logs.modules, *logs.names()]), as_json=as_json)
    reading = LogReading(logs, shown if names else None, selection, follows=follow)
    try:
        return _show(reading, printer, count, follow)
    finally:
        reading.close()
        printer.close()


def _show(reading: "LogReading", printer: Any, count: float, follow: bool) -> int:
    printer.print(reading.all() if count == ALL_LINES else reading.last(int(count)))
    if not follow:
        return exit_codes.SUCCESS
    import time

    while not printer.is_unread:
        printer.print(reading.new())
        for name in reading.missed():
            printer.note(f"lines of {name} were removed before they could be shown: see [logs] keep")
        time.sleep(LOOK_INTERVAL)
    return exit_codes.SUCCESS


def _check_names(names: Sequence[str], logs: "StoredLogs") -> None:
    known = logs.names()
    for name in names:
        if name not in known:
            import difflib

            close = difflib.get_close_matches(name, known, n=1)
            guess = f'; did you mean "{close[0]}"?' if close else f"; there are {', '.join(known)}"
            raise click.UsageError(f'there is no log of "{name}"{guess}', click.get_current_context())
