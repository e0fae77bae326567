"""The last lines of each module's log, for whoever asks why it is not well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from pywatt.observe.redaction import redact
from pywatt.orchestrator.console.log_entry import entry_from, read_json_line
from pywatt.orchestrator.console.log_layout import in_one_line
from pywatt.orchestrator.console.log_lines import LONGEST


class LastLines(Protocol):
    """Knows how the log of a module ends."""

    def last_lines(self, module: str, count: int) -> list[str]:
        """Return the last lines of a module's log, oldest first, as a person reads them, secrets removed.

        Args:
            module: its name.
            count: at most so many.
        """
        ...


class CollectedLines:
    """Asks whoever collects the logs.

    Args:
        recent: returns the last lines of a module's log, oldest first, without secrets.
    """

    def __init__(self, recent: Callable[[str], Sequence[bytes]]) -> None:
        self._recent = recent

    def last_lines(self, module: str, count: int) -> list[str]:
        """Return the last lines of a module's log, oldest first, as a person reads them, secrets removed.

        Args:
            module: its name.
            count: at most so many.
        """
        texts = [text for text in map(readable, self._recent(module)) if text]
        return texts[-count:] if count else []


def readable(line: bytes) -> str:
    """Return a line of log as a person reads it: level and message of a JSON line, the text of any other.

    It is one line that may be shown on a terminal, without secrets.

    Args:
        line: with or without its end.
    """
    text = line.decode("utf-8", "backslashreplace").rstrip()
    document = read_json_line(text)
    if document is not None:
        entry = entry_from(document)
        text = f"{entry.level} {entry.message}"
    return redact(in_one_line(text))[:LONGEST]
