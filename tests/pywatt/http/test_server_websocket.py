"""WebSockets through the plain server."""

import asyncio
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType

from pywatt.http import server_websocket

DEADLINE = 10.0


def websocket_only(app: Any) -> Any:
    async def entry(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await app(scope, receive, send)

    return entry


@websocket_only
async def echo(scope: Any, receive: Any, send: Any) -> None:
    assert (await receive())["type"] == "websocket.connect"
    wanted = scope["subprotocols"][-1] if scope["subprotocols"] else None
    await send({"type": "websocket.accept", "subprotocol": wanted, "headers": [(b"x-seat", b"7")]})
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return
        message["type"] = "websocket.send"
        await send(message)


@pytest.fixture
async def session() -> Any:
    async with aiohttp.ClientSession() as client:
        yield client


async def test_text_and_bytes_travel_both_ways(serving: Any, session: Any) -> None:
    server = await serving(echo)
    async with session.ws_connect(f"http://{server.address}/x") as socket:
        await socket.send_str("hé")
        assert await socket.receive_str(timeout=DEADLINE) == "hé"
        await socket.send_bytes(b"\x00\xff")
        assert await socket.receive_bytes(timeout=DEADLINE) == b"\x00\xff"


async def test_the_application_chooses_the_subprotocol_and_adds_headers(serving: Any, session: Any) -> None:
    server = await serving(echo)
    async with session.ws_connect(f"http://{server.address}/", protocols=("a", "b")) as socket:
        assert socket.protocol == "b"
        assert socket._response.headers["x-seat"] == "7"


async def test_the_scope_is_one_of_a_websocket(serving: Any, session: Any) -> None:
    seen: dict[str, Any] = {}

    @websocket_only
    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.update(scope)
        await send({"type": "websocket.close"})

    server = await serving(app, version="v1")
    headers = {"x-forwarded-proto": "https", "x-forwarded-prefix": "/m/a"}
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await session.ws_connect(f"http://{server.address}/v1/a%20b?q=1", headers=headers)
    assert seen["scheme"] == "wss"
    assert (seen["path"], seen["root_path"], seen["raw_path"]) == ("/m/a/a b", "/m/a", b"/m/a/a%20b")
    assert seen["query_string"] == b"q=1"
    assert "method" not in seen


async def test_the_close_code_of_the_client_reaches_the_application(serving: Any, session: Any) -> None:
    heard: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    @websocket_only
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        heard.set_result(await receive())

    server = await serving(app)
    async with session.ws_connect(f"http://{server.address}/") as socket:
        await socket.close(code=4001, message=b"bye")
    assert await asyncio.wait_for(heard, DEADLINE) == {
        "type": "websocket.disconnect",
        "code": 4001,
        "reason": "bye",
    }


async def test_a_client_that_vanishes_is_a_disconnect_with_1006(serving: Any, session: Any) -> None:
    heard: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    begun = asyncio.Event()

    @websocket_only
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        begun.set()
        heard.set_result(await receive())
        with pytest.raises(ConnectionResetError):
            await send({"type": "websocket.send", "text": "late"})

    server = await serving(app)
    socket = await session.ws_connect(f"http://{server.address}/")
    await asyncio.wait_for(begun.wait(), DEADLINE)
    socket._response.connection.transport.abort()
    assert (await asyncio.wait_for(heard, DEADLINE))["code"] == 1006
    await socket.close()


async def test_the_close_code_of_the_application_reaches_the_client(serving: Any, session: Any) -> None:
    @websocket_only
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 4002, "reason": "enough"})

    server = await serving(app)
    async with session.ws_connect(f"http://{server.address}/") as socket:
        message = await socket.receive(timeout=DEADLINE)
        assert (message.type, message.data, message.extra) == (WSMsgType.CLOSE, 4002, "enough")


@pytest.mark.parametrize(("error", "code"), [(None, 1000), (ValueError("secret reason"), 1011)])
async def test_an_application_that_ends_closes_the_socket(
    serving: Any, session: Any, error: Exception | None, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    @websocket_only
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        if error is not None:
            raise error

    server = await serving(app)
    async with session.ws_connect(f"http://{server.address}/") as socket:
        message = await socket.receive(timeout=DEADLINE)
        assert (message.type, message.data) == (WSMsgType.CLOSE, code)
        assert not message.extra
    assert ("secret reason" in caplog.text) is (error is not None)


async def test_a_refused_websocket_is_a_403(serving: Any, session: Any) -> None:
    @websocket_only
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.close", "code": 1008})

    server = await serving(app)
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await session.ws_connect(f"http://{server.address}/")
    assert refused.value.status == 403


async def test_an_application_may_refuse_with_a_response_of_its_own(serving: Any, session: Any) -> None:
    @websocket_only
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert "websocket.http.response" in scope["extensions"]
        await receive()
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"3")]
        await send({"type": "websocket.http.response.start", "status": 401, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": b"n", "more_body": True})
        await send({"type": "websocket.http.response.body", "body": b"o!"})

    server = await serving(app)
    upgrade = {
        "connection": "upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    async with session.get(f"http://{server.address}/", headers=upgrade) as response:
        assert response.status == 401
        assert response.headers["content-type"] == "text/plain"
        assert await response.read() == b"no!"


@pytest.mark.parametrize("fails", [True, False])
async def test_an_application_that_does_not_answer_the_upgrade_is_a_500(
    serving: Any, session: Any, fails: bool
) -> None:
    @websocket_only
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if fails:
            raise ValueError("secret reason")

    server = await serving(app)
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await session.ws_connect(f"http://{server.address}/")
    assert refused.value.status == 500


async def test_a_message_over_the_limit_closes_with_1009(
    serving: Any, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_websocket, "MAX_MESSAGE", 1000)
    server = await serving(echo)
    async with session.ws_connect(f"http://{server.address}/") as socket:
        await socket.send_bytes(b"x" * 2000)
        message = await socket.receive(timeout=DEADLINE)
        assert (message.type, message.data) == (WSMsgType.CLOSE, 1009)


async def test_a_server_that_stops_says_that_it_goes_away(serving: Any, session: Any) -> None:
    heard: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    @websocket_only
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        heard.set_result(await receive())

    server = await serving(app)
    async with session.ws_connect(f"http://{server.address}/") as socket:
        closing = asyncio.ensure_future(server.close(5.0))
        message = await socket.receive(timeout=DEADLINE)
        assert (message.type, message.data) == (WSMsgType.CLOSE, 1001)
        assert (await asyncio.wait_for(heard, DEADLINE))["code"] == 1001
        await asyncio.wait_for(closing, DEADLINE)


async def test_wsgi_applications_refuse(serving: Any, session: Any) -> None:
    server = await serving(lambda environ, start_response: [])
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await session.ws_connect(f"http://{server.address}/")
    assert refused.value.status == 403


async def test_fastapi(serving: Any, session: Any) -> None:
    from fastapi import FastAPI, WebSocket

    app = FastAPI()

    @app.websocket("/ws/{name}")
    async def ws(socket: WebSocket, name: str) -> None:
        await socket.accept()
        await socket.send_json({"hello": name})
        async for text in socket.iter_text():
            await socket.send_text(text.upper())

    server = await serving(app)
    async with session.ws_connect(f"http://{server.address}/ws/bo") as socket:
        assert await socket.receive_json(timeout=DEADLINE) == {"hello": "bo"}
        await socket.send_str("hey")
        assert await socket.receive_str(timeout=DEADLINE) == "HEY"
