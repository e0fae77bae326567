"""Work that is under way: counted, finished at the end, and cut only after its time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

logger = logging.getLogger(__name__)


class InFlight:
    """Tasks of one kind of work.

    Args:
        name: what the work is called in the log.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a piece of work; what it raises is logged."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    async def finish(self, timeout: float) -> None:
        """Wait for all of it, then cancel what is left.

        Args:
            timeout: how long to wait, in seconds.
        """
        if not self._tasks:
            return
        _, late = await asyncio.wait(set(self._tasks), timeout=timeout)
        if late:
            logger.warning("%d %s cut after %.1f s of waiting for them", len(late), self._name, timeout)
            for task in late:
                task.cancel()
            await asyncio.wait(late, timeout=1.0)

    async def cancel(self, timeout: float) -> None:
        """Cancel all of it and wait for it to end.

        Args:
            timeout: how long to wait, in seconds.
        """
        if not self._tasks:
            return
        for task in self._tasks:
            task.cancel()
        _, late = await asyncio.wait(set(self._tasks), timeout=timeout)
        if late:
            logger.warning(
                "%d %s did not end within %.1f s of being cancelled", len(late), self._name, timeout
            )

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.error("%s failed", self._name, exc_info=task.exception())
