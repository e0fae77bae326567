"""Lay out lines of log for a person: aligned, coloured on a terminal, plain elsewhere."""

import json
import re
from datetime import UTC, datetime
from typing import Any, Final

from pywatt.orchestrator.console.log_entry import LogEntry
from pywatt.orchestrator.console.terminal import visible

MAX_LINE: Final = 64 * 1024
OWN_NAME: Final = "pywatt"
_WIDEST_PREFIX: Final = 24

_RESET: Final = "\x1b[0m"
_DIM: Final = "\x1b[2m"
_LEVEL_COLOURS: Final = {
    "ERROR": "\x1b[1;31m",
    "WARN": "\x1b[33m",
    "INFO": "\x1b[32m",
    "DEBUG": "\x1b[34m",
    "TRACE": "\x1b[2m",
}
_MODULE_COLOURS: Final = tuple(f"\x1b[{code}m" for code in (36, 35, 34, 33, 32, 96, 95, 94, 93, 92))
_SGR: Final = r"\x1b\[[0-9;:]*m"
_ESCAPE_SEQUENCE: Final = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])"
_NEEDS_QUOTES: Final = r'[\s"=]'


class LogLayout:
    """Turns entries into lines.

    Args:
        modules: the names to align; others may follow.
        colour: whether to write escape sequences.
        local_time: a clock for a person who watches; otherwise date and time in UTC.
        longest: where a line is cut, in characters.
    """

    def __init__(
        self, modules: tuple[str, ...], colour: bool, local_time: bool, longest: int = MAX_LINE
    ) -> None:
        self._colour = colour
        self._local_time = local_time
        self._longest = longest
        self._width = min(max(map(len, (*modules, OWN_NAME))), _WIDEST_PREFIX)
        self._prefixes: dict[str, str] = {}
        for module in modules:
            self.prefix(module)

    def prefix(self, module: str) -> str:
        """Return what stands before every line of a module.

        Args:
            module: its name.
        """
        if module not in self._prefixes:
            colour = "\x1b[1m" if module == OWN_NAME else self._next_colour()
            self._prefixes[module] = self._painted(f"{module:<{self._width}} |", colour) + " "
        return self._prefixes[module]

    def entry(self, module: str, entry: LogEntry) -> str:
        """Return the lines of an entry: time, level, message, fields; continued lines are indented.

        Args:
            module: who wrote it.
            entry: what it says, without secrets.
        """
        first, *more = visible(entry.message.rstrip("\n")).split("\n")
        parts = [
            self._painted(self._time(entry.time), _DIM),
            self._painted(f"{_word(entry.level):<5}", _LEVEL_COLOURS.get(entry.level, "")),
            first,
        ]
        parts += [
            self._painted(f"{_word(name)}=", _DIM) + _value(value) for name, value in entry.fields.items()
        ]
        if entry.traceback:
            more += visible(entry.traceback.rstrip("\n")).split("\n")
        prefix = self.prefix(module)
        lines = [prefix + " ".join(part for part in parts if part), *(f"{prefix}    {line}" for line in more)]
        return bounded("\n".join(lines), self._longest)

    def text(self, module: str, text: str) -> str:
        """Return the line of a text that is no log entry, as it is; all it may do to a terminal is colour.

        Args:
            module: who wrote it.
            text: the line, without secrets.
        """
        # What a terminal would show at the end: each part overwrites the one before (progress bars).
        text = text.rstrip("\r").rpartition("\r")[2]
        # Colours are kept where there are any; moving the cursor or retitling the window never is.
        parts = re.split(f"({_SGR})", text) if self._colour else [text]
        shown = [part if index % 2 else _plain(part) for index, part in enumerate(parts)]
        text = "".join(shown) + (_RESET if len(parts) > 1 else "")
        return self.prefix(module) + bounded(text, self._longest)

    def _next_colour(self) -> str:
        return _MODULE_COLOURS[len(self._prefixes) % len(_MODULE_COLOURS)]

    def _painted(self, text: str, colour: str) -> str:
        return f"{colour}{text}{_RESET}" if self._colour and colour and text else text

    def _time(self, time: datetime | None) -> str:
        time = time or datetime.now(UTC)
        if self._local_time:
            return time.astimezone().strftime("%H:%M:%S.%f")[:-3]
        return utc_text(time)


def utc_text(time: datetime) -> str:
    """Return a time as logs write it: RFC 3339 with microseconds, in UTC.

    Args:
        time: with its time zone.
    """
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def in_one_line(text: str) -> str:
    """Return what a module wrote as a part of a sentence: one line, no escape sequence.

    Args:
        text: any text.
    """
    return _plain(text.strip()).replace("\n", " ")


def bounded(text: str, longest: int = MAX_LINE) -> str:
    """Return a text cut to the longest that is shown, with a mark where it was cut.

    Args:
        text: any text, without secrets: a cut could leave half of one that is no longer recognised.
        longest: in characters.
    """
    if len(text) <= longest:
        return text
    return f"{text[:longest]} ... [{len(text) - longest} more characters cut]"


def _plain(text: str) -> str:
    return visible(re.sub(_ESCAPE_SEQUENCE, "", text))


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _word(value)
    return visible(json.dumps(value, ensure_ascii=False, default=str))


def _word(text: str) -> str:
    """A text that takes no more than its place in a line: in quotes where it would be several words."""
    if not text or re.search(_NEEDS_QUOTES, text):
        text = json.dumps(text, ensure_ascii=False)
    return visible(text)
