"""One request of the plain server, as ASGI's receive and send see it: both bodies are streamed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from email.utils import formatdate
from http import HTTPStatus
from typing import Final

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter

from pywatt.http.exchange import BODILESS
from pywatt.http.guarded_protocol import GuardedConnection
from pywatt.http.headers import HOP_BY_HOP
from pywatt.http.responses import INTERNAL_TEXT, STOPPING_TEXT, error_body
from pywatt.http.scope import Message

_log = logging.getLogger(__name__)

STALL_DEADLINE: Final = 60.0
_HOP_BY_HOP: Final = frozenset(name.encode() for name in HOP_BY_HOP)
_REASONS: Final = {status.value: status.phrase for status in HTTPStatus}


class SentResponse(web.StreamResponse):
    """What aiohttp gets to see of a response that was already written."""

    def __init__(self, status: int, writer: AbstractStreamWriter, keep_alive: bool) -> None:
        super().__init__(status=status)
        self._writer = writer
        self._keep = keep_alive

    @property
    def keep_alive(self) -> bool | None:
        """Whether the connection takes another request."""
        return self._keep

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Nothing is left to prepare."""
        return self._writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to write."""


class ServedExchange:
    """Streams one request body in and one response out.

    Args:
        request: as aiohttp parsed it.
        connection: where it came from.
        module: stands in the body of our own failures.

    Attributes:
        done: the response is written, or cannot be.
        response: what aiohttp is told about it.
    """

    def __init__(self, request: web.BaseRequest, connection: GuardedConnection, module: str) -> None:
        self.done = asyncio.Event()
        self._request = request
        self._connection = connection
        self._module = module
        self._left = asyncio.Event()
        self._body_ended = False
        self._continue = request.headers.get("expect", "").lower() == "100-continue"
        self._status = 0
        self._bodiless = request.method == "HEAD"
        self._missing: int | None = None
        self._chunked = False
        self._head = b""
        self._keep_alive = request.keep_alive
        if connection.transport is None:
            self._client_left()
        else:
            connection.lost.append(self._client_left)

    @property
    def response(self) -> web.StreamResponse:
        """What aiohttp is told."""
        keep_alive = self._keep_alive and not self._connection.closing
        return SentResponse(self._status or 500, self._request.writer, keep_alive)

    async def receive(self) -> Message:
        """The next piece of the body; after the last, the disconnect that follows the response."""
        if not self._body_ended:
            if self._continue and not self._status:
                self._continue = False
                self._write_continue()
            try:
                async with asyncio.timeout(STALL_DEADLINE):
                    piece = await self._request.content.readany()
            except (TimeoutError, OSError, web.RequestPayloadError) as error:
                _log.info("the request body ended early: %s", error or type(error).__name__)
                self._body_ended = True
                self._keep_alive = False
                self._left.set()
                return {"type": "http.disconnect"}
            more = not self._request.content.at_eof()
            self._body_ended = not more
            return {"type": "http.request", "body": piece, "more_body": more}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Write one message of the response.

        Raises:
            OSError: the client left, or takes nothing any more.
            RuntimeError: the application does not follow ASGI.
        """
        kind = message["type"]
        if self.done.is_set():
            if self._connection.transport is None:
                raise ConnectionResetError("the client left")
            raise RuntimeError(f"the application sent {kind!r} after the end of its response")
        if kind == "http.response.start":
            if self._status:
                raise RuntimeError("the application started its response twice")
            await self._begin(message["status"], message.get("headers", ()))
        elif kind == "http.response.body":
            if not self._status:
                raise RuntimeError("the application sent a body before it started its response")
            await self._continue_body(message.get("body", b""), message.get("more_body", False))
        else:
            raise RuntimeError(f"an application may not send {kind!r} in an HTTP request")

    def application_ended(self, error: BaseException | None, *, cancelled: bool = False) -> None:
        """Look at how the application ended; what it left open becomes a failure, or a cut connection.

        Args:
            error: what it raised.
            cancelled: it was not allowed to go on.
        """
        what = f"{self._request.method} {self._request.path}"
        if error is not None and not (isinstance(error, OSError) and self._is_gone()):
            _log.error("the application failed: %s", what, exc_info=error)
        if self.done.is_set():
            return
        if error is None and not cancelled:
            _log.error("the application returned without a complete response: %s", what)
        self._keep_alive = False
        transport = self._connection.transport
        if transport is not None and self._status and not self._head:
            # The client must see that the body is not whole.
            transport.abort()
        elif transport is not None:
            self._head = b""
            transport.write(self._failure(cancelled))
        self._end()

    async def _begin(self, status: int, pairs: Iterable[tuple[bytes, bytes]]) -> None:
        http11 = self._request.version >= HttpVersion11
        self._bodiless = self._bodiless or status in BODILESS
        head = [f"HTTP/{'1.1' if http11 else '1.0'} {status} {_REASONS.get(status, '')}\r\n".encode()]
        named: set[bytes] = set()
        for raw_name, value in pairs:
            name = raw_name.lower()
            _check_field(name, value)
            if name == b"content-length" and not self._count_length(status, value):
                continue
            if name == b"connection" and b"close" in value.lower():
                self._keep_alive = False
            if name not in _HOP_BY_HOP:
                named.add(name)
                head.append(b"%b: %b\r\n" % (name, value))
        if self._connection.closing or self._continue:
            # A client that still waits for its "100 Continue" must not send the body as a next request.
            self._keep_alive = False
        if not self._bodiless and self._missing is None:
            self._chunked = http11
            self._keep_alive = self._keep_alive and http11
            head.append(b"transfer-encoding: chunked\r\n" if http11 else b"")
        if not self._keep_alive:
            head.append(b"connection: close\r\n")
        elif not http11:
            head.append(b"connection: keep-alive\r\n")
        if b"date" not in named:
            head.append(b"date: %b\r\n" % formatdate(usegmt=True).encode())
        head.append(b"\r\n")
        self._status = status
        self._head = b"".join(head)
        # Together with a body that follows at once, else alone: an event stream may have nothing to say yet.
        asyncio.get_running_loop().call_soon(self._flush_head)

    def _count_length(self, status: int, value: bytes) -> bool:
        if not value.isdigit():
            raise RuntimeError("the content-length of the application's response is not a number")
        if status in BODILESS:
            return False
        if not self._bodiless:
            self._missing = int(value)
        return True

    def _flush_head(self) -> None:
        transport = self._connection.transport
        if self._head and transport is not None and not transport.is_closing():
            transport.write(self._head)
            self._head = b""

    async def _continue_body(self, body: bytes, more: bool) -> None:
        if self._missing is not None:
            self._missing -= len(body)
            if self._missing < 0 or (self._missing and not more):
                wrong = "more" if self._missing < 0 else "less"
                raise RuntimeError(f"the application sent {wrong} than the content-length of its response")
        parts = [self._head]
        self._head = b""
        if body and not self._bodiless:
            parts += [b"%x\r\n" % len(body), body, b"\r\n"] if self._chunked else [body]
        if self._chunked and not more:
            parts.append(b"0\r\n\r\n")
        transport = self._connection.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client left")
        transport.write(b"".join(parts))
        if not more:
            self._end()
        try:
            async with asyncio.timeout(STALL_DEADLINE):
                await self._request.writer.drain()
        except TimeoutError:
            transport.abort()
            raise ConnectionResetError(f"the client took nothing for {STALL_DEADLINE:g} s") from None

    def _failure(self, cancelled: bool) -> bytes:
        status, error = (503, STOPPING_TEXT) if cancelled else (500, INTERNAL_TEXT)
        self._status = status
        body = error_body(error, self._module, self._request.headers.get("x-request-id", ""))
        head = (
            f"HTTP/1.1 {status} {_REASONS[status]}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        return head.encode() + (b"" if self._request.method == "HEAD" else body)

    def _write_continue(self) -> None:
        transport = self._connection.transport
        if transport is not None and self._request.version >= HttpVersion11:
            transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _is_gone(self) -> bool:
        transport = self._connection.transport
        return transport is None or transport.is_closing()

    def _client_left(self) -> None:
        self._keep_alive = False
        self._left.set()
        self.done.set()

    def _end(self) -> None:
        if self._client_left in self._connection.lost:
            self._connection.lost.remove(self._client_left)
        self._left.set()
        self.done.set()


def _check_field(name: bytes, value: bytes) -> None:
    if not name or b"\n" in value or b"\r" in value or b"\0" in value or b"\n" in name or b"\r" in name:
        raise RuntimeError(
            f"header {name[:64]!r} of the application's response holds a line break or is empty"
        )
