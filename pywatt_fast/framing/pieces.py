"""Pieces of one payload or line, gathered until it is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from mypy_extensions import i64

_SMALL: Final = 4096
_JOIN_AT: Final = 64


@final
class Pieces:
    """Keeps large pieces as they came and joins small ones in batches, so that a peer that sends single bytes
    cannot make the bookkeeping outweigh the payload.

    Most payloads are cut once, so the first piece has a place of its own.
    """

    def __init__(self) -> None:
        self._first = b""
        self._first_start: i64 = 0
        self._large: list[bytes | memoryview] = []
        self._small: list[bytes] = []

    def add(self, piece: bytes) -> None:
        """Append a piece."""
        if not self._first and not self._large and not self._small:
            self._first = piece
            self._first_start = 0
            return
        if len(piece) < _SMALL:
            self._small.append(piece)
            if len(self._small) < _JOIN_AT:
                return
            piece = b"".join(self._small)
            self._small = []
        elif self._small:
            self._large.append(b"".join(self._small))
            self._small = []
        self._large.append(piece)

    def add_rest(self, chunk: bytes, start: i64) -> None:
        """Begin with what a chunk holds from a place on; a large rest is not copied before the join."""
        if len(chunk) - start < _SMALL:
            self._first = chunk[start:]
            self._first_start = 0
        else:
            self._first = chunk
            self._first_start = start

    def take(self) -> bytes:
        """The whole, once; empty afterwards."""
        return self._joined(b"")

    def take_with(self, chunk: bytes, size: i64) -> bytes:
        """The whole, completed by the beginning of a chunk; empty afterwards."""
        if size < _SMALL:
            last = chunk[:size]
            if self._first_start == 0 and not self._large and not self._small:
                whole = self._first + last
                self._first = b""
                return whole
            return self._joined(last)
        return self._joined(memoryview(chunk)[:size])

    def _joined(self, last: bytes | memoryview) -> bytes:
        first: bytes | memoryview = self._first
        if self._first_start > 0:
            first = memoryview(self._first)[self._first_start :]
            self._first_start = 0
        self._first = b""
        if not self._large and not self._small:
            return b"".join([first, last])
        whole = b"".join([first, *self._large, *self._small, last])
        self._large = []
        self._small = []
        return whole

    def clear(self) -> None:
        """Forget what was gathered."""
        self._first = b""
        self._first_start = 0
        self._large = []
        self._small = []
