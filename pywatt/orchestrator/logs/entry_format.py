"""How a line of log stands in a file: the format of the Container Runtime Interface.

`2026-11-26T03:45:06.123456789Z stderr F the line` is a whole line; with `P` instead of `F` it is a part, and
the line goes on in the next entry of the file. Log shippers of Kubernetes read these files as they are.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Final, NamedTuple

FULL: Final = b"F"
PARTIAL: Final = b"P"
MAX_PART: Final = 64 * 1024
"""The longest content of an entry, in bytes, but for a secret that stood at its end and was not halved."""

_FULL_HEAD: Final = b" stderr F "
_PARTIAL_HEAD: Final = b" stderr P "
_STAMP_LENGTH: Final = 30
_CONTENT: Final = _STAMP_LENGTH + len(_FULL_HEAD)


class Piece(NamedTuple):
    """What becomes of some bytes of a log.

    Attributes:
        tag: `FULL` or `PARTIAL`.
        content: for `FULL` one or more lines, each with its line feed; for `PARTIAL` a part without one.
    """

    tag: bytes
    content: bytes


class Entry(NamedTuple):
    """One entry of a file.

    Attributes:
        stamp: when it was collected, RFC 3339 in UTC with nanoseconds; they sort as they follow in time.
        tag: `FULL` or `PARTIAL`.
        content: the line, or the part of one.
    """

    stamp: bytes
    tag: bytes
    content: bytes


class Stamps:
    """Writes times as entries have them; the text of the second is kept as long as it lasts."""

    def __init__(self) -> None:
        self._second = -1
        self._text = ""

    def at(self, nanoseconds: int) -> bytes:
        """The stamp of a time.

        Args:
            nanoseconds: since the epoch, as `time.time_ns` tells them.
        """
        second, fraction = divmod(nanoseconds, 1_000_000_000)
        if second != self._second:
            self._text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._second = second
        return f"{self._text}.{fraction:09d}Z".encode()


def entries_of(pieces: Iterable[Piece], stamp: bytes) -> bytes:
    """Return pieces as entries of a file, all with the same stamp.

    Args:
        pieces: in their order.
        stamp: from `Stamps.at`.
    """
    written: list[bytes] = []
    for tag, content in pieces:
        if tag == PARTIAL:
            written += (stamp, _PARTIAL_HEAD, content, b"\n")
        else:
            head = stamp + _FULL_HEAD
            # One replacement for all lines; the head behind the last line feed is one too many.
            written += (head, content.replace(b"\n", b"\n" + head)[: -len(head)])
    return b"".join(written)


def read_entry(line: bytes) -> Entry | None:
    """Return what a line of a file says; None for one that is no entry, such as one that was torn.

    Args:
        line: without its line feed.
    """
    if line[_STAMP_LENGTH - 1 : _STAMP_LENGTH] != b"Z" or line[4:5] != b"-":
        return None
    head = line[_STAMP_LENGTH:_CONTENT]
    if head == _FULL_HEAD:
        return Entry(line[:_STAMP_LENGTH], FULL, line[_CONTENT:])
    if head == _PARTIAL_HEAD:
        return Entry(line[:_STAMP_LENGTH], PARTIAL, line[_CONTENT:])
    return None
