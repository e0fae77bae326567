"""Serves an ASGI application on a socket; aiohttp parses HTTP and speaks WebSocket."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from collections.abc import Coroutine
from typing import Any, cast

from aiohttp import web

from pywatt.http.asgi import AsgiApplication
from pywatt.http.guarded_protocol import CANCEL_GRACE, GuardedConnection, GuardedServer
from pywatt.http.scope import SPEC_VERSION, STREAMED, set_peers, set_target
from pywatt.http.server_exchange import ServedExchange
from pywatt.http.server_websocket import ServedWebSocket

_log = logging.getLogger(__name__)


class BridgeServer(GuardedServer):
    """One ASGI application on one listening socket.

    Args:
        application: what is served.
    """

    def __init__(self, application: AsgiApplication) -> None:
        super().__init__(self._answer)
        self._application = application
        self._running: set[asyncio.Task[None]] = set()
        self._websockets: set[ServedWebSocket] = set()

    async def finish(self, timeout: float) -> None:
        """Let requests end, tell WebSockets that the server goes away, then close every connection.

        Args:
            timeout: seconds.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        closing = [asyncio.ensure_future(websocket.go_away()) for websocket in self._websockets]
        if closing:
            await asyncio.wait(closing, timeout=timeout)
        self.close_idle()
        if self._running:
            await asyncio.wait(set(self._running), timeout=max(0.0, end - loop.time()))
        left = list(self._running)
        for task in left:
            task.cancel()
        if left:
            _log.warning("%d requests did not end in time and were cancelled", len(left))
            await asyncio.wait(left, timeout=CANCEL_GRACE)
        await super().finish(max(CANCEL_GRACE, end - loop.time()))

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if _wants_websocket(request):
            return await self._answer_websocket(request)
        return await self._answer_http(request)

    async def _answer_http(self, request: web.BaseRequest) -> web.StreamResponse:
        connection = cast(GuardedConnection, request.protocol)
        exchange = ServedExchange(request, connection, self._application.options.module_id)
        scope = self._scope(request, "http")
        task = self._spawn(self._run(exchange, scope))
        task.add_done_callback(lambda ended: exchange.application_ended(None, cancelled=True))
        # Background work goes on in the task, while the connection is free for its next request.
        await exchange.done.wait()
        return exchange.response

    async def _answer_websocket(self, request: web.BaseRequest) -> web.StreamResponse:
        websocket = ServedWebSocket(request, self._application.options.module_id)
        scope = self._scope(request, "websocket")
        offered = request.headers.get("sec-websocket-protocol", "")
        scope["subprotocols"] = [name.strip() for name in offered.split(",") if name.strip()]
        scope["extensions"] = {"websocket.http.response": {}}
        self._websockets.add(websocket)
        try:
            await asyncio.wait({self._spawn(self._run_websocket(websocket, scope))})
            return await websocket.finish()
        finally:
            self._websockets.discard(websocket)

    async def _run(self, exchange: ServedExchange, scope: dict[str, Any]) -> None:
        try:
            await self._application.entry(scope, exchange.receive, exchange.send)
        except asyncio.CancelledError:
            exchange.application_ended(None, cancelled=True)
            raise
        except (Exception, SystemExit) as error:
            exchange.application_ended(error)
        else:
            exchange.application_ended(None)

    async def _run_websocket(self, websocket: ServedWebSocket, scope: dict[str, Any]) -> None:
        try:
            await self._application.entry(scope, websocket.receive, websocket.send)
        except (Exception, SystemExit) as error:
            websocket.error = error

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def _scope(self, request: web.BaseRequest, kind: str) -> dict[str, Any]:
        headers = request.headers
        trusted = _is_local(request)
        secure = request.transport is not None and request.transport.get_extra_info("sslcontext") is not None
        scheme = (headers.get("x-forwarded-proto") if trusted else None) or ("https" if secure else "http")
        if kind == "websocket":
            scheme = "wss" if scheme in ("https", "wss") else "ws"
        scope: dict[str, Any] = {
            "type": kind,
            "asgi": {"version": "3.0", "spec_version": SPEC_VERSION},
            "http_version": f"{request.version.major}.{request.version.minor}",
            "scheme": scheme,
            "root_path": "",
            "headers": [(name.lower(), value) for name, value in request.raw_headers],
            "client": _socket_address(request, "peername"),
            "server": _socket_address(request, "sockname"),
            "state": self._application.state.copy(),
            STREAMED: True,
        }
        if kind == "http":
            scope["method"] = request.method.upper()
        set_target(scope, request.raw_path, headers.get("x-forwarded-prefix", "") if trusted else "")
        if trusted:
            set_peers(
                scope, headers.get("x-forwarded-for"), headers.get("x-forwarded-host"), headers.get("host")
            )
        return scope


def _wants_websocket(request: web.BaseRequest) -> bool:
    return (
        request.method == "GET"
        and request.headers.get("upgrade", "").lower().strip() == "websocket"
        and "upgrade" in request.headers.get("connection", "").lower()
    )


def _is_local(request: web.BaseRequest) -> bool:
    """Whether the peer is on this machine, as the gateway is: only then its forwarded headers count."""
    peer = request.transport.get_extra_info("peername") if request.transport is not None else None
    if not isinstance(peer, tuple):
        return True
    try:
        return ipaddress.ip_address(peer[0].partition("%")[0]).is_loopback
    except ValueError:
        return False


def _socket_address(request: web.BaseRequest, name: str) -> tuple[str, int | None] | None:
    found = request.transport.get_extra_info(name) if request.transport is not None else None
    if isinstance(found, tuple):
        return found[0], found[1]
    return (found, None) if name == "sockname" and isinstance(found, str) and found else None
