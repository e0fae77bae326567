"""The queue between a connection and `receive`: bounded by pausing the reading, safe against cancellation."""

from __future__ import annotations

import asyncio
from collections import deque

from pywatt.channels.limits import RECEIVE_QUEUE_BYTES, RECEIVE_QUEUE_PAYLOADS

Payload = tuple[int, bytes]


class Incoming:
    """Payloads in the order in which they came."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._payloads: deque[Payload] = deque()
        self._bytes = 0
        self._waiters: list[asyncio.Future[None]] = []
        self._ended = False

    def __len__(self) -> int:
        return len(self._payloads)

    @property
    def is_full(self) -> bool:
        """Whether reading should pause."""
        return len(self._payloads) >= RECEIVE_QUEUE_PAYLOADS or self._bytes >= RECEIVE_QUEUE_BYTES

    @property
    def has_room(self) -> bool:
        """Whether reading may go on: half of what makes the queue full."""
        return len(self._payloads) <= RECEIVE_QUEUE_PAYLOADS // 2 and self._bytes <= RECEIVE_QUEUE_BYTES // 2

    def put(self, code: int, payload: bytes) -> None:
        """Keep one payload for `take`."""
        self._payloads.append((code, payload))
        self._bytes += len(payload)
        self._wake()

    def end(self) -> None:
        """No payload will follow."""
        self._ended = True
        self._wake()

    def take_now(self) -> Payload | None:
        """The oldest payload, None when there is none."""
        if not self._payloads:
            return None
        code, payload = self._payloads.popleft()
        self._bytes -= len(payload)
        return code, payload

    async def take(self) -> Payload | None:
        """Wait for the oldest payload; None when none will follow.

        A cancelled wait takes nothing: the payload stays for the next caller.
        """
        while not self._payloads:
            if self._ended:
                return None
            waiter = self._loop.create_future()
            self._waiters.append(waiter)
            await waiter
        return self.take_now()

    def _wake(self) -> None:
        if not self._waiters:
            return
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
