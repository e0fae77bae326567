"""Many changes that come shortly after each other are one: when to act is decided by the table below.

An editor writes a file in several steps, and a tool may write many files. What they do counts as done when
nothing has changed for a while; but who never stops to write is not waited for for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum
from typing import Final

SETTLE_TIME: Final = 0.1  # seconds without a change
LONGEST: Final = 1.0  # seconds from the first change on


class Phase(Enum):
    """Where a debounce stands."""

    QUIET = "quiet"
    GATHERING = "gathering"


class Happening(Enum):
    """What happens to it."""

    CHANGED = "changed"
    SETTLED = "settled"
    OVERDUE = "overdue"


class Action(Enum):
    """What is done about it."""

    BEGIN = "begin"  # both times begin
    WAIT_ON = "wait on"  # the time without a change begins again
    ACT = "act"


TRANSITIONS: Final[dict[tuple[Phase, Happening], tuple[Phase, Action]]] = {
    (Phase.QUIET, Happening.CHANGED): (Phase.GATHERING, Action.BEGIN),
    (Phase.GATHERING, Happening.CHANGED): (Phase.GATHERING, Action.WAIT_ON),
    (Phase.GATHERING, Happening.SETTLED): (Phase.QUIET, Action.ACT),
    (Phase.GATHERING, Happening.OVERDUE): (Phase.QUIET, Action.ACT),
}


class Debounce:
    """Calls back once after many changes.

    Args:
        act: called when they have settled, or went on for too long.
        settle_time: seconds without a change after which they have settled.
        longest: seconds from the first change after which they went on for too long.
    """

    def __init__(
        self, act: Callable[[], None], settle_time: float = SETTLE_TIME, longest: float = LONGEST
    ) -> None:
        self.phase = Phase.QUIET
        self._closed = False
        self._act = act
        self._settle_time = settle_time
        self._longest = longest
        self._loop = asyncio.get_running_loop()
        self._settled: asyncio.TimerHandle | None = None
        self._overdue: asyncio.TimerHandle | None = None

    def changed(self) -> None:
        """Takes note of a change."""
        if not self._closed:
            self._advance(Happening.CHANGED)

    def close(self) -> None:
        """Does nothing any more, whatever changes."""
        self._closed = True
        self._forget_times()

    def _forget_times(self) -> None:
        for timer in (self._settled, self._overdue):
            if timer is not None:
                timer.cancel()

    def _advance(self, happening: Happening) -> None:
        self.phase, action = TRANSITIONS[self.phase, happening]
        if action is Action.BEGIN:
            self._overdue = self._loop.call_later(self._longest, self._advance, Happening.OVERDUE)
        if action in (Action.BEGIN, Action.WAIT_ON):
            if self._settled is not None:
                self._settled.cancel()
            self._settled = self._loop.call_later(self._settle_time, self._advance, Happening.SETTLED)
        else:
            self._forget_times()
            self._act()
