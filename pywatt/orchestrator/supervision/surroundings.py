"""What all modules of one orchestrator share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from attrs import frozen

if TYPE_CHECKING:
    from pywatt.orchestrator.links.control_operations import PortBook
    from pywatt.orchestrator.logs.collector import LogCollector
    from pywatt.orchestrator.supervision.served_module import ServedModule
    from pywatt_fast.operations.types import RouteToModule


class Reporter(Protocol):
    """Where the story of a module goes; the console is the real one."""

    def event(self, level: str, message: str, module: str | None = None, **fields: object) -> None:
        """Shows what happened to it."""


class ProcessRecord(Protocol):
    """Knows where sockets lie and which processes run; the run directory is the real one."""

    def socket_path(self, module: str) -> str:
        """The path of the module's channel."""
        ...

    def http_socket_path(self, module: str) -> str:
        """The path where the module's own HTTP server may listen."""
        ...

    def loaded_files_path(self, module: str) -> str:
        """The path where the module's processes report what they have loaded."""
        ...

    def record_process(self, name: str, pid: int) -> None:
        """Remembers a process, so that the next orchestrator can end what this one leaves behind."""

    def forget_process(self, name: str) -> None:
        """The process has ended."""


@frozen
class Surroundings:
    """What all modules of one orchestrator share.

    Args:
        orchestrator_api: the gateway's URL.
        environment: what every module inherits.
        record: the run directory.
        reporter: the console.
        logs: collects what their processes log.
        route: takes a message of a module to another one.
        process_ended: is told when a module's process has ended.
        ports: finds free ports.
        reloading: whether somebody works on the modules: one that does not come up waits for its next text.
        one_only: whether a module that does not come up is given up at once, as under `pywatt run`.
    """

    orchestrator_api: str
    environment: Mapping[str, str]
    record: ProcessRecord
    reporter: Reporter
    logs: LogCollector
    route: Callable[[ServedModule, RouteToModule], None]
    process_ended: Callable[[str], None]
    ports: PortBook
    one_only: bool = False
    reloading: bool = False
