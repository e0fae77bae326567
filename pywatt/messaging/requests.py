"""Who waits for which answer: a bounded table, and a deadline for every entry."""

from __future__ import annotations

import asyncio
import copy
import math
from collections.abc import Callable, Hashable
from typing import Any

from pywatt.errors import PyWattSDKError, SendQueueFull


def _copy_of(error: BaseException) -> BaseException:
    if not isinstance(error, PyWattSDKError):
        return error
    copied = copy.copy(error)
    copied.__cause__ = error.__cause__
    return copied


class PendingRequests:
    """Requests whose answers have not come.

    An entry leaves the table when it is answered, failed, cancelled or late; whichever comes first decides.

    Args:
        limit: how many may wait at once.
        name: what they are, for error texts.
    """

    def __init__(self, limit: int, name: str) -> None:
        self.limit = limit
        self.name = name
        self._waiting: dict[Hashable, asyncio.Future[Any]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._waiting

    def open(self, key: Hashable, timeout: float) -> asyncio.Future[Any]:
        """Starts to wait for an answer.

        Args:
            key: what the answer will carry.
            timeout: in seconds; the future then fails with TimeoutError.

        Raises:
            SendQueueFull: as many wait as may.
            ValueError: the key waits already, or the timeout is not a number.
        """
        if math.isnan(timeout):
            raise ValueError(f"{self.name}: a timeout cannot be NaN")
        if (waiting := self._waiting.get(key)) is not None and not waiting.done():
            raise ValueError(f"{self.name}: a request with this key is already waiting")
        if len(self._waiting) >= self.limit:
            raise SendQueueFull(self.limit, self.name, "requests")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        deadline = loop.call_later(timeout, self._expire, key, future, timeout)

        def settled(done: asyncio.Future[Any]) -> None:
            deadline.cancel()
            # The same key may wait again by the time this callback runs.
            if self._waiting.get(key) is done:
                del self._waiting[key]
            if not done.cancelled():
                done.exception()  # an answer nobody fetches any more is no bug to report

        future.add_done_callback(settled)
        self._waiting[key] = future
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
        future.set_exception(error)
        return True

    def fail_all(self, error: BaseException) -> int:
        """Fails every request; the number of them."""
        return self.fail_matching(lambda _key: True, error)

    def fail_matching(self, predicate: Callable[[Any], bool], error: BaseException) -> int:
        """Fails the requests whose key fits; the number of them."""
        keys = [key for key in self._waiting if predicate(key)]
        # One object raised in many tasks would collect the tracebacks of all of them.
        return sum(self.fail(key, _copy_of(error)) for key in keys)

    def _take(self, key: Hashable) -> asyncio.Future[Any] | None:
        future = self._waiting.pop(key, None)
        return None if future is None or future.done() else future

    def _expire(self, key: Hashable, future: asyncio.Future[Any], timeout: float) -> None:
        if self._waiting.get(key) is future:
            del self._waiting[key]
        if not future.done():
            future.set_exception(TimeoutError(f"{self.name}: no answer in {timeout:g} s"))
