"""Payloads as spans of the chunks they came in: nothing is copied, nothing is gathered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from ..variant import COMPILED, expect
from .headers import CODE_JSON, HEADER, HEADER_SIZE, HeaderReader
from .sinks import SpanSink

if TYPE_CHECKING:
    from mypy_extensions import i64

if COMPILED:
    from librt.strings import read_i32_be


@final
class SpanDecoder(HeaderReader):
    """Finds the payloads of a byte stream inside its chunks, for consumers that gather in their own way.

    Args:
        sink: of the core itself, so that compiled spans never leave it.
        max_frame: payload bytes allowed; a longer one is refused when its header is read.
        skip_invalid: read past a frame whose code is not known and count it, instead of raising.
    """

    def __init__(self, sink: SpanSink, max_frame: int, skip_invalid: bool = True) -> None:
        if not COMPILED:
            expect(sink, SpanSink, "pywatt_fast.framing.sinks.SpanSink")
        super().__init__(max_frame, skip_invalid)
        self._sink: Final = sink

    def feed(self, chunk: bytes) -> None:
        """Hand every part of a payload that this chunk holds to the sink, in order.

        Args:
            chunk: the next bytes of the stream.

        Raises:
            FrameTooLarge: a header announces more than the limit.
            InvalidFrameCode: the code is unknown and such frames are not skipped.
                The sink has the parts before; every later call raises the same again.
        """
        if not COMPILED:
            expect(chunk, bytes, "bytes")
        if self._failure is not None:
            raise self._failure
        end: i64 = len(chunk)
        position: i64 = 0
        if self._missing > 0:
            position = self._continue_payload(chunk, end)
        elif self._head and end > 0:
            position = self._continue_header(chunk, end)
        size: i64
        code: i64
        while end - position >= HEADER_SIZE:
            if COMPILED:
                # A length from 2**31 on reads negative.
                size = i64(read_i32_be(chunk, position)) & 0xFFFFFFFF
                code = i64(read_i32_be(chunk, position + 1)) & 0xFF
            else:
                size, code = HEADER.unpack_from(chunk, position)
            start: i64 = position + HEADER_SIZE
            if size > self._max_frame or code < CODE_JSON or code > self._max_code:
                self._judge(size, code, position, None)
                code = 0
            position = start + size
            if position > end:
                position = self._open_payload(chunk, start, end, size, code)
            elif code != 0:
                self._frames += 1
                self._payload_bytes += size
                self._sink.receive(code, chunk, start, position, 0)
        if position < end:
            self._head = chunk[position:end]
        self._consumed += end

    def _open_payload(self, chunk: bytes, start: i64, end: i64, size: i64, code: i64) -> i64:
        """Begin a payload that goes on in the next chunk; code 0 when it is only read past."""
        missing: i64 = size - (end - start)
        self._size = size
        self._code = code
        self._missing = missing
        if code != 0 and end > start:
            self._sink.receive(code, chunk, start, end, missing)
        return end

    def _continue_payload(self, chunk: bytes, end: i64) -> i64:
        missing: i64 = self._missing
        stop: i64 = missing
        if stop > end:
            stop = end
        missing -= stop
        self._missing = missing
        if self._code != 0 and stop > 0:
            if missing == 0:
                self._frames += 1
                self._payload_bytes += self._size
            self._sink.receive(self._code, chunk, 0, stop, missing)
        return stop

    def _continue_header(self, chunk: bytes, end: i64) -> i64:
        """Use a header cut by the end of an earlier chunk, and the part of its payload that is here."""
        held: i64 = len(self._head)
        start: i64 = self._join_header(chunk, end)
        if start < 0:
            return end
        size: i64 = self._size
        code: i64 = self._code
        if not self._is_sound(size, code):
            self._judge(size, code, -held, None)
            code = 0
        stop: i64 = start + size
        if stop > end:
            return self._open_payload(chunk, start, end, size, code)
        if code != 0:
            self._count(1, size)
            self._sink.receive(code, chunk, start, stop, 0)
        return stop
