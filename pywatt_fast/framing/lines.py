"""Lines: one document per line, each bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from ..variant import COMPILED, expect
from .pieces import Pieces

if TYPE_CHECKING:
    from mypy_extensions import i64


@final
class LineDecoder:
    """Cuts a byte stream into lines, whatever chunks it arrives in.

    A line above the limit is read past to its newline, counted and not delivered.

    Args:
        max_line: bytes allowed before the newline.
    """

    def __init__(self, max_line: int) -> None:
        self._max_line: i64 = max_line
        self._pieces = Pieces()
        self._held: i64 = 0
        self._discarding = False
        self._skipped = 0

    @property
    def unfinished(self) -> bool:
        """Whether a line has begun and its newline has not come."""
        return self._held > 0 or self._discarding

    @property
    def skipped(self) -> int:
        """Lines read past because of their length."""
        return self._skipped

    def set_limit(self, max_line: int) -> None:
        """Bound the lines that come from now on, the open one included.

        Args:
            max_line: bytes allowed before the newline.
        """
        self._max_line = max_line
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
            elif piece.endswith(b"\r"):
                lines.append(piece[:-1])
            else:
                lines.append(piece)
        self._hold(rest)
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
