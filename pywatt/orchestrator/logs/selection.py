"""Which lines of a log somebody wants to see."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from pywatt.observe.logging import parse_level
from pywatt.orchestrator.console.log_entry import LogEntry, entry_from, read_json_line
from pywatt.orchestrator.console.own_line import OWN_TARGET
from pywatt.orchestrator.logs.log_directory import OWN_LOG
from pywatt.orchestrator.logs.stored_lines import StoredLine

# What matches by what stands around it may match in a message and not in the line that holds the message.
_LOOKS_AROUND: Final = re.compile(r"[\^$]|\\[ABZbz]|\(\?<?[=!]")
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}


class LoggedLine(NamedTuple):
    """A line with its log, read as far as it can be.

    Attributes:
        log: whose log it stands in.
        module: the module that wrote it, or that it is about; None for what is about none.
        stored: the line.
        text: its text.
        entry: what it says, for a line of JSON log.
        is_own: whether the orchestrator said it.
    """

    log: str
    module: str | None
    stored: StoredLine
    text: str
    entry: LogEntry | None
    is_own: bool


class Selection:
    """Reads lines and chooses among them.

    Args:
        level: the lowest level, as a number of the standard library; None: all.
        since: the earliest time of collection, as a stamp; empty: all.
        pattern: what a line has to hold; None: all.
        logs: all that are shown. What the orchestrator says of one of these stands in that one too, and is
            left out of its own.
    """

    def __init__(
        self, level: int | None, since: bytes, pattern: re.Pattern[str] | None, logs: Collection[str]
    ) -> None:
        self.since = since
        self._level = level
        self._pattern = pattern
        looks_around = pattern is not None and _LOOKS_AROUND.search(pattern.pattern)
        self._quick_pattern = None if looks_around else pattern
        self._logs = set(logs)

    def show_also(self, log: str) -> None:
        """Take note that one more log is shown.

        Args:
            log: its name.
        """
        self._logs.add(log)

    def read(self, log: str, line: StoredLine) -> LoggedLine | None:
        """Return a line as it is shown, None when it is not wanted.

        Args:
            log: whose log it stands in.
            line: the line.
        """
        if line.stamp < self.since:
            return None
        text = line.content.decode("utf-8", "backslashreplace").rstrip("\r\n")
        # A message without escapes stands in its line as it is: no need to read what does not match.
        quick = self._quick_pattern if "\\" not in text else None
        if quick is not None and quick.search(text) is None:
            return None
        document = read_json_line(text) if line.length == len(line.content) else None
        is_own = log == OWN_LOG
        module = None if is_own else log
        entry = None
        if document is not None:
            entry = entry_from(document)
            is_own = is_own or document.get("target") == OWN_TARGET
            if log == OWN_LOG:
                about = document.get("module")
                module = about if isinstance(about, str) else None
                if module in self._logs and module != OWN_LOG:
                    return None
        if not text.strip() or not self._has_level(entry) or not self._matches(text, entry):
            return None
        return LoggedLine(log, module, line, text, entry, is_own)

    def _has_level(self, entry: LogEntry | None) -> bool:
        if self._level is None:
            return True
        # Plain text, and levels that nobody knows, count as INFO.
        level = None if entry is None else parse_level(entry.level)
        return (logging.INFO if level is None else level) >= self._level

    def _matches(self, text: str, entry: LogEntry | None) -> bool:
        if self._pattern is None or self._pattern.search(text) is not None:
            return True
        return entry is not None and self._pattern.search(entry.message) is not None


def read_since(text: str, now: datetime) -> datetime | None:
    """Return the time that a text names, None when it names none.

    Args:
        text: a duration before now ("10m", "1h30m"), a date and time as ISO 8601, a date, or a time of today
            ("03:45"); local unless it has an offset.
        now: with a time zone.
    """
    found = _DURATION.findall(text)
    try:
        if found and "".join(number + unit for number, unit in found) == text:
            return now - timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in found))
        if re.fullmatch(r"\d\d:\d\d(:\d\d(\.\d+)?)?", text):
            local = now.astimezone()
            time = datetime.combine(local.date(), datetime.fromisoformat(f"2000-01-01T{text}").time())
            moment = time.astimezone()
            return moment if moment <= now else moment - timedelta(days=1)
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def stamp_of(time: datetime) -> bytes:
    """Return a time as log files have it.

    Args:
        time: with its time zone.
    """
    # `strftime` leaves out the zeros of early years, and stamps are compared as text.
    return time.astimezone(UTC).isoformat(timespec="microseconds")[:26].encode() + b"000Z"


def time_of(stamp: bytes) -> datetime | None:
    """Return the time of a stamp, to the microsecond; None for an empty one.

    Args:
        stamp: from a log file.
    """
    try:
        return datetime.fromisoformat(f"{stamp[:26].decode('ascii')}+00:00")
    except ValueError:
        return None
