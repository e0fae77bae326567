"""The commands about modules: look at them, wait for them, start, stop and restart them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from pywatt.orchestrator.control.commands import (
    FLAG,
    NAMES,
    SECONDS,
    Arguments,
    Command,
    CommandTable,
    SendItem,
    check_names,
)
from pywatt.orchestrator.control.errors import ControlError, ControlTimeout
from pywatt.orchestrator.control.module_report import ModuleReports, reason
from pywatt.orchestrator.control.state_changes import StateChanges
from pywatt.orchestrator.events import EventRing
from pywatt.orchestrator.supervision.module_state import ModuleState

if TYPE_CHECKING:
    from pywatt.orchestrator.supervision.managed_module import ManagedModule
    from pywatt.orchestrator.supervision.manual_control import ManualControl
    from pywatt.orchestrator.supervision.supervisor import Supervisor

DEFAULT_TIMEOUT: Final = 60.0
"""Seconds that `wait`, `start` and `restart` take at most where the client says nothing."""
START_GRACE: Final = 10.0
"""Seconds that a start of all may take beyond what the modules are allowed."""


class ModuleCommands:
    """Answers the commands about modules.

    Args:
        supervisor: knows the modules.
        manual: starts and stops them.
        events: tells of their changes.
        reports: describes them.
    """

    def __init__(
        self, supervisor: Supervisor, manual: ManualControl, events: EventRing, reports: ModuleReports
    ) -> None:
        self._supervisor = supervisor
        self._manual = manual
        self._events = events
        self._reports = reports

    def table(self) -> CommandTable:
        """Return the commands by name."""
        waiting = {"names": NAMES, "timeout": SECONDS}
        return {
            "modules": Command(self._modules, {"names": NAMES}),
            "wait": Command(self._wait, {**waiting, "settle": FLAG}),
            "start": Command(self._start, {**waiting, "no_wait": FLAG}),
            "restart": Command(self._restart, {**waiting, "no_wait": FLAG}),
            "stop": Command(self._stop, {"names": NAMES}),
        }

    async def _modules(self, arguments: Arguments, _send_item: SendItem) -> dict[str, Any]:
        return {"modules": self._reports.describe(self._chosen(arguments))}

    async def _wait(self, arguments: Arguments, send_item: SendItem) -> dict[str, Any]:
        return await self._until_ready(self._chosen(arguments), arguments, send_item)

    async def _start(self, arguments: Arguments, send_item: SendItem) -> dict[str, Any]:
        modules = self._chosen(arguments)
        started: list[str] = []

        async def start() -> None:
            started.extend(await self._manual.start(module.name for module in modules))

        result = await self._until_ready(modules, arguments, send_item, start)
        return {**result, "started": started}

    async def _restart(self, arguments: Arguments, send_item: SendItem) -> dict[str, Any]:
        modules = self._chosen(arguments, all_when_none=False)

        async def restart() -> None:
            # Each in its own time: nobody asked for an order, and none of them waits for another one.
            await asyncio.gather(*(self._manual.restart(module.name) for module in modules))

        return await self._until_ready(modules, arguments, send_item, restart)

    async def _stop(self, arguments: Arguments, send_item: SendItem) -> dict[str, Any]:
        modules = self._chosen(arguments)
        names = [module.name for module in modules]
        with StateChanges(self._events, names, send_item):
            await self._manual.stop(names)
        return {"modules": self._reports.describe(modules)}

    def _chosen(self, arguments: Arguments, *, all_when_none: bool = True) -> list[ManagedModule]:
        names: Sequence[str] = arguments["names"]
        modules = self._supervisor.modules
        check_names(modules, names)
        if not names and not all_when_none:
            raise ControlError("bad_argument", "no module is named", f"name some of: {', '.join(modules)}")
        return [modules[name] for name in dict.fromkeys(names or modules)]

    async def _until_ready(
        self,
        modules: list[ManagedModule],
        arguments: Arguments,
        send_item: SendItem,
        act: Callable[[], Awaitable[None]] | None = None,
    ) -> dict[str, Any]:
        """Does something with modules, and waits until they are ready unless the client does not want to."""
        settle, no_wait = arguments.get("settle", False), arguments.get("no_wait", False)
        seconds = arguments["timeout"]
        if seconds is None:
            seconds = self._supervisor.start_allowance + START_GRACE if settle else DEFAULT_TIMEOUT
        with StateChanges(self._events, [module.name for module in modules], send_item) as changes:
            if settle:
                # Between a question of its own and this one, the client would miss changes.
                send_item({"modules": self._reports.describe(modules)})
            try:
                async with asyncio.timeout(seconds):
                    if act is not None:
                        await act()
                    while not (no_wait or all(module.is_ready for module in modules)):
                        if not settle or self._supervisor.settled:
                            self._check_not_lost(modules)
                        await changes.next()
            except TimeoutError:
                # All are ready only while what was asked for waits for its turn.
                missing = [module for module in modules if not module.is_ready] or modules
                what = f"{_names(missing)} not ready within {seconds:g} s: {_reasons(missing)}"
                details = {"modules": self._reports.describe(missing)}
                raise ControlTimeout(what, details=details) from None
        return {"modules": self._reports.describe(modules)}

    def _check_not_lost(self, modules: list[ManagedModule]) -> None:
        lost = [module for module in modules if self._supervisor.is_lost(module)]
        if not lost:
            return
        stopped = [module.name for module in lost if module.state is ModuleState.STOPPED]
        raise ControlError(
            "module_failed",
            f"{_names(lost)} not going to be ready: {_reasons(lost)}",
            f"start with: pywatt start {' '.join(stopped)}" if stopped else "",
            {"modules": self._reports.describe(lost)},
        )


def _names(modules: list[ManagedModule]) -> str:
    names = ", ".join(module.name for module in modules)
    return f"{names} {'is' if len(modules) == 1 else 'are'}"


def _reasons(modules: list[ManagedModule]) -> str:
    texts = []
    for module in modules:
        why = reason(module)
        text = module.state.value + (f": {why}" if why else "")
        texts.append(text if len(modules) == 1 else f"{module.name} is {text}")
    return "; ".join(texts)
