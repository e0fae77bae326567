"""One child process: started in a session of its own, watched until its exit, stopped step by step."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from attrs import frozen

from pywatt.channels.limits import MAX_LINE
from pywatt.channels.stdio import open_pipes
from pywatt.errors import PyWattSDKError
from pywatt.process_group import (
    kill_session,
    living_members,
    parent_death_hook,
    signal_group,
)

if TYPE_CHECKING:
    from pywatt.channels.connection import Connection
    from pywatt.orchestrator.logs.collector import LogCollector
    from pywatt.orchestrator.logs.log_pipe import LogPipe

_log = logging.getLogger(__name__)

NOTICE_DEADLINE: Final = 0.5  # after `shutdown`, before the end of standard input says the same once more
KILL_DEADLINE: Final = 5.0  # even SIGKILL waits for a process that sits in the kernel
MEMBERS_INTERVAL: Final = 0.05
LAST_LINES_DEADLINE: Final = 2.0  # for a disk that stalls; then its exit is told before they are written


class SpawnError(PyWattSDKError):
    """A module's command could not be started."""


@frozen
class SpawnRequest:
    """What to start, and how.

    Args:
        name: the module's name, for messages.
        command: the program and its arguments.
        environment: the whole environment of the child.
        directory: its working directory, absolute.
        speaks_lines: whether standard input and output carry the protocol; otherwise its input is empty and
            its output is part of its log.
        dies_with_us: whether the system kills it when the spawning thread ends. Modules with the SDK see to
            that themselves, more gently.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    directory: Path
    speaks_lines: bool
    dies_with_us: bool


@frozen
class ProcessExit:
    """How a process ended: by itself with `code`, or by signal `number`."""

    code: int | None
    number: int | None

    @classmethod
    def of(cls, return_code: int) -> ProcessExit:
        """Reads the form of the standard library, where a negative number is a signal.

        Args:
            return_code: as `subprocess.Popen.returncode` has it.
        """
        return cls(None, -return_code) if return_code < 0 else cls(return_code, None)

    @property
    def clean(self) -> bool:
        """Whether it ended by itself with code 0."""
        return self.code == 0

    def __str__(self) -> str:
        if self.number is None:
            return f"exited with code {self.code}"
        try:
            return f"was ended by {signal.Signals(self.number).name}"
        except ValueError:
            return f"was ended by signal {self.number}"


@frozen
class StopPlan:
    """How long each step of a stop may take, in seconds.

    Args:
        say_goodbye: sends `shutdown`; None when nobody would understand it.
        patience: from the end of standard input to SIGTERM.
        terminate: from SIGTERM to SIGKILL.
    """

    say_goodbye: Callable[[], None] | None
    patience: float
    terminate: float


class ChildProcess:
    """A running child, the leader of its own session and process group.

    `connection` carries its lines (None for a program that speaks none); `exited` is done when the process
    has ended and with it whatever it had left running in its session.
    """

    def __init__(
        self,
        request: SpawnRequest,
        popen: subprocess.Popen[bytes],
        connection: Connection | None,
        log: LogPipe,
        logs: LogCollector,
    ) -> None:
        self.name = request.name
        self.pid = popen.pid
        self.connection = connection
        self._popen = popen
        self._log = log
        self._logs = logs
        self._loop = asyncio.get_running_loop()
        self._leader_gone = asyncio.Event()
        self._stopping = False
        self._conclusion: asyncio.Task[None] | None = None
        self.exited: asyncio.Future[ProcessExit] = self._loop.create_future()
        self._watch()

    @classmethod
    async def spawn(cls, request: SpawnRequest, logs: LogCollector) -> Self:
        """Starts a child. Call it on the thread that lives longest: the parent-death signal follows it.

        Args:
            request: what to start.
            logs: collects its log.

        Raises:
            SpawnError: if the command cannot be started, saying which file or directory is at fault.
        """
        log = logs.open(request.name)
        connection: Connection | None = None
        child_ends: list[int] = []
        stdin: int = subprocess.DEVNULL
        stdout = log.writing
        try:
            if request.speaks_lines:
                (stdin, our_write), (our_read, stdout) = _two_pipes()
                child_ends = [stdin, stdout]
                connection = await open_pipes(our_read, our_write, MAX_LINE, label=f"stdio of {request.name}")
            # The last step: nothing after it can fail or be cancelled and leave a process that nobody knows.
            popen = _popen(request, stdin, stdout, log.writing)
        except BaseException:
            if connection is not None:
                connection.abort()
            raise
        finally:
            log.close_writing()
            for descriptor in child_ends:
                os.close(descriptor)
        return cls(request, popen, connection, log, logs)

    @property
    def alive(self) -> bool:
        """Whether the process has not ended."""
        return not self._leader_gone.is_set()

    @property
    def recent_output(self) -> list[bytes]:
        """The last lines of its log, oldest first, without secrets."""
        return list(self._log.recent)

    async def stop(self, plan: StopPlan) -> ProcessExit:
        """Ends the process, each step with its deadline, and what it started after it.

        Args:
            plan: the deadlines.

        Returns:
            How it ended.
        """
        if self.exited.done():
            return self.exited.result()
        self._stopping = True
        if plan.say_goodbye is not None and self.alive:
            plan.say_goodbye()
            await self._gone_within(NOTICE_DEADLINE)
        if self.connection is not None:
            self.connection.close_writing()
        if await self._gone_within(plan.patience):
            # What the module started gets the same chance to finish as the module had.
            self._terminate()
            await self._members_gone_within(plan.terminate)
            return await self.kill()
        self._terminate()
        if await self._gone_within(plan.terminate):
            await self._members_gone_within(plan.terminate)
        else:
            _log.warning("module %s did not end %.0f s after SIGTERM: killing it", self.name, plan.terminate)
        return await self.kill()

    async def kill(self) -> ProcessExit:
        """Ends the whole session with SIGKILL.

        Returns:
            How the process ended, or an exit by SIGKILL that has not been seen yet when the system keeps it.
        """
        self._stopping = True
        if not self.exited.done():
            kill_session(self.pid)
            if await self._gone_within(KILL_DEADLINE):
                self._conclude()
                await asyncio.wait({self.exited})
            else:
                _log.error("module %s: pid %d cannot be ended, it hangs in the kernel", self.name, self.pid)
                self._stopping = False  # nobody waits for it any more, but it may end one day
                return ProcessExit(None, int(signal.SIGKILL))
        return self.exited.result()

    def _terminate(self) -> None:
        signal_group(self.pid, signal.SIGTERM)
        signal_group(self.pid, signal.SIGCONT)  # one that is stopped would not hear it

    async def _gone_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._leader_gone.wait()
        return self._leader_gone.is_set()

    async def _members_gone_within(self, seconds: float) -> None:
        deadline = self._loop.time() + seconds
        # Nothing tells when a process that is not our child has ended.
        while living_members(self.pid) and self._loop.time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(MEMBERS_INTERVAL)

    def _watch(self) -> None:
        try:
            descriptor = os.pidfd_open(self.pid)
        except (AttributeError, OSError):  # not Linux, or before 5.3
            threading.Thread(target=self._wait_in_thread, name=f"wait-{self.name}", daemon=True).start()
            return

        def ended() -> None:
            self._loop.remove_reader(descriptor)
            os.close(descriptor)
            self._leader_ended()

        self._loop.add_reader(descriptor, ended)

    def _wait_in_thread(self) -> None:
        if hasattr(os, "waitid"):
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        else:
            self._popen.wait()
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is interested any more
            self._loop.call_soon_threadsafe(self._leader_ended)

    def _leader_ended(self) -> None:
        self._leader_gone.set()
        if not self._stopping:
            self._conclude()

    def _conclude(self) -> None:
        """The leader has ended and is not waited for yet: its number still names its session, no other."""
        if self._conclusion is None:
            kill_session(self.pid)
            self._conclusion = self._loop.create_task(self._tell_exit(), name=f"last lines of {self.name}")

    async def _tell_exit(self) -> None:
        """All that it started, and what it wrote, comes before its exit; its number is kept until then."""
        try:
            # They may hold the port or the lock that the next process needs.
            await self._members_gone_within(KILL_DEADLINE)
            await self._logs.finish(self._log, LAST_LINES_DEADLINE)
        finally:
            return_code = self._popen.wait()
            if not self.exited.done():
                self.exited.set_result(ProcessExit.of(return_code))


def _two_pipes() -> tuple[tuple[int, int], tuple[int, int]]:
    first = os.pipe()
    try:
        return first, os.pipe()
    except OSError:  # no more descriptors: at least these two come back
        os.close(first[0])
        os.close(first[1])
        raise


def _popen(request: SpawnRequest, stdin: int, stdout: int, stderr: int) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            list(request.command),
            env=dict(request.environment),
            cwd=request.directory,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
            preexec_fn=parent_death_hook() if request.dies_with_us else None,  # noqa: PLW1509
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        place = f" (in {request.directory})" if str(request.command[0]).startswith(".") else ""
        raise SpawnError(f"cannot start {request.command[0]!r}{place}: {_reason(error, request)}") from error


def _reason(error: Exception, request: SpawnRequest) -> str:
    if not isinstance(error, OSError):
        return str(error)
    if isinstance(error, FileNotFoundError) and not request.directory.is_dir():
        return f"its directory {request.directory} does not exist"
    if isinstance(error, FileNotFoundError):
        return "no such program; give a path or put it on PATH"
    if isinstance(error, PermissionError):
        return "not executable (chmod +x)"
    return error.strerror or str(error)
