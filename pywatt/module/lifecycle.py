"""The phases of a module process, and what makes it stop."""

from __future__ import annotations

import _thread
import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable
from enum import Enum
from typing import Final

logger = logging.getLogger(__name__)

DRAIN_TIME: Final = 10.0
"""Seconds for which work that is under way may go on after a stop."""

HARD_STOP: Final = 12.0
"""Seconds after a stop at which the process leaves, whatever it is doing."""

_LAST_WORDS: Final = 0.5


class Phase(Enum):
    """Where a module process is in its life."""

    STARTING = "starting"
    SERVING = "serving"
    DRAINING = "draining"
    STOPPED = "stopped"


TRANSITIONS: Final[dict[Phase, frozenset[Phase]]] = {
    Phase.STARTING: frozenset({Phase.SERVING, Phase.DRAINING}),
    Phase.SERVING: frozenset({Phase.DRAINING}),
    Phase.DRAINING: frozenset({Phase.STOPPED}),
    Phase.STOPPED: frozenset(),
}


class Lifecycle:
    """One process's phase, and the first reason it was given to stop.

    Args:
        leave: ends the process at once with an exit code.
    """

    def __init__(self, leave: Callable[[int], object] = os._exit) -> None:
        self.phase = Phase.STARTING
        self.stop_reason: str | None = None
        self.stopped_at = 0.0
        self._leave = leave
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._watch_begun = _thread.allocate_lock()
        self._watch_begun.acquire()

    def enter(self, phase: Phase) -> None:
        """Go on to the next phase.

        Raises:
            RuntimeError: the table of transitions has no such step.
        """
        if phase not in TRANSITIONS[self.phase]:
            raise RuntimeError(f"a module that is {self.phase.value} cannot become {phase.value}")
        self.phase = phase

    @property
    def is_attached(self) -> bool:
        """Whether an event loop is there to carry out a stop."""
        return self._loop is not None

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on a stop wakes this loop."""
        self._loop = loop
        if self.stop_reason is not None:
            self._stop.set()

    def request_stop(self, reason: str) -> None:
        """Ask for an orderly stop; only the first reason counts.

        Safe in signal handlers and other threads: it logs nothing and takes no lock.
        """
        if self.stop_reason is not None:
            return
        self.stop_reason = reason
        self.stopped_at = time.monotonic()
        # Not threading.Thread: it takes a lock that the code which a signal interrupts may hold.
        _thread.start_new_thread(self._watch, ())
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)

    def close(self) -> None:
        """Let the process end: no stop begins any more, and the watch over one that has begun does run.

        An interpreter that ends under a thread which is just being born crashes, and an idle module may end
        within a millisecond of its stop.
        """
        if self.stop_reason is None:
            self.stop_reason = "the end of the process"
        else:
            self._watch_begun.acquire(timeout=HARD_STOP)

    async def stop_requested(self) -> None:
        """Return once a stop was asked for."""
        await self._stop.wait()

    def time_left(self, allowed: float) -> float:
        """Seconds until `allowed` seconds after the stop have passed; never negative."""
        return max(0.0, self.stopped_at + allowed - time.monotonic())

    def _watch(self) -> None:
        self._watch_begun.release()
        time.sleep(HARD_STOP)
        # The log may be what blocks: it gets a thread of its own and little time.
        words = threading.Thread(target=self._say_last_words, daemon=True)
        words.start()
        words.join(_LAST_WORDS)
        self._leave(1)

    def _say_last_words(self) -> None:
        logger.error(
            "still running %g s after the stop (%s): leaving now, work that was under way is lost",
            HARD_STOP,
            self.stop_reason,
        )
