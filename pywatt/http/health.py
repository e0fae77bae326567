"""The routes that every module has: health, metrics, and its own routes a second time below a version.

Routes of the application itself win. Where only asking can tell (a bare ASGI or WSGI callable), it is asked
first, and an answer of the 4xx class counts as having no such route.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

from pywatt.http.discovery import Routes, merge_endpoints
from pywatt.http.metrics import RequestMetrics
from pywatt.http.options import ServeOptions
from pywatt.http.route_notation import pattern_matches
from pywatt.http.scope import AsgiCallable, Message, Receive, Scope, Send
from pywatt.observe.metrics_text import CONTENT_TYPE
from pywatt.protocol.operations import EndpointAnnounce
from pywatt_fast import encode_json

Page = Callable[[], tuple[str, bytes]]


def health_page() -> tuple[str, bytes]:
    """Content type and body of a health check: status OK and the time in whole seconds since 1970."""
    return "application/json", encode_json({"status": "OK", "timestamp": int(time.time())})


def announced_endpoints(routes: Routes, options: ServeOptions) -> list[EndpointAnnounce]:
    """What is announced: the application's endpoints below the version, health and metrics, once each."""
    prefix = options.version_prefix
    health, metrics = options.health_path, options.metrics_path
    found: list[tuple[str, list[str], str | None]] = []
    for endpoint in (*options.declared, *routes.endpoints):
        path = endpoint.path
        plain = path in (health, metrics) or path == prefix or path.startswith(prefix + "/")
        found.append((path if plain or not prefix else prefix + path, list(endpoint.methods), endpoint.auth))
    found += [(path, ["GET"], None) for path in (health, metrics) if path]
    return merge_endpoints(found)


class FrontDoor:
    """An ASGI callable in front of an application, with nothing to await of its own on the common path.

    Args:
        app: the application.
        options: which routes there are.
        metrics: counts every request; None counts nothing.
    """

    def __init__(self, app: AsgiCallable, options: ServeOptions, metrics: RequestMetrics | None) -> None:
        self._app = app
        self._options = options
        self._metrics = metrics
        self._pages: dict[str, AsgiCallable] = {}
        self._prefix = options.version_prefix
        self._own_versioned: list[str] = []

    def learn(self, routes: Routes) -> None:
        """Take note of the application's own routes, which win over ours."""
        pages: dict[str, Page] = {}
        if self._options.health_path:
            pages[self._options.health_path] = health_page
        if self._options.metrics_path and self._metrics is not None:
            metrics = self._metrics
            pages[self._options.metrics_path] = lambda: (CONTENT_TYPE, metrics.render())
        self._pages = {}
        for path, page in pages.items():
            served = routes.serves("GET", path)
            if served is None:
                self._pages[path] = _AskFirst(self._app, page)
            elif not served:
                self._pages[path] = _PageOf(self._app, page)
        below = self._prefix + "/"
        self._own_versioned = [
            found.path
            for found in routes.endpoints
            if self._prefix and (found.path == self._prefix or found.path.startswith(below))
        ]

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Route one connection of any kind."""
        kind = scope["type"]
        app = self._app
        if kind != "lifespan":
            root = scope["root_path"]
            path: str = scope["path"][len(root) :] if root else scope["path"]
            if self._prefix and path.startswith(self._prefix):
                path = self._without_version(scope, root, path)
            if path in self._pages and kind == "http":
                app = self._pages[path]
            if self._metrics is not None:
                return self._measured(app, scope, receive, send, self._metrics)
        return app(scope, receive, send)

    def _without_version(self, scope: Scope, root: str, path: str) -> str:
        rest = path[len(self._prefix) :]
        if rest and rest[0] != "/":
            return path
        if any(pattern_matches(pattern, path) for pattern in self._own_versioned):
            return path
        segments: list[bytes] = scope["raw_path"].split(b"/")
        first = 1 + root.count("/")
        del segments[first : first + self._prefix.count("/")]
        scope["raw_path"] = b"/".join(segments) + (b"" if rest else b"/")
        scope["path"] = root + (rest or "/")
        return rest or "/"

    async def _measured(
        self, app: AsgiCallable, scope: Scope, receive: Receive, send: Send, metrics: RequestMetrics
    ) -> None:
        began = metrics.begin()
        status = 500
        counted = False
        method = scope.get("method", "WEBSOCKET")

        async def measuring_send(message: Message) -> None:
            nonlocal status, counted
            await send(message)
            kind = message["type"]
            if kind in ("http.response.start", "websocket.http.response.start"):
                status = message["status"]
            elif kind == "websocket.accept":
                status = 101
            elif kind == "websocket.close" and status == 500:
                status = 403
            elif kind == "http.response.body" and not message.get("more_body", False) and not counted:
                counted = True
                metrics.end(began, method, status)

        try:
            await app(scope, receive, measuring_send)
        finally:
            if not counted:
                metrics.end(began, method, status)


class _PageOf:
    """Answers GET and HEAD with a page of ours, and leaves every other method to the application."""

    def __init__(self, app: AsgiCallable, page: Page) -> None:
        self._app = app
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] in ("GET", "HEAD"):
            await send_page(send, 200, *self._page())
        else:
            await self._app(scope, receive, send)


class _AskFirst:
    """Asks the application, and answers with a page of ours only when it has no such route."""

    def __init__(self, app: AsgiCallable, page: Page) -> None:
        self._app = app
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        unknown = False

        async def asking_send(message: Message) -> None:
            nonlocal unknown
            if message["type"] == "http.response.start" and 400 <= message["status"] < 500:
                unknown = True
            if not unknown:
                await send(message)

        await self._app(scope, receive, asking_send)
        if unknown:
            await send_page(send, 200, *self._page())


async def send_page(send: Send, status: int, content_type: str, body: bytes) -> None:
    """Send one whole response."""
    headers: list[Any] = [
        (b"content-type", content_type.encode("latin-1")),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
