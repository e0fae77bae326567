"""Lines: one document per line, each bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from ..errors import CoreError, LineTooLong
from ..variant import COMPILED, expect
from .pieces import Pieces

if TYPE_CHECKING:
    from mypy_extensions import i64

# More than any memory holds, and a number that the compiled variant can count with.
_NO_LIMIT: Final = 1 << 62


def encode_line(document: bytes, max_line: int) -> bytes:
    """One whole line, newline included.

    Args:
        document: what it carries, without a newline inside.
        max_line: bytes allowed before the newline.

    Raises:
        LineTooLong: the document is longer than `max_line`.
        CoreError: a newline inside would make two lines of it.
    """
    if not COMPILED:
        expect(document, bytes, "bytes")
    if len(document) > max_line:
        raise LineTooLong(len(document), max_line)
    newline = document.find(b"\n")
    if newline >= 0:
        raise CoreError("a newline inside a line", newline)
    return document + b"\n"


@final
class LineStatistics:
    """What a decoder has read so far.

    Args:
        lines: lines handed over.
        line_bytes: their bytes, without newlines.
        skipped: lines read past because of their length.
        consumed: bytes of the stream.
        held: bytes of the open line that are kept.
    """

    def __init__(self, lines: int, line_bytes: int, skipped: int, consumed: int, held: int) -> None:
        self.lines = lines
        self.line_bytes = line_bytes
        self.skipped = skipped
        self.consumed = consumed
        self.held = held

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LineStatistics):
            return NotImplemented
        return (
            self.lines == other.lines
            and self.line_bytes == other.line_bytes
            and self.skipped == other.skipped
            and self.consumed == other.consumed
            and self.held == other.held
        )


@final
class LineDecoder:
    """Cuts a byte stream into lines, whatever chunks it arrives in.

    A line above the limit is read past to its newline, counted and not delivered.

    Args:
        max_line: bytes allowed before the newline.
    """

    def __init__(self, max_line: int) -> None:
        self._max_line: i64 = min(max_line, _NO_LIMIT)
        self._pieces = Pieces()
        self._held: i64 = 0
        self._discarding = False
        self._skipped: i64 = 0
        self._lines: i64 = 0
        self._line_bytes: i64 = 0
        self._consumed: i64 = 0

    @property
    def unfinished(self) -> bool:
        """Whether a line has begun and its newline has not come."""
        return self._held > 0 or self._discarding

    @property
    def skipped(self) -> int:
        """Lines read past because of their length."""
        return self._skipped

    def statistics(self) -> LineStatistics:
        """What was read so far."""
        return LineStatistics(self._lines, self._line_bytes, self._skipped, self._consumed, self._held)

    def set_limit(self, max_line: int) -> None:
        """Bound the lines that come from now on, the open one included.

        Args:
            max_line: bytes allowed before the newline.
        """
        self._max_line = min(max_line, _NO_LIMIT)
        if self._held > self._max_line:
            self._discard()

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that this chunk completes, without their newline and one carriage return before it."""
        if not COMPILED:
            expect(chunk, bytes, "bytes")
        lines: list[bytes] = []
        pieces = chunk.split(b"\n")
        rest = pieces.pop()
        for piece in pieces:
            if self._discarding:
                self._discarding = False
                continue
            if self._held > 0:
                self._pieces.add(piece)
                piece = self._pieces.take()
                self._held = 0
            if len(piece) > self._max_line:
                self._skipped += 1
                continue
            lines.append(piece[:-1] if piece.endswith(b"\r") else piece)
            self._line_bytes += len(lines[-1])
        self._hold(rest)
        self._lines += len(lines)
        self._consumed += len(chunk)
        return lines

    def _hold(self, rest: bytes) -> None:
        if self._discarding or not rest:
            return
        self._held += len(rest)
        if self._held > self._max_line:
            self._discard()
        else:
            self._pieces.add(rest)

    def _discard(self) -> None:
        self._pieces.clear()
        self._held = 0
        self._discarding = True
        self._skipped += 1
