"""`pywatt events`: what happened to modules, and what happens."""

import sys
import time
from typing import Any, Final

import click

from pywatt.cli import exit_codes
from pywatt.cli.running import JSON_OPTION, LONG_FILE_OPTION, connect, names_argument
from pywatt.orchestrator.console.terminal import is_terminal, use_colour, visible

_EPILOG = f"""\b
Examples:
  pywatt events
  pywatt events -f catalog
  pywatt events -f --json | jq 'select(.kind == "state")'

The orchestrator keeps the last 1024 events. With --json each is one line; docs/control.md describes its keys.

{exit_codes.DESCRIPTION}"""

_FOLLOWED: Final = 10
_COLOURS: Final = {"ERROR": "red", "WARN": "yellow"}


@click.command("events", epilog=_EPILOG)
@names_argument()
@click.option("-f", "--follow", is_flag=True, help="Go on with what happens from now on, until Ctrl-C.")
@click.option(
    "-n",
    "--lines",
    type=click.IntRange(min=0),
    metavar="COUNT",
    help=f"The last events only.  [default: all; with --follow: {_FOLLOWED}]",
)
@LONG_FILE_OPTION
@JSON_OPTION
def command(names: tuple[str, ...], follow: bool, lines: int | None, file: str, as_json: bool) -> int:
    """Show events: changes of state with their reasons, restarts, what the orchestrator does."""
    last = _FOLLOWED if follow and lines is None else lines
    with connect(file) as client:
        for item in client.stream("events", names=list(names), follow=follow, last=last):
            _print(item, as_json=as_json)
            sys.stdout.flush()
    return exit_codes.SUCCESS


def _print(item: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        import json

        click.echo(json.dumps(item.get("event", item)))
    elif "lost" in item:
        click.echo(f"{item['lost']} events were lost: they came faster than they were read", err=True)
    else:
        event = item["event"]
        level = click.style(f"{event['level']:<5}", fg=_COLOURS.get(event["level"]))
        about = f"{event['module']}: " if event["module"] else ""
        line = f"{_time(event['time'])} {level} {about}{visible(event['message'])}"
        click.echo(line, color=use_colour(sys.stdout))


def _time(seconds: float) -> str:
    """The local time for a person at a terminal, the whole one in UTC elsewhere: as the log has it."""
    thousandths = f"{int(seconds * 1000) % 1000:03}"
    if is_terminal(sys.stdout):
        return f"{time.strftime('%H:%M:%S', time.localtime(seconds))}.{thousandths}"
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{thousandths}Z"
