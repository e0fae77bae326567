"""The orchestrator's story for the service manager: starting, ready, stopping, and a pulse in between."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pywatt.orchestrator.supervision.supervisor import Supervisor
    from pywatt.orchestrator.systemd.notification import Notifier


class ServiceManager:
    """Tells the service manager what becomes of the modules.

    Ready is told once: when every module is, or when those that are not will not be by themselves. The whole
    serves then, and what is missing stands in the status.

    Args:
        notifier: sends.
        supervisor: knows the modules.
    """

    def __init__(self, notifier: Notifier, supervisor: Supervisor) -> None:
        self._notifier = notifier
        self._supervisor = supervisor
        self._loop = asyncio.get_running_loop()
        self._told_ready = False
        self._stopping = False
        self._pulse: asyncio.TimerHandle | None = None
        if notifier.watchdog is not None:
            self._beat(notifier.watchdog / 2)

    def open(self) -> None:
        """The gateway serves: tell how many modules are ready, now and whenever a state changes."""
        self._supervisor.on_change(lambda _module, _before: self._tell_standing())
        self._tell_standing()

    def stopping(self) -> None:
        """Tell that the whole ends."""
        self._stopping = True
        self._notifier.tell(STOPPING=1, STATUS="stopping the modules")

    def close(self) -> None:
        """Tell nothing any more."""
        if self._pulse is not None:
            self._pulse.cancel()
        self._notifier.close()

    def _tell_standing(self) -> None:
        if self._stopping:
            return
        status = self._status()
        if self._told_ready or not self._supervisor.settled:
            self._notifier.tell(STATUS=status)
        else:
            self._told_ready = True
            self._notifier.tell(READY=1, MAINPID=os.getpid(), STATUS=status)

    def _status(self) -> str:
        modules = self._supervisor.modules.values()
        missing = [f"{module.name} is {module.state.value}" for module in modules if not module.is_ready]
        ready = f"{len(modules) - len(missing)} of {len(modules)} modules ready"
        return f"{ready}: {', '.join(missing)}" if missing else ready

    def _beat(self, interval: float) -> None:
        # From the event loop: what this proves is that it turns.
        self._notifier.tell(WATCHDOG=1)
        self._pulse = self._loop.call_later(interval, self._beat, interval)
