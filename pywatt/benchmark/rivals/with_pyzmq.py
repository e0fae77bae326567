"""pyzmq: DEALER to ROUTER over a Unix socket, with its asyncio sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib import import_module
from typing import Any

from pywatt.benchmark.rivals.pipelined import pipelined

# Its constants are made when it is imported, where a type checker does not see them.
zmq: Any = import_module("zmq")
zmq_asyncio: Any = import_module("zmq.asyncio")


@contextmanager
def _socket(kind: str) -> Iterator[Any]:
    context = zmq_asyncio.Context()
    try:
        yield context.socket(getattr(zmq, kind))
    finally:
        context.destroy(linger=0)


@asynccontextmanager
async def serve(path: str) -> AsyncIterator[None]:
    """Echo at a path."""
    with _socket("ROUTER") as router:
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
    with _socket("DEALER") as dealer:
        dealer.connect(f"ipc://{path}")
        async with pipelined(dealer.send, dealer.recv) as call:
            yield call
