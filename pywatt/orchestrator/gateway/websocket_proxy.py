"""Joins a client's connection to a module's once both have become a WebSocket.

Bytes pass through as they are: subprotocols, extensions, pings and close codes are the affair of module and
client alone, and no message is ever held whole.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import cast

from aiohttp import hdrs, web
from aiohttp.http import StreamWriter

from pywatt.orchestrator.gateway.exchange import Exchange
from pywatt.orchestrator.gateway.raw_response import HandedOverResponse, write_head
from pywatt.orchestrator.gateway.upstream_connection import UpstreamAnswer

logger = logging.getLogger(__name__)

# Above this many unsent bytes on one side, nothing more is read on the other.
_HIGH_WATER = 64 * 1024
_DROPPED = frozenset({b"connection", b"upgrade", b"content-length", b"transfer-encoding", b"keep-alive"})


def asks_for_websocket(headers: Mapping[str, str]) -> bool:
    """Tell whether a request wants to become a WebSocket (RFC 6455, section 4.1).

    Args:
        headers: the request's headers as aiohttp read them.
    """
    wanted = headers.get(hdrs.UPGRADE)
    return (
        wanted is not None
        and wanted.lower() == "websocket"
        and "upgrade" in headers.get(hdrs.CONNECTION, "").lower()
    )


class Tunnels:
    """All joined connections of a gateway."""

    def __init__(self) -> None:
        self._open: set[_Tunnel] = set()

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._open)

    async def join(self, exchange: Exchange, answer: UpstreamAnswer) -> web.StreamResponse:
        """Confirm the switch to the client and pass bytes both ways until one side leaves.

        Args:
            exchange: the client's request.
            answer: the module's, with status 101.
        """
        request = exchange.request
        connection = answer.connection
        fields = [(name, value) for name, value in answer.head.raw_headers if name.lower() not in _DROPPED]
        fields += [(b"connection", b"Upgrade"), (b"upgrade", b"websocket")]
        await request.writer.write(write_head(request, answer.head.code, fields, keep_alive=True))
        if request.transport is None or connection.transport is None:
            return HandedOverResponse()
        tunnel = _Tunnel()
        upstream_writer = StreamWriter(connection, asyncio.get_running_loop())
        to_client = _OneWay(tunnel, connection.transport, cast(StreamWriter, request.writer))
        to_module = _OneWay(tunnel, request.transport, upstream_writer)
        self._open.add(tunnel)
        try:
            connection.set_parser(to_client, None)
            request.protocol.set_parser(to_module)  # type: ignore[arg-type]
            with exchange.module.gate.endless(tunnel.ended.set):
                await tunnel.ended.wait()
        finally:
            self._open.discard(tunnel)
            to_client.stop()
            to_module.stop()
            connection.close()  # not at once: what the client said last still goes to the module
        return HandedOverResponse(answer.head.code)

    def close(self) -> None:
        """Part all connections."""
        for tunnel in self._open:
            tunnel.ended.set()


class _Tunnel:
    """Two directions that end together."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()


class _OneWay:
    """Takes one connection's bytes, in place of aiohttp's WebSocket reader, and writes them to another."""

    def __init__(self, tunnel: _Tunnel, source: asyncio.Transport, writer: StreamWriter) -> None:
        self._tunnel = tunnel
        self._source = source
        self._writer = writer
        self._waiting: asyncio.Task[None] | None = None

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Pass bytes on; called by the source's protocol."""
        target = self._writer.transport
        if target is None or target.is_closing():
            self._tunnel.ended.set()
            return False, b""
        target.write(data)
        if self._waiting is None and target.get_write_buffer_size() > _HIGH_WATER:
            self._source.pause_reading()
            self._waiting = asyncio.get_running_loop().create_task(self._read_on_when_taken())
        return False, b""

    def feed_eof(self) -> None:
        """The source is gone; called by its protocol."""
        self._tunnel.ended.set()

    def stop(self) -> None:
        """Pass nothing on any more."""
        if self._waiting is not None:
            self._waiting.cancel()

    async def _read_on_when_taken(self) -> None:
        try:
            await self._writer.drain()
        except ConnectionError as error:
            logger.debug("a tunnel ended while it waited: %r", error)
            self._tunnel.ended.set()
            return
        self._waiting = None
        if not self._source.is_closing():
            self._source.resume_reading()
