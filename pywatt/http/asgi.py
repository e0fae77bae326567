"""ASGI applications, reached by operations inside this process."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from typing import Any, Final

from pywatt.http.exchange import Exchange, Reply, answer_of
from pywatt.http.headers import HeaderError
from pywatt.http.lifespan import Lifespan
from pywatt.http.options import ServeOptions
from pywatt.http.responses import INTERNAL_TEXT, STOPPING_TEXT, error_response, visible_request_id
from pywatt.http.scope import AsgiCallable, Scope, operation_scope
from pywatt.protocol.operations import EndpointAnnounce
from pywatt_fast import HttpRequest, HttpResponse

_log = logging.getLogger(__name__)

CANCEL_GRACE: Final = 2.0

# Where a task can take its first step at once, a handler that never waits costs no turn of the loop. On 3.11
# only a task that is used again could do so, and what applications keep by `current_task()` would leak.
EAGER: Final = sys.version_info >= (3, 12)


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
        self._stopped = False
        self._waiting: deque[tuple[HttpRequest, Reply]] = deque()
        self._running: set[Exchange] = set()
        self._sweep: asyncio.TimerHandle | None = None
        self._idle: asyncio.Future[None] | None = None
        # Kept from the first request on: asking for it is a system call on CPython before 3.12.
        self._loop: asyncio.AbstractEventLoop | None = None

    def endpoints(self) -> list[EndpointAnnounce]:
        """What is announced."""
        return list(self._endpoints)

    @property
    def state(self) -> dict[str, Any]:
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
        self._stopped = True
        waiting, self._waiting = self._waiting, deque()
        for request, reply in waiting:
            self._refuse(request, reply, STOPPING_TEXT)
        left = list(self._running)
        tasks = [exchange.task for exchange in left if exchange.task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            _log.warning("%d requests did not end in time and were cancelled", len(tasks))
            await asyncio.wait(tasks, timeout=CANCEL_GRACE)
        for exchange in left:
            # A task that is cancelled before its first step never comes to its own error handling.
            exchange.fail(503, STOPPING_TEXT)
            self._forget(exchange)
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
        return await answer_of(self.start, request)

    def start(self, request: HttpRequest, reply: Reply) -> None:
        """Begin to answer one request, without a task of the caller's.

        Args:
            request: the operation.
            reply: called exactly once with the response, perhaps before this returns.
        """
        if self._stopped:
            self._refuse(request, reply, STOPPING_TEXT)
        elif self._active < self.options.max_concurrent:
            self._begin(request, reply)
        elif len(self._waiting) < self.options.max_waiting:
            self._waiting.append((request, reply))
        else:
            text = f"{self.options.max_concurrent} requests are running and {len(self._waiting)} wait"
            self._refuse(request, reply, text)

    def _refuse(self, request: HttpRequest, reply: Reply, text: str) -> None:
        reply(error_response(request, 503, text, self.options.module_id))

    def _begin(self, request: HttpRequest, reply: Reply) -> None:
        options = self.options
        exchange = Exchange(request, reply, options.max_response_body, options.module_id, self._finish)
        self._active += 1
        try:
            scope = operation_scope(request.method, request.uri, request.headers, self._lifespan.state)
        except HeaderError as error:
            exchange.fail(400, str(error))
            self._forget(exchange)
            return
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        exchange.began = loop.time()
        self._running.add(exchange)
        work = self._run(exchange, scope)
        if EAGER:
            exchange.task = asyncio.Task(work, loop=loop, eager_start=True)  # type: ignore[call-arg]
        else:
            exchange.task = loop.create_task(work)
        if self._sweep is None and not exchange.finished:
            self._sweep = loop.call_later(options.request_timeout, self._end_overdue)

    async def _run(self, exchange: Exchange, scope: Scope) -> None:
        try:
            await self.entry(scope, exchange.receive, exchange.send)
        except asyncio.CancelledError:
            exchange.fail(503, STOPPING_TEXT)
            raise
        except (Exception, SystemExit) as error:
            self._note_failure(exchange, error)
        else:
            if exchange.refused is not None:
                self._log(logging.WARNING, exchange, exchange.refused)
            elif not exchange.finished:
                self._log(logging.ERROR, exchange, "the application returned without a complete response")
                exchange.fail(500, "the application returned without a complete response")
        finally:
            self._forget(exchange)

    def _note_failure(self, exchange: Exchange, error: BaseException) -> None:
        if exchange.refused is not None:
            # Whatever the application made of the refusal, the refusal is what happened.
            self._log(logging.WARNING, exchange, exchange.refused)
        else:
            self._log(logging.ERROR, exchange, "the application failed", error)
        exchange.fail(500, INTERNAL_TEXT)

    def _finish(self, exchange: Exchange, response: HttpResponse) -> None:
        self._active -= 1
        try:
            exchange.reply(response)
        except Exception as error:
            self._log(logging.ERROR, exchange, "the response could not be handed over", error)
        if self._waiting:
            # In a context of its own: this runs inside the application that has just answered.
            asyncio.get_running_loop().call_soon(self._admit, context=self._context.copy())

    def _admit(self) -> None:
        while self._waiting and self._active < self.options.max_concurrent:
            self._begin(*self._waiting.popleft())

    def _forget(self, exchange: Exchange) -> None:
        self._running.discard(exchange)
        if self._idle is not None and not self._running and not self._waiting:
            self._idle.set_result(None)
            self._idle = None

    def _end_overdue(self) -> None:
        self._sweep = None
        loop = asyncio.get_running_loop()
        timeout = self.options.request_timeout
        oldest: float | None = None
        for exchange in list(self._running):
            if exchange.finished:
                continue
            if exchange.began + timeout <= loop.time():
                self._log(logging.ERROR, exchange, f"no response within {timeout:g} s; cancelled")
                exchange.fail(504, f"the application did not answer within {timeout:g} s")
                if exchange.task is not None:
                    exchange.task.cancel()
            elif oldest is None or exchange.began < oldest:
                oldest = exchange.began
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
