"""How much of a connection multiplexed streams may use, and what a frame may say."""

from __future__ import annotations

from typing import Final, final

from ..errors import InvalidStreamFrame, StreamLimitExceeded
from ..variant import COMPILED, expect
from .credit import MAX_WINDOW, checked_amount, checked_window

MAX_NUMBER: Final = (1 << 32) - 1
MAX_REASON: Final = 1024
_MAX_DEPTH: Final = 16
_NUMBER_SIZE: Final = 9


@final
class StreamLimits:
    """The bounds of a multiplexer. Both sides know each other's before the first frame.

    Args:
        chunk: bytes of the largest piece sent at once.
        window: bytes that a stream opened by the peer may have on its way to us or unread.
        connection_window: the same for all streams together.
        peer_window: `window` of the peer.
        peer_connection_window: `connection_window` of the peer.
        max_streams: streams of the peer open at once; further ones are refused.
        peer_max_streams: `max_streams` of the peer.
        max_buffered: bytes that may wait to be sent, of all streams together.
        max_metadata: bytes of the metadata of one stream, counted as MessagePack would about need them.

    Raises:
        FlowControlError: a window does not go together with the chunk.
    """

    def __init__(
        self,
        chunk: int = 64 * 1024,
        window: int = 1024 * 1024,
        connection_window: int = 16 * 1024 * 1024,
        peer_window: int = 1024 * 1024,
        peer_connection_window: int = 16 * 1024 * 1024,
        max_streams: int = 1024,
        peer_max_streams: int = 1024,
        max_buffered: int = 16 * 1024 * 1024,
        max_metadata: int = 64 * 1024,
    ) -> None:
        if not COMPILED:
            expect(chunk, int, "int")
            expect(window, int, "int")
            expect(connection_window, int, "int")
            expect(peer_window, int, "int")
            expect(peer_connection_window, int, "int")
            expect(max_streams, int, "int")
            expect(peer_max_streams, int, "int")
            expect(max_buffered, int, "int")
            expect(max_metadata, int, "int")
        self.chunk = chunk
        self.window = checked_window(window, chunk)
        self.connection_window = checked_window(connection_window, chunk)
        # A peer may have smaller chunks; ours then shrink to what its windows can hold twice.
        self.peer_window = checked_window(peer_window, 1)
        self.peer_connection_window = checked_window(peer_connection_window, 1)
        self.max_streams = checked_amount(max_streams)
        self.peer_max_streams = checked_amount(peer_max_streams)
        self.max_buffered = checked_amount(max_buffered)
        self.max_metadata = checked_amount(max_metadata)


def check_number(value: int, least: int, most: int, stream_id: int, name: str) -> None:
    """Refuse a number of a frame outside its range.

    Raises:
        InvalidStreamFrame: it is.
    """
    if not least <= value <= most:
        raise InvalidStreamFrame(
            f"stream {stream_id}: field `{name}`: expected {least} to {most}", None, most
        )


def check_open(stream_id: int, priority: int, window: int, offset: int) -> None:
    """Refuse an open with a number outside its range.

    Raises:
        InvalidStreamFrame: it has one.
    """
    check_number(priority, 0, 3, stream_id, "priority")
    check_number(window, 2, MAX_WINDOW, stream_id, "window")
    check_number(offset, 0, MAX_WINDOW, stream_id, "offset")


def check_reset(stream_id: int, code: int, reason: str) -> None:
    """Refuse a reset with a number outside its range or too long a reason.

    Raises:
        InvalidStreamFrame: it has one.
        StreamLimitExceeded: the reason is too long.
    """
    check_number(code, 0, MAX_NUMBER, stream_id, "code")
    if len(reason) > MAX_REASON:
        raise StreamLimitExceeded(
            f"stream {stream_id}: field `reason`: more than {MAX_REASON} characters", None, MAX_REASON
        )


def check_metadata(stream_id: int, metadata: dict[str, object], limit: int) -> None:
    """Refuse metadata that are too large, too deep, or hold what no frame can carry.

    Raises:
        StreamLimitExceeded: too large or too deep.
        InvalidStreamFrame: a key is not a string, or a value has no form on the wire.
    """
    if metadata:
        _size_left(stream_id, metadata, limit, limit, _MAX_DEPTH)


def _size_left(stream_id: int, value: object, left: int, limit: int, depth: int) -> int:
    """What is left of the limit after a value."""
    if depth == 0:
        raise StreamLimitExceeded(
            f"stream {stream_id}: field `metadata`: deeper than {_MAX_DEPTH} levels", None, _MAX_DEPTH
        )
    left -= _NUMBER_SIZE
    if isinstance(value, str):
        left -= len(_encoded(stream_id, value))
    elif isinstance(value, bytes):
        left -= len(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise InvalidStreamFrame(f"stream {stream_id}: field `metadata`: expected string keys")
            left = _size_left(stream_id, key, left, limit, depth)
            left = _size_left(stream_id, item, left, limit, depth - 1)
    elif isinstance(value, list):
        for item in value:
            left = _size_left(stream_id, item, left, limit, depth - 1)
    elif isinstance(value, int):
        if not -(1 << 63) <= value < 1 << 64:
            raise InvalidStreamFrame(f"stream {stream_id}: field `metadata`: an integer beyond 64 bits")
    elif value is not None and not isinstance(value, float):
        raise InvalidStreamFrame(f"stream {stream_id}: field `metadata`: a value has no form on the wire")
    if left < 0:
        raise StreamLimitExceeded(
            f"stream {stream_id}: field `metadata`: more than {limit} bytes", None, limit
        )
    return left


def _encoded(stream_id: int, text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise InvalidStreamFrame(f"stream {stream_id}: field `metadata`: not valid text") from None
