"""Modules that serve plain HTTP and fail, and clients that fail them."""

from __future__ import annotations

import asyncio
import json

import pytest
from aiohttp import web
from clocks import Clock
from gateways import DEADLINE, StandInModule, StartGateway
from plain_servers import Serve, address, serve, tell

from pywatt.orchestrator.gateway import raw_response, request_body
from pywatt.orchestrator.gateway.listening_socket import bind_gateway
from pywatt.protocol.listen import ListenAddress, TcpAddress, UnixAddress

__all__ = ["address", "serve"]


class TestFailures:
    async def test_nobody_listens(self, start_gateway: StartGateway, address: ListenAddress) -> None:
        if isinstance(address, TcpAddress):
            with bind_gateway(address) as bound:
                address = TcpAddress(*bound.getsockname())
        gateway = await start_gateway(StandInModule("shop", http_address=address))
        answer = await gateway.ask("/m/shop/", method="POST", body=b"x")
        assert answer.status == 502
        assert json.loads(answer.body)["module"] == "shop"

    @pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
    async def test_the_module_goes_away_before_it_answers(
        self, start_gateway: StartGateway, serve: Serve, method: str
    ) -> None:
        async def die(request: web.BaseRequest) -> web.StreamResponse:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()

        gateway = await start_gateway(await serve(die))
        answer = await gateway.ask("/m/shop/", method=method, body=b"x" if method != "GET" else b"")
        assert answer.status == 502

    @pytest.mark.parametrize("length", [True, False])
    async def test_the_module_goes_away_in_the_middle_of_its_answer(
        self, start_gateway: StartGateway, serve: Serve, length: bool
    ) -> None:
        async def die(request: web.BaseRequest) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Length": "100"} if length else {})
            await response.prepare(request)
            await response.write(b"a part")
            assert request.transport is not None
            request.transport.close()
            return response

        gateway = await start_gateway(await serve(die))
        client = await gateway.connect()
        client.send(b"GET /m/shop/ HTTP/1.1\r\nHost: x\r\n\r\n")
        try:
            answer = await client.answer()
        except (asyncio.IncompleteReadError, ConnectionResetError, ValueError):
            return  # the head was passed on before the end was known: only a broken connection can tell
        assert answer.status == 502

    async def test_no_first_byte_in_time(self, start_gateway: StartGateway, serve: Serve) -> None:
        async def wait(request: web.BaseRequest) -> web.StreamResponse:
            await asyncio.Event().wait()
            raise AssertionError

        gateway = await start_gateway(await serve(wait), request_timeout=0.1)
        answer = await gateway.ask("/m/shop/")
        assert answer.status == 504

    async def test_time_counts_from_the_last_piece_of_the_body(
        self, start_gateway: StartGateway, serve: Serve
    ) -> None:
        clock = Clock(asyncio.get_running_loop())
        arrived: asyncio.Queue[bytes] = asyncio.Queue()

        async def read(request: web.BaseRequest) -> web.StreamResponse:
            async for piece in request.content.iter_any():
                arrived.put_nowait(piece)
            return web.Response(text="read")

        gateway = await start_gateway(await serve(read), request_timeout=10.0)
        client = await gateway.connect()
        client.send(b"POST /m/shop/ HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n")
        for piece in (b"s", b"l", b"o", b"w"):
            client.send(piece)
            async with asyncio.timeout(DEADLINE):
                assert await arrived.get() == piece
            await clock.advance(8.0)
        assert (await client.answer()).body == b"read"

    async def test_a_client_that_breaks_its_body(self, start_gateway: StartGateway, serve: Serve) -> None:
        gateway = await start_gateway(await serve(tell))
        client = await gateway.connect()
        client.send(b"POST /m/shop/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n")
        client.send(b"Expect: 100-continue\r\n\r\n")
        async with asyncio.timeout(DEADLINE):
            await client.reader.readuntil(b"\r\n\r\n")
        client.send(b"3\r\nabc\r\nnot a length\r\n")
        assert b" 400 " in (await client.rest()).splitlines()[0]

    async def test_a_client_that_stalls_in_the_body(
        self, start_gateway: StartGateway, serve: Serve, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(request_body, "BODY_STALL_SECONDS", 0.05)
        gateway = await start_gateway(await serve(tell))
        client = await gateway.connect()
        client.send(b"POST /m/shop/ HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\na")
        assert (await client.answer()).status == 408

    async def test_a_client_that_leaves_closes_the_upstream(
        self, start_gateway: StartGateway, serve: Serve
    ) -> None:
        asked, left = asyncio.Event(), asyncio.Event()

        async def wait(request: web.BaseRequest) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            await response.write(b"begun")
            asked.set()
            try:
                await asyncio.Event().wait()
            finally:
                left.set()
            raise AssertionError

        gateway = await start_gateway(await serve(wait))
        client = await gateway.connect()
        client.send(b"GET /m/shop/ HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(DEADLINE):
            await asked.wait()
            await client.leave()
            await left.wait()

    async def test_a_client_that_takes_nothing_is_given_up(
        self, start_gateway: StartGateway, serve: Serve, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(raw_response, "SEND_STALL_SECONDS", 0.1)
        asked, left = asyncio.Event(), asyncio.Event()

        async def flood(request: web.BaseRequest) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            asked.set()
            try:
                while True:
                    await response.write(b"x" * 65536)
            finally:
                left.set()

        gateway = await start_gateway(await serve(flood))
        client = await gateway.connect()
        client.writer.transport.pause_reading()
        client.send(b"GET /m/shop/ HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(DEADLINE):
            await asked.wait()
            await left.wait()

    async def test_an_early_answer_to_a_large_upload_arrives(
        self, start_gateway: StartGateway, serve: Serve
    ) -> None:
        async def refuse(request: web.BaseRequest) -> web.StreamResponse:
            return web.Response(status=413, text="too much")

        gateway = await start_gateway(await serve(refuse))
        client = await gateway.connect()
        client.send(b"POST /m/shop/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000)
        assert (await client.answer()).status == 413

    async def test_a_new_address_is_used_at_once(self, start_gateway: StartGateway, serve: Serve) -> None:
        module = await serve(tell)
        gateway = await start_gateway(StandInModule("shop", http_address=UnixAddress("/nonexistent/socket")))
        assert (await gateway.ask("/m/shop/")).status == 502
        gateway.modules["shop"].http_address = module.http_address
        assert (await gateway.ask("/m/shop/")).status == 200
