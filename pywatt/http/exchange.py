"""One request that arrived as an operation, as ASGI's receive and send see it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, NoReturn

from pywatt.http.headers import HeaderError, join_headers
from pywatt.http.responses import EVENT_STREAM_TEXT, error_response, too_large_text
from pywatt.http.scope import Message
from pywatt_fast import HttpRequest, HttpResponse

# Responses of these kinds have no body, whatever the application sends (RFC 9110, section 6.4.1).
BODILESS: Final = frozenset({204, 304})

Reply = Callable[[HttpResponse], None]


async def answer_of(start: Callable[[HttpRequest, Reply], None], request: HttpRequest) -> HttpResponse:
    """Wait for the response of an application that replies by a call.

    Args:
        start: begins to answer.
        request: the operation.
    """
    answered: asyncio.Future[HttpResponse] = asyncio.get_running_loop().create_future()

    def reply(response: HttpResponse) -> None:
        if not answered.done():
            answered.set_result(response)

    start(request, reply)
    return await answered


class RefusedResponseError(OSError):
    """Nobody takes this response any more; ASGI's way to stop an application that goes on sending."""


class Exchange:
    """Collects one response and hands it over the moment it is whole; the application may go on after that.

    Args:
        request: the operation.
        reply: where the response goes in the end; kept for `finish`.
        limit: bytes of the response body.
        module: stands in the body of our own refusals.
        finish: called exactly once, with this exchange and the response.

    Attributes:
        finished: the response was handed over.
        refused: why the application's response could not be taken, where that is so.
        task: what runs the application.
        began: when, on the loop's clock.
    """

    finished = False
    refused: str | None = None
    task: asyncio.Task[None] | None = None
    began = 0.0
    _body_given = False
    _idle: asyncio.Event | None = None
    _status = 0
    _headers: dict[str, str]
    _parts: list[bytes] | None = None
    _size = 0

    def __init__(
        self,
        request: HttpRequest,
        reply: Reply,
        limit: int,
        module: str,
        finish: Callable[[Exchange, HttpResponse], None],
    ) -> None:
        self.request = request
        self.reply = reply
        self._limit = limit
        self._module = module
        self._finish = finish

    async def receive(self) -> Message:
        """The whole body at once; after that, the disconnect that follows the response."""
        if not self._body_given:
            self._body_given = True
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
            self._headers = headers = join_headers(message.get("headers", ()))
        except HeaderError as error:
            raise RuntimeError(f"the application's response cannot be sent: {error}") from error
        self._status = int(message["status"])
        if headers.get("content-type", "").startswith("text/event-stream"):
            self._refuse(EVENT_STREAM_TEXT)

    def _take_body(self, body: bytes, more: bool) -> None:
        if self.finished:
            raise RefusedResponseError("the request was already answered")
        if not self._status:
            raise RuntimeError("the application sent a body before it started its response")
        self._size += len(body)
        if self._size > self._limit:
            self._parts = None
            self._refuse(too_large_text(self._limit))
        if more or self._parts is not None:
            if self._parts is None:
                self._parts = []
            self._parts.append(bytes(body))
            if more:
                return
            body = b"".join(self._parts)
        request = self.request
        if self._status in BODILESS:
            self._headers.pop("content-length", None)
            body = b""
        elif request.method.upper() == "HEAD":
            body = b""
        self._end(HttpResponse(request.request_id, self._status, self._headers, bytes(body)))

    def _refuse(self, reason: str) -> NoReturn:
        self.refused = reason
        self.fail(502, reason)
        raise RefusedResponseError(reason)

    def _end(self, response: HttpResponse) -> None:
        self.finished = True
        if self._idle is not None:
            self._idle.set()
        self._finish(self, response)
