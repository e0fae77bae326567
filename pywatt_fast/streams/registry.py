"""Which streams a connection has, which it had, and which ids come next."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from ..errors import InvalidStreamFrame, StreamLimitExceeded
from .frames import MAX_STREAM_ID
from .states import CLOSED, IDLE, RECEIVE_OPEN, RESET, next_state
from .stream import Stream

if TYPE_CHECKING:
    from mypy_extensions import i64


@final
class StreamRegistry:
    """The streams of one end of a connection, by id.

    Ids only grow, so a stream that is over is known by its id alone.

    Args:
        opens_odd: whether this end opens streams with odd ids.
        max_ours: streams of ours open at once.
        max_theirs: streams of the peer open at once, and refused ones that it has not answered. A peer that
            keeps to it can have a stream refused only while one that it saw closed is still being read.
    """

    def __init__(self, opens_odd: bool, max_ours: int, max_theirs: int) -> None:
        self._streams: dict[int, Stream] = {}
        self._refused: set[int] = set()
        self._max_ours = max_ours
        self._max_theirs = max_theirs
        self._next_id = 1 if opens_odd else 2
        self._parity = self._next_id & 1
        self._last_peer_id = 0
        self._ours = 0
        self._theirs = 0

    def __len__(self) -> int:
        return len(self._streams)

    def find(self, stream_id: int) -> Stream | None:
        """The stream, unless it is over, was refused, or never was."""
        return self._streams.get(stream_id)

    def state_of(self, stream_id: int) -> i64:
        """The state of any stream, past and future ones included."""
        stream = self._streams.get(stream_id)
        if stream is not None:
            return stream.state
        if stream_id in self._refused:
            return RESET
        if stream_id < 1:
            return IDLE
        if stream_id & 1 == self._parity:
            return CLOSED if stream_id < self._next_id else IDLE
        return CLOSED if stream_id <= self._last_peer_id else IDLE

    def next_id(self) -> int:
        """The id of the next stream of ours.

        Raises:
            StreamLimitExceeded: there is no room for it.
        """
        if self._next_id > MAX_STREAM_ID:
            raise StreamLimitExceeded("the ids of streams are used up", None, MAX_STREAM_ID)
        if self._ours >= self._max_ours:
            raise StreamLimitExceeded(f"more than {self._max_ours} streams", None, self._max_ours)
        return self._next_id

    def check_peer_id(self, stream_id: int) -> None:
        """Refuse an id with which the peer cannot open a stream.

        Raises:
            InvalidStreamFrame: it is out of range, or of our kind.
            InvalidStreamState: it was used before.
        """
        if not 1 <= stream_id <= MAX_STREAM_ID:
            raise InvalidStreamFrame(
                f"stream {stream_id}: field `stream_id`: expected 1 to {MAX_STREAM_ID}", None, MAX_STREAM_ID
            )
        if stream_id & 1 == self._parity:
            raise InvalidStreamFrame(f"stream {stream_id}: its id belongs to the other side")
        next_state(stream_id, self.state_of(stream_id), RECEIVE_OPEN)

    def is_full(self) -> bool:
        """Whether the peer has as many streams as it may."""
        return self._theirs >= self._max_theirs

    def add(self, stream: Stream) -> None:
        """Enter a stream with the next id of its side."""
        self._streams[stream.stream_id] = stream
        if stream.is_ours:
            self._next_id += 2
            self._ours += 1
        else:
            self._last_peer_id = stream.stream_id
            self._theirs += 1

    def refuse(self, stream_id: int) -> None:
        """Note a stream of the peer that is reset at once: its last word is still to come.

        Raises:
            StreamLimitExceeded: too many such words are missing.
        """
        if len(self._refused) >= self._max_theirs:
            raise StreamLimitExceeded(
                f"stream {stream_id}: more than {self._max_theirs} refused streams are unanswered",
                None,
                self._max_theirs,
            )
        self._last_peer_id = stream_id
        self._refused.add(stream_id)

    def settle(self, stream_id: int) -> None:
        """Note the last word on a refused stream."""
        self._refused.discard(stream_id)

    def forget_if_over(self, stream: Stream) -> None:
        """Keep of a stream that is closed and read nothing but its id."""
        if stream.state != CLOSED or stream.receiving.held() > 0:
            return
        del self._streams[stream.stream_id]
        if stream.is_ours:
            self._ours -= 1
        else:
            self._theirs -= 1
