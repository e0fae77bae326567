"""Starts a module under the real supervision, watches it, asks it, stops it: what was seen is evidence."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from pywatt.observe.starvation import starved_seconds
from pywatt.orchestrator.broker import Broker
from pywatt.orchestrator.configuration.settings import LogsConfiguration
from pywatt.orchestrator.doctor.children_left import ChildrenLeft
from pywatt.orchestrator.doctor.evidence import Diagnostics, Evidence, Interpreter, Probe, Stop
from pywatt.orchestrator.doctor.interpreter import ask_interpreter
from pywatt.orchestrator.doctor.probing import NO_TIME_LEFT, ask_endpoints, plan_probes, send_heartbeats
from pywatt.orchestrator.doctor.record_reading import read_records
from pywatt.orchestrator.doctor.recording import ModuleRecorder, QuietLogging, RecordingDesk
from pywatt.orchestrator.doctor.scratch import scratch_directory
from pywatt.orchestrator.links.control_operations import PortBook
from pywatt.orchestrator.links.handover import inherited_environment
from pywatt.orchestrator.logs.collector import LogCollector, open_collector
from pywatt.orchestrator.processes.run_directory import RunDirectory
from pywatt.orchestrator.secrets.declared_secrets import allowed_secrets, withheld_names
from pywatt.orchestrator.secrets.secret_sources import SecretSources
from pywatt.orchestrator.supervision.module_state import ENDED, ModuleState
from pywatt.orchestrator.supervision.supervisor import Supervisor
from pywatt.orchestrator.supervision.surroundings import Surroundings

if TYPE_CHECKING:
    from pywatt.orchestrator.doctor.subject import Subject
    from pywatt.orchestrator.supervision.managed_module import ManagedModule
    from pywatt.orchestrator.supervision.served_module import ServedModule
    from pywatt_fast.operations.types import RouteToModule

DIAGNOSTICS_VARIABLE: Final = "PYWATT_DIAGNOSTICS"
NO_GATEWAY: Final = "http://127.0.0.1:9"
"""The discard port: an examined module that asks its orchestrator's gateway is refused."""

OBSERVED: Final = 1.0
"""Seconds for which a ready module is watched at least."""

PROGRESS_INTERVAL: Final = 0.5
LAST_LINES: Final = 0.05  # a line of log takes its own pipe, and may come after the answer
MAX_SOURCES: Final = 200
MAX_SOURCE: Final = 1024 * 1024

Progress = Callable[[str], None]


async def examine(
    subject: Subject, *, observe: float = OBSERVED, requests: bool = True, progress: Progress
) -> Evidence:
    """Examine a module; its process has ended when this returns or raises.

    Args:
        subject: the module.
        observe: for how long it is watched once it is ready, in seconds.
        requests: whether its endpoints are asked.
        progress: is told what is being done.

    Raises:
        ConfigurationError: a file of secrets cannot be used.
        RunDirectoryError: its sockets have no place to lie.
    """
    began = time.monotonic()
    secrets = SecretSources(subject.configuration)
    recorder = ModuleRecorder()
    with (
        scratch_directory() as folder,
        QuietLogging(lambda text: recorder.event("WARN", text)),
        RunDirectory.open(folder / subject.module.name, folder / "run") as record,
        contextlib.closing(open_collector(LogsConfiguration(), record.path, recorder)) as logs,
    ):
        logs.start(recorder.event)
        examination = _Examination(
            subject,
            secrets=secrets,
            recorder=recorder,
            record=record,
            logs=logs,
            records=folder / "records",
            progress=progress,
        )
        evidence = await examination.run(observe, requests=requests)
    return attrs.evolve(evidence, seconds=time.monotonic() - began)


