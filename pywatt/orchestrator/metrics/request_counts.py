"""What the gateway counts of its requests: plain numbers while it serves, text only when somebody asks."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Final

from pywatt.observe.histogram import Histogram

ABANDONED: Final = "abandoned"
"""Stands for the class of status where the client got no whole answer: it left, or the answer broke off."""

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

    def by_class(self) -> Iterator[tuple[str, int]]:
        """Each class of status that occurred, and how often."""
        return ((name, count) for name, count in zip(_CLASSES, self.answered, strict=True) if count)


class Measurement:
    """One request, from its head to the end of its answer.

    Attributes:
        status: of the answer, once there is one.
    """

    __slots__ = ("_began", "_counts", "_series", "status")

    def __init__(self, counts: RequestCounts) -> None:
        self._counts = counts
        self._series: RequestSeries | None = None
        self._began = time.monotonic()
        self.status = 0

    def concerns(self, module: str | None) -> None:
        """Says which module the request is for; a request of which this is never said is not counted.

        Args:
            module: its name. No name, and one that no module has, count as requests to none.
        """
        if self._series is None:
            self._series = self._counts.of(module)
            self._series.in_flight += 1

    def end(self) -> None:
        """Counts the request."""
        series = self._series
        if series is None:
            return
        series.in_flight -= 1
        # A module may answer with numbers that HTTP does not know.
        series.answered[min(self.status // 100, len(_CLASSES) - 1)] += 1
        if self.status >= 200:
            series.durations.observe(time.monotonic() - self._began)


class RequestCounts:
    """The requests to all modules; no request can add a series.

    Args:
        modules: their names.
    """

    def __init__(self, modules: Iterable[str]) -> None:
        self._by_module = {name: RequestSeries() for name in modules}
        self._to_none = RequestSeries()

    def begin(self) -> Measurement:
        """A request begins."""
        return Measurement(self)

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
