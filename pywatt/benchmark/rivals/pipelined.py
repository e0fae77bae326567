"""Calls over a connection that answers in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager


@asynccontextmanager
async def pipelined(
    send: Callable[[bytes], Awaitable[object]], receive: Callable[[], Awaitable[bytes]]
) -> AsyncIterator[Callable[[bytes], Awaitable[bytes]]]:
    """A call that may be made many times at once.

    Args:
        send: sends one message.
        receive: waits for the answer to the oldest that has none.
    """
    waiting: deque[asyncio.Future[bytes]] = deque()
    loop = asyncio.get_running_loop()

    async def call(payload: bytes) -> bytes:
        answer: asyncio.Future[bytes] = loop.create_future()
        waiting.append(answer)
        await send(payload)
        return await answer

    async def read() -> None:
        while True:
            payload = await receive()
            waiting.popleft().set_result(payload)

    reader = asyncio.create_task(read())
    try:
        yield call
    finally:
        reader.cancel()
