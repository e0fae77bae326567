"""aiohttp's low-level HTTP server, with the gateway's limits and its form of errors."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from aiohttp import web

from pywatt.http.limits import HEAD_DEADLINE, KEEP_ALIVE, MAX_FIELDS
from pywatt.http.request_connection import RequestConnection
from pywatt.orchestrator.gateway.error_responses import RequestRefusedError, error_response
from pywatt.orchestrator.gateway.raw_response import HandedOverResponse
from pywatt.orchestrator.metrics.request_counts import RequestSeries
from pywatt_fast import new_identifier

logger = logging.getLogger(__name__)

MAX_LINE = 8190
SWEEP_SECONDS = 1.0


class GatewayConnection(RequestConnection):
    """One client's connection.

    Attributes:
        busy: whether a request is being answered.
        head_since: when the head of a request began to arrive; 0 while none does.
        series: what the request that is being answered counts for, once that is known.
    """

    __slots__ = ("busy", "head_since", "series")

    def __init__(self, server: "GatewayServer", loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            server,
            loop=loop,
            access_log=None,
            auto_decompress=False,
            keepalive_timeout=KEEP_ALIVE,
            max_headers=MAX_FIELDS,
            max_line_size=MAX_LINE,
            max_field_size=MAX_LINE,
        )
        self.busy = False
        self.head_since = 0.0
        self.series: RequestSeries | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to count the time of the first head: a silent connection is not kept."""
        super().connection_made(transport)
        self.head_since = self._loop.time()

    def data_received(self, data: bytes) -> None:
        """Note when the head of a request begins to arrive."""
        if not self.busy and not self.head_since:
            self.head_since = self._loop.time()
        super().data_received(data)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is not HTTP, in the gateway's form; the reason goes to the log."""
        request_id = new_identifier()
        logger.info("refused a broken request, %s: %s", request_id, type(exc).__name__ if exc else status)
        error = "the request is not valid HTTP" if status < 500 else "the gateway failed"
        return error_response(RequestRefusedError(status, error, close=True), request_id)


class GatewayServer(web.Server):
    """Makes the connections and watches over their heads.

    Args:
        handler: answers one request; it is cancelled when its client leaves.
    """

    def __init__(self, handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]) -> None:
        super().__init__(self._handle, handler_cancellation=True)
        self._answer = handler
        self._sweep: asyncio.TimerHandle | None = None
        self.in_flight = 0
        self._idle: asyncio.Future[None] | None = None
        self._schedule()

    def __call__(self) -> GatewayConnection:
        """Make the protocol of a new connection."""
        return GatewayConnection(self, self._loop)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        connection = request.protocol
        assert isinstance(connection, GatewayConnection)
        connection.busy = True
        connection.head_since = 0.0
        self.in_flight += 1
        began = time.monotonic()
        status = 0
        try:
            response = await self._answer(request)
            # Written here and not by aiohttp afterwards: an answer is in flight until the client has it.
            await response.prepare(request)
            status = response.status
            return response
        except TimeoutError:
            logger.info("gave up a client that takes nothing of its answer")
            if request.transport is not None:
                request.transport.abort()
            return HandedOverResponse()
        except ConnectionResetError:
            logger.debug("a client left before it had its answer")
            return HandedOverResponse()
        finally:
            connection.busy = False
            self.in_flight -= 1
            series, connection.series = connection.series, None
            if series is not None:
                series.ended(status, time.monotonic() - began)
            if self._idle is not None and not self.in_flight and not self._idle.done():
                self._idle.set_result(None)

    async def wait_until_idle(self) -> None:
        """Wait until no request is being answered; for one caller at a time."""
        if self.in_flight:
            self._idle = self._loop.create_future()
            await self._idle

    def close_idle(self) -> None:
        """Close the connections on which no request is being answered."""
        for connection in self.connections:
            if isinstance(connection, GatewayConnection) and not connection.busy:
                connection.force_close()

    def stop_watching(self) -> None:
        """End the watch over slow clients."""
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None

    def _schedule(self) -> None:
        self._sweep = self._loop.call_later(SWEEP_SECONDS, self._close_slow)

    def _close_slow(self) -> None:
        oldest = self._loop.time() - HEAD_DEADLINE
        for connection in self.connections:
            if isinstance(connection, GatewayConnection) and 0.0 < connection.head_since < oldest:
                logger.info("closed a connection that did not finish the head of a request")
                connection.force_close()
        self._schedule()
