"""Whether and when a module that ended is started again."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from attrs import frozen

if TYPE_CHECKING:
    from pywatt.orchestrator.configuration.settings import RestartConfiguration

BACKOFF_MULTIPLIER: Final = 2.0


@frozen
class StartAgain:
    """The module is started again after `delay` seconds."""

    delay: float


@frozen
class LeaveEnded:
    """The policy does not start it again."""


@frozen
class GiveUp:
    """It ended `exits` times within `window` seconds: only a person starts it again."""

    exits: int
    window: float


Verdict = StartAgain | LeaveEnded | GiveUp


class RestartPolicy:
    """Decides over one module's exits; keeps only as many times of exits as the limit needs.

    Args:
        configuration: the module's `[restart]` table: policy, delays and window in seconds.
        clock: a monotonic clock, in seconds.
    """

    def __init__(self, configuration: RestartConfiguration, clock: Callable[[], float]) -> None:
        self._configuration = configuration
        self._clock = clock
        self._exits: deque[float] = deque(maxlen=configuration.exit_limit)
        self._delay = configuration.initial_delay

    def judge(self, *, clean: bool) -> Verdict:
        """Records an exit and says what follows.

        Args:
            clean: whether the process ended by itself with code 0.
        """
        configuration = self._configuration
        if configuration.policy == "never" or (configuration.policy == "on-failure" and clean):
            return LeaveEnded()
        now = self._clock()
        self._exits.append(now)
        if len(self._exits) == configuration.exit_limit and now - self._exits[0] <= configuration.exit_window:
            return GiveUp(configuration.exit_limit, configuration.exit_window)
        delay = self._delay
        self._delay = min(delay * BACKOFF_MULTIPLIER, configuration.max_delay)
        return StartAgain(delay)

    def note_healthy(self, seconds: float) -> None:
        """Takes the delay back to its beginning once a process stayed ready as long as the exit window.

        Args:
            seconds: how long the process that ended had been ready.
        """
        if seconds >= self._configuration.exit_window:
            self._delay = self._configuration.initial_delay

    def forget(self) -> None:
        """Starts afresh, as after a start by hand."""
        self._exits.clear()
        self._delay = self._configuration.initial_delay
