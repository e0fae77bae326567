"""How an application is served: names, paths and limits."""

from __future__ import annotations

from pywatt.protocol.operations import EndpointAnnounce

MAX_RESPONSE_BODY = 16 * 1024 * 1024


class ServeOptions:
    """Names, paths and limits of one served application.

    Args:
        module_id: stands in error bodies.
        health_path: answered with 200 unless the application has this route itself; None adds no route.
        metrics_path: Prometheus text, under the same rule; None adds no route and counts nothing.
        version: a prefix such as `v1` below which every route is served a second time, and announced.
        declared: endpoints that the author named; they complete the ones found in the application.
        max_response_body: bytes of a response that travels as one operation.
        max_concurrent: operations in the application at one time.
        max_waiting: operations that wait for their turn; one more is answered with 503.
        threads: size of the pool that runs a WSGI application.
        request_timeout: seconds after which an operation that has no answer is cancelled with 504.
        lifespan_timeout: seconds for the application's own startup, and for its shutdown.
    """

    __slots__ = (
        "declared",
        "health_path",
        "lifespan_timeout",
        "max_concurrent",
        "max_response_body",
        "max_waiting",
        "metrics_path",
        "module_id",
        "request_timeout",
        "threads",
        "version",
    )

    def __init__(
        self,
        *,
        module_id: str = "module",
        health_path: str | None = "/health",
        metrics_path: str | None = None,
        version: str | None = None,
        declared: tuple[EndpointAnnounce, ...] = (),
        max_response_body: int = MAX_RESPONSE_BODY,
        max_concurrent: int = 100,
        max_waiting: int = 1000,
        threads: int = 32,
        request_timeout: float = 300.0,
        lifespan_timeout: float = 30.0,
    ) -> None:
        self.module_id = module_id
        self.health_path = health_path
        self.metrics_path = metrics_path
        self.version = version
        self.declared = declared
        self.max_response_body = max_response_body
        self.max_concurrent = max_concurrent
        self.max_waiting = max_waiting
        self.threads = threads
        self.request_timeout = request_timeout
        self.lifespan_timeout = lifespan_timeout

    @property
    def version_prefix(self) -> str:
        """The version as a path prefix: ``/v1``, or empty."""
        trimmed = (self.version or "").strip("/")
        return f"/{trimmed}" if trimmed else ""
