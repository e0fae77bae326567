"""How the gateway ends: it finishes what it began."""

from __future__ import annotations

import asyncio

import pytest
from gateways import DEADLINE, Client, RunningGateway, StandInLink, StandInModule, StartGateway

from pywatt_fast import HttpRequest, HttpResponse

REQUEST = b"GET /m/shop/ HTTP/1.1\r\nHost: x\r\n\r\n"


class SlowModule(StandInModule):
    """Answers when the test lets it."""

    def __init__(self) -> None:
        super().__init__("shop", StandInLink(self.answer))
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def answer(self, request: HttpRequest) -> HttpResponse:
        self.asked.set()
        await self.may_answer.wait()
        return HttpResponse(request.request_id, 200, {}, b"late")


async def unanswered(start_gateway: StartGateway) -> tuple[RunningGateway, Client]:
    """A gateway, and a client whose request a module does not answer."""
    shop = SlowModule()
    gateway = await start_gateway(shop)
    client = await gateway.connect()
    client.send(REQUEST)
    async with asyncio.timeout(DEADLINE):
        await shop.asked.wait()
    return gateway, client


async def test_what_is_in_flight_is_finished(start_gateway: StartGateway) -> None:
    shop = SlowModule()
    gateway = await start_gateway(shop)
    idle, busy = await gateway.connect(), await gateway.connect()
    idle.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    await idle.answer()
    busy.send(REQUEST)
    async with asyncio.timeout(DEADLINE):
        await shop.asked.wait()
        closing = asyncio.create_task(gateway.gateway.close(DEADLINE))
        # A connection that waits for nothing is closed at once.
        assert await idle.reader.read() == b""
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", gateway.port)
        assert not closing.done()
        shop.may_answer.set()
        answer = await busy.answer()
        assert answer.body == b"late"
        assert answer.get(b"connection") == b"close"
        await closing


async def test_what_does_not_finish_in_time_is_cut(start_gateway: StartGateway) -> None:
    gateway, client = await unanswered(start_gateway)
    async with asyncio.timeout(DEADLINE):
        await gateway.gateway.close(0.05)
        assert await client.reader.read() == b""


async def test_an_upload_in_flight_is_finished(start_gateway: StartGateway) -> None:
    gateway = await start_gateway(StandInModule("shop"))
    client = await gateway.connect()
    client.send(b"POST /m/shop/ HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n")
    async with asyncio.timeout(DEADLINE):
        await client.reader.readuntil(b"\r\n\r\n")
        closing = asyncio.create_task(gateway.gateway.close(DEADLINE))
        client.send(b"abcdef")
        assert (await client.answer()).body == b"abcdef"
        await closing


async def test_closing_twice_or_before_the_start_does_no_harm(start_gateway: StartGateway) -> None:
    gateway = await start_gateway(StandInModule("shop"))
    await gateway.gateway.close()
    await gateway.gateway.close()


async def test_nothing_is_waited_for_once_it_is_cut(start_gateway: StartGateway) -> None:
    gateway, client = await unanswered(start_gateway)
    async with asyncio.timeout(DEADLINE):
        closing = asyncio.create_task(gateway.gateway.close(1000.0))
        await asyncio.sleep(0)
        gateway.gateway.cut()
        await closing
        assert await client.reader.read() == b""
