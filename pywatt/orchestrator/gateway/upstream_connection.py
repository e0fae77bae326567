"""One connection to a module that serves plain HTTP: aiohttp's parser of answers, without its client."""

import asyncio
from collections.abc import Coroutine
from http import HTTPStatus
from typing import Final, NamedTuple

from aiohttp import ServerDisconnectedError, StreamReader
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import RawResponseMessage

_MAX_LINE: Final = 64 * 1024


class UpstreamAnswer(NamedTuple):
    """What a module answers.

    Attributes:
        connection: on which it comes.
        head: status and header fields.
        body: as it arrives, its content coding still on it.
    """

    connection: "UpstreamConnection"
    head: RawResponseMessage
    body: StreamReader


class UpstreamConnection(ResponseHandler):
    """Carries one request at a time.

    aiohttp's session does the same with a request object, a response object, a URL and several header maps
    for each request: too dear for a gateway, which passes on bytes.

    Args:
        loop: the running event loop.

    Attributes:
        used: whether it has carried a request before the present one.
        idle_since: when its last answer was passed on, by the loop's clock.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.used = False
        self.idle_since = 0.0
        self._body: StreamReader | None = None
        self._upload: asyncio.Task[None] | None = None

    @property
    def is_reusable(self) -> bool:
        """Whether request and answer are through, nothing came after them, and both sides stay connected."""
        return (
            self._body is not None
            and self._body.at_eof()
            and (self._upload is None or self._upload.done())
            and not self.should_close
            and self.is_connected()
        )

    async def ask(
        self, method: str, data: bytes, upload: Coroutine[None, None, None] | None = None
    ) -> UpstreamAnswer:
        """Send a request and wait for the head of the answer; interim answers are passed over.

        Args:
            method: of the request; decides whether the answer has a body.
            data: the head of the request, with its body if that is at hand.
            upload: sends the body meanwhile, and goes on after the head of the answer.

        Raises:
            ClientError: the module left, or the upload failed.
            HttpProcessingError: what the module sent is not HTTP.
        """
        self._body = self._upload = None
        if upload is not None:
            self._upload = self._loop.create_task(upload)
        if self.transport is None or self.should_close:
            raise ServerDisconnectedError
        self.set_response_params(
            skip_payload=method == "HEAD",
            read_until_eof=True,
            auto_decompress=False,
            max_line_size=_MAX_LINE,
            max_field_size=_MAX_LINE,
        )
        self.transport.write(data)
        while True:
            head, body = await self.read()
            if not 100 <= head.code < 200 or head.code == HTTPStatus.SWITCHING_PROTOCOLS:
                self._body = body
                return UpstreamAnswer(self, head, body)

    def set_exception(self, exc: BaseException, *cause: BaseException) -> None:
        """Let whoever waits for something from this connection hear why nothing comes.

        The base class leaves those who read a body waiting when what follows in it is not HTTP.
        """
        super().set_exception(exc, *cause)
        if self._body is not None and not self._body.is_eof():
            self._body.set_exception(exc, *cause)

    def fail(self, error: Exception) -> None:
        """Close the connection; whoever waits for something from it hears why.

        Args:
            error: the reason.
        """
        self.set_exception(error)
        self.cut()

    def cut(self) -> None:
        """Close the connection without waiting until what was written is taken."""
        if self._upload is not None:
            self._upload.cancel()
        if self.transport is not None:
            self.transport.abort()
