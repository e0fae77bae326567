"""Modules that serve plain HTTP themselves: requests and answers stream through the gateway."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import uvicorn
from aiohttp import web
from gateways import DEADLINE, RunningGateway, StandInModule, StartGateway
from plain_servers import Serve, address, serve, tell

from pywatt.orchestrator.gateway import connection_pool
from pywatt.orchestrator.gateway.listening_socket import bind_gateway
from pywatt.protocol.listen import TcpAddress

__all__ = ["address", "serve"]


async def told(gateway: RunningGateway, *arguments: Any, **options: Any) -> dict[str, Any]:
    answer = await gateway.ask(*arguments, **options)
    assert answer.status == 200
    return json.loads(answer.body)


class TestRequests:
    @pytest.mark.parametrize(
        "target", ["/%41b%2fc?x=%zz&y=%20+", "//double//", "/a;b=1/~!$&'()*+,=:@", "/%E9/a/../b"]
    )
    async def test_the_target_reaches_the_module_as_it_was_sent(
        self, start_gateway: StartGateway, serve: Serve, target: str
    ) -> None:
        gateway = await start_gateway(await serve(tell))
        assert (await told(gateway, "/m/shop" + target))["target"] == target

    async def test_headers_follow_the_same_rules_as_over_a_carrier(
        self, start_gateway: StartGateway, serve: Serve
    ) -> None:
        gateway = await start_gateway(await serve(tell))
        heard = await told(
            gateway,
            "/m/shop/",
            "Connection: X-Private",
            "X-Private: 1",
            "X-Many: a",
            "X-Many: b",
            "X-Forwarded-For: 6.6.6.6",
            "X-Request-Id: mine",
            "X-Text: caf\u00c3\u00a9",
        )
        assert sorted(map(tuple, heard["headers"])) == [
            ("host", "shop.example"),
            ("x-forwarded-for", "127.0.0.1"),
            ("x-forwarded-host", "shop.example"),
            ("x-forwarded-prefix", "/m/shop"),
            ("x-forwarded-proto", "http"),
            ("x-many", "a, b"),
            ("x-request-id", "mine"),
            ("x-text", "caf\u00c3\u00a9"),
        ]

    @pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "REPORT"])
    @pytest.mark.parametrize("body", [b"", b"x"], ids=["no body", "a body"])
    async def test_nothing_is_added_that_the_client_did_not_send(
        self, start_gateway: StartGateway, serve: Serve, method: str, body: bytes
    ) -> None:
        gateway = await start_gateway(await serve(tell))
        heard = await told(gateway, "/m/shop/", method=method, body=body)
        added = {name.lower() for name, _ in heard["headers"] if not name.startswith("x-")}
        assert added - {"host", "content-length"} == set()

    async def test_a_body_of_known_length_keeps_it(self, start_gateway: StartGateway, serve: Serve) -> None:
        gateway = await start_gateway(await serve(tell), max_body=10)
        # The limit is one of operations: what streams is not held, so it is not limited.
        heard = await told(gateway, "/m/shop/", method="PUT", body=b"x" * 100_000)
        assert heard["method"] == "PUT"
        assert len(heard["body"]) == 100_000
        names = dict(heard["headers"])
        assert names["content-length"] == "100000"
        assert "transfer-encoding" not in {name.lower() for name in names}

    async def test_a_body_streams_while_it_is_sent(self, start_gateway: StartGateway, serve: Serve) -> None:
        pieces: asyncio.Queue[bytes] = asyncio.Queue()

        async def take(request: web.BaseRequest) -> web.StreamResponse:
            async for piece in request.content.iter_any():
                pieces.put_nowait(piece)
            return web.Response(text="taken")

        gateway = await start_gateway(await serve(take))
        client = await gateway.connect()
        client.send(b"POST /m/shop/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        async with asyncio.timeout(DEADLINE):
            for piece in (b"one", b"two"):
                client.send(b"3\r\n" + piece + b"\r\n")
                assert await pieces.get() == piece
            client.send(b"0\r\n\r\n")
        assert (await client.answer()).body == b"taken"

    async def test_a_body_stays_one_without_the_field_that_the_client_had_dropped(
        self, start_gateway: StartGateway, serve: Serve
    ) -> None:
        gateway = await start_gateway(await serve(tell))
        client = await gateway.connect()
        hidden = b"GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"
        client.send(b"POST /m/shop/ HTTP/1.1\r\nHost: x\r\nConnection: content-length, transfer-encoding\r\n")
        client.send(b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % len(hidden))
        async with asyncio.timeout(DEADLINE):
            await client.reader.readuntil(b"\r\n\r\n")
        client.send(hidden)
        heard = json.loads((await client.answer()).body)
        assert (heard["method"], heard["body"]) == ("POST", hidden.decode())

    async def test_a_client_that_asks_first_is_told_to_go_on(
        self, start_gateway: StartGateway, serve: Serve
    ) -> None:
        gateway = await start_gateway(await serve(tell))
        client = await gateway.connect()
        client.send(b"POST /m/shop/ HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        async with asyncio.timeout(DEADLINE):
            assert b" 100 " in await client.reader.readuntil(b"\r\n\r\n")
        client.send(b"hi")
        heard = json.loads((await client.answer()).body)
        assert heard["body"] == "hi"
        assert "expect" not in dict(heard["headers"])

    async def test_connections_to_the_module_are_used_again(
        self, start_gateway: StartGateway, serve: Serve, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(connection_pool, "IDLE_SECONDS", 60.0)
        transports = set()

        async def count(request: web.BaseRequest) -> web.StreamResponse:
            transports.add(request.transport)
            return web.Response(text="x")

        gateway = await start_gateway(await serve(count))
        client = await gateway.connect()
        for _ in range(5):
            client.send(b"GET /m/shop/ HTTP/1.1\r\nHost: x\r\n\r\n")
            await client.answer()
        assert len(transports) == 1


class TestAnswers:
    async def test_everything_the_module_said_goes_to_the_client(
        self, start_gateway: StartGateway, serve: Serve
    ) -> None:
        async def say(request: web.BaseRequest) -> web.StreamResponse:
            response = web.Response(status=418, reason="Teapot", body=b"tea")
            response.headers.add("Set-Cookie", "a=1")
            response.headers.add("Set-Cookie", "b=2")
            response.headers["Location"] = "/login"
            return response

        gateway = await start_gateway(await serve(say))
        answer = await gateway.ask("/m/shop/")
        assert (answer.status, answer.body) == (418, b"tea")
        assert answer.all(b"set-cookie") == [b"a=1", b"b=2"]
        assert answer.all(b"content-length") == [b"3"]
        assert len(answer.all(b"date")) == 1
        assert len(answer.all(b"x-request-id")) == 1

    async def test_redirects_cookies_and_compression_are_the_clients_affair(
        self, start_gateway: StartGateway, serve: Serve
    ) -> None:
        cookies = []

        async def redirect(request: web.BaseRequest) -> web.StreamResponse:
            cookies.append(request.headers.get("Cookie"))
            return web.Response(
                status=302,
                body=b"\x1f\x8b not really gzip",
                headers={"Location": "/x", "Set-Cookie": "a=1", "Content-Encoding": "gzip"},
            )

        gateway = await start_gateway(await serve(redirect))
        for _ in range(2):
            answer = await gateway.ask("/m/shop/")
            assert (answer.status, answer.body) == (302, b"\x1f\x8b not really gzip")
            assert answer.get(b"content-encoding") == b"gzip"
        assert cookies == [None, None]

    async def test_an_answer_streams_while_it_is_made(
        self, start_gateway: StartGateway, serve: Serve
    ) -> None:
        go_on = asyncio.Event()

        async def events(request: web.BaseRequest) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
            await response.prepare(request)
            await response.write(b"data: 1\n\n")
            await go_on.wait()
            await response.write(b"data: 2\n\n")
            return response

        gateway = await start_gateway(await serve(events))
        client = await gateway.connect()
        client.send(b"GET /m/shop/ HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(DEADLINE):
            head = await client.reader.readuntil(b"\r\n\r\n")
            assert b"transfer-encoding: chunked" in head
            assert await client.reader.readuntil(b"\n\n\r\n") == b"9\r\ndata: 1\n\n\r\n"
            go_on.set()
            assert await client.chunks() == b"data: 2\n\n"
        client.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await client.answer()).status == 200

    async def test_an_old_client_gets_no_chunks(self, start_gateway: StartGateway, serve: Serve) -> None:
        async def stream(request: web.BaseRequest) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            await response.write(b"one")
            await response.write(b"two")
            return response

        gateway = await start_gateway(await serve(stream))
        answer = await gateway.ask("/m/shop/", "Connection: keep-alive", version="1.0")
        assert answer.body == b"onetwo"
        assert answer.get(b"transfer-encoding") is None

    async def test_head_keeps_the_connection_in_step(self, start_gateway: StartGateway, serve: Serve) -> None:
        gateway = await start_gateway(await serve(tell))
        client = await gateway.connect()
        for method in ("HEAD", "GET", "HEAD", "GET"):
            client.send(f"{method} /m/shop/ HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            answer = await client.answer(method)
            assert answer.status == 200
            assert int(answer.get(b"content-length") or 0) > 0

    async def test_a_large_answer_arrives_whole(self, start_gateway: StartGateway, serve: Serve) -> None:
        body = bytes(range(256)) * 40_000

        async def large(request: web.BaseRequest) -> web.StreamResponse:
            return web.Response(body=body)

        gateway = await start_gateway(await serve(large), max_body=10)
        assert (await gateway.ask("/m/shop/")).body == body


async def test_a_module_served_by_uvicorn(start_gateway: StartGateway) -> None:
    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        body = b""
        while True:
            event = await receive()
            body += event.get("body", b"")
            if not event.get("more_body"):
                break
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"x-path", scope["raw_path"])]}
        )
        for piece in (b"<", body, b">"):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body"})

    bound = bind_gateway(TcpAddress("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application, lifespan="off", log_level="warning"))
    serving = asyncio.create_task(server.serve(sockets=[bound]))
    try:
        gateway = await start_gateway(StandInModule("shop", http_address=TcpAddress(*bound.getsockname())))
        answer = await gateway.ask("/m/shop/%41", method="POST", body=b"x" * 1_000_000)
        assert answer.get(b"x-path") == b"/%41"
        assert answer.body == b"<" + b"x" * 1_000_000 + b">"
    finally:
        server.should_exit = True
        async with asyncio.timeout(DEADLINE):
            await serving
