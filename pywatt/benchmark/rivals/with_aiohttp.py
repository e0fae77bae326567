"""aiohttp: POST over a Unix socket, connections kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import ClientSession, UnixConnector, web


async def _echo(request: web.Request) -> web.Response:
    return web.Response(body=await request.read())


@asynccontextmanager
async def serve(path: str) -> AsyncIterator[None]:
    """Echo at a path."""
    application = web.Application()
    application.router.add_post("/", _echo)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.UnixSite(runner, path).start()
    try:
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def connect(path: str) -> AsyncIterator[Callable[[bytes], Awaitable[bytes]]]:
    """A call to the echo at a path."""
    async with ClientSession(connector=UnixConnector(path, limit=0)) as session:

        async def call(payload: bytes) -> bytes:
            async with session.post("http://localhost/", data=payload) as response:
                return await response.read()

        yield call
