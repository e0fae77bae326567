"""The last lines of each module's log, for whoever asks why it is not well."""

from __future__ import annotations

from collections import deque
from typing import Final, Protocol

from pywatt.observe.redaction import redact
from pywatt.orchestrator.console.log_entry import entry_from, read_json_line

KEPT: Final = 20
KEPT_LENGTH: Final = 4096  # bytes; a JSON line that is cut cannot be read any more
LONGEST: Final = 400  # characters


class LastLines(Protocol):
    """Knows how the log of a module ends."""

    def last_lines(self, module: str, count: int) -> list[str]:
        """Return the last lines of a module's log, oldest first, as a person reads them, secrets removed.

        Args:
            module: its name.
            count: at most so many.
        """
        ...


class RememberedLines:
    """Keeps the last lines of each module in memory."""

    def __init__(self) -> None:
        self._lines: dict[str, deque[bytes]] = {}

    def add(self, module: str, line: bytes) -> None:
        """Keep a line.

        Args:
            module: who wrote it.
            line: with or without its end.
        """
        lines = self._lines.get(module)
        if lines is None:
            lines = self._lines[module] = deque(maxlen=KEPT)
        lines.append(line[:KEPT_LENGTH])

    def last_lines(self, module: str, count: int) -> list[str]:
        """Return the last lines of a module's log, oldest first, as a person reads them, secrets removed.

        Args:
            module: its name.
            count: at most so many.
        """
        lines = list(self._lines.get(module, ()))
        texts = [text for text in map(readable, lines) if text]
        return texts[-count:] if count else []


def readable(line: bytes) -> str:
    """Return a line of log as a person reads it: level and message of a JSON line, the text of any other.

    Args:
        line: with or without its end.
    """
    text = line.decode("utf-8", "backslashreplace").rstrip()
    document = read_json_line(text)
    if document is not None:
        entry = entry_from(document)
        text = f"{entry.level} {entry.message}"
    return redact(text)[:LONGEST]
