"""WebSockets pass through the gateway to modules that serve plain HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
from aiohttp import WSMsgType, web
from clocks import turns
from gateways import DEADLINE, StartGateway
from plain_servers import Serve, address, serve

Handler = Callable[[web.WebSocketResponse, web.BaseRequest], Awaitable[None]]

__all__ = ["address", "serve"]


def sockets(handler: Handler, *protocols: str) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
    """A request handler that gives each WebSocket to a function."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        socket = web.WebSocketResponse(protocols=protocols, autoping=False)
        await socket.prepare(request)
        await handler(socket, request)
        return socket

    return answer


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def echo(socket: web.WebSocketResponse, request: web.BaseRequest) -> None:
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await socket.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await socket.send_bytes(message.data)
        elif message.type is WSMsgType.PING:
            await socket.pong(message.data)


@pytest.mark.parametrize("compress", [0, 15])
async def test_messages_pass_both_ways(
    start_gateway: StartGateway, serve: Serve, client: aiohttp.ClientSession, compress: int
) -> None:
    gateway = await start_gateway(await serve(sockets(echo)))
    async with (
        asyncio.timeout(DEADLINE),
        client.ws_connect(gateway.url + "/m/shop/live?x=1", compress=compress) as socket,
    ):
        assert socket.compress == compress
        for size in (0, 1, 125, 126, 65_536, 3_000_000):
            await socket.send_bytes(b"x" * size)
            assert (await socket.receive_bytes()) == b"x" * size
        await socket.send_str("caf\u00e9")
        assert await socket.receive_str() == "caf\u00e9"


async def test_the_module_hears_target_headers_and_the_offered_subprotocols(
    start_gateway: StartGateway, serve: Serve, client: aiohttp.ClientSession
) -> None:
    heard: list[web.BaseRequest] = []

    async def note(socket: web.WebSocketResponse, request: web.BaseRequest) -> None:
        heard.append(request)
        await socket.close()

    gateway = await start_gateway(await serve(sockets(note, "chat.v2")))
    async with (
        asyncio.timeout(DEADLINE),
        client.ws_connect(gateway.url + "/m/shop/live?x=1", protocols=("chat.v1", "chat.v2")) as socket,
    ):
        assert socket.protocol == "chat.v2"
        await socket.receive()
    assert heard[0].raw_path == "/live?x=1"
    assert heard[0].headers["X-Forwarded-Prefix"] == "/m/shop"
    assert heard[0].headers["Sec-WebSocket-Protocol"] == "chat.v1,chat.v2"


async def test_pings_are_answered_by_the_module(
    start_gateway: StartGateway, serve: Serve, client: aiohttp.ClientSession
) -> None:
    gateway = await start_gateway(await serve(sockets(echo)))
    async with (
        asyncio.timeout(DEADLINE),
        client.ws_connect(gateway.url + "/m/shop/", autoping=False) as socket,
    ):
        await socket.ping(b"are you there")
        message = await socket.receive()
        assert (message.type, message.data) == (WSMsgType.PONG, b"are you there")


@pytest.mark.parametrize("code", [1000, 1001, 1011, 4321])
async def test_the_modules_close_code_and_reason_reach_the_client(
    start_gateway: StartGateway, serve: Serve, client: aiohttp.ClientSession, code: int
) -> None:
    async def close(socket: web.WebSocketResponse, request: web.BaseRequest) -> None:
        await socket.close(code=code, message=b"because")

    gateway = await start_gateway(await serve(sockets(close)))
    async with (
        asyncio.timeout(DEADLINE),
        client.ws_connect(gateway.url + "/m/shop/", autoclose=False) as socket,
    ):
        message = await socket.receive()
        assert (message.type, message.data, message.extra) == (WSMsgType.CLOSE, code, "because")


