"""The latencies of the last messages, kept sorted."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import Final, final

INITIAL_LATENCY: Final = 0.010
"""Seconds assumed of a channel that was never measured."""
MAX_SAMPLES: Final = 100
DROPPED_SAMPLES: Final = 10


@final
class LatencyWindow:
    """At most a hundred latencies: one more, and the ten oldest are dropped."""

    def __init__(self) -> None:
        self.percentile = INITIAL_LATENCY
        """Seconds that all but the slowest twentieth of the samples do not exceed."""
        self._arrived: list[float] = []
        self._sorted: list[float] = []

    def add(self, latency: float) -> None:
        """Take in one latency, in seconds."""
        arrived = self._arrived
        ordered = self._sorted
        arrived.append(latency)
        insort(ordered, latency)
        if len(arrived) > MAX_SAMPLES:
            for oldest in arrived[:DROPPED_SAMPLES]:
                ordered.pop(bisect_left(ordered, oldest))
            self._arrived = arrived[DROPPED_SAMPLES:]
        self.percentile = ordered[len(ordered) * 95 // 100]

    def __len__(self) -> int:
        return len(self._sorted)
