"""Requests and messages that wait for the next process of a module: bounded, in order, not for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final

from pywatt.errors import ModuleUnavailable
from pywatt.messaging.deadlines import Deadline, Deadlines
from pywatt.orchestrator.supervision.admission import Traffic

MAX_HELD: Final = 4096
MAX_HELD_BYTES: Final = 64 * 1024 * 1024


class Held:
    """One request or message that waits.

    Args:
        traffic: what it is.
        size: how many bytes of it are kept.
        release: called once, when the new process takes it.
        refuse: called once instead, with the reason, when none will.
        since: when it began to wait, on the clock of the event loop.
    """

    __slots__ = ("deadline", "refuse", "release", "since", "size", "traffic")

    def __init__(
        self,
        traffic: Traffic,
        size: int,
        release: Callable[[], None],
        refuse: Callable[[ModuleUnavailable], None],
        since: float,
    ) -> None:
        self.traffic = traffic
        self.size = size
        self.deadline: Deadline | None = None
        self.release = release
        self.refuse = refuse
        self.since = since


class Holding:
    """What waits for one module.

    Args:
        module: its name, for the reasons.
        timeout: seconds that each may wait.
        limit: how many may wait at a time.
        max_bytes: how many bytes all of them together may keep.

    Attributes:
        handed_over: how many a new process has taken, since `forget_counts`.
        refused: how many waited in vain.
        longest_wait: seconds that one of those handed over has waited at most.
    """

    def __init__(
        self, module: str, timeout: float, limit: int = MAX_HELD, max_bytes: int = MAX_HELD_BYTES
    ) -> None:
        self._module = module
        self._timeout = timeout
        self._limit = limit
        self._max_bytes = max_bytes
        self._deadlines = Deadlines()
        # Dictionaries as ordered sets: one that leaves costs the others nothing.
        self._waiting: dict[Traffic, dict[Held, None]] = {traffic: {} for traffic in Traffic}
        self._bytes = 0
        self.forget_counts()

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def forget_counts(self) -> None:
        """Begins to count anew."""
        self.handed_over = 0
        self.refused = 0
        self.longest_wait = 0.0

    def add(
        self,
        traffic: Traffic,
        size: int,
        release: Callable[[], None],
        refuse: Callable[[ModuleUnavailable], None],
    ) -> Held:
        """Lets one more wait.

        Args:
            traffic: what it is.
            size: how many bytes of it are kept.
            release: called when the new process takes it.
            refuse: called instead, with the reason.

        Raises:
            ModuleUnavailable: as many wait as may.
        """
        if len(self) >= self._limit:
            self.refused += 1
            raise ModuleUnavailable(
                f"{self._limit} requests and messages wait for module {self._module}, which is the limit"
            )
        if self._bytes + size > self._max_bytes:
            self.refused += 1
            raise ModuleUnavailable(
                f"what waits for module {self._module} would be above the limit of {self._max_bytes} bytes"
            )
        held = Held(traffic, size, release, refuse, asyncio.get_running_loop().time())
        held.deadline = self._deadlines.start(self._timeout, partial(self._expire, held))
        self._waiting[traffic][held] = None
        self._bytes += size
        return held

    def forget(self, held: Held) -> None:
        """Lets go of one for which nobody waits any more; harmless when it waits no longer.

        Args:
            held: from `add`.
        """
        if self._waiting[held.traffic].pop(held, held) is None:
            self._bytes -= held.size
            if held.deadline is not None:
                held.deadline.cancel()

    def release(self, traffic: Traffic) -> None:
        """Hands over all of one kind, in the order in which they came.

        Args:
            traffic: which kind.
        """
        now = asyncio.get_running_loop().time()
        for held in list(self._waiting[traffic]):
            # One that is handed over may make another one forgotten.
            if held in self._waiting[traffic]:
                self.forget(held)
                self.handed_over += 1
                self.longest_wait = max(self.longest_wait, now - held.since)
                held.release()

    def refuse(self, traffic: Traffic, reason: str) -> None:
        """Answers all of one kind that there will be no process for them.

        Args:
            traffic: which kind.
            reason: why, for those who wait.
        """
        for held in list(self._waiting[traffic]):
            if held in self._waiting[traffic]:
                self.forget(held)
                self.refused += 1
                held.refuse(ModuleUnavailable(reason))

    def close(self) -> None:
        """Forgets everything."""
        for waiting in self._waiting.values():
            for held in list(waiting):
                self.forget(held)
        self._deadlines.close()

    def _expire(self, held: Held) -> None:
        self.forget(held)
        self.refused += 1
        held.refuse(
            ModuleUnavailable(
                f"module {self._module} had no new process ready within {self._timeout:g} s, its hold_timeout"
            )
        )
