"""Request counters of one application, in the text format that Prometheus reads."""

from __future__ import annotations

import time
from typing import Final

from pywatt.observe.histogram import Histogram
from pywatt.observe.metrics_text import MetricsText

# Any other method counts as one, or a client could grow the table without end.
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "WEBSOCKET"})


class RequestMetrics:
    """Counts requests by method and class of status, and the time they took."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._answered: dict[tuple[str, str], int] = {}
        self._durations = Histogram()
        self._in_flight = 0

    def begin(self) -> float:
        """Note that a request has begun.

        Returns:
            The moment, for `end`.
        """
        self._in_flight += 1
        return time.monotonic()

    def end(self, began: float, method: str, status: int) -> None:
        """Note that a request was answered."""
        self._in_flight -= 1
        self._durations.observe(time.monotonic() - began)
        key = (method if method in _METHODS else "OTHER", f"{status // 100}xx")
        self._answered[key] = self._answered.get(key, 0) + 1

    def render(self) -> bytes:
        """The whole page."""
        text = MetricsText()
        text.counter(
            "pywatt_http_requests_total",
            "Requests answered, by method and class of status.",
            (
                ({"method": method, "status": status}, count)
                for (method, status), count in sorted(self._answered.items())
            ),
        )
        text.histogram(
            "pywatt_http_request_duration_seconds",
            "Time from a request to its whole answer.",
            [({}, self._durations)],
        )
        text.gauge(
            "pywatt_http_requests_in_flight", "Requests that are being answered.", [({}, self._in_flight)]
        )
        uptime = time.monotonic() - self._started
        text.gauge("pywatt_uptime_seconds", "Time since the module was started.", [({}, uptime)])
        return text.render()
