"""Finds the line of a module's log that tells why it ended."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

LONGEST: Final = 400


def telling_line(lines: Sequence[bytes], *, only_errors: bool = False) -> str:
    """Returns the message of the last error in a log, else its last line; empty for an empty log.

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
    return "" if level and only_errors else (message or texts[-1])[:LONGEST]


def _structured(text: str) -> tuple[str, str]:
    """The level and message of a line of JSON log; empty texts for any other line."""
    if not text.startswith("{"):
        return "", ""
    try:
        entry = json.loads(text)
    except (ValueError, RecursionError):
        return "", ""
    fields = entry.get("fields")
    message = fields.get("message") if isinstance(fields, dict) else entry.get("message")
    return str(entry.get("level", "")).upper(), message if isinstance(message, str) else ""
