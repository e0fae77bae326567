"""pyzmq: DEALER to ROUTER over a Unix socket, with its asyncio sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import zmq
import zmq.asyncio

from pywatt.benchmark.rivals.pipelined import pipelined


@asynccontextmanager
async def serve(path: str) -> AsyncIterator[None]:
    """Echo at a path."""
    with zmq.asyncio.Context() as context, context.socket(zmq.SocketType.ROUTER, linger=0) as router:
        router.bind(f"ipc://{path}")

        async def echo() -> None:
            while True:
                await router.send_multipart(await router.recv_multipart())

        task = asyncio.create_task(echo())
        try:
            yield
        finally:
            task.cancel()


@asynccontextmanager
async def connect(path: str) -> AsyncIterator[Callable[[bytes], Awaitable[bytes]]]:
    """A call to the echo at a path."""
    with zmq.asyncio.Context() as context, context.socket(zmq.SocketType.DEALER, linger=0) as dealer:
        dealer.connect(f"ipc://{path}")
        async with pipelined(dealer.send, dealer.recv) as call:
            yield call
