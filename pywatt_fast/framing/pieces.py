"""Pieces of one payload or line, gathered until it is whole."""

from __future__ import annotations

from typing import Final, final

_SMALL: Final = 4096
_JOIN_AT: Final = 64


@final
class Pieces:
    """Keeps large pieces as they came and joins small ones in batches, so that a peer that sends single bytes
    cannot make the bookkeeping outweigh the payload.
    """

    def __init__(self) -> None:
        self._large: list[bytes | memoryview] = []
        self._small: list[bytes] = []

    def add(self, piece: bytes) -> None:
        """Append a piece."""
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

    def add_part(self, chunk: bytes, start: int, end: int) -> None:
        """Append a part of a chunk; a large one is not copied before the whole is joined."""
        if end - start < _SMALL:
            self.add(chunk[start:end])
            return
        if self._small:
            self._large.append(b"".join(self._small))
            self._small = []
        self._large.append(memoryview(chunk)[start:end])

    def take(self) -> bytes:
        """The whole, once; empty afterwards."""
        self._large.extend(self._small)
        whole = b"".join(self._large)
        self._large = []
        self._small = []
        return whole

    def clear(self) -> None:
        """Forget what was gathered."""
        self._large = []
        self._small = []
