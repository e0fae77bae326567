"""grpc.aio: a unary call of plain bytes over a Unix socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio


async def _echo(request: bytes, _context: Any) -> bytes:
    return request


@asynccontextmanager
async def serve(path: str) -> AsyncIterator[None]:
    """Echo at a path."""
    server = grpc.aio.server()
    method = grpc.unary_unary_rpc_method_handler(_echo)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bench", {"Echo": method}),))
    server.add_insecure_port(f"unix:{path}")
    await server.start()
    try:
        yield
    finally:
        await server.stop(0)


@asynccontextmanager
async def connect(path: str) -> AsyncIterator[Callable[[bytes], Awaitable[bytes]]]:
    """A call to the echo at a path."""
    async with grpc.aio.insecure_channel(f"unix:{path}") as channel:
        yield channel.unary_unary("/bench/Echo")
