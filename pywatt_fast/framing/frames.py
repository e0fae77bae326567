"""Frames: a four-byte big-endian length, one byte of format code, the payload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast, final

from ..errors import FrameTooLarge, InvalidFrameCode
from ..variant import COMPILED, expect
from .headers import CODE_BASE64, CODE_JSON, HEADER, HEADER_SIZE, HeaderReader
from .pieces import Pieces
from .sinks import FrameSink

if TYPE_CHECKING:
    from mypy_extensions import i64

if COMPILED:
    from librt.strings import read_i32_be


def frame_header(code: int, size: int) -> bytes:
    """The five bytes before a payload of `size` bytes."""
    return HEADER.pack(size, code)


def encode_frame(code: int, payload: bytes, max_frame: int) -> bytes:
    """One whole frame.

    Args:
        code: 1 JSON, 2 binary, 3 base64. Frames with code 4 are written by `write_compact_frame`.
        payload: what it carries.
        max_frame: payload bytes allowed.

    Raises:
        FrameTooLarge: the payload is longer than `max_frame`.
        InvalidFrameCode: any other code.
    """
    if not CODE_JSON <= code <= CODE_BASE64:
        raise InvalidFrameCode(code)
    size = len(payload)
    if size > max_frame:
        raise FrameTooLarge(size, max_frame)
    return frame_header(code, size) + payload


@final
class FrameDecoder(HeaderReader):
    """Cuts a byte stream into frames, whatever chunks it arrives in.

    Args:
        max_frame: payload bytes allowed; a longer one is refused when its header is read.
        skip_invalid: read past a frame whose code is not known and count it, instead of raising.
    """

    def __init__(self, max_frame: int, skip_invalid: bool = True) -> None:
        super().__init__(max_frame, skip_invalid)
        self._pieces: Final = Pieces()

    def feed(self, chunk: bytes) -> list[tuple[int, bytes]]:
        """The frames that this chunk completes, in order, as (code, payload).

        Raises:
            FrameTooLarge: a header announces more than the limit. Nothing was allocated for it.
            InvalidFrameCode: the code is unknown and such frames are not skipped.
                Both errors carry the frames completed before, and every later call raises the same again.
        """
        if not COMPILED:
            expect(chunk, bytes, "bytes")
        frames: list[tuple[int, bytes]] = []
        self._feed(chunk, frames, None)
        return frames

    def feed_into(self, chunk: bytes, sink: FrameSink) -> None:
        """Hand the frames that this chunk completes to a sink, in order.

        Args:
            chunk: the next bytes of the stream.
            sink: of the core itself, so that compiled frames never leave it.

        Raises:
            FrameTooLarge, InvalidFrameCode: as for `feed`; the sink has the frames completed before.
        """
        if not COMPILED:
            expect(chunk, bytes, "bytes")
            expect(sink, FrameSink, "pywatt_fast.framing.sinks.FrameSink")
        self._feed(chunk, None, sink)

    def _feed(self, chunk: bytes, frames: list[tuple[int, bytes]] | None, sink: FrameSink | None) -> None:
        if self._failure is not None:
            raise self._failure
        position: i64 = 0
        end: i64 = len(chunk)
        if self._missing > 0:
            position = self._continue_payload(chunk, end, frames, sink)
        elif self._head and end > 0:
            position = self._continue_header(chunk, end, frames, sink)
        if COMPILED:
            self._cut(chunk, position, end, frames, sink)
        else:
            self._cut_interpreted(chunk, position, end, frames, sink)
        self._consumed += end

    def _cut(
        self,
        chunk: bytes,
        position: i64,
        end: i64,
        frames: list[tuple[int, bytes]] | None,
        sink: FrameSink | None,
    ) -> None:
        """Whole frames, and the beginning of one that the chunk ends in."""
        max_frame: i64 = self._max_frame
        max_code: i64 = self._max_code
        count: i64 = 0
        payload_bytes: i64 = 0
        last: i64 = end - HEADER_SIZE
        # Codes seldom change from frame to frame, so their object is kept, and must not be unboxed again.
        found: list[object] = [] if frames is None else cast("list[object]", frames)
        last_code: i64 = CODE_JSON
        code_object: object = CODE_JSON
        while position <= last:
            # A length from 2**31 on reads negative.
            size: i64 = i64(read_i32_be(chunk, position)) & 0xFFFFFFFF
            # The last byte of a second word: an index into bytes would go by way of an int object.
            code: i64 = i64(read_i32_be(chunk, position + 1)) & 0xFF
            start: i64 = position + HEADER_SIZE
            if size > max_frame or code < CODE_JSON or code > max_code:
                self._count(count, payload_bytes)
                count = payload_bytes = 0
                self._judge(size, code, position, frames)
            elif size <= end - start:
                position = start + size
                count += 1
                payload_bytes += size
                if sink is not None:
                    sink.receive(code, chunk[start:position])
                    continue
                if code != last_code:
                    last_code = code
                    code_object = code
                found.append((code_object, chunk[start:position]))
                continue
            position = self._open_payload(chunk, start, size, code, end)
        self._count(count, payload_bytes)
        if position < end:
            self._head = chunk[position:end]

    def _cut_interpreted(
        self,
        chunk: bytes,
        position: int,
        end: int,
        frames: list[tuple[int, bytes]] | None,
        sink: FrameSink | None,
    ) -> None:
        """As `_cut`, in the form that is fast when it is interpreted."""
        max_frame = self._max_frame
        max_code = self._max_code
        unpack = HEADER.unpack_from
        found: list[tuple[int, bytes]] = [] if frames is None else frames
        before = len(found)
        begin = position
        last = end - HEADER_SIZE
        while position <= last:
            size, code = unpack(chunk, position)
            start = position + HEADER_SIZE
            if size > max_frame or code < CODE_JSON or code > max_code:
                self._hand_over(found, before, position - begin, sink)
                before = len(found)
                self._judge(size, code, position, frames)
            else:
                position = start + size
                if position <= end:
                    found.append((code, chunk[start:position]))
                    continue
                self._hand_over(found, before, start - HEADER_SIZE - begin, sink)
                before = len(found)
            position = begin = self._open_payload(chunk, start, size, code, end)
        self._hand_over(found, before, position - begin, sink)
        if position < end:
            self._head = chunk[position:end]

    def _hand_over(
        self, found: list[tuple[int, bytes]], before: int, size: int, sink: FrameSink | None
    ) -> None:
        """Count the frames found since `before`, which fill `size` bytes, and give them to the sink."""
        count = len(found) - before
        self._count(count, size - HEADER_SIZE * count)
        if sink is not None:
            for code, payload in found[before:]:
                sink.receive(code, payload)

    def _open_payload(self, chunk: bytes, start: i64, size: i64, code: i64, end: i64) -> i64:
        """Begin a payload that the chunk may not hold wholly, or that is only read past."""
        taken: i64 = end - start
        if size <= taken:
            return start + size
        wanted = CODE_JSON <= code <= self._max_code
        if wanted and taken > 0:
            self._pieces.add_rest(chunk, start)
        self._size = size
        self._code = code if wanted else 0
        self._missing = size - taken
        return end

    def _continue_payload(
        self, chunk: bytes, end: i64, frames: list[tuple[int, bytes]] | None, sink: FrameSink | None
    ) -> i64:
        missing: i64 = self._missing
        if end < missing:
            if self._code != 0 and end > 0:
                self._pieces.add(chunk)
            self._missing = missing - end
            return end
        self._missing = 0
        if self._code != 0:
            self._count(1, self._size)
            self._give(self._code, self._pieces.take_with(chunk, missing), frames, sink)
        return missing

    def _continue_header(
        self, chunk: bytes, end: i64, frames: list[tuple[int, bytes]] | None, sink: FrameSink | None
    ) -> i64:
        held: i64 = len(self._head)
        start: i64 = self._join_header(chunk, end)
        if start < 0:
            return end
        size: i64 = self._size
        code: i64 = self._code
        if not self._is_sound(size, code):
            self._judge(size, code, -held, frames)
        elif size <= end - start:
            self._count(1, size)
            self._give(code, chunk[start : start + size], frames, sink)
            return start + size
        return self._open_payload(chunk, start, size, code, end)

    def _give(
        self, code: i64, payload: bytes, frames: list[tuple[int, bytes]] | None, sink: FrameSink | None
    ) -> None:
        if sink is not None:
            sink.receive(code, payload)
        elif frames is not None:
            frames.append((code, payload))
