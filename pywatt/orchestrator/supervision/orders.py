"""What people have asked of a module while it lives: to stop, or to get another process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, Final

CANCEL_INTERVAL: Final = 1.0


class Orders:
    """Orders to one module, and waiting that ends when one is given.

    Attributes:
        stop: whether it was asked to stop.
        restart: whether it was asked to get another process.
    """

    def __init__(self) -> None:
        self.stop = False
        self.restart = False
        self._given = asyncio.Event()

    @property
    def given(self) -> bool:
        """Whether there is anything to do."""
        return self.stop or self.restart

    def give_stop(self) -> None:
        """Asks for a stop, which counts more than a restart."""
        self.stop = True
        self._given.set()

    def give_restart(self) -> None:
        """Asks for another process."""
        self.restart = True
        self._given.set()

    def carried_out(self) -> None:
        """Whatever was asked for is done."""
        self.stop = self.restart = False
        self._given.clear()

    async def given_during(self, awaitable: Awaitable[Any]) -> bool:
        """Waits for something, but no longer than until an order is given; says whether one is.

        Args:
            awaitable: cancelled when an order comes first; what it raises is raised.
        """
        waited = asyncio.ensure_future(awaitable)
        given = asyncio.ensure_future(self._given.wait())
        try:
            await asyncio.wait({waited, given}, return_when=asyncio.FIRST_COMPLETED)
            if waited.done():
                waited.result()
        finally:
            await cancelled(waited)
            await cancelled(given)
        return self._given.is_set()


async def cancelled(task: asyncio.Future[Any]) -> None:
    """Cancels and waits for the end; again if the library swallowed it, as older versions of asyncio may.

    Args:
        task: what has to end.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=CANCEL_INTERVAL)
