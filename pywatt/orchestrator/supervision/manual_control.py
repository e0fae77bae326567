"""Modules that are started, stopped and restarted by hand while the orchestrator runs.

What is asked of one module is done one after the other, so that two people do not disturb each other,
and goes on to its end even if whoever asked has left.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Iterable
from typing import TYPE_CHECKING, Any

from pywatt.errors import PyWattSDKError
from pywatt.orchestrator.supervision.module_state import AT_REST

if TYPE_CHECKING:
    from pywatt.orchestrator.supervision.supervisor import Supervisor

_log = logging.getLogger(__name__)


class OrchestratorStopping(PyWattSDKError):
    """Nothing is started any more: the orchestrator is on its way to its end."""

    def __init__(self) -> None:
        super().__init__("the orchestrator is stopping: nothing is started any more")


class ManualControl:
    """Starts, stops and restarts modules by hand.

    Args:
        supervisor: of the modules.
    """

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._turns: dict[str, asyncio.Lock] = {name: asyncio.Lock() for name in supervisor.modules}
        self._awaited_restarts: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    def restart(self, name: str) -> Coroutine[Any, Any, None]:
        """Begin to restart a module, or to start it; what is returned waits for the end, before it is ready.

        A restart that waits for its turn is shared: whoever asks meanwhile gets the same one, which begins
        later than they asked.

        Args:
            name: a module that exists.

        Raises:
            OrchestratorStopping: nothing is started any more.
        """
        task = self._awaited_restarts.get(name)
        if task is None:
            task = self._begin(self._restart_in_turn(name), f"restart {name}")
            self._awaited_restarts[name] = task
        return self._finished(task)

    def start(self, names: Iterable[str]) -> Coroutine[Any, Any, list[str]]:
        """Begin to start modules that are at rest, and what they depend on if it is; waits as `restart` does.

        Args:
            names: of modules that exist.

        Returns:
            In the end: those that were started, dependencies first.

        Raises:
            OrchestratorStopping: nothing is started any more.
        """
        ordered = self._with_dependencies(names)
        return self._finished(self._begin(self._start_in_turns(ordered), f"start {' '.join(ordered)}"))

    def stop(self, names: Iterable[str]) -> Coroutine[Any, Any, None]:
        """Begin to stop modules, each after those among them that depend on it; waits until all have ended.

        Args:
            names: of modules that exist.

        Raises:
            OrchestratorStopping: they are being stopped anyway.
        """
        return self._finished(self._begin(self._stop_in_turn(sorted(names)), "stop"))

    async def close(self) -> None:
        """Give up what has not been done: whatever runs is going to be stopped."""
        self._closed = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _restart_in_turn(self, name: str) -> None:
        async with self._turns[name]:
            self._awaited_restarts.pop(name, None)
            await self._supervisor.modules[name].restart()

    async def _start_in_turns(self, names: list[str]) -> list[str]:
        return [name for name in names if await self._start_in_turn(name)]

    async def _start_in_turn(self, name: str) -> bool:
        async with self._turns[name]:
            module = self._supervisor.modules[name]
            if module.state not in AT_REST:
                return False
            module.start()
            return True

    async def _stop_in_turn(self, names: list[str]) -> None:
        async with contextlib.AsyncExitStack() as turns:
            # Always in the same order, so that two of these cannot wait for each other.
            for name in names:
                await turns.enter_async_context(self._turns[name])
            await self._supervisor.stop(names)

    def _begin(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        if self._closed:
            work.close()
            raise OrchestratorStopping
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            # Whoever asked for it may have left before it failed.
            _log.error("%s failed: %s", task.get_name(), task.exception())

    async def _finished(self, task: asyncio.Task[Any]) -> Any:
        # Whoever waits may leave; the task does not.
        await asyncio.wait({task})
        if task.cancelled():
            raise OrchestratorStopping
        return task.result()

    def _with_dependencies(self, names: Iterable[str]) -> list[str]:
        modules = self._supervisor.modules
        ordered: dict[str, None] = {}

        def add(name: str) -> None:
            if name in ordered:
                return
            for dependency in modules[name].configuration.after:
                if modules[dependency].state in AT_REST:
                    add(dependency)
            ordered[name] = None

        for name in names:
            add(name)
        return list(ordered)
