"""Durations counted in buckets, as Prometheus has its histograms."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

LATENCY_BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""From what a call inside one machine takes to the usual time-out, in seconds."""


class Histogram:
    """How often each range of values was seen, and their sum.

    Args:
        bounds: the upper bounds of the buckets, ascending; a value equal to a bound belongs below it.

    Attributes:
        sum: of all values.
    """

    __slots__ = ("_bounds", "_counts", "sum")

    def __init__(self, bounds: Sequence[float] = LATENCY_BOUNDS) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    @property
    def count(self) -> int:
        """How many values were seen."""
        return sum(self._counts)

    def observe(self, value: float) -> None:
        """Counts one value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self.sum += value

    def cumulative(self) -> Iterator[tuple[float, int]]:
        """Each bound, and how many values were not above it; infinity is the last."""
        return zip((*self._bounds, float("inf")), accumulate(self._counts), strict=True)
