"""What every subject of the bench of calls is asked, and how it is timed."""

import asyncio
import time
from collections.abc import Awaitable, Callable

CONTENT = {
    "order": "2f1c7f0e-31e4-4f3c-9f5e-0a9d2a1b4c5d",
    "customer": "Ada Lovelace",
    "items": [{"sku": f"sku-{number}", "count": number, "price": 12.5} for number in range(4)],
}


async def seconds_per_call(call: Callable[[], Awaitable[None]], in_flight: int, calls: int) -> float:
    """Seconds that a call takes on average when `in_flight` are made at any time."""
    left = calls

    async def caller() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await call()

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(in_flight)))
    return (time.perf_counter() - began) / calls
