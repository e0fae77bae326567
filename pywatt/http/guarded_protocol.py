"""aiohttp's low-level server with the limits that an open socket needs: size, count and time of headers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, cast

from aiohttp import web

from pywatt.http.limits import HEAD_DEADLINE, KEEP_ALIVE, MAX_FIELDS, MAX_HEAD
from pywatt.http.request_connection import RequestConnection

LINGER: Final = 1.0
CANCEL_GRACE: Final = 2.0
CLOSE_GRACE: Final = 0.5

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class GuardedServer(web.Server):
    """A `web.Server` whose connections are guarded.

    Args:
        handler: answers each request.
        request_factory: makes the request objects; aiohttp's own when None.
    """

    def __init__(self, handler: Handler, *, request_factory: Any = None) -> None:
        super().__init__(
            self._guard,
            request_factory=request_factory,
            access_log=None,
            keepalive_timeout=KEEP_ALIVE,
            max_line_size=MAX_HEAD,
            max_field_size=MAX_HEAD,
            max_headers=MAX_FIELDS,
            auto_decompress=False,
        )
        self._inner = handler
        self._requests = 0
        self._all_ended: asyncio.Future[None] | None = None

    def __call__(self) -> GuardedConnection:
        """Make the protocol of one connection."""
        return GuardedConnection(self, loop=self._loop, **self._kwargs)

    def close_idle(self) -> None:
        """Close connections without a request; the others close after their response."""
        for connection in cast("list[GuardedConnection]", self.connections):
            connection.closing = True
            if not connection.pending:
                connection.force_close()

    async def finish(self, timeout: float) -> None:
        """Let requests end, then close every connection.

        Args:
            timeout: seconds.
        """
        self.close_idle()
        if self._requests:
            await asyncio.wait({self._idle()}, timeout=timeout)
        await self.shutdown(CLOSE_GRACE)

    def _idle(self) -> asyncio.Future[None]:
        if self._all_ended is None or self._all_ended.done():
            self._all_ended = self._loop.create_future()
        return self._all_ended

    async def _guard(self, request: web.BaseRequest) -> web.StreamResponse:
        connection = cast(GuardedConnection, request.protocol)
        if head_size(request) > MAX_HEAD or len(request.raw_headers) > MAX_FIELDS:
            text = f"the request's head is over {MAX_HEAD} bytes or {MAX_FIELDS} fields"
            refusal = web.json_response({"error": text}, status=431)
            refusal.force_close()
            connection.pending -= 1
            return refusal
        connection.stop_clock()
        self._requests += 1
        try:
            response = await self._inner(request)
            if connection.closing and not response.prepared:
                response.force_close()
            return response
        finally:
            connection.pending -= 1
            self._requests -= 1
            if self._all_ended is not None and not self._requests and not self._all_ended.done():
                self._all_ended.set_result(None)


class GuardedConnection(RequestConnection):
    """One connection: a head that is too large or too slow is refused, and whoever waits hears of its end.

    Attributes:
        closing: the response under way is the last.
        lost: called when the connection is gone.
        pending: requests whose head has come and whose response is not finished.
        refused: nothing is read any more.
    """

    __slots__ = ("_clock", "_unfinished", "closing", "lost", "pending", "refused")

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.pending = 0
        self.closing = False
        self.refused = False
        self.lost: list[Callable[[], None]] = []
        self._clock: asyncio.TimerHandle | None = None
        self._unfinished = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the clock of the first head at once: a silent connection is not kept."""
        super().connection_made(transport)
        self._start_clock()

    def data_received(self, data: bytes) -> None:
        """Feed the parser, and watch how far the head has come."""
        if self.refused:
            return
        before = self._request_count
        super().data_received(data)
        if self._request_count != before:
            self.pending += self._request_count - before
            self.stop_clock()
        elif not self.pending and self.transport is not None:
            self._unfinished += len(data)
            if self._unfinished > MAX_HEAD:
                self._refuse("431 Request Header Fields Too Large")
            elif self._clock is None:
                self._start_clock()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Tell everyone who waits for the end."""
        self.stop_clock()
        super().connection_lost(exc)
        listeners, self.lost = self.lost, []
        for listener in listeners:
            listener()

    def _start_clock(self) -> None:
        self._clock = asyncio.get_running_loop().call_later(
            HEAD_DEADLINE, self._refuse, "408 Request Timeout"
        )

    def stop_clock(self) -> None:
        """The head is whole."""
        self._unfinished = 0
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _refuse(self, status: str) -> None:
        self.stop_clock()
        transport = self.transport
        if transport is None:
            return
        self.refused = True
        transport.write(f"HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".encode())
        if transport.can_write_eof():
            transport.write_eof()
        # What the client still sends is read past: closed at once, the refusal could be lost with it.
        self._clock = asyncio.get_running_loop().call_later(LINGER, self.force_close)


def head_size(request: web.BaseRequest) -> int:
    """Bytes of a request's line and header fields."""
    fields = sum(len(name) + len(value) + 4 for name, value in request.raw_headers)
    return len(request.raw_path) + len(request.method) + fields
