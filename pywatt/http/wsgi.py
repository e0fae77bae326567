"""WSGI applications, run by a2wsgi in a bounded thread pool."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import quote_from_bytes

from pywatt.http.scope import AsgiCallable, Message, Receive, Scope, Send

_log = logging.getLogger(__name__)

WsgiCallable = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_REFUSAL = "pywatt.refusal"


class WsgiBridge:
    """An ASGI callable around a WSGI application.

    a2wsgi's threads hand every chunk to the event loop and wait until it is taken. So the loop's side always
    takes chunks to the end, and a response that nobody wants is stopped where it is made, in the thread.

    Args:
        app: the WSGI application.
        threads: how many of its requests run at a time.
    """

    def __init__(self, app: WsgiCallable, threads: int) -> None:
        from a2wsgi import WSGIMiddleware

        self._app = app
        self._middleware: AsgiCallable = WSGIMiddleware(self._in_thread, workers=threads)  # type: ignore[arg-type, assignment]
        self._left: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
            return
        if scope["type"] != "http":
            return
        query: bytes = scope["query_string"]
        if not query.isascii():
            scope["query_string"] = quote_from_bytes(query, safe="!$&'()*+,;=:@/?%[]^`{|}~ ").encode()
        refusal = _Refusal()
        scope[_REFUSAL] = refusal

        async def whole_receive() -> Message:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ConnectionResetError("the client left before its request was whole")
            return message

        async def patient_send(message: Message) -> None:
            if refusal.error is None:
                try:
                    await send(message)
                except OSError as error:
                    refusal.error = error

        task = asyncio.ensure_future(self._serve(scope, whole_receive, patient_send))
        self._left.add(task)
        task.add_done_callback(self._left.discard)
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            refusal.error = refusal.error or ConnectionAbortedError("the request was cancelled")
            task.add_done_callback(_note_late_error)
            raise

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._middleware(scope, receive, send)

    def _in_thread(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        scope = environ["asgi.scope"]
        # a2wsgi prefers an environment variable of this name, and writes errors to stdout.
        environ["SCRIPT_NAME"] = scope["root_path"].encode().decode("latin-1")
        environ["wsgi.errors"] = sys.stderr
        return _StoppableBody(self._app(environ, start_response), scope[_REFUSAL])


class _Refusal:
    """Why a response is not wanted any more; set by the loop, read by the thread."""

    __slots__ = ("error",)

    def __init__(self) -> None:
        self.error: OSError | None = None


class _StoppableBody:
    def __init__(self, chunks: Iterable[bytes], refusal: _Refusal) -> None:
        self._chunks = chunks
        self._refusal = refusal

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            if self._refusal.error is not None:
                raise self._refusal.error
            yield chunk

    def close(self) -> None:
        """Close the application's own iterable, as WSGI asks for."""
        close = getattr(self._chunks, "close", None)
        if close is not None:
            close()


def _note_late_error(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.debug("a cancelled request ended with an error", exc_info=error)
