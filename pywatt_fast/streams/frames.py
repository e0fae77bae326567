"""The five frames of multiplexed streams: open, data, credit, end, reset.

They hold what travels, unchecked but for its types: the multiplexer judges values by the state of a stream.
Streams opened by a module have odd ids, those opened by an orchestrator even ones; 0 is the connection.
"""

from __future__ import annotations

from typing import Final, TypeAlias, final

from ..variant import COMPILED, expect

CONNECTION: Final = 0
MAX_STREAM_ID: Final = (1 << 32) - 1


@final
class StreamOpen:
    """A new stream, usable in both directions at once.

    Args:
        stream_id: its id.
        priority: 0 low, 1 normal, 2 high, 3 critical.
        window: payload bytes that the opener takes before it has to give credit.
        offset: where in the whole content the first byte lies that is to travel; 0 unless resumed.
        metadata: what the stream is about; string keys.
    """

    def __init__(
        self, stream_id: int, priority: int, window: int, offset: int, metadata: dict[str, object]
    ) -> None:
        if not COMPILED:
            expect(stream_id, int, "int")
            expect(priority, int, "int")
            expect(window, int, "int")
            expect(offset, int, "int")
            expect(metadata, dict, "dict")
        self.stream_id = stream_id
        self.priority = priority
        self.window = window
        self.offset = offset
        self.metadata = metadata

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, StreamOpen):
            return NotImplemented
        return (
            self.stream_id == other.stream_id
            and self.priority == other.priority
            and self.window == other.window
            and self.offset == other.offset
            and self.metadata == other.metadata
        )


@final
class StreamData:
    """A piece of a stream's content.

    Args:
        stream_id: its id.
        sequence: how many pieces went before it in this direction.
        payload: at least one byte.
    """

    def __init__(self, stream_id: int, sequence: int, payload: bytes) -> None:
        if not COMPILED:
            expect(stream_id, int, "int")
            expect(sequence, int, "int")
            expect(payload, bytes, "bytes")
        self.stream_id = stream_id
        self.sequence = sequence
        self.payload = payload

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, StreamData):
            return NotImplemented
        return (
            self.stream_id == other.stream_id
            and self.sequence == other.sequence
            and self.payload == other.payload
        )


@final
class StreamCredit:
    """Leave to send more.

    Args:
        stream_id: the stream's id, or 0 for the connection.
        credit: payload bytes, at least one.
    """

    def __init__(self, stream_id: int, credit: int) -> None:
        if not COMPILED:
            expect(stream_id, int, "int")
            expect(credit, int, "int")
        self.stream_id = stream_id
        self.credit = credit

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, StreamCredit):
            return NotImplemented
        return self.stream_id == other.stream_id and self.credit == other.credit


@final
class StreamEnd:
    """Its sender has sent everything; the other direction goes on.

    Args:
        stream_id: the stream's id.
    """

    def __init__(self, stream_id: int) -> None:
        if not COMPILED:
            expect(stream_id, int, "int")
        self.stream_id = stream_id

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, StreamEnd):
            return NotImplemented
        return self.stream_id == other.stream_id


@final
class StreamReset:
    """The stream is over in both directions, whatever was still to come.

    Args:
        stream_id: the stream's id.
        code: why, as a number.
        reason: why, for people.
    """

    def __init__(self, stream_id: int, code: int, reason: str) -> None:
        if not COMPILED:
            expect(stream_id, int, "int")
            expect(code, int, "int")
            expect(reason, str, "str")
        self.stream_id = stream_id
        self.code = code
        self.reason = reason

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, StreamReset):
            return NotImplemented
        return self.stream_id == other.stream_id and self.code == other.code and self.reason == other.reason


StreamFrame: TypeAlias = StreamOpen | StreamData | StreamCredit | StreamEnd | StreamReset
