"""Channel tests run on every event loop that pywatt runs on."""

import asyncio
import importlib.util
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from clocks import Clock

from pywatt.channels.connection import Connection
from pywatt_fast import FrameDecoder, LineDecoder

DEADLINE = 10.0
"""Seconds after which a test that waits has failed."""

Connect = Callable[..., Awaitable[tuple[Connection, socket.socket]]]


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, Any]:
    factories: dict[str, Any] = {"asyncio": asyncio.SelectorEventLoop}
    if importlib.util.find_spec("uvloop") is not None:
        import uvloop

        factories["uvloop"] = uvloop.new_event_loop
    return factories


async def soon(waiting: Awaitable[Any]) -> Any:
    """What is waited for, or a failure instead of a test that hangs."""
    async with asyncio.timeout(DEADLINE):
        return await waiting


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something that has no event of its own has happened."""
    async with asyncio.timeout(DEADLINE):
        while not condition():
            await asyncio.sleep(0)


async def read_exactly(sock: socket.socket, size: int) -> bytes:
    """So many bytes from a plain socket."""
    loop = asyncio.get_running_loop()
    received = bytearray()
    async with asyncio.timeout(DEADLINE):
        while len(received) < size:
            chunk = await loop.sock_recv(sock, size - len(received))
            if not chunk:
                raise EOFError(bytes(received))
            received += chunk
    return bytes(received)


async def read_to_end(sock: socket.socket) -> bytes:
    """All bytes until the other side closes."""
    loop = asyncio.get_running_loop()
    received = bytearray()
    async with asyncio.timeout(DEADLINE):
        while chunk := await loop.sock_recv(sock, 1 << 20):
            received += chunk
    return bytes(received)


@pytest.fixture
async def clock() -> Clock:
    """The clock of the event loop, put in before anything of the test asks for the time."""
    return Clock(asyncio.get_running_loop())


@pytest.fixture(name="soon")
def soon_fixture() -> Callable[[Awaitable[Any]], Awaitable[Any]]:
    return soon


@pytest.fixture(name="until")
def until_fixture() -> Callable[[Callable[[], bool]], Awaitable[None]]:
    return until


@pytest.fixture(name="read_exactly")
def read_exactly_fixture() -> Callable[[socket.socket, int], Awaitable[bytes]]:
    return read_exactly


@pytest.fixture(name="read_to_end")
def read_to_end_fixture() -> Callable[[socket.socket], Awaitable[bytes]]:
    return read_to_end


@pytest.fixture
def directory() -> Iterator[Path]:
    """A private directory whose path is short enough for sockets."""
    path = Path(tempfile.mkdtemp(prefix="pw-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Makes a connection whose peer is a plain socket."""
    opened: list[tuple[Connection, socket.socket]] = []

    async def make(
        max_size: int = 1 << 20, *, lines: bool = False, **options: Any
    ) -> tuple[Connection, socket.socket]:
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.setblocking(False)
        decoder = LineDecoder(max_size) if lines else FrameDecoder(max_size)
        _, connection = await asyncio.get_running_loop().connect_accepted_socket(
            lambda: Connection(decoder, label="test", **options), ours
        )
        opened.append((connection, theirs))
        return connection, theirs

    yield make
    for connection, theirs in opened:
        theirs.close()
        connection.abort()
        await soon(asyncio.wait({connection.closed}))
