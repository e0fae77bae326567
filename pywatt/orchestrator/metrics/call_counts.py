"""What the broker counts of the calls that it carries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from pywatt.errors import (
    ApplicationError,
    CallError,
    CallTimeout,
    EndpointNotFound,
    InternalCallError,
    InvalidPayload,
    ModuleUnavailable,
)
from pywatt.observe.histogram import Histogram

OK: Final = "ok"
APPLICATION: Final = "application"
"""Stands for every code that a module makes up itself: they are without number."""
DELIVERED: Final = "delivered"
LOST: Final = "lost"

USUAL_OUTCOMES: Final = (
    OK,
    APPLICATION,
    CallTimeout.fixed_code,
    ModuleUnavailable.fixed_code,
    EndpointNotFound.fixed_code,
    InvalidPayload.fixed_code,
    InternalCallError.fixed_code,
)
"""What may occur with any module."""


class CallSeries:
    """The calls to one module.

    Attributes:
        answered: how many got a result.
        failures: the others by a code of pywatt's own, or "application".
        durations: from the call to its answer or its time-out, in seconds.
        notifications: how many were "delivered", how many "lost".
    """

    __slots__ = ("answered", "durations", "failures", "notifications")

    def __init__(self) -> None:
        self.answered = 0
        self.failures: Counter[str] = Counter()
        self.durations = Histogram()
        self.notifications: Counter[str] = Counter()

    @property
    def outcomes(self) -> dict[str, int]:
        """Each outcome that occurred, and how often: "ok" besides the failures."""
        return {OK: self.answered, **self.failures} if self.answered else dict(self.failures)

    def ended(self, error: CallError | None, seconds: float | None = None) -> None:
        """Counts one call.

        Args:
            error: how it failed; None when it did not.
            seconds: how long it took; None when it never reached the module.
        """
        if error is None:
            self.answered += 1
        else:
            self.failures[APPLICATION if isinstance(error, ApplicationError) else error.code] += 1
        if seconds is not None:
            self.durations.observe(seconds)


class CallCounts:
    """The calls to all modules; no call can add a series.

    Args:
        modules: their names.
    """

    def __init__(self, modules: Iterable[str]) -> None:
        self._by_module = {name: CallSeries() for name in modules}
        self._to_none = CallSeries()

    def of(self, module: str) -> CallSeries:
        """The calls to one module; to none when no module has the name.

        Args:
            module: its name.
        """
        return self._by_module.get(module, self._to_none)

    def series(self) -> Iterator[tuple[str, CallSeries]]:
        """Each module and its calls; an empty name for those that were for none."""
        yield from self._by_module.items()
        yield "", self._to_none
