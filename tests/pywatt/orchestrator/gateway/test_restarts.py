"""What the gateway does with requests for a module that is being restarted."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web
from gateways import DEADLINE, Client, RunningGateway, StandInModule, StartGateway, refusal
from plain_servers import Serve, address, serve, tell

from pywatt.orchestrator.gateway import connection_pool
from pywatt.orchestrator.supervision.module_state import ModuleState

__all__ = ["address", "serve"]

GET = b"GET /m/shop/price HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /m/shop/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"


async def restarting(start_gateway: StartGateway, shop: StandInModule | None = None) -> RunningGateway:
    """A gateway whose shop is being restarted."""
    shop = shop or StandInModule("shop")
    gateway = await start_gateway(shop)
    shop.enter(ModuleState.DRAINING, restarting=True)
    return gateway


async def held(gateway: RunningGateway, data: bytes = GET) -> Client:
    """A client whose request waits."""
    holding = gateway.modules["shop"].gate.holding
    before = len(holding)
    client = await gateway.connect()
    client.send(data)
    async with asyncio.timeout(DEADLINE):
        while len(holding) == before:
            await asyncio.sleep(0)
    return client


async def uploading(start_gateway: StartGateway, shop: StandInModule) -> Client:
    """A client that has sent the first half of a body for a module that is ready."""
    gateway = await start_gateway(shop)
    client = await gateway.connect()
    client.send(POST + b"abc")
    async with asyncio.timeout(DEADLINE):
        while not gateway.gateway.in_flight:
            await asyncio.sleep(0)
    return client


async def test_a_request_waits_for_the_new_process(start_gateway: StartGateway) -> None:
    gateway = await restarting(start_gateway)
    shop = gateway.modules["shop"]
    client = await held(gateway)
    assert not shop.link.requests
    shop.enter(ModuleState.READY)
    assert (await client.answer()).status == 200
    assert shop.gate.in_flight == 0


async def test_a_body_that_is_read_already_waits_too(start_gateway: StartGateway) -> None:
    shop = StandInModule("shop")
    client = await uploading(start_gateway, shop)
    async with asyncio.timeout(DEADLINE):
        shop.enter(ModuleState.DRAINING, restarting=True)
        client.send(b"de")
        while not len(shop.gate.holding):
            await asyncio.sleep(0)
    shop.enter(ModuleState.READY)
    assert (await client.answer()).body == b"abcde"


async def test_nothing_waits_whose_body_ended_after_the_module(start_gateway: StartGateway) -> None:
    shop = StandInModule("shop")
    client = await uploading(start_gateway, shop)
    shop.enter(ModuleState.CRASH_LOOPING)
    client.send(b"de")
    answer = await client.answer()
    assert (answer.status, refusal(answer)["state"]) == (503, "crash-looping")
    assert shop.gate.holding.refused == 0


async def test_all_hear_the_reason_when_the_new_process_fails(start_gateway: StartGateway) -> None:
    gateway = await restarting(start_gateway)
    clients = [await held(gateway) for _ in range(3)]
    gateway.modules["shop"].enter(ModuleState.BACKING_OFF)
    for client in clients:
        answer = await client.answer()
        assert answer.status == 503
        assert answer.get(b"retry-after") == b"1"
        assert refusal(answer)["error"] == "module shop is backing off"


async def test_a_request_waits_only_so_long(start_gateway: StartGateway) -> None:
    gateway = await restarting(start_gateway, StandInModule("shop", hold_timeout=0.01))
    answer = await gateway.ask("/m/shop/")
    assert answer.status == 503
    assert "hold_timeout" in str(refusal(answer)["error"])


async def test_a_client_that_leaves_is_forgotten(start_gateway: StartGateway) -> None:
    gateway = await restarting(start_gateway)
    client = await held(gateway)
    await client.leave()
    async with asyncio.timeout(DEADLINE):
        while len(gateway.modules["shop"].gate.holding):
            await asyncio.sleep(0)


async def test_a_process_without_the_address_of_the_one_before_is_reached(
    start_gateway: StartGateway, serve: Serve
) -> None:
    plain = await serve(tell)
    gateway = await restarting(start_gateway)
    shop = gateway.modules["shop"]
    client = await held(gateway, POST + b"abcde")
    shop.http_address = plain.http_address
    shop.enter(ModuleState.READY)
    assert b'"body": "abcde"' in (await client.answer()).body


async def test_connections_to_the_process_before_are_not_used_again(
    start_gateway: StartGateway, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_pool, "IDLE_SECONDS", 60.0)
    connections = set()

    async def note(request: web.BaseRequest) -> web.StreamResponse:
        connections.add(request.transport)
        return web.Response(text="noted")

    shop = await serve(note)
    gateway = await start_gateway(shop)
    await gateway.ask("/m/shop/")
    await gateway.ask("/m/shop/")
    assert len(connections) == 1
    shop.generation += 1
    await gateway.ask("/m/shop/")
    assert len(connections) == 2


async def test_an_answer_of_the_process_before_is_passed_on_to_its_end(
    start_gateway: StartGateway, serve: Serve
) -> None:
    go_on = asyncio.Event()

    async def slow(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/quick":
            return web.Response(text="quick")
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"begin ")
        await go_on.wait()
        await response.write(b"end")
        await response.write_eof()
        return response

    shop = await serve(slow)
    gateway = await start_gateway(shop)
    client = await gateway.connect()
    client.send(GET)
    async with asyncio.timeout(DEADLINE):
        await client.reader.readuntil(b"begin ")
    assert shop.gate.in_flight == 1
    shop.generation += 1
    assert (await gateway.ask("/m/shop/quick")).body == b"quick"
    go_on.set()
    async with asyncio.timeout(DEADLINE):
        await client.reader.readuntil(b"end")


async def test_an_event_stream_is_not_waited_for_but_parted(
    start_gateway: StartGateway, serve: Serve
) -> None:
    async def events(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: hello\n\n")
        await asyncio.Event().wait()
        return response

    shop = await serve(events)
    gateway = await start_gateway(shop)
    client = await gateway.connect()
    client.send(GET)
    async with asyncio.timeout(DEADLINE):
        await client.reader.readuntil(b"hello")
        await shop.gate.until_idle()
    shop.gate.part_endless()
    assert (await client.rest()).endswith(b"\r\n")
    assert shop.gate.cut == 1
