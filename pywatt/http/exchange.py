"""One request that arrived as an operation, as ASGI's receive and send see it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from pywatt.http.headers import HeaderError, join_headers
from pywatt.http.responses import EVENT_STREAM_TEXT, error_response, too_large_text
from pywatt.http.scope import Message
from pywatt_fast import HttpRequest, HttpResponse

# Responses of these kinds have no body, whatever the application sends (RFC 9110, section 6.4.1).
BODILESS: Final = frozenset({204, 205, 304})


class RefusedResponseError(OSError):
    """Nobody takes this response any more; ASGI's way to stop an application that goes on sending."""


class Exchange:
    """Collects one response and hands it over the moment it is whole; the application may go on after that.

    Args:
        request: the operation.
        limit: bytes of the response body.
        module: stands in the body of our own refusals.
        finish: called exactly once, with the response.
    """

    __slots__ = (
        "_finish",
        "_given",
        "_headers",
        "_idle",
        "_limit",
        "_module",
        "_parts",
        "_size",
        "_status",
        "finished",
        "request",
        "started_at",
    )

    def __init__(
        self,
        request: HttpRequest,
        limit: int,
        module: str,
        finish: Callable[[Exchange, HttpResponse], None],
    ) -> None:
        self.request = request
        self.finished = False
        self.started_at = 0.0
        self._limit = limit
        self._module = module
        self._finish = finish
        self._given = False
        self._idle: asyncio.Event | None = None
        self._status = 0
        self._headers: dict[str, str] = {}
        self._parts: list[bytes] | None = None
        self._size = 0

    async def receive(self) -> Message:
        """The whole body at once; after that, the disconnect that follows the response."""
        if not self._given:
            self._given = True
            return {"type": "http.request", "body": self.request.body or b"", "more_body": False}
        if not self.finished:
            # The wire has no cancel: only our own answer ends the wait, at the latest with the deadline.
            if self._idle is None:
                self._idle = asyncio.Event()
            await self._idle.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take one message of the response.

        Raises:
            RefusedResponseError: the response cannot be delivered, or was already answered for.
            RuntimeError: the application does not follow ASGI.
        """
        kind = message["type"]
        if kind == "http.response.body":
            self._take_body(message.get("body", b""), message.get("more_body", False))
        elif kind == "http.response.start":
            self._take_start(message)
        else:
            raise RuntimeError(f"an application may not send {kind!r} in a request that came as an operation")

    def fail(self, status: int, error: str) -> None:
        """Answer with a failure of our own, unless the response is already on its way."""
        if not self.finished:
            self._end(error_response(self.request, status, error, self._module))

    def _take_start(self, message: Message) -> None:
        if self.finished:
            raise RefusedResponseError("the request was already answered")
        if self._status:
            raise RuntimeError("the application started its response twice")
        try:
            self._headers = join_headers(message.get("headers", ()))
        except HeaderError as error:
            raise RuntimeError(f"the application's response cannot be sent: {error}") from error
        self._status = message["status"]
        if self._headers.get("content-type", "").startswith("text/event-stream"):
            self.fail(502, EVENT_STREAM_TEXT)
            raise RefusedResponseError(EVENT_STREAM_TEXT)

    def _take_body(self, body: bytes, more: bool) -> None:
        if self.finished:
            raise RefusedResponseError("the request was already answered")
        if not self._status:
            raise RuntimeError("the application sent a body before it started its response")
        self._size += len(body)
        if self._size > self._limit:
            self._parts = None
            reason = too_large_text(self._limit)
            self.fail(502, reason)
            raise RefusedResponseError(reason)
        if self._parts is None:
            if not more:
                self._complete(bytes(body))
                return
            self._parts = []
        self._parts.append(bytes(body))
        if not more:
            self._complete(b"".join(self._parts))

    def _complete(self, body: bytes) -> None:
        request = self.request
        status = self._status
        if status in BODILESS or request.method == "HEAD":
            body = b""
            if status in BODILESS:
                self._headers.pop("content-length", None)
        self._end(HttpResponse(request.request_id, status, self._headers, body))

    def _end(self, response: HttpResponse) -> None:
        self.finished = True
        if self._idle is not None:
            self._idle.set()
        self._finish(self, response)
