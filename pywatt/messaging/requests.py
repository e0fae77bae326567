"""Who waits for which answer: a bounded table, and a deadline for every entry."""

from __future__ import annotations

import asyncio
import copy
import math
from collections import deque
from collections.abc import Callable, Hashable
from typing import Any, Final

from pywatt.errors import PyWattSDKError, SendQueueFull

_MOST_QUEUES: Final = 16
_SLACK: Final = 64


class _Entry:
    """One request; its future is let go with the answer, so that a queue holds no answers back."""

    __slots__ = ("deadline", "future", "key", "timer")

    def __init__(self, key: Hashable, future: asyncio.Future[Any], deadline: float) -> None:
        self.key = key
        self.future: asyncio.Future[Any] | None = future
        self.deadline = deadline
        self.timer: asyncio.TimerHandle | None = None

    @property
    def is_over(self) -> bool:
        return self.future is None or self.future.done()


class PendingRequests:
    """Requests whose answers have not come.

    An entry leaves the table when it is answered, failed, discarded or late. One whose future was cancelled
    takes no answer any more, and leaves at the latest when its place is needed or its time is over.

    Requests of a table mostly share a timeout: those with the same one wait in a queue with a single timer.

    Args:
        limit: how many may wait at once.
        name: what they are, for error texts.
    """

    def __init__(self, limit: int, name: str) -> None:
        self.limit = limit
        self.name = name
        self._waiting: dict[Hashable, _Entry] = {}
        self._queues: dict[float, deque[_Entry]] = {}
        self._timers: dict[float, asyncio.TimerHandle] = {}
        # Kept from the first request on: asking for it is a system call on CPython before 3.12.
        self._loop: asyncio.AbstractEventLoop | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, key: Hashable) -> bool:
        entry = self._waiting.get(key)
        return entry is not None and not entry.is_over

    def open(self, key: Hashable, timeout: float) -> asyncio.Future[Any]:
        """Starts to wait for an answer.

        Args:
            key: what the answer will carry.
            timeout: in seconds; the future then fails with TimeoutError.

        Returns:
            The answer to come. Who stops waiting for it calls `discard`.

        Raises:
            SendQueueFull: as many wait as may.
            ValueError: the key waits already, or the timeout is not a number.
        """
        waiting = self._waiting
        if key in waiting and key in self:
            raise ValueError(f"{self.name}: a request with this key is already waiting")
        if len(waiting) >= self.limit:
            self._drop_given_up()
            if len(waiting) >= self.limit:
                raise SendQueueFull(self.limit, self.name, "requests")
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        entry = _Entry(key, future, loop.time() + timeout)
        queue = self._queues.get(timeout)
        if queue is None:
            self._start_clock(loop, entry, timeout)
        else:
            queue.append(entry)
            while queue[0].future is None:
                queue.popleft()
            if len(queue) > 2 * len(waiting) + _SLACK:
                self._queues[timeout] = deque(other for other in queue if not other.is_over)
        waiting[key] = entry
        return future

    def complete(self, key: Hashable, result: object) -> bool:
        """Answers a request; False when none waits under the key."""
        future = self._take(key)
        if future is None:
            return False
        future.set_result(result)
        return True

    def fail(self, key: Hashable, error: BaseException) -> bool:
        """Fails a request; False when none waits under the key."""
        future = self._take(key)
        if future is None:
            return False
        _set_error(future, error)
        return True

    def discard(self, key: Hashable) -> bool:
        """Forgets a request that nobody waits for any more; False when there is none."""
        future = self._take(key)
        if future is None:
            return False
        future.cancel()
        return True

    def fail_all(self, error: BaseException) -> int:
        """Fails every request; the number of them."""
        failed = self.fail_matching(lambda _key: True, error)
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._queues.clear()
        return failed

    def fail_matching(self, predicate: Callable[[Any], bool], error: BaseException) -> int:
        """Fails the requests whose key fits; the number of them."""
        keys = [key for key in self._waiting if predicate(key)]
        # One object raised in many tasks would collect the tracebacks of all of them.
        return sum(self.fail(key, _copy_of(error)) for key in keys)

    def _take(self, key: Hashable) -> asyncio.Future[Any] | None:
        entry = self._waiting.pop(key, None)
        if entry is None:
            return None
        future, entry.future = entry.future, None
        if entry.timer is not None:
            entry.timer.cancel()
        return None if future is None or future.done() else future

    def _start_clock(self, loop: asyncio.AbstractEventLoop, entry: _Entry, timeout: float) -> None:
        if math.isnan(timeout):
            raise ValueError(f"{self.name}: a timeout cannot be NaN")
        if len(self._queues) < _MOST_QUEUES:
            self._queues[timeout] = deque((entry,))
            self._timers[timeout] = loop.call_at(entry.deadline, self._look_for_late, loop, timeout)
        else:
            entry.timer = loop.call_at(entry.deadline, self._expire, entry, timeout)

    def _look_for_late(self, loop: asyncio.AbstractEventLoop, timeout: float) -> None:
        queue = self._queues[timeout]
        now = loop.time()
        while queue and (queue[0].is_over or queue[0].deadline <= now):
            self._expire(queue.popleft(), timeout)
        if queue:
            self._timers[timeout] = loop.call_at(queue[0].deadline, self._look_for_late, loop, timeout)
        else:
            del self._queues[timeout], self._timers[timeout]

    def _expire(self, entry: _Entry, timeout: float) -> None:
        if self._waiting.get(entry.key) is entry:
            self.fail(entry.key, TimeoutError(f"{self.name}: no answer in {timeout:g} s"))

    def _drop_given_up(self) -> None:
        for key in [key for key, entry in self._waiting.items() if entry.is_over]:
            self._take(key)


def _set_error(future: asyncio.Future[Any], error: BaseException) -> None:
    future.set_exception(error)
    future.exception()  # a failure that nobody fetches any more is no bug to report


def _copy_of(error: BaseException) -> BaseException:
    if not isinstance(error, PyWattSDKError):
        return error
    copied = copy.copy(error)
    copied.__cause__ = error.__cause__
    return copied
