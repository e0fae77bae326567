"""One WebSocket of the plain server, as ASGI's receive and send see it."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from aiohttp import WSCloseCode, WSMsgType, web
from multidict import CIMultiDict

from pywatt.http.headers import HOP_BY_HOP
from pywatt.http.responses import INTERNAL_TEXT, error_body
from pywatt.http.scope import Message

_log = logging.getLogger(__name__)

MAX_MESSAGE: Final = 16 * 1024 * 1024
MAX_REFUSAL: Final = 1024 * 1024
PING_INTERVAL: Final = 30.0
CLOSE_TIMEOUT: Final = 5.0
_NO_CODE: Final = 1005
_CUT: Final = 1006


class ServedWebSocket:
    """Translates between an ASGI application and aiohttp's WebSocket.

    Args:
        request: the upgrade request.
        module: stands in the body of our own failures.

    Attributes:
        error: what the application raised.
    """

    def __init__(self, request: web.BaseRequest, module: str) -> None:
        self.error: BaseException | None = None
        self._request = request
        self._module = module
        self._asked = False
        self._socket: web.WebSocketResponse | None = None
        self._refusal: web.Response | None = None
        self._refusal_body = bytearray()
        self._going_away = False
        self._gone = asyncio.Event()
        self._decided = asyncio.Event()

    async def receive(self) -> Message:
        """The connect event, then messages, then the disconnect with the peer's close code."""
        if not self._asked:
            self._asked = True
            return {"type": "websocket.connect"}
        if self._socket is None:
            await self._decided.wait()
        if self._socket is None:
            return {"type": "websocket.disconnect", "code": _CUT, "reason": ""}
        message = await self._socket.receive()
        if message.type is WSMsgType.TEXT:
            return {"type": "websocket.receive", "text": message.data}
        if message.type is WSMsgType.BINARY:
            return {"type": "websocket.receive", "bytes": message.data}
        self._gone.set()
        code: int | None = WSCloseCode.GOING_AWAY if self._going_away else self._socket.close_code
        if code is None:
            code = _CUT if message.type is WSMsgType.ERROR else _NO_CODE
        reason = message.extra if isinstance(message.extra, str) else ""
        return {"type": "websocket.disconnect", "code": int(code), "reason": reason}

    async def send(self, message: Message) -> None:
        """Take one message of the application.

        Raises:
            OSError: the peer left.
            RuntimeError: the application does not follow ASGI.
        """
        kind = message["type"]
        if self._socket is not None:
            await self._send_open(self._socket, kind, message)
        elif self._refusal is not None:
            self._take_refusal_body(kind, message)
        elif kind == "websocket.accept":
            await self._accept(message)
        elif kind == "websocket.close":
            self._refusal = web.Response(status=403)
            self._decided.set()
        elif kind == "websocket.http.response.start":
            self._refusal = web.Response(status=message["status"], headers=_headers(message))
        else:
            raise RuntimeError(f"an application may not send {kind!r} before it accepted the WebSocket")

    async def go_away(self) -> None:
        """Close because the server stops; the application hears of it as a disconnect."""
        self._going_away = True
        if self._socket is not None and not self._socket.closed:
            await self._socket.close(code=WSCloseCode.GOING_AWAY, message=b"the module is stopping")

    async def finish(self) -> web.StreamResponse:
        """Look at how the application ended, and close what it left open."""
        error = self.error
        lost = isinstance(error, OSError) and (self._gone.is_set() or self._request.transport is None)
        if error is not None and not lost:
            _log.error("the application failed: WebSocket %s", self._request.path, exc_info=error)
        if self._socket is not None:
            if not self._socket.closed:
                code = WSCloseCode.OK if error is None else WSCloseCode.INTERNAL_ERROR
                await self._socket.close(code=code)
            return self._socket
        if self._refusal is not None and error is None:
            self._refusal.body = bytes(self._refusal_body)
            return self._refusal
        if error is None:
            _log.error("the application returned before it answered the WebSocket %s", self._request.path)
        body = error_body(INTERNAL_TEXT, self._module, self._request.headers.get("x-request-id", ""))
        return web.Response(status=500, body=body, content_type="application/json")

    async def _accept(self, message: Message) -> None:
        subprotocol = message.get("subprotocol")
        socket = web.WebSocketResponse(
            protocols=(subprotocol,) if subprotocol else (),
            heartbeat=PING_INTERVAL,
            max_msg_size=MAX_MESSAGE,
            timeout=CLOSE_TIMEOUT,
        )
        socket.headers.extend(_headers(message))
        await socket.prepare(self._request)
        self._socket = socket
        self._decided.set()

    async def _send_open(self, socket: web.WebSocketResponse, kind: str, message: Message) -> None:
        if kind == "websocket.send":
            text = message.get("text")
            if text is not None:
                await socket.send_str(text)
            else:
                await socket.send_bytes(message["bytes"])
        elif kind == "websocket.close":
            reason = (message.get("reason") or "").encode()
            await socket.close(code=message.get("code", 1000), message=reason)
        else:
            raise RuntimeError(f"an application may not send {kind!r} on an open WebSocket")

    def _take_refusal_body(self, kind: str, message: Message) -> None:
        if kind != "websocket.http.response.body" or self._decided.is_set():
            raise RuntimeError(f"an application may not send {kind!r} after it refused the WebSocket")
        self._refusal_body += message.get("body", b"")
        if len(self._refusal_body) > MAX_REFUSAL:
            raise RuntimeError(f"the response that refuses a WebSocket is over {MAX_REFUSAL} bytes")
        if not message.get("more_body", False):
            self._decided.set()


def _headers(message: Message) -> CIMultiDict[str]:
    headers: CIMultiDict[str] = CIMultiDict()
    for raw_name, raw_value in message.get("headers", ()):
        name = raw_name.decode("latin-1").lower()
        if name not in HOP_BY_HOP and name not in ("content-length", "sec-websocket-protocol"):
            headers.add(name, raw_value.decode("latin-1"))
    return headers
