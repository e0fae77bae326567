"""The registry of secret values, and the removal of them from text."""

from __future__ import annotations

import json
import logging
import os
import re
import threading
from collections.abc import Iterator
from typing import AnyStr, Final

logger = logging.getLogger(__name__)

MARKER: Final = "[REDACTED]"

MIN_LENGTH_VARIABLE: Final = "PYWATT_REDACT_MIN_LENGTH"
DEFAULT_MIN_LENGTH: Final = 4

COMMON_WORDS: Final = frozenset({"true", "false", "null", "none", "yes", "no", "on", "off"})
"""Values that would make a log unreadable and tell nobody anything."""


class Redactor:
    """Knows secret values in the forms in which they appear in text.

    Attributes:
        values: those that are hidden; replaced by another set when one is added.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.values: frozenset[str] = frozenset()
        self._forms: set[str] = set()
        # The first finds quickly that there is nothing; the second finds overlapping values too.
        self._patterns: tuple[re.Pattern[str], re.Pattern[str]] | None = None
        self._warned = False

    def register(self, value: str) -> None:
        """Hide a value from now on; short and common ones are refused, with one warning."""
        if not value:
            return
        if not is_hidden(value):
            self._warn_once()
            return
        with self._lock:
            forms = self._forms | forms_of(value)
            if len(forms) == len(self._forms):
                return
            self._forms = forms
            self.values |= {value}
            alternatives = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
            self._patterns = re.compile(alternatives), re.compile(f"(?=({alternatives}))")

    def redact(self, text: str) -> str:
        """The text with a marker in the place of every secret, one for those that overlap."""
        patterns = self._patterns
        if patterns is None or patterns[0].search(text) is None:
            return text
        pieces: list[str] = []
        kept = 0
        for begin, end in merged_spans(patterns[1], text):
            pieces += (text[kept:begin], MARKER)
            kept = end
        pieces.append(text[kept:])
        return "".join(pieces)

    def _warn_once(self) -> None:
        if not self._warned:
            self._warned = True
            logger.warning(
                "a secret is too short or too common to be hidden in logs: the minimum is %d characters",
                min_length(),
            )


def is_hidden(value: str) -> bool:
    """Whether a secret of this value is removed from logs: it is long enough and no common word."""
    return len(value) >= min_length() and value.lower() not in COMMON_WORDS


def merged_spans(
    pattern: re.Pattern[AnyStr], text: AnyStr, start: int = 0, stop: int | None = None
) -> Iterator[tuple[int, int]]:
    """Where secrets stand in a text: from the first to behind the last character, overlapping ones as one.

    Args:
        pattern: a lookahead whose only group is a secret, so that those are found too that begin in another.
        text: the text.
        start: where to begin.
        stop: where to end; None: at its end.
    """
    begin = end = -1
    for found in pattern.finditer(text, start, len(text) if stop is None else stop):
        if found.start() >= end:
            if end >= 0:
                yield begin, end
            begin = found.start()
        end = max(end, found.end(1))
    if end >= 0:
        yield begin, end


def min_length() -> int:
    """The shortest value that is hidden, in characters."""
    text = os.environ.get(MIN_LENGTH_VARIABLE, "")
    return max(int(text), 1) if text.isdecimal() else DEFAULT_MIN_LENGTH


def forms_of(value: str) -> set[str]:
    """The value as it is, and as JSON prints it: literally, all in ASCII, and with escaped slashes."""
    literal = json.dumps(value, ensure_ascii=False)[1:-1]
    ascii_only = json.dumps(value)[1:-1]
    forms = {value, literal, ascii_only}
    return forms | {form.replace("/", "\\/") for form in (literal, ascii_only)}


process_redactor: Final = Redactor()
"""What this process must not log."""


def register_secret(value: str) -> None:
    """Hide a value in everything that this process logs from now on.

    Args:
        value: hidden as it is and as JSON prints it. Values below 4 characters (PYWATT_REDACT_MIN_LENGTH) and
            words such as "true" are refused, with one warning that does not show them.
    """
    process_redactor.register(value)


def redact(text: str) -> str:
    """The text with `[REDACTED]` in the place of every registered secret."""
    return process_redactor.redact(text)
