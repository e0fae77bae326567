"""How many lines a person is shown: all of them at ordinary rates, a part of a flood."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Final

RATE: Final = 1000.0
"""Lines a second in the long run; nobody reads so fast, and laying them out costs the gateway's time."""

BURST: Final = 4000.0
_NOTICE_INTERVAL: Final = 1.0


class DisplayBudget:
    """A bucket of lines that fills steadily, and a count of those that did not fit.

    Args:
        rate: lines a second in the long run.
        burst: lines at once after a quiet time.
        clock: tells the time in seconds.
    """

    def __init__(
        self, rate: float = RATE, burst: float = BURST, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._left = burst
        self._filled_at = clock()
        self._unshown: Counter[str] = Counter()
        self._next_notice = 0.0

    @property
    def has_unshown(self) -> bool:
        """Whether lines were left out of which nobody has been told."""
        return bool(self._unshown)

    def take(self, module: str, wanted: int) -> int:
        """Return how many lines may be shown; the others are counted.

        Args:
            module: whose they are.
            wanted: how many there are.
        """
        now = self._clock()
        self._left = min(self._left + (now - self._filled_at) * self._rate, self._burst)
        self._filled_at = now
        allowed = min(wanted, int(self._left))
        self._left -= allowed
        if allowed < wanted:
            if not self._unshown:
                self._next_notice = now + _NOTICE_INTERVAL
            self._unshown[module] += wanted - allowed
        return allowed

    def unshown(self, *, at_once: bool = False) -> dict[str, int]:
        """Return by module how many lines were left out since this was asked; empty while it is too soon.

        Args:
            at_once: whether it is never too soon.
        """
        if not self._unshown or not (at_once or self._clock() >= self._next_notice):
            return {}
        counts = dict(self._unshown)
        self._unshown.clear()
        return counts
