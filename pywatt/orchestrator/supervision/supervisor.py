"""All modules of one orchestrator: started in the order of their dependencies, stopped in reverse."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from pywatt.orchestrator.supervision.managed_module import ManagedModule
from pywatt.orchestrator.supervision.module_state import ENDED, ModuleState

if TYPE_CHECKING:
    from pywatt.orchestrator.configuration.settings import ModuleConfiguration
    from pywatt.orchestrator.links.control_operations import SecretDesk
    from pywatt.orchestrator.supervision.surroundings import Surroundings


class Supervisor:
    """Starts, watches and stops modules.

    A module starts when every module it comes after is ready; modules that do not depend on each other start
    side by side. A module that does not come up is reported with the reason; those that depend on it go on
    waiting for it and are reported too; all others run. Once started, a module stays up when one it depends
    on is started again.

    Args:
        configurations: the modules by name; dependencies exist and have no cycle.
        surroundings: what they share.
        secrets: by module, which secrets it may have.

    Attributes:
        modules: by name, in the order of the configuration.
        dependents: by module, the names of those that come after it.
    """

    def __init__(
        self,
        configurations: Mapping[str, ModuleConfiguration],
        surroundings: Surroundings,
        secrets: Mapping[str, SecretDesk],
    ) -> None:
        self._surroundings = surroundings
        self._listeners: list[Callable[[ManagedModule, ModuleState], None]] = []
        self.modules: dict[str, ManagedModule] = {
            name: ManagedModule(
                configuration,
                surroundings,
                secrets[name],
                dependencies=partial(self._all_ready, tuple(configuration.after)),
                on_change=self._changed,
            )
            for name, configuration in configurations.items()
        }
        self.dependents: dict[str, list[str]] = {name: [] for name in configurations}
        for name, configuration in configurations.items():
            for dependency in configuration.after:
                self.dependents[dependency].append(name)

    @property
    def all_ready(self) -> bool:
        """Whether every module is ready now."""
        return all(module.is_ready for module in self.modules.values())

    @property
    def settled(self) -> bool:
        """Whether every module is ready, or does not become so by itself."""
        return all(module.is_ready or self.is_lost(module) for module in self.modules.values())

    @property
    def start_allowance(self) -> float:
        """Seconds that a start of all may take: the longest chain of those that wait for each other."""
        allowed: dict[str, float] = {}

        def allow(name: str) -> float:
            if name not in allowed:
                configuration = self.modules[name].configuration
                before = max(map(allow, configuration.after), default=0.0)
                allowed[name] = before + configuration.start_timeout
            return allowed[name]

        return max(map(allow, self.modules), default=0.0)

    @property
    def not_started(self) -> list[ManagedModule]:
        """Modules that could not be started, or ended too often, or wait for one of those."""
        return [module for module in self.modules.values() if self._is_held_up(module)]

    def on_change(self, listener: Callable[[ManagedModule, ModuleState], None]) -> None:
        """Registers what is told of every change of state.

        Args:
            listener: called with the module and the state before.
        """
        self._listeners.append(listener)

    def start_all(self) -> None:
        """Begins to start all modules and returns at once."""
        for module in self.modules.values():
            module.start()

    async def first_processes(self) -> None:
        """Returns when all that depend on nothing have their process, or could not get one."""
        for module in self.modules.values():
            if not module.configuration.after:
                await module.spawned.wait()

    async def stop_all(self) -> None:
        """Stops all modules, each after all that depend on it; returns when all have ended."""
        await self.stop(self.modules)

    async def stop(self, names: Iterable[str]) -> None:
        """Stops modules, each after those among them that depend on it; returns when all have ended.

        Args:
            names: of modules that exist; those that depend on them and are not named go on running.
        """
        stops: dict[str, asyncio.Task[None]] = {}

        async def stop(name: str) -> None:
            # Another tick, so that all tasks stand in the table before one is looked up.
            await asyncio.sleep(0)
            dependents = [stops[dependent] for dependent in self.dependents[name] if dependent in stops]
            if dependents:
                await asyncio.wait(dependents)
            await self.modules[name].stop()

        for name in names:
            stops[name] = asyncio.create_task(stop(name), name=f"stop {name}")
        if stops:
            await asyncio.gather(*stops.values())

    def is_lost(self, module: ManagedModule) -> bool:
        """Whether a module does not become ready by itself: it has ended for good, or waits for one that has.

        Args:
            module: one of `modules`.
        """
        if module.state is ModuleState.WAITING:
            return any(self.is_lost(self.modules[name]) for name in module.configuration.after)
        return module.state in ENDED

    async def kill_all(self) -> None:
        """Ends all modules at once."""
        await asyncio.gather(*(module.kill() for module in self.modules.values()))

    async def close(self) -> None:
        """Stops listening for the modules; they must have ended."""
        await asyncio.gather(*(module.close() for module in self.modules.values()))

    async def _all_ready(self, names: tuple[str, ...]) -> None:
        # One that was ready may have ended while the others were waited for.
        while not all(self.modules[name].is_ready for name in names):
            for name in names:
                await self.modules[name].became_ready.wait()

    def _changed(self, module: ManagedModule, before: ModuleState) -> None:
        if module.state in ENDED and module.state is not ModuleState.STOPPED:
            self._report_dependents(module)
        elif before in ENDED:
            self._reassure_dependents(module)
        for listener in self._listeners:
            listener(module, before)

    def _report_dependents(self, module: ManagedModule) -> None:
        for name in self.dependents[module.name]:
            dependent = self.modules[name]
            if dependent.state is ModuleState.WAITING:
                reason = module.last_error or "no reason is known"
                dependent.last_error = f"waits for {module.name}, which is {module.state.value}: {reason}"
                self._surroundings.reporter.event("ERROR", dependent.last_error, name)
                self._report_dependents(dependent)

    def _reassure_dependents(self, module: ManagedModule) -> None:
        for name in self.dependents[module.name]:
            dependent = self.modules[name]
            if dependent.state is ModuleState.WAITING and not self.is_lost(dependent):
                dependent.last_error = None
                self._reassure_dependents(dependent)

    def _is_held_up(self, module: ManagedModule) -> bool:
        if module.state is ModuleState.WAITING:
            return any(self._is_held_up(self.modules[name]) for name in module.configuration.after)
        return module.failed_to_start
