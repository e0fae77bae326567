"""Connections to a module's HTTP address: used one after the other, closed when they rest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from clocks import Clock
from gateways import DEADLINE
from scripted_servers import Play, ServeBytes, saying, serve_bytes

from pywatt.orchestrator.gateway import connection_pool
from pywatt.orchestrator.gateway.connection_pool import IDLE_SECONDS, ConnectionPool
from pywatt.orchestrator.gateway.upstream_connection import UpstreamConnection

__all__ = ["serve_bytes"]

GET = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
HI = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"


class Visits:
    """What the module sees: when a connection ends."""

    def __init__(self, said: bytes) -> None:
        self.ended = asyncio.Event()
        self._play: Play = saying(said)

    async def play(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._play(reader, writer)
        self.ended.set()


@pytest.fixture
async def visits() -> Visits:
    return Visits(HI)


@pytest.fixture
async def pool(serve_bytes: ServeBytes, visits: Visits) -> AsyncIterator[ConnectionPool]:
    module = await serve_bytes(visits.play)
    assert module.http_address is not None
    pool = ConnectionPool(module.http_address)
    yield pool
    pool.close()


async def use(pool: ConnectionPool, *, fresh: bool = False) -> UpstreamConnection:
    """Bring one request to the module and read the answer to its end."""
    async with asyncio.timeout(DEADLINE):
        connection = await pool.take(fresh=fresh)
        answer = await connection.ask("GET", GET)
        while not answer.body.at_eof():
            await answer.body.readany()
        pool.hand_back(connection)
    return connection


async def test_a_connection_serves_one_request_after_the_other(
    pool: ConnectionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_pool, "IDLE_SECONDS", 60.0)
    assert await use(pool) is await use(pool)


async def test_two_requests_at_a_time_have_two(pool: ConnectionPool) -> None:
    connection = await pool.take()
    assert await use(pool) is not connection
    pool.hand_back(connection)


async def test_a_fresh_one_can_be_asked_for(pool: ConnectionPool) -> None:
    first = await use(pool)
    other = await use(pool, fresh=True)
    assert other is not first


async def test_one_without_a_whole_answer_is_closed(pool: ConnectionPool, visits: Visits) -> None:
    connection = await pool.take()
    pool.hand_back(connection)
    async with asyncio.timeout(DEADLINE):
        await visits.ended.wait()
    assert await use(pool) is not connection


async def test_one_that_rests_too_long_is_closed(pool: ConnectionPool, visits: Visits) -> None:
    clock = Clock(asyncio.get_running_loop())
    await use(pool)
    await clock.advance(2 * IDLE_SECONDS)
    async with asyncio.timeout(DEADLINE):
        await visits.ended.wait()


async def test_a_closed_pool_keeps_nothing(pool: ConnectionPool, visits: Visits) -> None:
    pool.close()
    await use(pool)
    async with asyncio.timeout(DEADLINE):
        await visits.ended.wait()
