"""`pywatt up` and `pywatt run`: the orchestrator as one process, from the lock to the exit code.

The exit code is
- 0 after a stop by Ctrl-C, SIGTERM or SIGHUP when every module had been started (also a module that ended by
  itself with code 0 under `pywatt run`);
- 1 when a module could not be started, was given up as crash-looping, or waited to the end for one of those.
  Under `up` such a module is reported and the others go on running until the stop; under `run` its end is the
  end of the orchestrator;
- 128 and the signal's number (130 for Ctrl-C) when a second signal did not let the modules finish.

An orchestrator that cannot start raises a typed error after it has cleaned up; the command line shows it.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from pywatt import event_loop
from pywatt.build_info import installed_version
from pywatt.orchestrator.broker import Broker
from pywatt.orchestrator.console.last_lines import CollectedLines
from pywatt.orchestrator.control.call_commands import CallCommands
from pywatt.orchestrator.control.module_commands import ModuleCommands
from pywatt.orchestrator.control.module_report import ModuleReports
from pywatt.orchestrator.control.orchestrator_commands import OrchestratorCommands
from pywatt.orchestrator.control.server import ControlServer
from pywatt.orchestrator.events import ORCHESTRATOR, EventRing, RecordedReports, record_change
from pywatt.orchestrator.gateway.gateway_address import gateway_socket
from pywatt.orchestrator.gateway.listening_socket import gateway_url
from pywatt.orchestrator.links.control_operations import PortBook, SecretDesk
from pywatt.orchestrator.links.handover import inherited_environment
from pywatt.orchestrator.local_calls import LocalCaller
from pywatt.orchestrator.logs.collector import LogCollector, LogDisplay, open_collector
from pywatt.orchestrator.memory import keep_freed_memory
from pywatt.orchestrator.processes.run_directory import RunDirectory
from pywatt.orchestrator.ready_lines import ModuleUrls, ReadyDisplay, ReadyLines
from pywatt.orchestrator.secrets.declared_secrets import allowed_secrets, withheld_names
from pywatt.orchestrator.secrets.secret_sources import SecretSources
from pywatt.orchestrator.start_progress import StartProgress
from pywatt.orchestrator.stop_signals import StopSignals
from pywatt.orchestrator.supervision.manual_control import ManualControl
from pywatt.orchestrator.supervision.module_state import ENDED, ModuleState
from pywatt.orchestrator.supervision.supervisor import Supervisor
from pywatt.orchestrator.supervision.surroundings import Reporter, Surroundings
from pywatt.orchestrator.systemd.notification import Notifier
from pywatt.orchestrator.systemd.service_manager import ServiceManager

if TYPE_CHECKING:
    from pywatt.orchestrator.configuration.settings import Configuration
    from pywatt.orchestrator.gateway.gateway import Gateway
    from pywatt.orchestrator.reload.reloader import Reloader
    from pywatt.orchestrator.supervision.managed_module import ManagedModule
    from pywatt.orchestrator.supervision.served_module import ServedModule
    from pywatt_fast.operations.types import RouteToModule

FAILURE: Final = 1
KILLED_BY: Final = 128  # plus the number of the signal, as shells have it


class Display(Reporter, ReadyDisplay, LogDisplay, Protocol):
    """What is shown to the user; the console is the real one."""

    shows_logs: bool
    on_own_line: Callable[[str, str | None], None] | None

    def started(self) -> None:
        """Commands are taken from now on."""


def run_orchestrator(
    configuration: Configuration, console: Display, *, single: bool, reloading: bool = False
) -> int:
    """Runs modules until the user stops them. Call it in the main thread, with no event loop running.

    Args:
        configuration: what to run.
        console: where everything is shown.
        single: whether this is `pywatt run`: one module, served at `/` too, whose end is the end of all.
        reloading: whether this is `pywatt dev`: modules are restarted when their files change, and none of
            them ends the whole.

    Returns:
        The exit code of the process.

    Raises:
        AlreadyRunning: another orchestrator runs the same configuration.
        RunDirectoryError: locks and sockets have no place to lie.
        GatewayAddressError: the gateway's address is taken or cannot be bound.
        SocketActivationError: a service manager passed a socket that the gateway cannot serve.
        ConfigurationError: a file of secrets cannot be used.
        LogDirectoryError: the log files have no place to lie.
        ConfigError: the environment asks for an event loop that is not there.
    """
    run_directory = RunDirectory.open(configuration.path)
    try:
        return _run_locked(configuration, console, run_directory, single=single, reloading=reloading)
    except KeyboardInterrupt:  # before the event loop took the signals over
        return KILLED_BY + signal.SIGINT
    finally:
        run_directory.close()


def _run_locked(
    configuration: Configuration,
    console: Display,
    run_directory: RunDirectory,
    *,
    single: bool,
    reloading: bool,
) -> int:
    display = console if console.shows_logs else None
    logs = open_collector(configuration.logs, run_directory.path, display)
    console.on_own_line = logs.say
    try:
        return _run_logged(configuration, console, run_directory, logs, single=single, reloading=reloading)
    finally:
        console.on_own_line = None
        logs.close()


def _run_logged(
    configuration: Configuration,
    console: Display,
    run_directory: RunDirectory,
    logs: LogCollector,
    *,
    single: bool,
    reloading: bool,
) -> int:
    with gateway_socket(configuration, console) as bound:
        for left_over in run_directory.end_left_overs():
            console.event("INFO" if left_over.ended else "WARN", str(left_over), left_over.name)
        secrets = SecretSources(configuration)
        for warning in secrets.warnings:
            console.event("WARN", warning)
        orchestrator = Orchestrator(
            configuration,
            console,
            run_directory,
            logs=logs,
            secrets=secrets,
            bound=bound,
            single=single,
            reloading=reloading,
        )
        return event_loop.run(orchestrator.run())


class Orchestrator:
    """The running whole: supervisor, broker, gateway, control plane, signals.

    Args:
        configuration: what to run.
        console: where everything is shown.
        run_directory: locked.
        logs: collects what the modules log, from the start of the run on.
        secrets: where secrets come from.
        bound: the gateway's listening socket.
        single: as for `run_orchestrator`.
        reloading: as for `run_orchestrator`.
    """

    def __init__(
        self,
        configuration: Configuration,
        console: Display,
        run_directory: RunDirectory,
        *,
        logs: LogCollector,
        secrets: SecretSources,
        bound: socket.socket,
        single: bool,
        reloading: bool = False,
    ) -> None:
        self._configuration = configuration
        self._console = console
        self._run_directory = run_directory
        self._logs = logs
        self._secrets = secrets
        self._bound = bound
        self._url = gateway_url(bound)
        self._reloading = reloading
        self._reloader: Reloader | None = None
        self._single = next(iter(configuration.modules)) if single else None
        self._urls = ModuleUrls(self._url, self._single)
        self._events = EventRing()
        self._reporter = RecordedReports(console, self._events)
        self._stop = asyncio.Event()
        self._stop_asked = False  # by a person: a module of `pywatt run` that ends also ends the whole
        self._modules_ended = asyncio.Event()
        self._kill: asyncio.Task[None] | None = None
        self._progress: StartProgress | None = None
        self._gateway: Gateway | None = None

    async def run(self) -> int:
        """Runs everything and returns the exit code."""
        notifier = Notifier.from_environment(os.environ)  # before a module could inherit what it reads
        self._logs.start(self._reporter.event)
        self._supervisor = self._build_supervisor()
        self._ready_lines = ReadyLines(
            self._console, self._supervisor, self._urls, single=self._single is not None, once=self._reloading
        )
        self._service = ServiceManager(notifier, self._supervisor)
        self._broker = Broker(self._supervisor.modules)
        self._manual = ManualControl(self._supervisor)
        if self._reloading:
            self._reloader = self._build_reloader()
        self._signals = StopSignals(self._stop_by_signal, lambda _number: self._kill_now())
        control = self._build_control()
        await control.start()
        self._signals.open()
        self._console.started()
        try:
            self._events.record("INFO", ORCHESTRATOR, f"starts {len(self._supervisor.modules)} modules")
            self._supervisor.start_all()
            if self._single is None:
                self._progress = StartProgress(self._supervisor, self._reporter)
            await self._supervisor.first_processes()
            self._gateway = await self._open_gateway()
            # What was loaded to get here stays for good: the collector need not walk it again under load.
            gc.collect()
            gc.freeze()
            await self._stop.wait()
        finally:
            failed = self._supervisor.not_started
            await self._stop_everything(control)
        return self._exit_code(failed)

    async def _stop_everything(self, control: ControlServer) -> None:
        """In the order in which nobody waits for what has ended already; commands are heard to the end."""
        if self._progress is not None:
            self._progress.close()
        self._service.stopping()
        if self._gateway is not None:
            self._gateway.begin_draining()
        if self._reloader is not None:
            await self._reloader.close()
        await self._manual.close()
        await self._supervisor.stop_all()
        if self._kill is not None:
            await self._kill
        if self._gateway is not None:
            await self._gateway.close()
        self._broker.close()
        await self._supervisor.close()
        self._modules_ended.set()
        self._events.close()
        await control.close()
        self._signals.close()
        self._service.close()

    def _build_supervisor(self) -> Supervisor:
        modules = self._configuration.modules
        allowed = {name: allowed_secrets(module) for name, module in modules.items()}
        secret_names = {secret for module in modules.values() for secret in withheld_names(module)}
        self._environment = inherited_environment(os.environ, secret_names)
        surroundings = Surroundings(
            orchestrator_api=self._url,
            environment=self._environment,
            record=self._run_directory,
            reporter=self._reporter,
            logs=self._logs,
            route=self._route,
            process_ended=self._process_ended,
            ports=PortBook(),
            one_only=self._single is not None,
            reloading=self._reloading,
        )
        self._desks = {name: SecretDesk(name, allowed[name], self._secrets) for name in modules}
        supervisor = Supervisor(modules, surroundings, self._desks)
        supervisor.on_change(partial(record_change, self._events))
        if self._single is not None and not self._reloading:
            supervisor.on_change(self._end_with)
        return supervisor

    def _build_reloader(self) -> Reloader:
        from pywatt.orchestrator.reload.reloaded_secrets import ReloadedSecrets
        from pywatt.orchestrator.reload.reloader import Reloader

        configuration = self._configuration
        return Reloader(
            self._supervisor,
            ReloadedSecrets(configuration.modules, self._desks, self._secrets, self._environment),
            configuration.path if self._single is None else None,
            self._run_directory.loaded_files_path,
            self._reporter,
        )

    def _build_control(self) -> ControlServer:
        modules = self._supervisor.modules
        reports = ModuleReports(CollectedLines(self._logs.recent), self._urls.of)
        commands = {
            **ModuleCommands(self._supervisor, self._manual, self._events, reports).table(),
            **OrchestratorCommands(self._events, modules, self._stop_by_command).table(),
            **CallCommands(modules, LocalCaller(self._broker)).table(),
        }
        greeting = {
            "pywatt": installed_version(),
            "pid": os.getpid(),
            "configuration": str(self._configuration.path),
            "url": self._url,
        }
        return ControlServer(self._run_directory.control_socket_path, commands, greeting)

    async def _open_gateway(self) -> Gateway:
        # Imported while the modules are starting: it takes longer than all that was done so far.
        from pywatt.orchestrator.gateway.gateway import Gateway
        from pywatt.orchestrator.metrics.page import write_page

        keep_freed_memory()
        settings = self._configuration.gateway
        modules = self._supervisor.modules

        def metrics() -> bytes:
            return write_page(modules.values(), gateway.counts, self._broker, self._logs.lost_lines)

        explain = None if self._reloader is None else self._reloader.failure
        shown_metrics = metrics if settings.metrics else None
        gateway: Gateway = Gateway(settings, modules, self._single, shown_metrics, explain)
        await gateway.start(self._bound)
        self._ready_lines.open()
        self._service.open()
        return gateway

    def _route(self, source: ServedModule, operation: RouteToModule) -> None:
        self._broker.route(source, operation)

    def _process_ended(self, name: str) -> None:
        self._broker.forget_module(name)

    def _end_with(self, module: ManagedModule, _before: ModuleState) -> None:
        if module.state in ENDED:
            self._stop.set()

    def _stop_by_signal(self, number: signal.Signals) -> None:
        self._begin_to_stop(" (Ctrl-C again kills {them})" if number is signal.SIGINT else "")

    async def _stop_by_command(self, now: bool) -> None:
        if not self._stop_asked:
            self._begin_to_stop("")
        if now:
            self._kill_now()
        await self._modules_ended.wait()

    def _begin_to_stop(self, hint: str) -> None:
        running = sum(module.pid is not None for module in self._supervisor.modules.values())
        modules, them = ("module", "it") if running == 1 else ("modules", "them")
        again = hint.format(them=them) if running else ""
        self._reporter.event("INFO", f"stopping {running} {modules}{again}")
        self._stop_asked = True
        self._stop.set()

    def _kill_now(self) -> None:
        if self._kill is None:
            self._reporter.event("WARN", "killing what still runs")
            if self._gateway is not None:
                self._gateway.cut()
            self._kill = asyncio.get_running_loop().create_task(self._supervisor.kill_all())

    def _exit_code(self, failed: list[ManagedModule]) -> int:
        if self._signals.second is not None:
            return KILLED_BY + self._signals.second
        if self._reloading:
            return 0
        if self._single is not None and not self._stop_asked:
            module = self._supervisor.modules[self._single]
            return 0 if module.ended_clean and not module.failed_to_start else FAILURE
        for module in failed:
            self._reporter.event("ERROR", f"did not run to the end: {module.last_error}", module.name)
        return FAILURE if failed else 0
