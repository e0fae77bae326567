"""Request counters of one application, in the text format that Prometheus reads."""

from __future__ import annotations

import time
from typing import Final

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

# Any other method counts as one, or a client could grow the table without end.
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "WEBSOCKET"})


class RequestMetrics:
    """Counts requests by method and class of status, and the time they took."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._answered: dict[tuple[str, str], int] = {}
        self._seconds = 0.0
        self._count = 0
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
        self._count += 1
        self._seconds += time.monotonic() - began
        key = (method if method in _METHODS else "OTHER", f"{status // 100}xx")
        self._answered[key] = self._answered.get(key, 0) + 1

    def render(self) -> bytes:
        """The whole page."""
        lines = [
            "# HELP pywatt_http_requests_total Requests answered, by method and class of status.",
            "# TYPE pywatt_http_requests_total counter",
        ]
        for (method, status), count in sorted(self._answered.items()):
            lines.append(f'pywatt_http_requests_total{{method="{method}",status="{status}"}} {count}')
        lines += [
            "# HELP pywatt_http_request_duration_seconds Time from a request to its whole answer.",
            "# TYPE pywatt_http_request_duration_seconds summary",
            f"pywatt_http_request_duration_seconds_sum {self._seconds:.6f}",
            f"pywatt_http_request_duration_seconds_count {self._count}",
            "# HELP pywatt_http_requests_in_flight Requests that are being answered.",
            "# TYPE pywatt_http_requests_in_flight gauge",
            f"pywatt_http_requests_in_flight {self._in_flight}",
            "# HELP pywatt_uptime_seconds Time since the module was started.",
            "# TYPE pywatt_uptime_seconds gauge",
            f"pywatt_uptime_seconds {time.monotonic() - self._started:.3f}",
        ]
        return ("\n".join(lines) + "\n").encode()
