"""The families about processes: what modules and the orchestrator itself take of the machine."""

from __future__ import annotations

import os
import time
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from pywatt.orchestrator.processes.usage import session_usage

if TYPE_CHECKING:
    from pywatt.observe.metrics_text import MetricsText
    from pywatt.orchestrator.supervision.managed_module import ManagedModule


def add_module_processes(text: MetricsText, modules: Collection[ManagedModule]) -> None:
    """Add what the processes of modules take; nothing where there is no /proc.

    Args:
        text: the page.
        modules: all of them.
    """
    sessions = {module.pid: {"module": module.name} for module in modules if module.pid is not None}
    usage = [(sessions[pid], used) for pid, used in session_usage(sessions).items()]
    text.counter(
        "pywatt_module_cpu_seconds_total",
        "Processor time of the module's running processes; begins again with each first process.",
        ((labels, used.cpu_seconds) for labels, used in usage),
    )
    text.gauge(
        "pywatt_module_resident_memory_bytes",
        "Resident memory of the module's processes; what they share counts in each.",
        ((labels, used.memory_bytes) for labels, used in usage),
    )
    text.gauge(
        "pywatt_module_processes",
        "Processes of the module that run.",
        ((labels, used.processes) for labels, used in usage),
    )


def add_own_process(text: MetricsText) -> None:
    """Add what the orchestrator's process takes, under the names that every Prometheus client has.

    Args:
        text: the page.
    """
    text.counter(
        "process_cpu_seconds_total", "Processor time of the orchestrator.", [({}, time.process_time())]
    )
    text.gauge(
        "process_resident_memory_bytes", "Resident memory of the orchestrator.", _known(_resident_memory())
    )
    text.gauge("process_open_fds", "Open descriptors of the orchestrator.", _known(_open_descriptors()))


def _resident_memory() -> int | None:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def _open_descriptors() -> int | None:
    try:
        return len(os.listdir("/proc/self/fd")) - 1  # less the one of this listing
    except OSError:
        return None


def _known(value: float | None) -> list[tuple[dict[str, str], float]]:
    return [] if value is None else [({}, value)]
