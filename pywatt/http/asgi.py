"""ASGI applications, reached by operations inside this process."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextvars import copy_context

from pywatt.http.exchange import Exchange, RefusedResponseError
from pywatt.http.headers import HeaderError
from pywatt.http.lifespan import Lifespan
from pywatt.http.options import ServeOptions
from pywatt.http.responses import INTERNAL_TEXT, error_response, visible_request_id
from pywatt.http.scope import AsgiCallable, operation_scope
from pywatt.protocol.operations import EndpointAnnounce
from pywatt_fast import HttpRequest, HttpResponse

_log = logging.getLogger(__name__)

Reply = Callable[[HttpResponse], None]


class AsgiApplication:
    """An ASGI application behind the interface that the module serves.

    Args:
        app: the application as its author wrote it; its lifespan runs on it.
        entry: what requests go through: `app`, or `app` behind the health and metrics routes.
        learn: looks at the application's routes, at once and after its startup; tells what is announced.
        options: names and limits.
    """

    must_listen = False

    def __init__(
        self,
        app: AsgiCallable,
        entry: AsgiCallable,
        learn: Callable[[], list[EndpointAnnounce]],
        options: ServeOptions,
    ) -> None:
        self.entry = entry
        self.options = options
        self._learn = learn
        self._endpoints = learn()
        self._context = copy_context()
        self._lifespan = Lifespan(app, options.lifespan_timeout)
        self._active = 0
        self._waiting: deque[tuple[HttpRequest, Reply]] = deque()
        self._running: dict[asyncio.Task[None], Exchange] = {}
        self._replies: dict[Exchange, Reply] = {}
        self._sweep: asyncio.TimerHandle | None = None
        self._idle: asyncio.Future[None] | None = None

    def endpoints(self) -> list[EndpointAnnounce]:
        """What is announced."""
        return list(self._endpoints)

    @property
    def state(self) -> dict[str, object]:
        """The lifespan state that every request's scope gets a copy of."""
        return self._lifespan.state

    async def startup(self) -> None:
        """Run the application's startup.

        Raises:
            LifespanError: it failed.
        """
        await self._lifespan.startup()
        self._endpoints = self._learn()

    async def shutdown(self) -> None:
        """Cancel what the drain left, then run the application's shutdown.

        Raises:
            LifespanError: it failed.
        """
        tasks = list(self._running)
        for task in tasks:
            task.cancel()
        if tasks:
            _log.warning("%d requests did not end in time and were cancelled", len(tasks))
            await asyncio.wait(tasks, timeout=2.0)
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        await self._lifespan.shutdown()

    async def drain(self, timeout: float) -> bool:
        """Wait until nothing is in the application any more, background work included.

        Args:
            timeout: seconds.

        Returns:
            Whether everything ended in time.
        """
        if not self._running and not self._waiting:
            return True
        if self._idle is None:
            self._idle = asyncio.get_running_loop().create_future()
        await asyncio.wait({self._idle}, timeout=timeout)
        return not self._running and not self._waiting

    async def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer one request; the application's own errors become a 500."""
        answered: asyncio.Future[HttpResponse] = asyncio.get_running_loop().create_future()

        def reply(response: HttpResponse) -> None:
            if not answered.done():
                answered.set_result(response)

        self.start(request, reply)
        return await answered

    def start(self, request: HttpRequest, reply: Reply) -> None:
        """Begin to answer one request, without a task of the caller's.

        Args:
            request: the operation.
            reply: called exactly once with the response, perhaps before this returns.
        """
        if self._active < self.options.max_concurrent:
            self._begin(request, reply)
        elif len(self._waiting) < self.options.max_waiting:
            self._waiting.append((request, reply))
        else:
            text = f"{self.options.max_concurrent} requests are running and {len(self._waiting)} wait"
            reply(error_response(request, 503, text, self.options.module_id))

    def _begin(self, request: HttpRequest, reply: Reply) -> None:
        options = self.options
        exchange = Exchange(request, options.max_response_body, options.module_id, self._finish)
        try:
            scope = operation_scope(request.method, request.uri, request.headers, self._lifespan.state)
        except HeaderError as error:
            reply(error_response(request, 400, str(error), options.module_id))
            return
        self._active += 1
        self._replies[exchange] = reply
        loop = asyncio.get_running_loop()
        exchange.started_at = loop.time()
        task = loop.create_task(self._run(exchange, scope))
        self._running[task] = exchange
        task.add_done_callback(self._forget)
        if self._sweep is None:
            self._sweep = loop.call_later(options.request_timeout, self._end_overdue)

    async def _run(self, exchange: Exchange, scope: dict[str, object]) -> None:
        try:
            await self.entry(scope, exchange.receive, exchange.send)
        except asyncio.CancelledError:
            exchange.fail(503, "the module is stopping")
            raise
        except RefusedResponseError as error:
            self._log(logging.WARNING, exchange, str(error))
        except (Exception, SystemExit) as error:
            if not (exchange.finished and isinstance(error, OSError)):
                self._log(logging.ERROR, exchange, "the application failed", error)
            exchange.fail(500, INTERNAL_TEXT)
        else:
            if not exchange.finished:
                self._log(logging.ERROR, exchange, "the application returned without a complete response")
                exchange.fail(500, "the application returned without a complete response")

    def _finish(self, exchange: Exchange, response: HttpResponse) -> None:
        reply = self._replies.pop(exchange)
        self._active -= 1
        reply(response)
        if self._waiting:
            # In a context of its own: this runs inside the application that has just answered.
            asyncio.get_running_loop().call_soon(self._admit, context=self._context.copy())

    def _admit(self) -> None:
        while self._waiting and self._active < self.options.max_concurrent:
            self._begin(*self._waiting.popleft())

    def _forget(self, task: asyncio.Task[None]) -> None:
        exchange = self._running.pop(task)
        # A task that is cancelled before its first step never runs its own error handling.
        exchange.fail(503, "the module is stopping")
        if self._idle is not None and not self._running and not self._waiting:
            self._idle.set_result(None)
            self._idle = None

    def _end_overdue(self) -> None:
        self._sweep = None
        loop = asyncio.get_running_loop()
        timeout = self.options.request_timeout
        oldest: float | None = None
        for task, exchange in list(self._running.items()):
            if exchange.finished:
                continue
            if exchange.started_at + timeout <= loop.time():
                self._log(logging.ERROR, exchange, f"no response within {timeout:g} s; cancelled")
                exchange.fail(504, f"the application did not answer within {timeout:g} s")
                task.cancel()
            elif oldest is None or exchange.started_at < oldest:
                oldest = exchange.started_at
        if oldest is not None:
            self._sweep = loop.call_at(oldest + timeout, self._end_overdue)

    def _log(self, level: int, exchange: Exchange, text: str, error: BaseException | None = None) -> None:
        request = exchange.request
        path = request.uri.partition("?")[0]
        _log.log(
            level,
            "%s: %s %s (request %s)",
            text,
            request.method,
            path,
            visible_request_id(request),
            exc_info=error,
        )
