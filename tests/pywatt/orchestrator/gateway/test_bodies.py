"""Bodies that travel as operations: limits, slow clients, clients that leave."""

from __future__ import annotations

import asyncio
import json

import pytest
from gateways import DEADLINE, StandInLink, StandInModule, StartGateway

from pywatt.orchestrator.gateway import raw_response, request_body, server
from pywatt_fast import HttpRequest, HttpResponse

LIMIT = 1000
HEAD = b"POST /m/shop/ HTTP/1.1\r\nHost: x\r\n"


async def test_a_body_at_the_limit_is_taken_and_one_above_it_refused(start_gateway: StartGateway) -> None:
    shop = StandInModule("shop")
    gateway = await start_gateway(shop, max_body=LIMIT)
    assert (await gateway.ask("/m/shop/", method="POST", body=b"a" * LIMIT)).status == 200
    answer = await gateway.ask("/m/shop/", method="POST", body=b"a" * (LIMIT + 1))
    assert answer.status == 413
    assert str(LIMIT) in json.loads(answer.body)["error"]
    assert len(shop.link.requests) == 1


async def test_a_declared_length_is_refused_before_the_body_is_sent(start_gateway: StartGateway) -> None:
    gateway = await start_gateway(StandInModule("shop"), max_body=LIMIT)
    answer = await gateway.send(HEAD + b"Content-Length: 1000000000000\r\nExpect: 100-continue\r\n\r\n")
    assert answer.status == 413
    assert answer.get(b"connection") == b"close"


async def test_chunks_are_counted_as_they_arrive(start_gateway: StartGateway) -> None:
    gateway = await start_gateway(StandInModule("shop"), max_body=LIMIT)
    client = await gateway.connect()
    client.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    client.send(b"190\r\n" + b"a" * 400 + b"\r\n")
    client.send(b"190\r\n" + b"a" * 400 + b"\r\n")
    client.send(b"190\r\n" + b"a" * 400 + b"\r\n")
    # No last chunk was sent: the answer cannot have waited for it.
    assert (await client.answer()).status == 413


async def test_chunks_become_one_body(start_gateway: StartGateway) -> None:
    shop = StandInModule("shop")
    gateway = await start_gateway(shop)
    answer = await gateway.send(
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n"
    )
    assert answer.body == b"abcde"
    headers = shop.link.requests[0].headers
    assert "transfer-encoding" not in headers
    assert headers["content-length"] == "5"


async def test_a_compressed_body_is_not_touched(start_gateway: StartGateway) -> None:
    shop = StandInModule("shop")
    gateway = await start_gateway(shop)
    body = b"\x1f\x8b not really gzip"
    await gateway.ask("/m/shop/", "Content-Encoding: gzip", method="POST", body=body)
    assert shop.link.requests[0].body == body
    assert shop.link.requests[0].headers["content-encoding"] == "gzip"


async def test_a_client_that_asks_first_is_told_to_go_on(start_gateway: StartGateway) -> None:
    gateway = await start_gateway(StandInModule("shop"))
    client = await gateway.connect()
    client.send(HEAD + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    async with asyncio.timeout(DEADLINE):
        assert await client.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.send(b"hello")
    assert (await client.answer()).body == b"hello"


@pytest.mark.parametrize("later", [True, False])
async def test_a_broken_chunk_is_refused(start_gateway: StartGateway, later: bool) -> None:
    shop = StandInModule("shop")
    gateway = await start_gateway(shop)
    client = await gateway.connect()
    head = HEAD + b"Transfer-Encoding: chunked\r\n"
    if later:
        client.send(head + b"Expect: 100-continue\r\n\r\n")
        async with asyncio.timeout(DEADLINE):
            await client.reader.readuntil(b"\r\n\r\n")
        client.send(b"3\r\nabc\r\nnot a length\r\n")
    else:
        client.send(head + b"\r\n3\r\nabc\r\nnot a length\r\n")
    assert b" 400 " in (await client.rest()).splitlines()[0]
    assert not shop.link.requests


async def test_a_client_that_stalls_in_the_body_is_given_up(
    start_gateway: StartGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_body, "BODY_STALL_SECONDS", 0.05)
    gateway = await start_gateway(StandInModule("shop"))
    client = await gateway.connect()
    client.send(HEAD + b"Content-Length: 5\r\n\r\nhe")
    answer = await client.answer()
    assert answer.status == 408
    assert answer.get(b"connection") == b"close"


async def test_a_client_that_stalls_in_the_head_is_cut(
    start_gateway: StartGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "HEAD_DEADLINE", 0.05)
    monkeypatch.setattr(server, "SWEEP_SECONDS", 0.02)
    gateway = await start_gateway(StandInModule("shop"))
    stalling, idle = await gateway.connect(), await gateway.connect()
    stalling.send(b"GET /m/shop/ HTTP/1.1\r\nHost:")
    idle.send(b"GET /m/shop/ HTTP/1.1\r\nHost: x\r\n\r\n")
    await idle.answer()
    assert await stalling.rest() == b""
    # Waiting between two requests is not stalling.
    idle.send(b"GET /m/shop/ HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await idle.answer()).status == 200


async def test_a_client_that_says_nothing_at_all_is_cut(
    start_gateway: StartGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "HEAD_DEADLINE", 0.05)
    monkeypatch.setattr(server, "SWEEP_SECONDS", 0.02)
    gateway = await start_gateway(StandInModule("shop"))
    silent = await gateway.connect()
    assert await silent.rest() == b""


async def test_a_large_answer_is_sent_whole_and_a_larger_one_refused(start_gateway: StartGateway) -> None:
    size = 4 * 1024 * 1024
    body = bytes(range(256)) * (size // 256)
    shop = StandInModule("shop", StandInLink(lambda request: HttpResponse(request.request_id, 200, {}, body)))
    gateway = await start_gateway(shop, max_body=size)
    assert (await gateway.ask("/m/shop/")).body == body
    body += b"!"
    answer = await gateway.ask("/m/shop/")
    assert answer.status == 502
    error = json.loads(answer.body)["error"]
    assert str(size) in error
    assert "bind_http=True" in error


async def test_a_client_that_takes_nothing_is_given_up(
    start_gateway: StartGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw_response, "SEND_STALL_SECONDS", 0.05)
    body = b"a" * (16 * 1024 * 1024)
    shop = StandInModule("shop", StandInLink(lambda request: HttpResponse(request.request_id, 200, {}, body)))
    gateway = await start_gateway(shop)
    client = await gateway.connect()
    client.writer.transport.pause_reading()
    client.send(b"GET /m/shop/ HTTP/1.1\r\nHost: x\r\n\r\n")
    async with asyncio.timeout(DEADLINE):
        while not shop.link.requests or gateway.gateway.in_flight:
            await asyncio.sleep(0)
    client.writer.transport.resume_reading()
    assert len(await client.rest()) < len(body)


async def test_the_answer_for_a_client_that_left_is_dropped(start_gateway: StartGateway) -> None:
    asked, cancelled = asyncio.Event(), asyncio.Event()

    async def never(request: HttpRequest) -> HttpResponse:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        raise AssertionError

    gateway = await start_gateway(StandInModule("shop", StandInLink(never)))
    client = await gateway.connect()
    client.send(b"GET /m/shop/ HTTP/1.1\r\nHost: x\r\n\r\n")
    async with asyncio.timeout(DEADLINE):
        await asked.wait()
        await client.leave()
        await cancelled.wait()
