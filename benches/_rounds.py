"""Interleaved rounds: every subject is timed in every round; what counts is the median of their ratios."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

ROUNDS = 9
ROUND_SECONDS = 0.03

Subjects = dict[str, Callable[[], object]]


def time_rounds(subjects: Subjects) -> dict[str, list[float]]:
    """Seconds per call of each subject, one figure per round."""
    repeats = {name: repeats_for(call) for name, call in subjects.items()}
    times: dict[str, list[float]] = {name: [] for name in subjects}
    for _ in range(ROUNDS):
        for name, call in subjects.items():
            count = repeats[name]
            start = time.perf_counter()
            for _ in range(count):
                call()
            times[name].append((time.perf_counter() - start) / count)
    return times


def repeats_for(call: Callable[[], object]) -> int:
    call()
    start = time.perf_counter()
    call()
    once = max(time.perf_counter() - start, 1e-9)
    return max(1, int(ROUND_SECONDS / once))


def ratio(times: dict[str, list[float]], of: str, over: str) -> float:
    """How many times faster `of` is than `over`."""
    return statistics.median(slow / fast for slow, fast in zip(times[over], times[of], strict=True))
