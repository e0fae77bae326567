"""WSGI applications behind ASGI, run in a bounded thread pool by a2wsgi.

A request that came as an operation is answered whole, so its thread collects the response and hands it over
once; a2wsgi alone hands each chunk to the event loop and waits, three times for the smallest response.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from contextvars import copy_context
from io import BytesIO
from typing import Any
from urllib.parse import quote_from_bytes

from pywatt.http.scope import STREAMED, AsgiCallable, Message, Receive, Scope, Send

_log = logging.getLogger(__name__)

WsgiCallable = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_REFUSAL = "pywatt.refusal"
_QUERY_CHARACTERS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ "


class WsgiBridge:
    """An ASGI callable around a WSGI application.

    Args:
        app: the WSGI application.
        threads: how many of its requests run at a time.
        limit: bytes of a collected response, above which the rest is not asked for.
    """

    def __init__(self, app: WsgiCallable, threads: int, limit: int) -> None:
        from a2wsgi import WSGIMiddleware

        self._app = app
        self._limit = limit
        middleware: Any = WSGIMiddleware(self._in_thread, workers=threads)  # type: ignore[arg-type]
        self._middleware: AsgiCallable = middleware
        self._threads: Executor = middleware.executor
        self._left: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        kind = scope["type"]
        if kind == "lifespan":
            await self._lifespan(receive, send)
        elif kind == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        else:
            query: bytes = scope["query_string"]
            if not query.isascii():
                scope["query_string"] = quote_from_bytes(query, safe=_QUERY_CHARACTERS).encode()
            # In the environment an underscore is as good as a hyphen: "x_forwarded_for" could pass for ours.
            scope["headers"] = [pair for pair in scope["headers"] if b"_" not in pair[0]]
            scope[_REFUSAL] = _Refusal()
            await (self._stream if scope.get(STREAMED) else self._collect)(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._threads.shutdown(wait=False, cancel_futures=True)
        await send({"type": "lifespan.shutdown.complete"})

    async def _collect(self, scope: Scope, receive: Receive, send: Send) -> None:
        from a2wsgi.wsgi import build_environ

        body: bytes = (await receive()).get("body", b"")
        # Not a2wsgi's own body, which asks the event loop for each piece.
        environ: dict[str, Any] = build_environ(scope, BytesIO(body))  # type: ignore[arg-type, assignment]
        if body:
            environ["CONTENT_LENGTH"] = str(len(body))
        collected = _Collected(self._limit)
        work = copy_context()
        try:
            await asyncio.get_running_loop().run_in_executor(
                self._threads, work.run, collected.run, self._in_thread, environ
            )
        except asyncio.CancelledError:
            scope[_REFUSAL].error = ConnectionAbortedError("the request was cancelled")
            raise
        await send({"type": "http.response.start", "status": collected.status, "headers": collected.headers})
        await send({"type": "http.response.body", "body": b"".join(collected.parts)})

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal: _Refusal = scope[_REFUSAL]

        async def whole_receive() -> Message:
            message = await receive()
            if message["type"] == "http.disconnect":
                # a2wsgi would take this for the end of the body.
                raise ConnectionResetError("the client left before its request was whole")
            return message

        async def patient_send(message: Message) -> None:
            # a2wsgi's thread waits until its chunk is taken. So all are taken, and the thread is what stops
            # when nobody wants them any more.
            if refusal.error is None:
                try:
                    await send(message)
                except OSError as error:
                    refusal.error = error

        async def serve() -> None:
            await self._middleware(scope, whole_receive, patient_send)

        task = asyncio.get_running_loop().create_task(serve())
        self._left.add(task)
        task.add_done_callback(self._left.discard)
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            refusal.error = refusal.error or ConnectionAbortedError("the request was cancelled")
            task.add_done_callback(_note_late_error)
            raise

    def _in_thread(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        scope = environ["asgi.scope"]
        # a2wsgi prefers an environment variable of this name, and writes errors to stdout.
        environ["SCRIPT_NAME"] = scope["root_path"].encode().decode("latin-1")
        environ["wsgi.errors"] = sys.stderr
        # Or a body of unknown length counts as empty: the input ends by itself.
        environ["wsgi.input_terminated"] = True
        return _StoppableBody(self._app(environ, start_response), scope[_REFUSAL])


class _Refusal:
    """Why a response is not wanted any more; set by the loop, read by the thread."""

    __slots__ = ("error",)

    def __init__(self) -> None:
        self.error: OSError | None = None


class _Collected:
    """One response, collected in the thread that makes it."""

    def __init__(self, limit: int) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.parts: list[bytes] = []
        self._limit = limit
        self._size = 0

    def run(self, app: WsgiCallable, environ: dict[str, Any]) -> None:
        """Call the application and keep its response, up to one chunk above the limit."""
        chunks = app(environ, self._start_response)
        try:
            for chunk in chunks:
                self._take(chunk)
                # Neither a stream of events nor what is too large can be sent: the exchange says so.
                if self._size > self._limit or self._is_event_stream():
                    break
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
        if not self.status:
            raise RuntimeError("the WSGI application did not call start_response")

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], None]:
        if self.status and exc_info is None:
            raise RuntimeError("the WSGI application called start_response twice")
        if exc_info is not None and self.parts:
            raise exc_info[1].with_traceback(exc_info[2])
        self.status = int(status[:3])
        self.headers = [
            (name.strip().encode("latin-1"), value.strip().encode("latin-1")) for name, value in headers
        ]
        return self._take

    def _take(self, chunk: bytes) -> None:
        if chunk:
            self.parts.append(chunk)
            self._size += len(chunk)

    def _is_event_stream(self) -> bool:
        return any(
            name.lower() == b"content-type" and value.startswith(b"text/event-stream")
            for name, value in self.headers
        )


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
