"""What waits to be sent on a connection: frames without content at once, content by priority and credit."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, final

from ..errors import StreamLimitExceeded
from .credit import MAX_WINDOW, SendCredit
from .frames import CONNECTION, StreamData, StreamEnd, StreamFrame
from .limits import StreamLimits
from .priorities import PrioritySchedule
from .registry import StreamRegistry
from .states import SEND_END, next_state
from .stream import Stream

if TYPE_CHECKING:
    from mypy_extensions import i64

_LEAST_CONTROL: Final = 1024


@final
class StreamOutbox:
    """Frames of one end of a connection, in the order in which they have to leave.

    Args:
        registry: the streams.
        limits: their bounds.
    """

    def __init__(self, registry: StreamRegistry, limits: StreamLimits) -> None:
        self.chunk: int = min(limits.chunk, limits.peer_connection_window // 2)
        self.frames_sent: i64 = 0
        self.bytes_sent: i64 = 0
        self.bytes_queued: i64 = 0
        self.bytes_discarded: i64 = 0
        self._registry = registry
        self._credit = SendCredit(limits.peer_connection_window, self.chunk, CONNECTION)
        self._schedule = PrioritySchedule()
        self._control: deque[StreamFrame] = deque()
        self._max_buffered = limits.max_buffered
        self._max_control = 16 * (limits.max_streams + limits.peer_max_streams) + _LEAST_CONTROL

    def put(self, frame: StreamFrame) -> None:
        """Let a frame without content leave with the next ones."""
        self._control.append(frame)

    def check(self) -> None:
        """Refuse to go on with a peer that makes us answer and does not read the answers.

        Raises:
            StreamLimitExceeded: too many frames wait.
        """
        if len(self._control) > self._max_control:
            raise StreamLimitExceeded(
                f"more than {self._max_control} frames wait to be sent", None, self._max_control
            )

    def queue(self, stream: Stream, data: bytes) -> None:
        """Let content wait for credit and its turn.

        Raises:
            StreamLimitExceeded: too much waits already; nothing was added.
        """
        size: i64 = len(data)
        if size == 0:
            return
        if self.bytes_queued + size > self._max_buffered:
            raise StreamLimitExceeded(
                f"stream {stream.stream_id}: more than {self._max_buffered} bytes would wait to be sent",
                None,
                self._max_buffered,
            )
        self.bytes_queued += size
        stream.queue(data)
        self._wake(stream)

    def end(self, stream: Stream) -> None:
        """Let the end of a stream follow its content."""
        stream.is_ending = True
        if stream.queued == 0:
            self._control.append(StreamEnd(stream.stream_id))
            self._said_end(stream)

    def discard(self, stream: Stream) -> None:
        """Forget the content of a stream that is reset."""
        if stream.is_scheduled:
            self._schedule.remove(stream.stream_id, stream.priority)
            stream.is_scheduled = False
        discarded: i64 = stream.discard_queue()
        self.bytes_queued -= discarded
        self.bytes_discarded += discarded

    def refill(self, credit: int) -> None:
        """Take credit for the connection.

        Raises:
            FlowControlError: more than was taken.
        """
        self._credit.refill(credit)

    def refill_stream(self, stream: Stream, credit: int) -> None:
        """Take credit for a stream.

        Raises:
            FlowControlError: more than was taken.
        """
        stream.sending.refill(credit)
        self._wake(stream)

    def collect(self, budget: int) -> list[StreamFrame]:
        """Take the frames that can leave now, with about so many bytes of content."""
        frames: list[StreamFrame] = list(self._control)
        self._control.clear()
        left: i64 = max(0, min(budget, MAX_WINDOW))
        while left > 0:
            stream = self._registry.find(self._schedule.next())
            if stream is None:
                break  # nobody waits
            size: i64 = stream.piece_size()
            if size > stream.sending.room():
                stream.is_scheduled = False
            elif size > self._credit.room():
                self._schedule.put_back(stream.stream_id, stream.priority)
                break
            else:
                left -= size
                self._send_piece(stream, size, frames)
        self.frames_sent += len(frames)
        return frames

    def _wake(self, stream: Stream) -> None:
        if stream.queued > 0 and not stream.is_scheduled:
            stream.is_scheduled = True
            self._schedule.add(stream.stream_id, stream.priority)

    def _send_piece(self, stream: Stream, size: i64, frames: list[StreamFrame]) -> None:
        stream_id = stream.stream_id
        self._schedule.note_turn(stream.priority)
        stream.sending.draw(size)
        self._credit.draw(size)
        self.bytes_queued -= size
        self.bytes_sent += size
        frames.append(StreamData(stream_id, stream.next_sent, stream.next_piece(size)))
        stream.next_sent += 1
        if stream.queued > 0:
            self._schedule.add(stream_id, stream.priority)
            return
        stream.is_scheduled = False
        if stream.is_ending:
            frames.append(StreamEnd(stream_id))
            self._said_end(stream)

    def _said_end(self, stream: Stream) -> None:
        stream.state = next_state(stream.stream_id, stream.state, SEND_END)
        self._registry.forget_if_over(stream)
