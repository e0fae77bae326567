"""One multiplexed stream as its multiplexer sees it: state, credit both ways, and what waits to be sent."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, final

from .credit import ReceiveCredit, SendCredit
from .states import OPEN

if TYPE_CHECKING:
    from mypy_extensions import i64


@final
class Stream:
    """A stream of one connection.

    Args:
        stream_id: its id.
        priority: 0 low to 3 critical.
        chunk: bytes of the largest piece that is sent.
        sending: leave to send.
        receiving: leave that the peer has.
        is_ours: whether this side opened it.
    """

    def __init__(
        self,
        stream_id: int,
        priority: int,
        chunk: i64,
        sending: SendCredit,
        receiving: ReceiveCredit,
        is_ours: bool,
    ) -> None:
        self.stream_id = stream_id
        self.priority = priority
        self.sending = sending
        self.receiving = receiving
        self.is_ours = is_ours
        self.state: i64 = OPEN
        self.is_ending = False  # the end follows what is queued
        self.is_scheduled = False
        self.queued: i64 = 0
        self.next_received: i64 = 0
        self.next_sent: i64 = 0
        self._chunk: i64 = chunk
        self._queue: deque[bytes] = deque()
        self._position: i64 = 0  # in the first of the queue

    def queue(self, data: bytes) -> None:
        """Let content wait to be sent."""
        self._queue.append(data)
        self.queued += len(data)

    def piece_size(self) -> i64:
        """Bytes of the next piece: what was queued at once stays together up to a chunk."""
        rest: i64 = len(self._queue[0]) - self._position
        return rest if rest < self._chunk else self._chunk

    def next_piece(self, size: i64) -> bytes:
        """Take the next piece out of the queue; copied only where it is part of something longer."""
        first = self._queue[0]
        start: i64 = self._position
        self.queued -= size
        if start + size == len(first):
            self._queue.popleft()
            self._position = 0
            return first if start == 0 else first[start:]
        self._position = start + size
        return first[start : start + size]

    def discard_queue(self) -> i64:
        """Forget what waits to be sent, and say how many bytes that were."""
        discarded: i64 = self.queued
        self._queue.clear()
        self._position = 0
        self.queued = 0
        return discarded
