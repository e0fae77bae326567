"""Chunks that came out of order, put into order within a bounded window."""

from __future__ import annotations

from typing import Final, final

from ..errors import TransferError

# Empty chunks cost memory too, so the window also bounds how many wait.
_SMALLEST_COUNT: Final = 1024


@final
class _Waiting:
    """A chunk before its turn: its content, and what it looked like when it came."""

    def __init__(self, content: bytes, checksum: int, size: int) -> None:
        self.content = content
        self.checksum = checksum
        self.size = size


@final
class Reassembly:
    """Content in order out of chunks in any order.

    Args:
        window: bytes that may wait for a missing chunk, and as many that may wait to be taken.
        remembered: delivered chunks whose repetition is compared with what they were.
        next_sequence: the first chunk that is missing.
        received_size: bytes before it.
    """

    def __init__(self, window: int, remembered: int, next_sequence: int, received_size: int) -> None:
        self.next_sequence = next_sequence
        self.received_size = received_size
        self._window = window
        self._remembered = remembered
        self._waiting: dict[int, _Waiting] = {}
        self._waiting_size = 0
        self._delivered: dict[int, tuple[int, int]] = {}
        self._ready: list[bytes] = []
        self._ready_size = 0

    @property
    def total_size(self) -> int:
        """Bytes that have come, in order or not."""
        return self.received_size + self._waiting_size

    @property
    def total_count(self) -> int:
        """Chunks that have come, in order or not."""
        return self.next_sequence + len(self._waiting)

    def knows(self, sequence: int, checksum: int, size: int) -> bool:
        """Whether a chunk has come before.

        Raises:
            TransferError: it has, and was another one.
        """
        waiting = self._waiting.get(sequence)
        if waiting is not None:
            before = (waiting.checksum, waiting.size)
        elif sequence < self.next_sequence:
            known = self._delivered.get(sequence)
            if known is None:
                return True
            before = known
        else:
            return False
        if before != (checksum, size):
            raise TransferError(f"chunk {sequence}: came before with other content")
        return True

    def add(self, sequence: int, content: bytes, checksum: int, size: int) -> bool:
        """Take a chunk that has not come before; False when there is no room for it.

        Args:
            sequence: its place.
            content: what it holds.
            checksum: as it travelled.
            size: bytes as it travelled.
        """
        length = len(content)
        if sequence != self.next_sequence:
            if self._waiting_size + length > self._window or len(self._waiting) >= self._most():
                return False
            self._waiting[sequence] = _Waiting(content, checksum, size)
            self._waiting_size += length
            return True
        # One chunk at least always fits, else nothing could go on.
        if self._ready and self._ready_size + length > self._window:
            return False
        self._deliver(sequence, content, checksum, size)
        while self.next_sequence in self._waiting:
            waiting = self._waiting.pop(self.next_sequence)
            self._waiting_size -= len(waiting.content)
            self._deliver(self.next_sequence, waiting.content, waiting.checksum, waiting.size)
        return True

    def take(self) -> list[bytes]:
        """The content that is in order and was not taken before."""
        ready = self._ready
        self._ready = []
        self._ready_size = 0
        return ready

    def forget(self) -> int:
        """Drop everything that waits, and say how many chunks that were."""
        count = len(self._waiting) + len(self._ready)
        self._waiting.clear()
        self._waiting_size = 0
        self.take()
        return count

    def _most(self) -> int:
        return self._remembered if self._remembered > _SMALLEST_COUNT else _SMALLEST_COUNT

    def _deliver(self, sequence: int, content: bytes, checksum: int, size: int) -> None:
        self._ready.append(content)
        self._ready_size += len(content)
        self.received_size += len(content)
        self.next_sequence = sequence + 1
        self._delivered[sequence] = (checksum, size)
        self._delivered.pop(sequence - self._remembered, None)
