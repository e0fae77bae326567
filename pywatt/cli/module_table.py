"""Modules as a person reads them: one line each, and below it why one is not well."""

import os
import sys
from collections.abc import Sequence
from typing import Any, Final

import click

from pywatt.orchestrator.console.terminal import visible

# Written by hand and not with rich: its tables take longer to load than all of `pywatt ps` takes to run.
_HEADINGS: Final = ("NAME", "STATE", "SINCE", "RESTARTS", "PID", "CPU", "MEMORY", "ENDPOINTS")
_RIGHT: Final = frozenset({3, 4, 5, 6})
STATE_COLOURS: Final = {
    "ready": "green",
    "unready": "yellow",
    "backing off": "yellow",
    "crash-looping": "red",
    "failed": "red",
    "exited": "red",
}
_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86400
_NOTHING: Final = "-"


def table(modules: Sequence[dict[str, Any]], now: float, width: int | None) -> list[str]:
    """Return the lines of a table, with codes for colours.

    Args:
        modules: as the command `modules` answers.
        now: the time, in seconds since the epoch.
        width: how long a line may be, in characters; None: as long as it gets.
    """
    rows = [_row(module, now) for module in modules]
    widths = [max(map(len, column)) for column in zip(_HEADINGS, *rows, strict=True)]
    lines = [click.style(_fit(_line(_HEADINGS, widths), width), bold=True)]
    for module, row in zip(modules, rows, strict=True):
        line = _fit(_line(row, widths), width)
        lines.append(_coloured(line, module["state"], widths[0] + 2))
        lines.extend(_fit(text, width) for text in trouble(module))
    return lines


def trouble(module: dict[str, Any]) -> list[str]:
    """Return the lines that say why a module is not ready: the reason, and the end of its log.

    Args:
        module: one of those that the command `modules` answers.
    """
    lines = [f"  {line}" for line in (module["reason"] or "").splitlines()]
    lines += [f"  | {line}" for text in module["log"] for line in text.splitlines()]
    return list(map(visible, lines))


def terminal_size() -> os.terminal_size | None:
    """Return the size of the terminal that standard output is; None where it is none, or knows no size."""
    try:
        size = os.get_terminal_size(sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        return None
    return size if size.columns > 0 and size.lines > 0 else None


def duration(seconds: float) -> str:
    """Return a length of time in its two largest units.

    Args:
        seconds: less than 0 counts as 0: clocks are set.
    """
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m{whole % _MINUTE:02}s"
    if whole < _DAY:
        return f"{whole // _HOUR}h{whole % _HOUR // _MINUTE:02}m"
    return f"{whole // _DAY}d{whole % _DAY // _HOUR:02}h"


def size(count: int) -> str:
    """Return a number of bytes with a binary unit.

    Args:
        count: of bytes.
    """
    amount = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024 or unit == "GiB":
            break
        amount /= 1024
    return f"{amount:.0f} {unit}" if amount >= 10 or unit == "B" else f"{amount:.1f} {unit}"


def _row(module: dict[str, Any], now: float) -> tuple[str, ...]:
    cpu, memory, pid = module["cpu_percent"], module["memory_bytes"], module["pid"]
    return (
        module["name"],
        module["state"],
        duration(now - module["since"]),
        str(module["restarts"]),
        _NOTHING if pid is None else str(pid),
        _NOTHING if cpu is None else f"{cpu:.1f}%",
        _NOTHING if memory is None else size(memory),
        _endpoints(module["endpoints"]) or _NOTHING,
    )


def _endpoints(endpoints: Sequence[dict[str, Any]]) -> str:
    text = ", ".join(f"{'|'.join(one['methods'])} {one['path']}" for one in endpoints)
    # A module announces what it likes, also what a terminal would obey; a line feed would break the table.
    return text if text.isprintable() else repr(text)[1:-1]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell.rjust(width) if at in _RIGHT else cell.ljust(width)
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(padded).rstrip()


def _coloured(line: str, state: str, start: int) -> str:
    colour = STATE_COLOURS.get(state)
    if colour is None or len(line) < start + len(state):
        return line
    return line[:start] + click.style(state, fg=colour) + line[start + len(state) :]


def _fit(line: str, width: int | None) -> str:
    return line if width is None or len(line) <= width else line[: max(0, width - 1)] + "…"
