"""aiohttp's connection of a server, whose broken bodies are noticed at once."""

from __future__ import annotations

from typing import Any

from aiohttp import StreamReader, web
from aiohttp.web_protocol import RequestHandler


class RequestConnection(RequestHandler):
    """One client's connection.

    When something that is no chunk follows in a body, the base class tells whoever handles the next request,
    which never comes, and leaves those waiting who read the body.
    """

    __slots__ = ("_last_body",)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._last_body: StreamReader | None = None

    def data_received(self, data: bytes) -> None:
        """Feed the parser, and see whether it lost its way."""
        before = self._request_count
        super().data_received(data)
        if self._request_count == before:
            return
        body = self._last_body
        if body is not None and not body.is_eof():
            # What begins before a body has ended is no request but the parser's report of an error.
            body.set_exception(web.RequestPayloadError("the body is broken"))
            self._lingering_time = 0.0  # nothing is left that could be read past
        self._last_body = self._messages[-1][1] if self._messages else None
