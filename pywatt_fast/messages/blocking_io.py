"""What the core asks of the files and sockets that it is handed; it opens none itself."""

from __future__ import annotations

from typing import Final, Protocol

from ..errors import MessageIoError

# A length announced by a peer is not allocated before its bytes come.
_STEP: Final = 1 << 20


class Writer(Protocol):
    """What `EncodedMessage.write_to` writes to."""

    def write(self, data: bytes, /) -> object: ...

    def flush(self) -> object: ...


class Reader(Protocol):
    """What `EncodedMessage.read_from` reads from."""

    def read(self, size: int, /) -> bytes: ...


def read_exactly(reader: Reader, size: int) -> bytes:
    """So many bytes from a blocking reader.

    Raises:
        MessageIoError: the input ended before, or failed.
    """
    parts: list[bytes] = []
    while size > 0:
        try:
            part = reader.read(min(size, _STEP))
        except OSError as error:
            raise MessageIoError(str(error)) from error
        if not part:
            raise MessageIoError("unexpected end of file")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
