"""Cuts what comes out of a pipe into whole lines and parts of long ones, however it comes."""

from __future__ import annotations

from typing import Final

from pywatt.observe.chunk_redaction import ChunkRedactor
from pywatt.orchestrator.logs.entry_format import FULL, MAX_PART, PARTIAL, Piece

_END: Final = b"\n"


class LineCutter:
    """Holds back the line that has not ended yet, and hides secrets in what it lets go.

    Nothing is done line by line: a chunk is searched for its last line feed, and for lines that are too long
    by steps of the longest that may be. At most `max_part` and the longest secret are held.

    Args:
        redactor: hides secrets, and says where a long line may be cut.
        max_part: where a line is cut, in bytes.
    """

    def __init__(self, redactor: ChunkRedactor, max_part: int = MAX_PART) -> None:
        self._redactor = redactor
        self._max_part = max_part
        self._held = b""
        self._is_inside_line = False

    def feed(self, data: bytes) -> list[Piece]:
        """Return what can be written now.

        Args:
            data: the next bytes of the log.
        """
        behind_last = data.rfind(_END) + 1
        pieces: list[Piece] = []
        if behind_last:
            pieces = self._whole_lines(self._held + data[:behind_last])
            self._held = data[behind_last:]
        else:
            self._held += data
        while len(self._held) >= self._max_part + self._redactor.longest:
            cut = self._safe_cut(self._held, 0, len(self._held))
            pieces.append(self._part(self._held[:cut]))
            self._held = self._held[cut:]
        return pieces

    def end(self) -> list[Piece]:
        """Return what is left: the writer has ended, and with it its last line."""
        if not self._held and not self._is_inside_line:
            return []
        held, self._held = self._held, b""
        return self._whole_lines(held + _END)

    def _whole_lines(self, text: bytes) -> list[Piece]:
        pieces: list[Piece] = []
        begin = position = 0
        while len(text) - position > self._max_part + 1:
            end = text.rfind(_END, position, position + self._max_part + 1)
            if end >= 0:
                position = end + 1
                continue
            if begin < position:
                pieces.append(self._lines(text[begin:position]))
            end = text.index(_END, position)
            while end - position > self._max_part:
                cut = self._safe_cut(text, position, end)
                pieces.append(self._part(text[position : position + cut]))
                position += cut
            begin = position
        if begin < len(text):
            pieces.append(self._lines(text[begin:]))
        return pieces

    def _safe_cut(self, text: bytes, begin: int, end: int) -> int:
        window = text[begin : min(begin + self._max_part + self._redactor.longest, end)]
        return self._redactor.safe_cut(window, self._max_part)

    def _part(self, content: bytes) -> Piece:
        self._is_inside_line = True
        return Piece(PARTIAL, self._redactor.redact(content))

    def _lines(self, content: bytes) -> Piece:
        self._is_inside_line = False
        content = self._redactor.redact(content)
        return Piece(FULL, content.replace(b"\r\n", _END) if b"\r" in content else content)
