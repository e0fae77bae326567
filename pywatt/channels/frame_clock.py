"""The clock beside a decoder: a peer that begins a frame has to finish it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class FrameClock:
    """Keeps one timer however many frames come: it looks at the time when it fires.

    Args:
        deadline: seconds from the first byte of a frame to its last.
        on_expired: called with the deadline when a frame took longer.
    """

    def __init__(self, deadline: float, on_expired: Callable[[float], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._deadline = deadline
        self._on_expired = on_expired
        self._unfinished = False
        self._held = False
        self._began = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def observe(self, *, unfinished: bool, completed: bool) -> None:
        """Take note of a chunk.

        Args:
            unfinished: whether a frame is open after it.
            completed: whether it finished a frame, so that the open one began in it.
        """
        if unfinished and (completed or not self._unfinished):
            self._began = self._loop.time()
            if self._timer is None and not self._held:
                self._timer = self._loop.call_later(self._deadline, self._check)
        self._unfinished = unfinished

    def hold(self) -> None:
        """Reading rests, so the peer is not to blame."""
        self._held = True
        self.stop()

    def release(self) -> None:
        """Reading goes on; an open frame gets its whole time again."""
        self._held = False
        if self._unfinished:
            self._began = self._loop.time()
            self._timer = self._loop.call_later(self._deadline, self._check)

    def stop(self) -> None:
        """Forget the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _check(self) -> None:
        self._timer = None
        if not self._unfinished:
            return
        left = self._began + self._deadline - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(left, self._check)
        else:
            self._on_expired(self._deadline)
