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
        self._large: list[bytes] = []
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

    def take(self) -> bytes:
        """The whole, once; empty afterwards."""
        self._large.extend(self._small)
        whole = self._large[0] if len(self._large) == 1 else b"".join(self._large)
        self._large = []
        self._small = []
        return whole

    def clear(self) -> None:
        """Forget what was gathered."""
        self._large = []
        self._small = []
