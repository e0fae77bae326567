"""websockets: one connection over a Unix socket, uncompressed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import unix_connect
from websockets.asyncio.server import unix_serve

from pywatt.benchmark.rivals.pipelined import pipelined


async def _echo(connection: Any) -> None:
    async for message in connection:
        await connection.send(message)


@asynccontextmanager
async def serve(path: str) -> AsyncIterator[None]:
    """Echo at a path."""
    async with unix_serve(_echo, path, compression=None):
        yield


@asynccontextmanager
async def connect(path: str) -> AsyncIterator[Callable[[bytes], Awaitable[bytes]]]:
    """A call to the echo at a path."""
    async with (
        unix_connect(path, "ws://localhost/", compression=None) as connection,
        pipelined(connection.send, connection.recv) as call,
    ):
        yield call
