"""A matrix prepared for decisions: what each scenario asks of messages and of channels."""

from __future__ import annotations

from typing import Final, final

from .channel_type import TCP, ChannelType
from .conditions import MaxLatency, MaxSize, MinHealth, MinThroughput, RoutingCondition
from .health import HealthRecord
from .matrix import RoutingMatrix
from .quantities import LARGEST_COUNT

NO_CHANNEL: Final = -1


def place_of(channel: ChannelType | None) -> int:
    """Where lists hold what belongs to a channel."""
    if channel is None:
        return NO_CHANNEL
    return 0 if channel is TCP else 1


@final
class Requirements:
    """What the scenarios of a matrix ask, as lists with a place for each scenario.

    Args:
        matrix: it is not kept, so it may change afterwards.
    """

    def __init__(self, matrix: RoutingMatrix) -> None:
        self.primaries: list[int] = []
        self.fallbacks: list[int] = []
        self.weights: list[float] = []
        self.size_limits: list[int] = []
        self._of_channels: list[tuple[int, RoutingCondition]] = []
        for preference in matrix.preferences():
            bit = 1 << len(self.primaries)
            self.primaries.append(place_of(preference.primary))
            self.fallbacks.append(place_of(preference.fallback))
            self.weights.append(preference.weight)
            limit = LARGEST_COUNT
            for condition in preference.conditions:
                if isinstance(condition, MaxSize):
                    limit = min(limit, condition.size)
                else:
                    self._of_channels.append((bit, condition))
            self.size_limits.append(limit)

    def met_by(self, record: HealthRecord) -> int:
        """The scenarios whose conditions a channel meets, a bit for each, sizes left aside."""
        met = (1 << len(self.primaries)) - 1
        if record.known:
            for bit, condition in self._of_channels:
                if not _holds(condition, record):
                    met &= ~bit
        return met


def _holds(condition: RoutingCondition, record: HealthRecord) -> bool:
    if isinstance(condition, MaxLatency):
        return record.latency <= condition.seconds
    if isinstance(condition, MinHealth):
        return record.availability >= condition.availability
    if isinstance(condition, MinThroughput):
        return record.throughput >= condition.rate
    return True
