"""Decisions that are repeated."""

from __future__ import annotations

from typing import Final, final

from .channel_type import ORDER_COUNT
from .decision import RoutingDecision, confidence_of
from .matrix import SCENARIO_COUNT

URGENCY_COUNT: Final = 5
# One place for each scenario, urgency, order of channels, and whether the size is within the limit: whatever
# else differs between two messages or targets, their decision is the same.
OVERSIZE: Final = SCENARIO_COUNT * URGENCY_COUNT * ORDER_COUNT
"""The first place of those for messages above the limit."""
_PLACE_COUNT: Final = 2 * OVERSIZE


@final
class KeptDecision:
    """A decision for a message without a timeout, and what it takes to judge one with a timeout.

    Args:
        made: seconds on the router's clock.
        expires: seconds on the router's clock.
        decision: for a message without a timeout.
        availability: of the primary channel.
        error_rate: of the primary channel.
    """

    def __init__(
        self,
        made: float,
        expires: float,
        decision: RoutingDecision,
        availability: float,
        error_rate: float,
    ) -> None:
        self.made = made
        self.expires = expires
        self.decision = decision
        self._timed = decision
        self._availability = availability
        self._error_rate = error_rate

    def within(self, timeout_ms: int) -> RoutingDecision:
        """The decision for a message with a timeout, in milliseconds."""
        latency = self.decision.expected_latency
        confidence = confidence_of(self._availability, self._error_rate, latency, timeout_ms)
        if self._timed.confidence != confidence:
            self._timed = self.decision.with_confidence(confidence)
        return self._timed


@final
class DecisionCache:
    """The decisions that a router repeats.

    Args:
        ttl: seconds for which one is repeated.
        max_size: how many are kept.
    """

    def __init__(self, ttl: float, max_size: int) -> None:
        self.is_on = ttl > 0.0 and max_size > 0
        self.kept: list[KeptDecision | None] = [None] * _PLACE_COUNT
        self._count = 0
        self._ttl = ttl
        self._max_size = max_size

    def keep(
        self, place: int, now: float, decision: RoutingDecision, availability: float, error_rate: float
    ) -> None:
        """Keep a decision for messages without a timeout; where there are too many, the oldest goes."""
        if self.kept[place] is None:
            if self._count >= self._max_size:
                self._forget_oldest()
            self._count += 1
        self.kept[place] = KeptDecision(now, now + self._ttl, decision, availability, error_rate)

    def forget_all(self) -> None:
        """Decide anew from now on."""
        if self._count > 0:
            self.kept = [None] * _PLACE_COUNT
            self._count = 0

    def _forget_oldest(self) -> None:
        oldest: KeptDecision | None = None
        place = 0
        for at in range(_PLACE_COUNT):
            kept = self.kept[at]
            if kept is not None and (oldest is None or kept.made < oldest.made):
                oldest = kept
                place = at
        self.kept[place] = None
        self._count -= 1
