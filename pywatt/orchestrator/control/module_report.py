"""What the control plane tells about a module."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from pywatt.observe.redaction import redact
from pywatt.orchestrator.processes.usage import Load, UsageSampler
from pywatt.orchestrator.supervision.module_state import ModuleState

if TYPE_CHECKING:
    from pywatt.orchestrator.console.last_lines import LastLines
    from pywatt.orchestrator.supervision.managed_module import ManagedModule

LINES: Final = 5

_WELL: Final = frozenset(
    {ModuleState.IDLE, ModuleState.READY, ModuleState.DRAINING, ModuleState.STOPPED, ModuleState.WAITING}
)


class ModuleReports:
    """Describes modules as JSON.

    Args:
        lines: knows how their logs end.
        url_of: returns where the gateway serves a module.
    """

    def __init__(self, lines: LastLines, url_of: Callable[[ManagedModule], str]) -> None:
        self._lines = lines
        self._url_of = url_of
        self._usage = UsageSampler()

    def describe(self, modules: Iterable[ManagedModule]) -> list[dict[str, Any]]:
        """Return what there is to say about modules; docs/control.md lists the keys.

        Args:
            modules: in the order in which they are to appear.
        """
        chosen = list(modules)
        loads = self._usage.sample(module.pid for module in chosen if module.pid is not None)
        return [self._describe(module, loads.get(module.pid or 0)) for module in chosen]

    def _describe(self, module: ManagedModule, load: Load | None) -> dict[str, Any]:
        endpoints = module.announcement.endpoints if module.announcement is not None else []
        return {
            "name": module.name,
            "state": module.state.value,
            "ready": module.is_ready,
            "since": module.since,
            "restarts": module.restarts,
            "pid": module.pid,
            "cpu_percent": None if load is None else load.cpu_percent,
            "memory_bytes": None if load is None else load.memory_bytes,
            "processes": None if load is None else load.processes,
            "endpoints": [{"path": one.path, "methods": list(one.methods)} for one in endpoints],
            "url": self._url_of(module),
            "after": list(module.configuration.after),
            "reason": reason(module),
            "log": [] if is_well(module) else self._lines.last_lines(module.name, LINES),
        }


def is_well(module: ManagedModule) -> bool:
    """Tell whether a module needs nobody's attention.

    Args:
        module: the module.
    """
    if module.state is ModuleState.STARTING:
        return module.last_error is None
    return module.state in _WELL or (module.state is ModuleState.EXITED and module.ended_clean)


def reason(module: ManagedModule) -> str | None:
    """Return why a module is not ready, secrets removed; None when it is, or when somebody wanted it so.

    Args:
        module: the module.
    """
    if module.state in {ModuleState.IDLE, ModuleState.READY, ModuleState.STOPPED, ModuleState.DRAINING}:
        return None
    if module.state is ModuleState.STARTING:
        before = f" (before: {module.last_error})" if module.last_error else ""
        return redact(f"{module.missing}{before}")
    if module.state is ModuleState.WAITING and module.last_error is None:
        return f"waits for {', '.join(module.configuration.after)}"
    return None if module.last_error is None else redact(module.last_error)
