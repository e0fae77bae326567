"""Work that stays inside the compiled unit, for measuring what calls from Python would drown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from .framing.headers import HEADER, HEADER_SIZE
from .framing.sinks import FrameSink, SpanSink
from .messages.identifiers import new_identifier, write_identifier
from .streams.credit import SendCredit
from .variant import COMPILED, expect

if TYPE_CHECKING:
    from mypy_extensions import i64

if COMPILED:
    from librt.strings import BytesWriter, read_i32_be

_CHUNK: Final = 65536


@final
class CountingSink(FrameSink):
    """Counts frames and lets go of them."""

    def __init__(self) -> None:
        self.frames: i64 = 0
        self.payload_bytes: i64 = 0

    def receive(self, code: i64, payload: bytes) -> None:
        """Count one frame."""
        self.frames += 1
        self.payload_bytes += len(payload)


@final
class CountingSpanSink(SpanSink):
    """Counts frames and the bytes of their parts."""

    def __init__(self) -> None:
        self.frames: i64 = 0
        self.payload_bytes: i64 = 0

    def receive(self, code: i64, chunk: bytes, start: i64, end: i64, missing: i64) -> None:
        """Count one part."""
        self.payload_bytes += end - start
        if missing == 0:
            self.frames += 1


@final
class HeaderScan:
    """The least that any reader of frames has to do: find every header of a sound stream."""

    def __init__(self) -> None:
        self.frames: i64 = 0
        self._head = b""
        self._missing: i64 = 0

    def feed(self, chunk: bytes) -> None:
        """Step from header to header."""
        if not COMPILED:
            expect(chunk, bytes, "bytes")
        end: i64 = len(chunk)
        position: i64 = self._missing
        if self._head:
            position = HEADER_SIZE - len(self._head)
            head = self._head + chunk[:position]
            if end < position:
                self._head = head
                return
            self._head = b""
            size: i64 = HEADER.unpack(head)[0]
            position += size
            self.frames += 1
        while end - position >= HEADER_SIZE:
            if COMPILED:
                size = i64(read_i32_be(chunk, position))
            else:
                size = HEADER.unpack_from(chunk, position)[0]
            position += HEADER_SIZE + size
            self.frames += 1
        if position < end:
            self._head = chunk[position:end]
            position = end
        self._missing = position - end


def write_identifiers(count: int) -> None:
    """Write so many fresh identifiers into one buffer.

    Args:
        count: how many, at least 0.
    """
    number: i64 = count
    done: i64 = 0
    if COMPILED:
        writer = BytesWriter()
        while done < number:
            write_identifier(writer)
            writer.truncate(0)
            done += 1
        return
    while done < number:
        new_identifier().encode("ascii")
        done += 1


def move_credit(count: int) -> None:
    """Take the credit for a chunk and give it back, so many times.

    Args:
        count: how often, at least 0.
    """
    credit = SendCredit(16 * _CHUNK, _CHUNK)
    size: i64 = _CHUNK
    number: i64 = count
    for _turn in range(number):
        credit.draw(size)
        credit.refill(size)
