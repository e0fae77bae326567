"""What every reader of frames keeps: the limit, the codes it takes, how far it has come."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final, final

from ..errors import CoreError, FrameTooLarge, InvalidFrameCode

if TYPE_CHECKING:
    from mypy_extensions import i64

CODE_JSON: Final = 1
CODE_BINARY: Final = 2
CODE_BASE64: Final = 3
CODE_MESSAGE_PACK: Final = 4
HEADER_SIZE: Final = 5
LARGEST_FRAME: Final = 2**32 - 1
HEADER: Final = Struct(">IB")


@final
class FrameStatistics:
    """What a decoder has read so far.

    Args:
        frames: whole frames handed over.
        payload_bytes: bytes of their payloads.
        skipped: frames read past because of their code.
        consumed: bytes of the stream, headers and skipped frames included.
        missing: payload bytes of the open frame that have not come yet.
    """

    def __init__(self, frames: int, payload_bytes: int, skipped: int, consumed: int, missing: int) -> None:
        self.frames = frames
        self.payload_bytes = payload_bytes
        self.skipped = skipped
        self.consumed = consumed
        self.missing = missing

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FrameStatistics):
            return NotImplemented
        return (
            self.frames == other.frames
            and self.payload_bytes == other.payload_bytes
            and self.skipped == other.skipped
            and self.consumed == other.consumed
            and self.missing == other.missing
        )


class HeaderReader:
    """The state between two chunks, and the judgement of headers.

    Args:
        max_frame: payload bytes allowed; a longer one is refused when its header is read.
        skip_invalid: read past a frame whose code is not known and count it, instead of raising.
    """

    def __init__(self, max_frame: int, skip_invalid: bool) -> None:
        # No header can announce more, so a larger limit is none.
        self._max_frame: i64 = min(max_frame, LARGEST_FRAME)
        self._max_code: i64 = CODE_BASE64
        self._skip_invalid = skip_invalid
        self._head = b""
        self._size: i64 = 0
        self._missing: i64 = 0
        self._code: i64 = 0
        self._consumed: i64 = 0
        self._frames: i64 = 0
        self._payload_bytes: i64 = 0
        self._skipped: i64 = 0
        self._failure: CoreError | None = None

    @property
    def unfinished(self) -> bool:
        """Whether a frame has begun and is not whole."""
        return self._missing > 0 or len(self._head) > 0

    @property
    def skipped(self) -> int:
        """Frames read past because of their code."""
        return self._skipped

    def statistics(self) -> FrameStatistics:
        """What was read so far."""
        return FrameStatistics(
            self._frames, self._payload_bytes, self._skipped, self._consumed, self._missing
        )

    def accept_message_pack(self) -> None:
        """Take code 4 from now on: the peer has agreed to the extension."""
        self._max_code = CODE_MESSAGE_PACK

    def _join_header(self, chunk: bytes, end: i64) -> i64:
        """Complete a header cut by the end of an earlier chunk: its five bytes are joined, never the chunk.

        Returns:
            Where its payload begins in the chunk, its size and code standing in the state; -1 when it is
            still not whole.
        """
        needed: i64 = HEADER_SIZE - len(self._head)
        if end < needed:
            self._head += chunk
            return -1
        size, code = HEADER.unpack(self._head + chunk[:needed])
        self._head = b""
        self._size = size
        self._code = code
        return needed

    def _count(self, frames: i64, payload_bytes: i64) -> None:
        self._frames += frames
        self._payload_bytes += payload_bytes

    def _is_sound(self, size: i64, code: i64) -> bool:
        return size <= self._max_frame and CODE_JSON <= code <= self._max_code

    def _judge(self, size: i64, code: i64, position: i64, frames: list[tuple[int, bytes]] | None) -> None:
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
