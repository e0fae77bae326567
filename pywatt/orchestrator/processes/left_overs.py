"""Processes that an orchestrator which was killed left behind: recognise them without doubt, then end them.

A pid alone proves nothing, because numbers are used again. A process is the recorded one if it runs since the
same boot and has the same start time. When the recorded process is gone but its session is not, the session's
members are ours if they are our user's, started later, and carry the module's name in their environment.
Everything else is left alone and reported.
"""

import contextlib
import os
import select
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs

from pywatt.process_group import living_members

TERMINATE_SECONDS: Final = 2.0
KILL_SECONDS: Final = 2.0
# A process may fork while its session is being ended; each round ends what the one before left.
_MAX_ROUNDS: Final = 5
_PROC: Final = Path("/proc")
_START_TIME_FIELD: Final = 22
_MAX_ENVIRONMENT: Final = 1024 * 1024


@attrs.frozen
class RecordedProcess:
    """A module's process as the run directory remembers it.

    Attributes:
        name: the module.
        pid: also the id of its session and process group.
        start_time: in clock ticks since boot; None where the system does not tell.
    """

    name: str
    pid: int
    start_time: int | None


@attrs.frozen
class LeftOver:
    """What became of a process that was left behind.

    Attributes:
        name: the module.
        pid: the recorded process.
        ended: whether nothing of it runs any more.
        reason: what was done, or why it was left alone.
    """

    name: str
    pid: int
    ended: bool
    reason: str

    def __str__(self) -> str:
        return f"module {self.name}, process {self.pid}: {self.reason}"


def boot_id() -> str | None:
    """Return what distinguishes this boot from all others; None where the system does not tell."""
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None


def start_time(pid: int) -> int | None:
    """Return when a process started, in clock ticks since boot; None if it is gone or that cannot be told.

    Args:
        pid: the process.
    """
    try:
        text = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    # The second field is the command's name in parentheses, which may itself hold spaces and parentheses.
    fields = text.rpartition(")")[2].split()
    return int(fields[_START_TIME_FIELD - 3])


def end_left_overs(processes: Sequence[RecordedProcess]) -> list[LeftOver]:
    """End processes that an earlier orchestrator recorded in this boot, and all that they started.

    Blocks until they have ended: for up to `TERMINATE_SECONDS`, and some rounds of up to `KILL_SECONDS`.

    Args:
        processes: the records.

    Returns:
        What became of those of which something was left.
    """
    found = [process for process in processes if _has_members(process)]
    for attempt in range(_MAX_ROUNDS):
        ours = [(pid, process) for process in found for pid in _members(process)]
        if not ours:
            break
        if attempt == 0:
            _signal_and_wait(ours, signal.SIGTERM, TERMINATE_SECONDS)
        else:
            _signal_and_wait(ours, signal.SIGKILL, KILL_SECONDS)
    return [_outcome(process) for process in found]


def _has_members(process: RecordedProcess) -> bool:
    if not living_members(process.pid):
        return False
    # A number is not used again while a session has it: another leader proves that nothing of ours is left.
    return start_time(process.pid) in {None, process.start_time}


def _members(process: RecordedProcess) -> list[int]:
    return [pid for pid in living_members(process.pid) if _is_ours(pid, process)]


def _outcome(process: RecordedProcess) -> LeftOver:
    remaining = living_members(process.pid)
    if not remaining:
        return LeftOver(process.name, process.pid, True, "was left behind and has been ended")
    listed = ", ".join(map(str, remaining))
    return LeftOver(process.name, process.pid, False, f"left alone, not certainly ours: {listed}")


def _is_ours(pid: int, process: RecordedProcess) -> bool:
    started = start_time(pid)
    if started is None or process.start_time is None:
        return False
    if start_time(process.pid) == process.start_time:
        # The leader is still there and is the recorded one, so the whole session is its own.
        return True
    return started >= process.start_time and _runs_for(pid, process.name)


def _runs_for(pid: int, module: str) -> bool:
    directory = _PROC / str(pid)
    try:
        if directory.stat().st_uid != os.geteuid():
            return False
        with (directory / "environ").open("rb") as file:
            variables = file.read(_MAX_ENVIRONMENT).split(b"\0")
    except OSError:
        return False
    return b"PYWATT_MODULE_ID=" + module.encode() in variables


def _signal_and_wait(
    members: Sequence[tuple[int, RecordedProcess]], number: signal.Signals, seconds: float
) -> None:
    poller = select.poll()
    with contextlib.ExitStack() as opened:
        waiting: set[int] = set()
        for pid, process in members:
            try:
                descriptor = os.pidfd_open(pid)
            except OSError:
                continue
            opened.callback(os.close, descriptor)
            # The descriptor holds on to one process. Asked again now, the answer is about that one, and the
            # signal cannot reach a later process with its number.
            if not _is_ours(pid, process):
                continue
            with contextlib.suppress(ProcessLookupError, PermissionError):
                signal.pidfd_send_signal(descriptor, number)
                poller.register(descriptor, select.POLLIN)
                waiting.add(descriptor)
        deadline = time.monotonic() + seconds
        while waiting and (left := deadline - time.monotonic()) > 0:
            for descriptor, _ in poller.poll(left * 1000):
                poller.unregister(descriptor)
                waiting.discard(descriptor)
