"""Many bidirectional streams over one connection that keeps frames in order: calls and frames in, frames out.

Nothing here waits or sends. The owner of the connection gives every frame that comes to `receive`, reports
what has been dealt with by `consume`, and takes what is to be sent from `frames_to_send`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from ..errors import InvalidStreamFrame, InvalidStreamState, StreamError
from ..variant import COMPILED, expect, expect_optional
from .credit import MAX_WINDOW, ReceiveCredit, SendCredit, checked_amount, checked_window
from .frames import (
    CONNECTION,
    StreamCredit,
    StreamData,
    StreamEnd,
    StreamFrame,
    StreamOpen,
    StreamReset,
)
from .limits import StreamLimits, check_metadata, check_number, check_open, check_reset
from .outbox import StreamOutbox
from .priorities import NORMAL
from .registry import StreamRegistry
from .states import (
    EVENT_NAMES,
    HALF_CLOSED_LOCAL,
    IDLE,
    IGNORED,
    RECEIVE_CREDIT,
    RECEIVE_DATA,
    RECEIVE_END,
    RECEIVE_RESET,
    RESET,
    SEND_CREDIT,
    SEND_DATA,
    SEND_END,
    SEND_RESET,
    STATE_NAMES,
    next_state,
)
from .stream import Stream

if TYPE_CHECKING:
    from mypy_extensions import i64

RESET_CANCELLED: Final = 0
RESET_REFUSED: Final = 1
RESET_FAILED: Final = 2


@final
class StreamMultiplexer:
    """The streams of one end of a connection.

    Credit is counted in payload bytes, per stream and for the connection. A piece is sent when there is
    credit for all of it. A peer may have `max_streams` streams open; further ones are refused with a reset,
    and as many refusals may wait for its answer. A peer that makes us answer without end is refused at
    16 * (`max_streams` + `peer_max_streams`) + 1024 frames that wait.

    Args:
        opens_odd: whether this end opens streams with odd ids: a module does, an orchestrator does not.
        limits: the bounds.
    """

    def __init__(self, opens_odd: bool, limits: StreamLimits | None = None) -> None:
        if not COMPILED:
            expect(opens_odd, bool, "bool")
            expect_optional(limits, StreamLimits, "pywatt_fast.streams.limits.StreamLimits")
        if limits is None:
            limits = StreamLimits()
        self._limits = limits
        self._receiving = ReceiveCredit(limits.connection_window, limits.chunk, CONNECTION)
        self._registry = StreamRegistry(opens_odd, limits.peer_max_streams, limits.max_streams)
        self._outbox = StreamOutbox(self._registry, limits)
        self._failure: StreamError | None = None
        self._frames_received: i64 = 0
        self._bytes_received: i64 = 0
        self._frames_ignored: i64 = 0
        self._bytes_dropped: i64 = 0
        self._streams_refused: i64 = 0

    def open(
        self,
        metadata: dict[str, object] | None = None,
        priority: int = NORMAL,
        window: int | None = None,
        offset: int = 0,
    ) -> int:
        """Open a stream and return its id.

        Args:
            metadata: what it is about.
            priority: 0 low, 1 normal, 2 high, 3 critical.
            window: bytes that the peer may have on its way; that of the limits when None.
            offset: from which byte of its content the peer shall go on.

        Raises:
            StreamLimitExceeded: too many streams are open, or the metadata are too large.
            InvalidStreamFrame: a value that no frame can carry.
            WindowTooSmall: the window holds less than two chunks.
        """
        if not COMPILED:
            expect_optional(metadata, dict, "dict")
            expect(priority, int, "int")
            expect_optional(window, int, "int")
            expect(offset, int, "int")
        limits = self._limits
        if metadata is None:
            metadata = {}
        if window is None:
            window = limits.window
        checked_window(window, limits.chunk)
        stream_id = self._registry.next_id()
        check_open(stream_id, priority, window, offset)
        check_metadata(stream_id, metadata, limits.max_metadata)
        self._add(stream_id, priority, limits.peer_window, window, True)
        self._outbox.put(StreamOpen(stream_id, priority, window, offset, metadata))
        return stream_id

    def send(self, stream_id: int, data: bytes) -> None:
        """Let content wait to be sent; what is given at once stays together up to a chunk.

        Raises:
            InvalidStreamState: this direction of the stream is over.
            StreamLimitExceeded: too much waits already; nothing was added.
        """
        if not COMPILED:
            expect(stream_id, int, "int")
            expect(data, bytes, "bytes")
        stream = self._sendable(stream_id, SEND_DATA)
        self._outbox.queue(stream, data)

    def end(self, stream_id: int) -> None:
        """Say that no more content follows what was given to `send`.

        Raises:
            InvalidStreamState: this direction of the stream is over.
        """
        if not COMPILED:
            expect(stream_id, int, "int")
        stream = self._sendable(stream_id, SEND_END)
        self._outbox.end(stream)

    def reset(self, stream_id: int, code: int = RESET_CANCELLED, reason: str = "") -> None:
        """End a stream at once: what waits to be sent is discarded, what still comes dropped; both counted.

        Raises:
            InvalidStreamState: the stream is over.
            InvalidStreamFrame: the code does not fit into 32 bits.
            StreamLimitExceeded: the reason is too long.
        """
        if not COMPILED:
            expect(stream_id, int, "int")
            expect(code, int, "int")
            expect(reason, str, "str")
        check_reset(stream_id, code, reason)
        after: i64 = next_state(stream_id, self._registry.state_of(stream_id), SEND_RESET)
        stream = self._present(stream_id)
        self._discard(stream)
        stream.state = after
        self._outbox.put(StreamReset(stream_id, code, reason))
        self._registry.forget_if_over(stream)

    def consume(self, stream_id: int, amount: int) -> None:
        """Report received bytes that have been dealt with, so that the peer may send more.

        A stream that was reset has nothing left to report: its bytes have been given back already.

        Raises:
            RepeatedCredit: more than has come and was not reported.
            FlowControlError: the amount is negative or above 2**62.
            InvalidStreamState: there was never such a stream.
        """
        if not COMPILED:
            expect(stream_id, int, "int")
            expect(amount, int, "int")
        size: i64 = checked_amount(amount)
        state: i64 = self._registry.state_of(stream_id)
        stream = self._registry.find(stream_id)
        if state == IDLE:
            raise InvalidStreamState(stream_id, STATE_NAMES[state], EVENT_NAMES[SEND_CREDIT])
        if stream is None or state == RESET:
            return
        due: i64 = stream.receiving.release(size)
        if due > 0 and next_state(stream_id, state, SEND_CREDIT) != IGNORED:
            self._outbox.put(StreamCredit(stream_id, due))
        self._release(size)
        self._registry.forget_if_over(stream)

    def frames_to_send(self, budget: int = 256 * 1024) -> list[StreamFrame]:
        """The frames to send now: everything but content at once, then content by priority and credit.

        Args:
            budget: payload bytes after which to stop; the next call goes on.
        """
        if not COMPILED:
            expect(budget, int, "int")
        return self._outbox.collect(budget)

    def state(self, stream_id: int) -> str:
        """The name of the state of a stream."""
        if not COMPILED:
            expect(stream_id, int, "int")
        return STATE_NAMES[self._registry.state_of(stream_id)]

    def queued(self, stream_id: int) -> int:
        """Bytes of a stream that wait to be sent; 0 for a stream that is over."""
        if not COMPILED:
            expect(stream_id, int, "int")
        stream = self._registry.find(stream_id)
        return 0 if stream is None else stream.queued

    def statistics(self) -> dict[str, int]:
        """What happened so far and what is there now, counted. Every drop is among it."""
        return {
            "streams_open": len(self._registry),
            "streams_refused": self._streams_refused,
            "frames_sent": self._outbox.frames_sent,
            "frames_received": self._frames_received,
            "frames_ignored": self._frames_ignored,
            "bytes_sent": self._outbox.bytes_sent,
            "bytes_received": self._bytes_received,
            "bytes_queued": self._outbox.bytes_queued,
            "bytes_unread": self._receiving.held(),
            "bytes_dropped": self._bytes_dropped,
            "bytes_discarded": self._outbox.bytes_discarded,
        }

    def receive(self, frame: object) -> StreamFrame | None:
        """Take a frame of the peer.

        Returns:
            The frame, when the application has to know of it: an open, data, an end or a reset. None for
            credit, and for what came too late and was dropped.

        Raises:
            InvalidStreamFrame: it is not a frame.
            StreamError: the peer broke a rule. The connection cannot go on: every later call raises the same.
        """
        if self._failure is not None:
            raise self._failure
        self._frames_received += 1
        try:
            self._outbox.check()
            if isinstance(frame, StreamData):
                return self._receive_data(frame)
            if isinstance(frame, StreamCredit):
                return self._receive_credit(frame)
            if isinstance(frame, StreamOpen):
                return self._receive_open(frame)
            if isinstance(frame, StreamEnd):
                return self._receive_end(frame)
            if isinstance(frame, StreamReset):
                return self._receive_reset(frame)
        except StreamError as error:
            self._failure = error
            raise
        raise InvalidStreamFrame("not a frame of a stream")

    def _receive_data(self, frame: StreamData) -> StreamFrame | None:
        stream_id = frame.stream_id
        payload = frame.payload
        size: i64 = len(payload)
        stream = self._registry.find(stream_id)
        state: i64 = self._registry.state_of(stream_id) if stream is None else stream.state
        after: i64 = next_state(stream_id, state, RECEIVE_DATA)
        if size == 0:
            raise InvalidStreamFrame(f"stream {stream_id}: field `payload`: expected at least one byte")
        self._receiving.arrive(size)
        self._bytes_received += size
        if stream is None or after == IGNORED:
            self._frames_ignored += 1
            self._bytes_dropped += size
            self._release(size)
            return None
        expected: int = stream.next_received
        if frame.sequence != expected:
            raise InvalidStreamFrame(f"stream {stream_id}: field `sequence`: expected {expected}")
        stream.receiving.arrive(size)
        stream.next_received += 1
        return frame

    def _receive_credit(self, frame: StreamCredit) -> StreamFrame | None:
        stream_id, credit = frame.stream_id, frame.credit
        check_number(credit, 1, MAX_WINDOW, stream_id, "credit")
        if stream_id == CONNECTION:
            self._outbox.refill(credit)
            return None
        if next_state(stream_id, self._registry.state_of(stream_id), RECEIVE_CREDIT) == IGNORED:
            self._frames_ignored += 1
            return None
        self._outbox.refill_stream(self._present(stream_id), credit)
        return None

    def _receive_open(self, frame: StreamOpen) -> StreamFrame | None:
        stream_id = frame.stream_id
        self._registry.check_peer_id(stream_id)
        check_open(stream_id, frame.priority, frame.window, frame.offset)
        check_metadata(stream_id, frame.metadata, self._limits.max_metadata)
        if self._registry.is_full():
            self._registry.refuse(stream_id)
            self._streams_refused += 1
            self._outbox.put(StreamReset(stream_id, RESET_REFUSED, "too many streams"))
            return None
        self._add(stream_id, frame.priority, frame.window, self._limits.window, False)
        return frame

    def _receive_end(self, frame: StreamEnd) -> StreamFrame | None:
        stream_id = frame.stream_id
        state: i64 = self._registry.state_of(stream_id)
        after: i64 = next_state(stream_id, state, RECEIVE_END)
        stream = self._registry.find(stream_id)
        if stream is not None:
            stream.state = after
            self._registry.forget_if_over(stream)
        else:
            self._registry.settle(stream_id)
        if state == RESET:
            self._frames_ignored += 1
            return None
        return frame

    def _receive_reset(self, frame: StreamReset) -> StreamFrame | None:
        stream_id = frame.stream_id
        check_reset(stream_id, frame.code, frame.reason)
        state: i64 = self._registry.state_of(stream_id)
        after: i64 = next_state(stream_id, state, RECEIVE_RESET)
        stream = self._registry.find(stream_id)
        if stream is None or after == IGNORED or state == RESET:
            self._frames_ignored += 1
            self._registry.settle(stream_id)
            if stream is not None and after != IGNORED:
                stream.state = after
                self._registry.forget_if_over(stream)
            return None
        if state != HALF_CLOSED_LOCAL:
            self._outbox.put(StreamReset(stream_id, frame.code, ""))
        self._discard(stream)
        stream.state = after
        self._registry.forget_if_over(stream)
        return frame

    def _present(self, stream_id: int) -> Stream:
        """The stream of which the state says that it is there."""
        stream = self._registry.find(stream_id)
        assert stream is not None
        return stream

    def _sendable(self, stream_id: int, event: i64) -> Stream:
        """The stream, if the application may still send on it."""
        state: i64 = self._registry.state_of(stream_id)
        next_state(stream_id, state, event)
        stream = self._present(stream_id)
        if stream.is_ending:
            raise InvalidStreamState(stream_id, STATE_NAMES[HALF_CLOSED_LOCAL], EVENT_NAMES[event])
        return stream

    def _add(self, stream_id: int, priority: int, peer_window: int, window: int, is_ours: bool) -> None:
        chunk: int = min(self._outbox.chunk, peer_window // 2)
        sending = SendCredit(peer_window, chunk, stream_id)
        receiving = ReceiveCredit(window, self._limits.chunk, stream_id)
        self._registry.add(Stream(stream_id, int(priority), chunk, sending, receiving, is_ours))

    def _release(self, size: i64) -> None:
        """Give received bytes back to the connection."""
        due: i64 = self._receiving.release(size)
        if due > 0:
            self._outbox.put(StreamCredit(CONNECTION, due))

    def _discard(self, stream: Stream) -> None:
        """Forget both directions of a stream that is reset."""
        self._outbox.discard(stream)
        unread: i64 = stream.receiving.held()
        if unread > 0:
            stream.receiving.release(unread)
            self._release(unread)
