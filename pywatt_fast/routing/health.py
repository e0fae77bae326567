"""The health of a channel, learnt from what became of its messages."""

from __future__ import annotations

from typing import Final, final

from .latency_window import INITIAL_LATENCY, LatencyWindow
from .matrix import SCENARIO_COUNT
from .outcome_window import OutcomeWindow

FAILURE_MEMORY: Final = 60.0
"""Seconds for which a failure lowers the availability."""
AVAILABILITY_AFTER_FAILURE: Final = 0.8
SMALLEST_WEIGHT: Final = 0.1
LARGEST_WEIGHT: Final = 2.0


@final
class ChannelHealth:
    """The health of a channel at one moment, by default that of a channel never used.

    Args:
        p95_latency: seconds that all but the slowest twentieth of the last messages did not exceed.
        error_rate: the share of failures in the last five minutes, 0 to 1.
        throughput: messages per second that arrived in the last five minutes.
        availability: 0 to 1.
        connected: whether the channel is.
        weight: what was learnt of the channel, 0.1 to 2.
    """

    def __init__(
        self,
        p95_latency: float = INITIAL_LATENCY,
        error_rate: float = 0.0,
        throughput: float = 0.0,
        availability: float = 1.0,
        connected: bool = True,
        weight: float = 1.0,
    ) -> None:
        self.p95_latency = p95_latency
        self.error_rate = error_rate
        self.throughput = throughput
        self.availability = availability
        self.connected = connected
        self.weight = weight

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ChannelHealth):
            return NotImplemented
        return (
            self.p95_latency == other.p95_latency
            and self.error_rate == other.error_rate
            and self.throughput == other.throughput
            and self.availability == other.availability
            and self.connected is other.connected
            and self.weight == other.weight
        )


@final
class HealthRecord:
    """What a router keeps of one channel."""

    def __init__(self) -> None:
        self.known = False
        """Whether anything was ever reported of the channel: until then it is taken on trust."""
        self.connected = True
        self.latency = INITIAL_LATENCY
        self.error_rate = 0.0
        self.throughput = 0.0
        self.availability = 1.0
        self.weight = 1.0
        self.failed_lately = False
        self.turns = 0
        """How often the channel was chosen to balance the load."""
        self._latencies = LatencyWindow()
        self._outcomes = OutcomeWindow()
        self._last_failure = 0.0

    def add_success(self, latency: float, now: float, learning_rate: float) -> None:
        """Take in a message that arrived.

        Args:
            latency: seconds it took.
            now: seconds on the router's clock.
            learning_rate: what the weight gains.
        """
        self.known = True
        self._latencies.add(latency)
        self.latency = self._latencies.percentile
        self._outcomes.add(True, now)
        self.weight = min(self.weight + learning_rate, LARGEST_WEIGHT)

    def add_failure(self, now: float, learning_rate: float) -> None:
        """Take in a message that did not arrive, or a connection that was lost.

        Args:
            now: seconds on the router's clock.
            learning_rate: half of what the weight loses.
        """
        self.known = True
        self._outcomes.add(False, now)
        self._last_failure = now
        self.failed_lately = True
        self.weight = max(self.weight - 2.0 * learning_rate, SMALLEST_WEIGHT)

    def move_to(self, now: float) -> None:
        """Bring the figures up to date; `now` never goes back."""
        outcomes = self._outcomes
        outcomes.move_to(now)
        self.error_rate = outcomes.error_rate()
        self.throughput = outcomes.throughput(now)
        if self.failed_lately and now - self._last_failure >= FAILURE_MEMORY:
            self.failed_lately = False
        self.availability = AVAILABILITY_AFTER_FAILURE if self.failed_lately else 1.0 - self.error_rate

    def grounds(self, met: int) -> int:
        """All that decisions rest on, as one number.

        Args:
            met: the scenarios whose conditions the channel meets, a bit for each.
        """
        flags = (4 if self.known else 0) | (2 if self.connected else 0) | (1 if self.failed_lately else 0)
        return (flags << SCENARIO_COUNT) | met

    def changes_at(self) -> float:
        """When time alone may change the figures, in seconds; infinity where it will not."""
        found = self._outcomes.changes_at()
        if self.failed_lately:
            forgiven = self._last_failure + FAILURE_MEMORY
            return forgiven if forgiven < found else found
        return found

    def shown(self) -> ChannelHealth:
        """The health as it was last brought up to date."""
        return ChannelHealth(
            self.latency, self.error_rate, self.throughput, self.availability, self.connected, self.weight
        )
