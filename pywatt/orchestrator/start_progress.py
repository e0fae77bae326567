"""Tells a person who waits what is waited for, and when there is nothing left to wait for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from pywatt.orchestrator.supervision.module_state import ModuleState

if TYPE_CHECKING:
    from pywatt.orchestrator.supervision.managed_module import ManagedModule
    from pywatt.orchestrator.supervision.supervisor import Supervisor
    from pywatt.orchestrator.supervision.surroundings import Reporter

FIRST_REPORT: Final = 3.0  # seconds
GROWTH: Final = 3.0
LONGEST_PAUSE: Final = 60.0


class StartProgress:
    """Reports on modules that are not ready, in ever longer intervals, until all are or no more can be.

    Args:
        supervisor: knows the modules.
        reporter: where the lines go.
    """

    def __init__(self, supervisor: Supervisor, reporter: Reporter) -> None:
        self._supervisor = supervisor
        self._reporter = reporter
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._pause = FIRST_REPORT
        self._timer: asyncio.TimerHandle | None = self._loop.call_later(self._pause, self._report)
        supervisor.on_change(lambda _module, _before: self._changed())

    def close(self) -> None:
        """Reports nothing any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _changed(self) -> None:
        if self._timer is None:
            return
        if self._supervisor.all_ready:
            self.close()
        elif not self._awaited():
            self.close()
            self._reporter.event(
                "WARN", f"{self._count()}, the others will not be: {', '.join(self._lost())}"
            )

    def _report(self) -> None:
        seconds = self._loop.time() - self._began
        waiting = ", ".join(self._awaited())
        self._reporter.event("INFO", f"{self._count()} after {seconds:.0f} s; waiting for {waiting}")
        self._pause = min(self._pause * GROWTH, LONGEST_PAUSE)
        self._timer = self._loop.call_later(self._pause, self._report)

    def _count(self) -> str:
        modules = self._supervisor.modules
        ready = sum(module.is_ready for module in modules.values())
        return f"{ready} of {len(modules)} modules {'is' if ready == 1 else 'are'} ready"

    def _awaited(self) -> list[str]:
        """Modules that may still become ready, as a person reads of them."""
        awaited = []
        for name, module in self._supervisor.modules.items():
            if module.is_ready or self._supervisor.is_lost(module):
                continue
            if module.state is ModuleState.STARTING:
                awaited.append(name)
            else:
                awaited.append(f"{name} ({_standing(module)})")
        return awaited

    def _lost(self) -> list[str]:
        modules = self._supervisor.modules.values()
        return [
            f"{module.name} ({_standing(module)})" for module in modules if self._supervisor.is_lost(module)
        ]


def _standing(module: ManagedModule) -> str:
    if module.state is ModuleState.WAITING:
        return f"after {', '.join(module.configuration.after)}"
    return str(module.state.value)
