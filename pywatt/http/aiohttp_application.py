"""aiohttp applications: served by aiohttp's own runner, with operations forwarded to its socket."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from pywatt.http.discovery import discover
from pywatt.http.exchange import Reply, answer_of
from pywatt.http.headers import HeaderError, join_headers, split_headers
from pywatt.http.health import announced_endpoints, health_page
from pywatt.http.lifespan import LifespanError
from pywatt.http.metrics import RequestMetrics
from pywatt.http.options import ServeOptions
from pywatt.http.responses import (
    EVENT_STREAM_TEXT,
    INTERNAL_TEXT,
    STOPPING_TEXT,
    error_response,
    too_large_text,
)
from pywatt.http.route_notation import pattern_matches
from pywatt.observe.metrics_text import CONTENT_TYPE
from pywatt.protocol.listen import ListenAddress, UnixAddress
from pywatt.protocol.operations import EndpointAnnounce
from pywatt_fast import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from aiohttp import ClientSession, web

    from pywatt.http.guarded_protocol import GuardedServer

_log = logging.getLogger(__name__)

CONNECT_TIMEOUT: Final = 5.0


class AiohttpApplication:
    """An aiohttp application behind the interface that the module serves.

    Args:
        app: the application; health and metrics are added to its routes unless it has them.
        options: names and limits.
        metrics: counts requests; None counts nothing.
    """

    must_listen = True

    def __init__(self, app: web.Application, options: ServeOptions, metrics: RequestMetrics | None) -> None:
        self._app = app
        self._options = options
        self._metrics = metrics
        self._routes = discover(app)
        self._runner: web.AppRunner | None = None
        self._session: ClientSession | None = None
        self._base = ""
        self._running: set[asyncio.Task[HttpResponse]] = set()
        self._turn = asyncio.Semaphore(options.max_concurrent)
        self._add_own_routes()

    def endpoints(self) -> list[EndpointAnnounce]:
        """What is announced."""
        return announced_endpoints(discover(self._app), self._options)

    async def startup(self) -> None:
        """Run the application's startup.

        Raises:
            LifespanError: it failed.
        """
        from aiohttp import web

        self._runner = web.AppRunner(self._app, handle_signals=False, access_log=None)
        try:
            async with asyncio.timeout(self._options.lifespan_timeout):
                await self._runner.setup()
        except TimeoutError as error:
            raise LifespanError("startup", f"no end within {self._options.lifespan_timeout:g} s") from error
        except Exception as error:
            raise LifespanError("startup", f"{type(error).__name__}: {error}") from error

    async def shutdown(self) -> None:
        """Cancel what the drain left, then run the application's shutdown and cleanup.

        Raises:
            LifespanError: it failed.
        """
        left = list(self._running)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=2.0)
        if self._session is not None:
            await self._session.close()
            self._session = None
        runner, self._runner = self._runner, None
        if runner is None:
            return
        try:
            async with asyncio.timeout(self._options.lifespan_timeout):
                await runner.cleanup()
        except TimeoutError as error:
            raise LifespanError("shutdown", f"no end within {self._options.lifespan_timeout:g} s") from error
        except Exception as error:
            raise LifespanError("shutdown", f"{type(error).__name__}: {error}") from error

    async def drain(self, timeout: float) -> bool:
        """Wait until no operation is under way.

        Args:
            timeout: seconds.

        Returns:
            Whether all ended in time.
        """
        if self._running:
            await asyncio.wait(set(self._running), timeout=timeout)
        return not self._running

    def web_server(self) -> GuardedServer:
        """The server whose connections reach the application; after `startup`."""
        from pywatt.http.guarded_protocol import GuardedServer

        runner_server = self._runner.server if self._runner is not None else None
        if runner_server is None:
            raise LifespanError("startup", "an aiohttp application is started before it is served")
        return GuardedServer(
            runner_server.request_handler, request_factory=self._versioned(runner_server.request_factory)
        )

    def forward_to(self, address: ListenAddress) -> None:
        """Send operations to the socket that the application is served on."""
        from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, UnixConnector

        limit = self._options.max_concurrent
        if isinstance(address, UnixAddress):
            connector: Any = UnixConnector(address.path, limit=limit)
            self._base = "http://localhost"
        else:
            connector = TCPConnector(limit=limit)
            self._base = f"http://{address}"
        self._session = ClientSession(
            connector=connector,
            auto_decompress=False,
            cookie_jar=DummyCookieJar(),
            timeout=ClientTimeout(total=self._options.request_timeout, sock_connect=CONNECT_TIMEOUT),
            skip_auto_headers=("accept", "accept-encoding", "user-agent", "content-type"),
        )

    async def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer one request."""
        return await answer_of(self.start, request)

    def start(self, request: HttpRequest, reply: Reply) -> None:
        """Begin to answer one request.

        Args:
            request: the operation.
            reply: called exactly once with the response.
        """
        if len(self._running) >= self._options.max_concurrent + self._options.max_waiting:
            reply(self._failure(request, 503, f"{len(self._running)} requests are running or wait"))
            return
        task = asyncio.get_running_loop().create_task(self._answer(request))
        self._running.add(task)

        def ended(task: asyncio.Task[HttpResponse]) -> None:
            self._running.discard(task)
            if task.cancelled():
                reply(self._failure(request, 503, STOPPING_TEXT))
            elif (error := task.exception()) is not None:
                _log.error("a request could not be forwarded", exc_info=error)
                reply(self._failure(request, 500, INTERNAL_TEXT))
            else:
                reply(task.result())

        task.add_done_callback(ended)

    async def _answer(self, request: HttpRequest) -> HttpResponse:
        async with self._turn:
            return await self._forward(request)

    async def _forward(self, request: HttpRequest) -> HttpResponse:
        from aiohttp import ClientError
        from yarl import URL

        if self._session is None:
            return self._failure(request, 503, "the application does not listen yet")
        try:
            headers = [
                (name.decode(), value.decode("latin-1")) for name, value in split_headers(request.headers)
            ]
        except HeaderError as error:
            return self._failure(request, 400, str(error))
        headers = [pair for pair in headers if pair[0] != "content-length"]
        target = request.uri if request.uri.startswith("/") else "/" + request.uri
        try:
            async with self._session.request(
                request.method,
                URL(self._base + target, encoded=True),
                headers=headers,
                data=request.body or None,
                allow_redirects=False,
            ) as response:
                return await self._collect(request, response)
        except TimeoutError:
            return self._failure(request, 504, f"no response within {self._options.request_timeout:g} s")
        except (ClientError, OSError, HeaderError) as error:
            _log.error("forwarding %s %s failed", request.method, target.partition("?")[0], exc_info=error)
            return self._failure(request, 502, "the application's own server did not answer")

    async def _collect(self, request: HttpRequest, response: Any) -> HttpResponse:
        if response.headers.get("content-type", "").startswith("text/event-stream"):
            return self._failure(request, 502, EVENT_STREAM_TEXT)
        limit = self._options.max_response_body
        parts: list[bytes] = []
        size = 0
        async for part in response.content.iter_any():
            size += len(part)
            if size > limit:
                response.close()
                return self._failure(request, 502, too_large_text(limit))
            parts.append(part)
        headers = join_headers(response.raw_headers)
        return HttpResponse(request.request_id, response.status, headers, b"".join(parts))

    def _failure(self, request: HttpRequest, status: int, error: str) -> HttpResponse:
        return error_response(request, status, error, self._options.module_id)

    def _add_own_routes(self) -> None:
        from aiohttp import web

        async def health(request: web.Request) -> web.StreamResponse:
            content_type, body = health_page()
            return web.Response(body=body, content_type=content_type)

        async def metrics_page(request: web.Request) -> web.StreamResponse:
            assert self._metrics is not None
            return web.Response(body=self._metrics.render(), headers={"content-type": CONTENT_TYPE})

        options = self._options
        if options.health_path and not self._routes.serves("GET", options.health_path):
            self._app.router.add_get(options.health_path, health)
        if self._metrics is not None and options.metrics_path:
            if not self._routes.serves("GET", options.metrics_path):
                self._app.router.add_get(options.metrics_path, metrics_page)
            self._app.middlewares.insert(0, _counting(self._metrics))

    def _versioned(self, factory: Callable[..., Any]) -> Callable[..., Any]:
        prefix = self._options.version_prefix
        if not prefix:
            return factory
        from yarl import URL

        own = [found.path for found in self._routes.endpoints if found.path.startswith(prefix)]

        def versioned(message: Any, *arguments: Any) -> Any:
            path, question, query = message.path.partition("?")
            rest = path[len(prefix) :] or "/"
            below = path.startswith(prefix) and rest[0] == "/"
            if below and not any(pattern_matches(pattern, path) for pattern in own):
                target = rest + question + query
                message = message._replace(path=target, url=URL(target, encoded=True))
            return factory(message, *arguments)

        return versioned


def _counting(metrics: RequestMetrics) -> Callable[..., Awaitable[Any]]:
    from aiohttp import web

    @web.middleware
    async def count(request: web.Request, handler: Callable[[Any], Awaitable[Any]]) -> Any:
        began = metrics.begin()
        status = 500
        try:
            response = await handler(request)
            status = response.status
            return response
        except web.HTTPException as error:
            status = error.status
            raise
        finally:
            metrics.end(began, request.method, status)

    return count