async def test_the_clients_close_code_reaches_the_module(
    start_gateway: StartGateway, serve: Serve, client: aiohttp.ClientSession
) -> None:
    codes: asyncio.Queue[int | None] = asyncio.Queue()

    async def note(socket: web.WebSocketResponse, request: web.BaseRequest) -> None:
        await socket.receive()
        codes.put_nowait(socket.close_code)

    gateway = await start_gateway(await serve(sockets(note)))
    async with asyncio.timeout(DEADLINE):
        async with client.ws_connect(gateway.url + "/m/shop/") as socket:
            await socket.close(code=4001)
        assert await codes.get() == 4001


async def test_a_client_that_vanishes_closes_the_upstream(start_gateway: StartGateway, serve: Serve) -> None:
    opened, ended = asyncio.Event(), asyncio.Event()

    async def wait(socket: web.WebSocketResponse, request: web.BaseRequest) -> None:
        opened.set()
        try:
            await socket.receive()
        finally:
            ended.set()

    gateway = await start_gateway(await serve(sockets(wait)))
    client = await gateway.connect()
    client.send(
        b"GET /m/shop/ HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    answer = await client.answer()
    assert answer.status == 101
    assert answer.get(b"sec-websocket-accept") == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    async with asyncio.timeout(DEADLINE):
        await opened.wait()
        client.writer.transport.abort()
        await ended.wait()


async def test_a_module_that_vanishes_closes_the_client(
    start_gateway: StartGateway, serve: Serve, client: aiohttp.ClientSession
) -> None:
    async def vanish(socket: web.WebSocketResponse, request: web.BaseRequest) -> None:
        await socket.receive()
        assert request.transport is not None
        request.transport.abort()

    gateway = await start_gateway(await serve(sockets(vanish)))
    async with asyncio.timeout(DEADLINE), client.ws_connect(gateway.url + "/m/shop/") as socket:
        await socket.send_str("go")
        await socket.receive()
        assert socket.close_code == 1006


async def test_a_reader_that_is_slow_holds_back_the_writer(
    start_gateway: StartGateway, serve: Serve, client: aiohttp.ClientSession
) -> None:
    pieces = 400
    sent = 0

    async def flood(socket: web.WebSocketResponse, request: web.BaseRequest) -> None:
        nonlocal sent
        for _ in range(pieces):
            await socket.send_bytes(b"x" * 100_000)
            sent += 1
        await socket.close()

    gateway = await start_gateway(await serve(sockets(flood)))
    async with (
        asyncio.timeout(DEADLINE),
        client.ws_connect(gateway.url + "/m/shop/", max_msg_size=0) as socket,
    ):
        assert len(await socket.receive_bytes()) == 100_000
        # The client's own buffer is bounded: while it reads nothing more, nothing more can be under way.
        settled = -1
        while settled != sent:
            settled = sent
            await gateway.ask("/m/shop/")  # other requests go on meanwhile
            await turns()
        assert sent < pieces
        for _ in range(pieces - 1):
            assert len(await socket.receive_bytes()) == 100_000


async def test_a_module_that_refuses_is_quoted(
    start_gateway: StartGateway, serve: Serve, client: aiohttp.ClientSession
) -> None:
    async def refuse(socket: web.WebSocketResponse, request: web.BaseRequest) -> None:
        raise AssertionError

    module = await serve(sockets(refuse))
    gateway = await start_gateway(module)
    answer = await gateway.ask(
        "/m/shop/", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 12"
    )
    assert answer.status == 400


async def test_draining_parts_the_connections(
    start_gateway: StartGateway, serve: Serve, client: aiohttp.ClientSession
) -> None:
    gateway = await start_gateway(await serve(sockets(echo)))
    async with asyncio.timeout(DEADLINE), client.ws_connect(gateway.url + "/m/shop/") as socket:
        await socket.send_str("x")
        await socket.receive_str()
        await gateway.gateway.close(DEADLINE * 10)
        await socket.receive()
        assert socket.close_code == 1006
