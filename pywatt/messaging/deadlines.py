"""Many deadlines with few timers: what waits mostly waits equally long."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Final

_MOST_QUEUES: Final = 16
_SLACK: Final = 64


class Deadline:
    """One moment after which something happens, unless it is cancelled before."""

    __slots__ = ("_on_cancel", "expire", "moment", "timer")

    def __init__(self, moment: float, expire: Callable[[], None], on_cancel: Callable[[], None]) -> None:
        self.moment = moment
        self.expire: Callable[[], None] | None = expire
        self.timer: asyncio.TimerHandle | None = None
        self._on_cancel = on_cancel

    def cancel(self) -> None:
        """It does not matter any more; what it would have called is let go."""
        if self.expire is not None:
            self.expire = None
            self._on_cancel()
            if self.timer is not None:
                self.timer.cancel()


class Deadlines:
    """Deadlines of one event loop.

    A timer of the event loop costs more than what most requests do before they end. Deadlines equally long
    fall due in the order in which they began, so they wait in a queue with a single timer.
    """

    def __init__(self) -> None:
        # Kept from the first deadline on: asking for it is a system call on CPython before 3.12.
        self._loop: asyncio.AbstractEventLoop | None = None
        self._queues: dict[float, deque[Deadline]] = {}
        self._timers: dict[float, asyncio.TimerHandle] = {}
        self._active = 0

    def __len__(self) -> int:
        return self._active

    def start(self, timeout: float, expire: Callable[[], None]) -> Deadline:
        """Begins a deadline.

        Args:
            timeout: in seconds.
            expire: called when it has passed.

        Raises:
            ValueError: the timeout is not a number.
        """
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        deadline = Deadline(loop.time() + timeout, expire, self._cancelled)
        queue = self._queues.get(timeout)
        if queue is not None:
            queue.append(deadline)
            while queue[0].expire is None:
                queue.popleft()
            if len(queue) > 2 * self._active + _SLACK:
                live = [other for other in queue if other.expire is not None]
                # The same queue is kept: this may be called by what expires while it is gone through.
                queue.clear()
                queue.extend(live)
        elif math.isnan(timeout):
            raise ValueError("a timeout cannot be NaN")
        elif len(self._queues) < _MOST_QUEUES:
            self._queues[timeout] = deque((deadline,))
            self._timers[timeout] = loop.call_at(deadline.moment, self._look_for_late, loop, timeout)
        else:
            deadline.timer = loop.call_at(deadline.moment, self._pass, deadline)
        self._active += 1
        return deadline

    def limit(self, timeout: float) -> Limit:
        """Gives a block of a task so much time, as `asyncio.timeout` does.

        Args:
            timeout: in seconds.
        """
        return Limit(self, timeout)

    def close(self) -> None:
        """Forgets every queue and its timer; what waits in one never expires."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._queues.clear()

    def _cancelled(self) -> None:
        self._active -= 1

    def _look_for_late(self, loop: asyncio.AbstractEventLoop, timeout: float) -> None:
        queue = self._queues[timeout]
        now = loop.time()
        try:
            while queue and (queue[0].expire is None or queue[0].moment <= now):
                self._pass(queue.popleft())
        finally:
            if self._queues.get(timeout) is not queue:
                pass  # closed by what expired
            elif queue:
                self._timers[timeout] = loop.call_at(queue[0].moment, self._look_for_late, loop, timeout)
            else:
                del self._queues[timeout], self._timers[timeout]

    def _pass(self, deadline: Deadline) -> None:
        expire = deadline.expire
        if expire is not None:
            deadline.expire = None
            self._active -= 1
            expire()


class Limit:
    """Cancels the task that is in it when its time is over, and makes a TimeoutError of that.

    Args:
        deadlines: keeps the time.
        timeout: in seconds.
    """

    __slots__ = ("_cancelling", "_deadline", "_deadlines", "_expired", "_task", "_timeout")

    def __init__(self, deadlines: Deadlines, timeout: float) -> None:
        self._deadlines = deadlines
        self._timeout = timeout
        self._expired = False

    def __enter__(self) -> None:
        task = asyncio.current_task(self._deadlines._loop)
        if task is None:
            raise RuntimeError("only a task can be given a limited time")
        self._task = task
        self._cancelling = task.cancelling()
        self._deadline = self._deadlines.start(self._timeout, self._expire)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self._deadline.cancel()
        # Somebody else may have cancelled the task too: that cancellation goes on.
        if self._expired and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def _expire(self) -> None:
        self._expired = True
        self._task.cancel()
