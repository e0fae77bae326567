"""The writing half of a connection: what waits, when it goes, and what happens when the peer does not read.

Messages written in one tick of the event loop leave in one write. The transport is told to report as soon as
the kernel takes no more, so whatever waits, waits here: it can be counted, bounded and awaited.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

from pywatt.channels.limits import SEND_HIGH_WATER, SEND_LOW_WATER, WRITE_BATCH
from pywatt.errors import ConnectionClosed, ConnectionTimeout, SendQueueFull


class ByteWriter(Protocol):
    """What bytes are handed to: a transport of the event loop, or a file."""

    def write(self, data: bytes | memoryview, /) -> None:
        """Take bytes without waiting."""

    def get_write_buffer_size(self) -> int:
        """How many bytes were taken and have not left."""

    def close(self) -> None:
        """Send what was taken, then close."""

    def abort(self) -> None:
        """Close at once."""


class Outgoing:
    """A bounded queue of bytes in front of a writer.

    Args:
        label: names the connection in errors.
        limit: how many bytes may wait; one larger message may wait alone.
        deadline: seconds for which the peer may read nothing while bytes wait, None for ever.
        on_stalled: called with the error when the deadline has passed.
    """

    def __init__(
        self, label: str, limit: int, deadline: float | None, on_stalled: Callable[[Exception], None]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.label = label
        self._limit = limit
        self._deadline = deadline
        self._on_stalled = on_stalled
        self._writer: ByteWriter | None = None
        self._queue: deque[bytes | memoryview] = deque()
        self._queued = 0
        self._accepted = 0
        self._paused = False
        self._scheduled = False
        self._closed = False
        self._lost = False
        self._stall_timer: asyncio.TimerHandle | None = None
        self._stalled_at = 0
        self._waiters: list[asyncio.Future[None]] = []
        self.messages = 0

    def open(self, writer: ByteWriter) -> None:
        """Begin to send, what was written before included."""
        self._writer = writer
        self.send_queued()

    @property
    def is_open(self) -> bool:
        """Whether a message may still be written."""
        return not self._closed

    @property
    def waiting(self) -> int:
        """How many bytes wait here and in the transport."""
        if self._paused and self._writer is not None:
            return self._queued + self._writer.get_write_buffer_size()
        return self._queued

    @property
    def sent(self) -> int:
        """How many bytes the kernel has taken."""
        return self._accepted - self.waiting

    def write(self, data: bytes) -> None:
        """Queue one whole message.

        Raises:
            ConnectionClosed: nothing can be sent any more.
            SendQueueFull: too much is waiting already.
        """
        if self._closed:
            raise self._closed_error()
        size = len(data)
        waiting = self.waiting
        if waiting and waiting + size > self._limit:
            raise SendQueueFull(self._limit, f"send queue of {self.label}")
        self._queue.append(data)
        self._queued += size
        self._accepted += size
        self.messages += 1
        if not self._scheduled and not self._paused:
            self._scheduled = True
            self._loop.call_soon(self._send_scheduled)

    def write_now(self, data: bytes) -> None:
        """Hand one whole message over in this tick if nothing waits before it; else queue it.

        Raises:
            ConnectionClosed, SendQueueFull: as for `write`.
        """
        if self._closed or self._queue or self._paused or self._scheduled or self._writer is None:
            self.write(data)
        else:
            self._accepted += len(data)
            self.messages += 1
            self._writer.write(data)

    def hold(self) -> None:
        """Collect what is written until `send_queued`: the answers to one chunk leave together."""
        self._scheduled = True

    def _send_scheduled(self) -> None:
        if self._scheduled:
            self.send_queued()

    def send_queued(self) -> None:
        """Hand over what waits, as far as the kernel takes it."""
        self._scheduled = False
        writer = self._writer
        if writer is None:
            return
        while self._queue and not self._paused and not self._closed:
            data = self._next_batch()
            self._queued -= len(data)
            writer.write(data)
        if self._waiters:
            self._wake()

    def _next_batch(self) -> bytes | memoryview:
        queue = self._queue
        first = queue[0]
        if len(first) > WRITE_BATCH:
            # The transport copies what the kernel does not take; a slice keeps that copy small.
            view = memoryview(first)
            queue[0] = view[WRITE_BATCH:]
            return view[:WRITE_BATCH]
        if len(queue) == 1:
            return queue.popleft()
        if self._queued <= WRITE_BATCH:
            data = b"".join(queue)
            queue.clear()
            return data
        pieces = [queue.popleft()]
        room = WRITE_BATCH - len(first)
        while len(queue[0]) <= room:
            room -= len(queue[0])
            pieces.append(queue.popleft())
        return b"".join(pieces)

    def pause(self) -> None:
        """The kernel takes no more at the moment."""
        self._paused = True
        if self._deadline is not None and self._stall_timer is None:
            self._watch_progress()

    def resume(self) -> None:
        """The kernel has taken all it was given."""
        self._paused = False
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None
        self.send_queued()

    def _watch_progress(self) -> None:
        if self._deadline is not None and self._writer is not None:
            self._stalled_at = self._writer.get_write_buffer_size()
            self._stall_timer = self._loop.call_later(self._deadline, self._check_progress)

    def _check_progress(self) -> None:
        self._stall_timer = None
        if self._lost or self._deadline is None or self._writer is None:
            return
        if self._writer.get_write_buffer_size() == self._stalled_at:
            self._on_stalled(ConnectionTimeout(self._deadline, f"reading by the peer of {self.label}"))
        else:
            self._watch_progress()

    async def drain(self, timeout: float) -> None:
        """Wait until little enough is waiting; returns at once below the high mark."""
        if self._closed:
            raise self._closed_error()
        if self.waiting > SEND_HIGH_WATER:
            await self._wait_for(SEND_LOW_WATER, timeout)

    async def flush(self, timeout: float) -> None:
        """Wait until the kernel has everything that was written so far."""
        self.send_queued()
        await self._wait_for(0, timeout)

    async def _wait_for(self, mark: int, timeout: float) -> None:
        try:
            async with asyncio.timeout(timeout):
                while self.waiting > mark and not self._closed:
                    waiter = self._loop.create_future()
                    self._waiters.append(waiter)
                    await waiter
        except TimeoutError:
            raise ConnectionTimeout(timeout, f"sending on {self.label}") from None
        if self._closed:
            raise self._closed_error()

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def finish(self) -> None:
        """Accept no more and hand over everything that waits."""
        if self._closed:
            return
        self._closed = True
        self._scheduled = False
        while self._writer is not None and self._queue:
            data = self._queue.popleft()
            self._queued -= len(data)
            self._writer.write(data)
        self._wake()

    def lose(self) -> int:
        """Accept no more and forget what waits.

        Returns:
            How many bytes were written and will never be sent.
        """
        self._closed = self._lost = True
        lost = self._queued
        self._queue.clear()
        self._queued = 0
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None
        self._wake()
        return lost

    def _closed_error(self) -> ConnectionClosed:
        return ConnectionClosed(f"{self.label}: connection closed")
