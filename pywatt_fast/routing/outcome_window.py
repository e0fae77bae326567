"""What became of the messages of the last five minutes."""

from __future__ import annotations

from math import floor
from typing import Final, final

NEVER: Final = float("inf")
STEP: Final = 5.0
"""Seconds by which the window moves on."""
STEP_COUNT: Final = 60
WINDOW: Final = STEP * STEP_COUNT
"""Seconds that the window covers."""


@final
class OutcomeWindow:
    """Counts of successes and failures that leave after five minutes, in steps of five seconds."""

    def __init__(self) -> None:
        self.successes = 0
        self.failures = 0
        self._success_steps = [0] * STEP_COUNT
        self._failure_steps = [0] * STEP_COUNT
        self._step = 0
        self._step_ends = 0.0
        self._began = 0.0
        self._has_begun = False

    def move_to(self, now: float) -> None:
        """Let go of what is older than the window; `now` never goes back."""
        if now < self._step_ends or not self._has_begun:
            return
        step = floor(now / STEP)
        for back in range(min(step - self._step, STEP_COUNT)):
            place = (step - back) % STEP_COUNT
            self.successes -= self._success_steps[place]
            self.failures -= self._failure_steps[place]
            self._success_steps[place] = 0
            self._failure_steps[place] = 0
        self._step = step
        self._step_ends = (step + 1) * STEP

    def add(self, succeeded: bool, now: float) -> None:
        """Count one outcome; `now` never goes back."""
        if self._has_begun:
            self.move_to(now)
        else:
            self._has_begun = True
            self._began = now
            self._step = floor(now / STEP)
            self._step_ends = (self._step + 1) * STEP
        place = self._step % STEP_COUNT
        if succeeded:
            self.successes += 1
            self._success_steps[place] += 1
        else:
            self.failures += 1
            self._failure_steps[place] += 1

    def error_rate(self) -> float:
        """The share of failures, 0 where nothing was sent."""
        total = self.successes + self.failures
        return 0.0 if total == 0 else self.failures / total

    def throughput(self, now: float) -> float:
        """Messages per second that arrived, over the window or the time since the first outcome."""
        if self.successes == 0:
            return 0.0
        age = now - self._began
        if age > WINDOW:
            return self.successes / WINDOW
        return self.successes / age if age > 1.0 else float(self.successes)

    def changes_at(self) -> float:
        """When the window moves on, in seconds; infinity while it is empty."""
        return self._step_ends if self.successes > 0 or self.failures > 0 else NEVER