class _Examination:
    def __init__(
        self,
        subject: Subject,
        *,
        secrets: SecretSources,
        recorder: ModuleRecorder,
        record: RunDirectory,
        logs: LogCollector,
        records: Path,
        progress: Progress,
    ) -> None:
        self._subject = subject
        self._secrets = secrets
        self._recorder = recorder
        self._records = records
        self._progress = progress
        self._changed = asyncio.Event()
        module = subject.module
        self._environment = inherited_environment(os.environ, withheld_names(module))
        self._desk = RecordingDesk(module.name, allowed_secrets(module), secrets, any_name=subject.any_secret)
        surroundings = Surroundings(
            orchestrator_api=NO_GATEWAY,
            environment={**self._environment, DIAGNOSTICS_VARIABLE: str(records)},
            record=record,
            reporter=recorder,
            logs=logs,
            route=self._route,
            process_ended=self._process_ended,
            ports=PortBook(),
            one_only=True,
        )
        self._supervisor = Supervisor({module.name: module}, surroundings, {module.name: self._desk})
        self._supervisor.on_change(lambda _module, _before: self._changed.set())
        self._module: ManagedModule = self._supervisor.modules[module.name]
        self._module.link.on_unreadable = recorder.unreadable
        self._broker = Broker(self._supervisor.modules)
        self._ready: float | None = None
        self._starved = 0.0
        self._spawned = 0.0
        self._heartbeats = (0, 0)
        self._probes: list[Probe] = []
        self._skipped: list[tuple[str, str]] = []

    async def run(self, observe: float, *, requests: bool) -> Evidence:
        stop: Stop | None = None
        try:
            await self._start()
            announcement = self._module.announcement
            if self._module.is_ready:
                self._ready = time.monotonic()
                self._starved = starved_seconds(self._module.pid or 0)
                await self._observe(observe, requests=requests)
            ended_early = self._module.state in ENDED
            failure = self._module.last_error or ""
            announcement = self._module.announcement or announcement
            if not ended_early:
                stop = await self._stop()
        finally:
            await self._supervisor.kill_all()
            self._broker.close()
            await self._supervisor.close()
        self._progress("reading what it told")
        self._warn_of_secret_files()
        diagnostics = read_records(self._records)
        source = self._subject.source
        sources = dict(_source_texts(source, diagnostics))
        return Evidence(
            module=self._subject.module,
            target=self._subject.target,
            directory=os.getcwd(),
            source=None if source is None else str(source),
            source_texts=sources,
            spawned=self._spawned,
            ready=self._ready,
            starved=self._starved,
            announcement=announcement,
            exit=self._module.last_exit,
            ended_early=ended_early,
            failure=failure,
            diagnostics=diagnostics,
            log=tuple(self._recorder.lines),
            warnings=tuple(self._recorder.warnings),
            noise=tuple(self._recorder.noise),
            noise_count=self._recorder.noise_count,
            secrets=tuple(self._desk.asked.values()),
            looked_in=tuple(self._secrets.places),
            calls=tuple(self._recorder.calls),
            heartbeats=self._heartbeats,
            probes=tuple(self._probes),
            skipped=tuple(self._skipped),
            stop=stop,
            interpreter=await self._interpreter(sources.get(str(source), "")),
        )

    async def _start(self) -> None:
        self._progress("starting it")
        self._spawned = time.monotonic()
        self._supervisor.start_all()
        deadline = self._subject.module.start_timeout
        while self._module.state not in (ModuleState.READY, *ENDED) and not self._waits_in_vain():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PROGRESS_INTERVAL):
                    await self._changed.wait()
            self._changed.clear()
            waited = time.monotonic() - self._spawned
            what = "until it is ready" if self._module.announcement else "for its announcement"
            self._progress(f"waiting {what} ({waited:.0f} of {deadline:g} s)")

    def _waits_in_vain(self) -> bool:
        """Whether it waits for a secret that it will not get: a crate module is refused by silence."""
        refused = any(secret.source is None for secret in self._desk.asked.values())
        return refused and self._subject.module.sdk == "crate"

    async def _observe(self, observe: float, *, requests: bool) -> None:
        end = time.monotonic() + observe
        if self._subject.module.sdk != "none":
            self._progress("sending heartbeats")
            self._heartbeats = await send_heartbeats(self._module)
        announcement = self._module.announcement
        endpoints = [] if announcement is None else announcement.endpoints
        paths, self._skipped = plan_probes(endpoints, requests=requests)
        self._probes = await ask_endpoints(self._module, paths, self._progress)
        self._skipped += [(f"GET {path}", NO_TIME_LEFT) for path in paths[len(self._probes) :]]
        self._progress("watching it at rest")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(end - time.monotonic(), LAST_LINES)):
                while self._module.state not in ENDED:
                    await self._changed.wait()
                    self._changed.clear()

    async def _stop(self) -> Stop:
        self._progress("stopping it")
        pid = self._module.pid
        children = None if pid is None else ChildrenLeft(pid)
        began = time.monotonic()
        try:
            await self._module.stop()
        finally:
            if children is not None:
                children.close()
        allowed = self._subject.module.stop_timeout
        return Stop(time.monotonic() - began, allowed, None if children is None else children.commands)

    def _route(self, source: ServedModule, operation: RouteToModule) -> None:
        if operation.target_module_id != self._subject.module.name:
            self._recorder.call(operation)
        self._broker.route(source, operation)

    def _warn_of_secret_files(self) -> None:
        """What is wrong with a file of secrets concerns a module that has one from it."""
        used = {secret.source for secret in self._desk.asked.values() if secret.source is not None}
        for warning in self._secrets.warnings:
            if any(source in warning for source in used):
                self._recorder.event("WARN", warning)

    def _process_ended(self, name: str) -> None:
        self._broker.forget_module(name)

    async def _interpreter(self, script: str) -> Interpreter | None:
        """The Python of a command whose script is meant for pywatt."""
        module = self._subject.module
        if module.command is None or "pywatt" not in script:
            return None
        self._progress("asking the Python of its command")
        return await ask_interpreter(module, {**self._environment, **module.env})


def _source_texts(source: Path | None, diagnostics: Diagnostics | None) -> Iterator[tuple[str, str]]:
    files = [] if source is None else [str(source)]
    files += [] if diagnostics is None else diagnostics.files
    for file in dict.fromkeys(files[:MAX_SOURCES]):
        try:
            with open(file, "rb") as opened:
                yield file, opened.read(MAX_SOURCE).decode(errors="replace")
        except OSError:
            continue
