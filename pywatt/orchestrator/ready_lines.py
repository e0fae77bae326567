"""The lines that say which modules are ready, and where they are reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pywatt.orchestrator.supervision.managed_module import ManagedModule
    from pywatt.orchestrator.supervision.supervisor import Supervisor


class ReadyDisplay(Protocol):
    """Shows who is ready; the console is the real one."""

    def ready(self, module: str, url: str) -> None:
        """A module is ready."""

    def all_ready(self, url: str) -> None:
        """All modules are."""


class ModuleUrls:
    """Where the modules are reached through the gateway.

    Args:
        gateway: the gateway's URL.
        single: the one module that is served at `/` too, or None.
    """

    def __init__(self, gateway: str, single: str | None) -> None:
        self._gateway = gateway
        self._single = single

    def of(self, module: ManagedModule | None) -> str:
        """Return the URL of a module.

        Args:
            module: the module; None: all of them together.
        """
        if self._gateway.startswith("unix:"):
            return self._gateway
        if module is None or self._single is not None:
            return f"{self._gateway}/"
        route = module.configuration.route or f"/m/{module.name}"
        return f"{self._gateway}{route.rstrip('/')}/"


class ReadyLines:
    """Tells of each module that it is ready, and once that all are; from the moment on that they are reached.

    Args:
        display: where it is told.
        supervisor: knows the modules.
        urls: where they are reached.
        single: whether there is one module only, for which no line says that all are ready.
        once: whether each module is told of the first time only, as under `pywatt dev`, which has words of
            its own for one that is ready again.
    """

    def __init__(
        self, display: ReadyDisplay, supervisor: Supervisor, urls: ModuleUrls, *, single: bool, once: bool
    ) -> None:
        self._display = display
        self._supervisor = supervisor
        self._urls = urls
        self._single = single
        self._once = once
        self._told: set[str] = set()
        self._all_told = False

    def open(self) -> None:
        """The gateway serves: those that are ready already are told of now."""
        self._supervisor.on_change(lambda module, _before: self._tell(module))
        for module in self._supervisor.modules.values():
            self._tell(module)

    def _tell(self, module: ManagedModule) -> None:
        if not module.is_ready:
            return
        if not (self._once and module.name in self._told):
            self._told.add(module.name)
            self._display.ready(module.name, self._urls.of(module))
        if not self._single and not self._all_told and self._supervisor.all_ready:
            self._all_told = True
            self._display.all_ready(self._urls.of(None))
