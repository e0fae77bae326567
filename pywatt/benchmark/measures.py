"""How a rate is measured inside one process."""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat
from time import perf_counter

Measure = Callable[[float], float]
"""Takes seconds, returns what was done in one second."""


def measure_step(step: Callable[[], object], units: int = 1) -> Measure:
    """A measure that repeats a step.

    Args:
        step: what is measured.
        units: how much one step does.
    """

    def measure(seconds: float) -> float:
        done, batch, elapsed = 0, 1, 0.0
        while elapsed < seconds:
            begun = perf_counter()
            for _ in repeat(None, batch):
                step()
            taken = perf_counter() - begun
            elapsed += taken
            done += batch
            # Few looks at the clock, and none so late that the bound is missed by much.
            if taken < seconds / 16:
                batch *= 2
        return done * units / elapsed

    return measure
