"""What was said between the driver and a module, both ways, on every carrier, with times."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final, Literal

from attrs import frozen

from pywatt.observe.redaction import Redactor

TO_MODULE: Final = "to module"
FROM_MODULE: Final = "from module"
EVENT: Final = "event"

Direction = Literal["to module", "from module", "event"]

MAX_ENTRY: Final = 64 * 1024
"""The most of one line or payload that is kept, in characters."""

MAX_KEPT: Final = 32 * 1024 * 1024
"""The most that is kept of all of them, in characters; the oldest go first."""

_EXCERPT: Final = 300
_ARROWS: Final = {TO_MODULE: ">", FROM_MODULE: "<", EVENT: "*"}


@frozen
class TranscriptEntry:
    """One line, one frame, or something that happened to a carrier.

    Args:
        seconds: since the driver started the module.
        direction: "to module", "from module" or "event".
        carrier: "stdio", "unix", "tcp", or "process".
        text: the line or payload, at most 64 KiB of it; for an event what happened.
        code: the format code of a frame, None for everything else.
        cut: how many characters are missing at the end.
    """

    seconds: float
    direction: Direction
    carrier: str
    text: str
    code: int | None = None
    cut: int = 0


class Transcript:
    """Collects entries, and shows them without the values of secrets.

    Attributes:
        dropped: how many of the oldest entries did not fit any more.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._began = time.monotonic()
        self._entries: deque[TranscriptEntry] = deque()
        self._kept = 0
        self._redactor = Redactor()

    def __iter__(self) -> Iterator[TranscriptEntry]:
        return iter(tuple(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def hide(self, secret: str) -> None:
        """Show a marker in the place of a value from now on.

        Args:
            secret: at least 4 characters (PYWATT_REDACT_MIN_LENGTH); a shorter one is shown.
        """
        self._redactor.register(secret)

    def redacted(self, text: str) -> str:
        """The text with `[REDACTED]` in the place of every secret."""
        return self._redactor.redact(text)

    def excerpt(self, data: bytes) -> str:
        """The beginning of a line or payload, as a message can show it; nothing of nothing."""
        if not data:
            return ""
        text = self.redacted(data[: 4 * _EXCERPT].decode(errors="backslashreplace"))
        shown = text if len(text) <= _EXCERPT else text[:_EXCERPT]
        missing = len(data) - len(shown.encode(errors="replace"))
        return (
            f"{shown!r} ... {len(data)} bytes in all" if len(text) > _EXCERPT or missing > 0 else repr(text)
        )

    def record(self, direction: Direction, carrier: str, data: bytes | str, code: int | None = None) -> None:
        """Add an entry."""
        text = data if isinstance(data, str) else data[: 4 * MAX_ENTRY].decode(errors="backslashreplace")
        cut = max(len(data) - MAX_ENTRY, 0) if len(text) > MAX_ENTRY else 0
        entry = TranscriptEntry(
            time.monotonic() - self._began, direction, carrier, text[:MAX_ENTRY], code=code, cut=cut
        )
        self._entries.append(entry)
        self._kept += len(entry.text)
        while self._kept > MAX_KEPT:
            self._kept -= len(self._entries.popleft().text)
            self.dropped += 1

    def select(self, wanted: Callable[[TranscriptEntry], bool]) -> list[TranscriptEntry]:
        """The entries that fit, oldest first."""
        return [entry for entry in self._entries if wanted(entry)]

    def text(self, *, redact: bool = True) -> str:
        """All of it for people, an entry a line: seconds, `>` to the module or `<` from it, carrier, text.

        Args:
            redact: whether to hide the values of secrets.
        """
        lines = [f"({self.dropped} older entries were dropped)"] if self.dropped else []
        for entry in self._entries:
            code = "" if entry.code is None else f" code {entry.code}"
            cut = f" ... {entry.cut} more characters" if entry.cut else ""
            shown = self.redacted(entry.text) if redact else entry.text
            lines.append(
                f"{entry.seconds:9.3f} {_ARROWS[entry.direction]} {entry.carrier:<7}{code} {shown}{cut}"
            )
        return "\n".join(lines)

    def json_lines(self, *, redact: bool = True) -> str:
        """All of it for programs, a JSON object a line.

        Args:
            redact: whether to hide the values of secrets.
        """
        return "\n".join(
            json.dumps(
                {
                    "seconds": round(entry.seconds, 6),
                    "direction": entry.direction,
                    "carrier": entry.carrier,
                    "code": entry.code,
                    "text": self.redacted(entry.text) if redact else entry.text,
                    "cut": entry.cut,
                }
            )
            for entry in self._entries
        )
