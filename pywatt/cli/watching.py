"""`pywatt ps --watch`: the table of modules, drawn anew whenever something happens."""

import json
import signal
import sys
import time
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from pywatt.cli.module_table import table, terminal_size
from pywatt.cli.running import connect
from pywatt.orchestrator.command_lines import how_to_start
from pywatt.orchestrator.console.terminal import is_terminal, use_colour
from pywatt.orchestrator.control.errors import ConnectionLost, NotRunning

if TYPE_CHECKING:
    from pywatt.orchestrator.control.client import ControlClient

REDRAW_INTERVAL: Final = 1.0
"""Seconds between two pictures when nothing happens: times and loads change."""
SETTLE_TIME: Final = 0.05
"""Seconds in which changes that follow each other are gathered for one picture."""

# The alternate screen keeps what stood on the terminal before. The cursor would flicker, and a line with
# characters of double width would be wrapped and push the others out of their places.
_ENTER: Final = "\x1b[?1049h\x1b[?25l\x1b[?7l"
_LEAVE: Final = "\x1b[?7h\x1b[?25h\x1b[?1049l"
_HOME: Final = "\x1b[H"
_CLEAR_LINE: Final = "\x1b[K"
_CLEAR_BELOW: Final = "\x1b[J"


def watch_modules(file: str, names: list[str], *, as_json: bool) -> int:
    """Draw the modules until the user leaves or the orchestrator ends; returns the exit code.

    Args:
        file: the configuration that is running.
        names: the modules to show; none for all.
        as_json: write one line of JSON for each picture, for programs.
    """
    if not (as_json or is_terminal(sys.stdout)):
        raise click.UsageError("--watch draws on a terminal; for programs: pywatt ps --watch --json")
    with connect(file) as questions, connect(file) as news:
        if as_json:
            return _follow(file, questions, news, names, _write_json)
        previous = signal.signal(signal.SIGTERM, _leave)
        _write(_ENTER)
        try:
            return _follow(file, questions, news, names, _draw)
        finally:
            _write(_LEAVE)
            signal.signal(signal.SIGTERM, previous)


def _follow(file: str, questions: "ControlClient", news: "ControlClient", names: list[str], show: Any) -> int:
    changes = news.stream("events", names=names, follow=True, last=0, pause=REDRAW_INTERVAL)
    try:
        while True:
            show(questions.request("modules", names=names)["modules"], questions.greeting)
            next(changes)
            time.sleep(SETTLE_TIME)
            news.skip_waiting()
    except (ConnectionLost, StopIteration):
        raise NotRunning("the orchestrator has ended", how_to_start(file)) from None


def _draw(modules: list[dict[str, Any]], greeting: dict[str, Any]) -> None:
    size = terminal_size()
    lines = table(modules, time.time(), None if size is None else size.columns)
    lines.append(click.style(f"{greeting['url']}  {time.strftime('%H:%M:%S')}  Ctrl-C leaves", dim=True))
    if size is not None and len(lines) > size.lines:
        hidden = len(lines) - size.lines + 1
        lines = [*lines[: size.lines - 1], f"… {hidden} more lines"]
    text = "\n".join(f"{line}{_CLEAR_LINE}" for line in lines)
    # One write, over what stands there: nothing is ever seen half drawn.
    _write(f"{_HOME}{text if use_colour(sys.stdout) else click.unstyle(text)}{_CLEAR_BELOW}")


def _write_json(modules: list[dict[str, Any]], _greeting: dict[str, Any]) -> None:
    _write(json.dumps(modules, separators=(",", ":")) + "\n")


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)
