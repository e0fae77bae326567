"""Frames: a four-byte big-endian length, one byte of format code, the payload."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final, final

from ..errors import CoreError, FrameTooLarge, InvalidFrameCode
from ..variant import COMPILED, expect
from .pieces import Pieces

if TYPE_CHECKING:
    from mypy_extensions import i64

CODE_JSON: Final = 1
CODE_BINARY: Final = 2
CODE_BASE64: Final = 3
CODE_MESSAGE_PACK: Final = 4
HEADER_SIZE: Final = 5

_HEADER: Final = Struct(">IB")


def frame_header(code: int, size: int) -> bytes:
    """The five bytes before a payload of `size` bytes."""
    return _HEADER.pack(size, code)


def encode_frame(code: int, payload: bytes, max_frame: int) -> bytes:
    """One whole frame.

    Args:
        code: 1 JSON, 2 binary, 3 base64.
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
class FrameDecoder:
    """Cuts a byte stream into frames, whatever chunks it arrives in.

    Args:
        max_frame: payload bytes allowed; a longer one is refused when its header is read.
        skip_invalid: read past a frame whose code is not 1, 2 or 3 and count it, instead of raising.
    """

    def __init__(self, max_frame: int, skip_invalid: bool = True) -> None:
        self._max_frame: i64 = max_frame
        self._skip_invalid = skip_invalid
        self._head = b""
        self._pieces = Pieces()
        self._missing: i64 = 0
        self._code: i64 = 0
        self._consumed: i64 = 0
        self._skipped = 0
        self._failure: CoreError | None = None

    @property
    def unfinished(self) -> bool:
        """Whether a frame has begun and is not whole."""
        return self._missing > 0 or len(self._head) > 0

    @property
    def skipped(self) -> int:
        """Frames read past because of their code."""
        return self._skipped

    def feed(self, chunk: bytes) -> list[tuple[int, bytes]]:
        """The frames that this chunk completes, in order, as (code, payload).

        Raises:
            FrameTooLarge: a header announces more than the limit. Nothing was allocated for it.
            InvalidFrameCode: the code is unknown and such frames are not skipped.
                Both errors carry the frames completed before, and every later call raises the same again.
        """
        if not COMPILED:
            expect(chunk, bytes, "bytes")
        if self._failure is not None:
            raise self._failure
        frames: list[tuple[int, bytes]] = []
        position: i64 = 0
        end: i64 = len(chunk)
        if self._missing > 0:
            position = self._continue_payload(chunk, end, frames)
        elif self._head and end > 0:
            position = self._complete_header(chunk, end, frames)
        self._cut(chunk, position, end, frames)
        self._consumed += end
        return frames

    def _cut(self, chunk: bytes, position: i64, end: i64, frames: list[tuple[int, bytes]]) -> None:
        size: i64
        code: i64
        while end - position >= HEADER_SIZE:
            if COMPILED:
                size = (
                    (chunk[position] << 24)
                    | (chunk[position + 1] << 16)
                    | (chunk[position + 2] << 8)
                    | chunk[position + 3]
                )
                code = chunk[position + 4]
            else:
                size, code = _HEADER.unpack_from(chunk, position)
            start: i64 = position + HEADER_SIZE
            if size > self._max_frame or code < CODE_JSON or code > CODE_BASE64:
                self._judge(size, code, position, frames)
            elif size <= end - start:
                position = start + size
                frames.append((code, chunk[start:position]))
                continue
            position = self._open_payload(chunk, start, size, code, end)
        if position < end:
            self._head = chunk[position:end]

    def _judge(self, size: i64, code: i64, position: i64, frames: list[tuple[int, bytes]]) -> None:
        """Refuse a header, or count a frame that will be read past."""
        offset: int = self._consumed + position
        if size > self._max_frame:
            self._failure = FrameTooLarge(size, self._max_frame, offset, frames)
        elif not self._skip_invalid:
            self._failure = InvalidFrameCode(code, offset, frames)
        if self._failure is not None:
            self._head = b""
            raise self._failure
        self._skipped += 1

    def _open_payload(self, chunk: bytes, start: i64, size: i64, code: i64, end: i64) -> i64:
        """Begin a payload that the chunk may not hold wholly, or that is only read past."""
        taken: i64 = end - start
        wanted = CODE_JSON <= code <= CODE_BASE64
        if size <= taken:
            return start + size
        if wanted and taken > 0:
            self._pieces.add_part(chunk, start, end)
        self._code = code if wanted else 0
        self._missing = size - taken
        return end

    def _continue_payload(self, chunk: bytes, end: i64, frames: list[tuple[int, bytes]]) -> i64:
        missing: i64 = self._missing
        if end < missing:
            if self._code != 0 and end > 0:
                self._pieces.add(chunk)
            self._missing = missing - end
            return end
        self._missing = 0
        if self._code != 0:
            self._pieces.add_part(chunk, 0, missing)
            frames.append((self._code, self._pieces.take()))
        return missing

    def _complete_header(self, chunk: bytes, end: i64, frames: list[tuple[int, bytes]]) -> i64:
        """Use a header cut by the end of an earlier chunk: join its five bytes, never the whole chunk."""
        held: i64 = len(self._head)
        needed: i64 = HEADER_SIZE - held
        if end < needed:
            self._head += chunk
            return end
        header = self._head + chunk[:needed]
        self._head = b""
        size: i64
        code: i64
        size, code = _HEADER.unpack(header)
        if size > self._max_frame or code < CODE_JSON or code > CODE_BASE64:
            self._judge(size, code, -held, frames)
        elif size <= end - needed:
            frames.append((code, chunk[needed : needed + size]))
            return needed + size
        return self._open_payload(chunk, needed, size, code, end)
