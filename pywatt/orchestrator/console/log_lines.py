"""Finds the line of a module's log that tells why it ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pywatt.orchestrator.console.log_entry import entry_from, read_json_line
from pywatt.orchestrator.console.log_layout import in_one_line

LONGEST: Final = 400
"""What is quoted of a line, in characters."""


def telling_line(lines: Sequence[bytes], *, only_errors: bool = False) -> str:
    """Returns the message of the last error in a log, else its last line; empty for an empty log.

    It is one line that may be shown on a terminal.

    Args:
        lines: the last lines, oldest first.
        only_errors: whether a last line that calls itself something else than an error does not count.
    """
    texts = [line.decode(errors="replace").strip() for line in lines]
    texts = [text for text in texts if text]
    for text in reversed(texts):
        level, message = _structured(text)
        if level == "ERROR" and message:
            return message[:LONGEST]
    if not texts:
        return ""
    level, message = _structured(texts[-1])
    return "" if level and only_errors else (message or in_one_line(texts[-1]))[:LONGEST]


def _structured(text: str) -> tuple[str, str]:
    """The level and message of a line of JSON log; empty texts for any other line."""
    document = read_json_line(text)
    if document is None:
        return "", ""
    entry = entry_from(document)
    return entry.level, in_one_line(entry.message)
