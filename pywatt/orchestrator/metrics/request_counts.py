"""What the gateway counts of its requests: plain numbers while it serves, text only when somebody asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from pywatt.observe.histogram import Histogram

ABANDONED: Final = "abandoned"
"""Stands for the class of status where the client got no whole answer: it left, or the answer broke off."""

USUAL: Final = ("2xx", "4xx", "5xx", ABANDONED)
"""What may occur with any module."""

_CLASSES: Final = (ABANDONED, "1xx", "2xx", "3xx", "4xx", "5xx")


class RequestSeries:
    """The requests to one module.

    Attributes:
        in_flight: how many are being answered.
        durations: from the head of a request to the end of its answer, in seconds; without connections that
            became something else, such as WebSockets.
    """

    __slots__ = ("answered", "durations", "in_flight")

    def __init__(self) -> None:
        self.in_flight = 0
        self.durations = Histogram()
        # By the first digit of the status; 0 for those that were abandoned.
        self.answered = [0] * len(_CLASSES)

    def ended(self, status: int, seconds: float) -> None:
        """Count a request that is in flight no more.

        Args:
            status: of its answer; 0 where the client got no whole one.
            seconds: how long it took.
        """
        self.in_flight -= 1
        # A module may answer with numbers that HTTP does not know.
        self.answered[status // 100 if status < 600 else 5] += 1
        if status >= 200:
            self.durations.observe(seconds)

    def by_class(self) -> Iterator[tuple[str, int]]:
        """Each class of status that occurred, and how often."""
        return ((name, count) for name, count in zip(_CLASSES, self.answered, strict=True) if count)


class RequestCounts:
    """The requests to all modules; no request can add a series.

    Args:
        modules: their names.
    """

    def __init__(self, modules: Iterable[str]) -> None:
        self._by_module = {name: RequestSeries() for name in modules}
        self._to_none = RequestSeries()

    def of(self, module: str | None) -> RequestSeries:
        """The requests to one module; to none when no module has the name.

        Args:
            module: its name.
        """
        return self._by_module.get(module, self._to_none) if module is not None else self._to_none

    def series(self) -> Iterator[tuple[str, RequestSeries]]:
        """Each module and its requests; an empty name for those that were for none."""
        yield from self._by_module.items()
        yield "", self._to_none
