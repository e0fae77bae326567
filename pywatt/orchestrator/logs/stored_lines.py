"""Lines read back from log files, forwards and backwards, never a whole file at once."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from pywatt.orchestrator.logs.entry_format import PARTIAL, Entry, Stamps, read_entry

MAX_LINE: Final = 1024 * 1024
"""How much of a line is read back, in bytes."""

_BLOCK: Final = 256 * 1024
_OPEN_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class StoredLine(NamedTuple):
    """A line of a log, put together from its parts.

    Attributes:
        stamp: when its beginning was collected; empty when the file does not say it.
        content: the line, or the first `MAX_LINE` bytes of it.
        length: of the whole line, in bytes.
    """

    stamp: bytes
    content: bytes
    length: int


class OpenLogFile:
    """A log file that is being read; it keeps its identity when it is renamed.

    Args:
        path: the file.

    Raises:
        OSError: it cannot be opened.
    """

    def __init__(self, path: str) -> None:
        self.descriptor = os.open(path, _OPEN_FLAGS)
        status = os.fstat(self.descriptor)
        self.identity = (status.st_dev, status.st_ino)
        self.changed_at = status.st_mtime
        self.size = status.st_size

    def close(self) -> None:
        """Let go of the file."""
        os.close(self.descriptor)

    def read(self, offset: int, length: int) -> bytes:
        """Return some of its bytes, fewer at its end.

        Args:
            offset: where they begin.
            length: at most so many.
        """
        return os.pread(self.descriptor, length, offset)

    def blocks(self) -> Iterator[bytes]:
        """Return its content from the beginning, as far as it went when it was opened."""
        for offset in range(0, self.size, _BLOCK):
            yield self.read(offset, min(_BLOCK, self.size - offset))

    def entries_backwards(self, end: int | None = None) -> Iterator[tuple[int, bytes]]:
        """Return its entries from the last to the first, each with its offset and without its line feed.

        Args:
            end: where to begin; None: at its end.
        """
        position = self.size if end is None else end
        rest = b""
        is_last = True
        while position > 0:
            length = min(_BLOCK, position)
            position -= length
            first, *others = (self.read(position, length) + rest).split(b"\n")
            # Behind the last line feed stands nothing, or an entry that is being written.
            offset = position + len(first) + 1
            found = []
            for entry in others:
                found.append((offset, entry))
                offset += len(entry) + 1
            if found and is_last:
                is_last = False
                if not found[-1][1]:
                    found.pop()
            yield from reversed(found)
            rest = first
        if rest:
            yield 0, rest


class LineJoiner:
    """Puts lines together from entries in their order."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._length = 0
        self._kept = 0
        self._stamp = b""

    def feed(self, text: bytes) -> StoredLine | None:
        """Return the line that an entry completes, None when it goes on.

        Args:
            text: the entry, without its line feed.
        """
        entry = read_entry(text)
        if entry is None:
            # Torn when an orchestrator was killed; what is left of it is shown.
            entry = Entry(self._stamp, b"", text)
        if not self._parts:
            self._stamp = entry.stamp
        self._length += len(entry.content)
        self._parts.append(entry.content[: MAX_LINE - self._kept])
        self._kept += len(self._parts[-1])
        return None if entry.tag == PARTIAL else self.flush()

    def flush(self) -> StoredLine | None:
        """Return the line that has not ended, None when there is none."""
        if not self._parts:
            return None
        line = StoredLine(self._stamp, b"".join(self._parts), self._length)
        self._parts = []
        self._length = self._kept = 0
        return line


def lines_forwards(files: Iterable[OpenLogFile]) -> Iterator[StoredLine]:
    """Return the lines of files from the first to the last.

    Args:
        files: the oldest first; a line may begin in one and end in the next.
    """
    joiner = LineJoiner()
    for file in files:
        rest = b""
        for block in file.blocks():
            *entries, rest = (rest + block).split(b"\n")
            for entry in entries:
                line = joiner.feed(entry)
                if line is not None:
                    yield line
        if rest:
            line = joiner.feed(rest)
            if line is not None:
                yield line
    line = joiner.flush()
    if line is not None:
        yield line


def lines_backwards(files: Iterable[OpenLogFile], end: int | None = None) -> Iterator[StoredLine]:
    """Return the lines of files from the last to the first.

    Args:
        files: the newest first.
        end: where to begin in the newest; None: at its end.
    """
    parts: deque[bytes] = deque()
    kept = length = 0
    stamp = b""
    for file in files:
        stamp = stamp or Stamps().at(int(file.changed_at * 1e9))
        for _, text in file.entries_backwards(end):
            # What was torn when an orchestrator was killed stands where it was found.
            entry = read_entry(text) or Entry(stamp, b"", text)
            if entry.tag != PARTIAL and parts:
                yield StoredLine(stamp, b"".join(parts)[:MAX_LINE], length)
                parts.clear()
                kept = length = 0
            stamp = entry.stamp
            parts.appendleft(entry.content)
            kept += len(entry.content)
            length += len(entry.content)
            # The beginning of a line is what is kept of it, and comes last.
            while kept - len(parts[-1]) >= MAX_LINE:
                kept -= len(parts.pop())
        end = None
    if parts:
        yield StoredLine(stamp, b"".join(parts)[:MAX_LINE], length)
