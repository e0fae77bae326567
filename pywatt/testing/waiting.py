"""Waiting for what a module does: always for something named, always with a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


class Changes:
    """Tells those who wait that something happened, so that they look again."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def tell(self) -> None:
        """Something happened."""
        for future in self._waiting:
            if not future.done():
                future.set_result(None)

    async def until(self, look: Callable[[], Found | None], seconds: float) -> Found | None:
        """Look now and after each change until there is something.

        Args:
            look: returns what is waited for, or None; may raise to end the waiting.
            seconds: how long at most.

        Returns:
            What was found, None when it did not come in time.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while (found := look()) is None:
            left = deadline - loop.time()
            if left <= 0:
                return None
            change: asyncio.Future[None] = loop.create_future()
            self._waiting.add(change)
            try:
                await asyncio.wait({change}, timeout=left)
            finally:
                self._waiting.discard(change)
                change.cancel()
        return found
