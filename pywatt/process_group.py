"""Sessions and process groups: what a module starts ends with it, and it ends with the orchestrator."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_MAX_ROUNDS: Final = 5  # a process may start another one while it is being ended


def parent_death_hook() -> Callable[[], None] | None:
    """Returns what a child runs before exec so that it is killed when this thread ends, if there is such.

    The signal follows the thread that spawns, so a caller spawns on the thread that lives as long as the
    process. The library is loaded here: between fork and exec nothing may be imported or looked up.
    """
    if not sys.platform.startswith("linux"):
        return None
    import ctypes  # what only commands need

    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()
    own_signal = int(signal.SIGKILL)
    leave = os._exit

    def ask_for_death_signal() -> None:
        prctl(_PR_SET_PDEATHSIG, own_signal)
        if os.getppid() != parent:  # the parent died in between: no signal will come any more
            leave(1)

    return ask_for_death_signal


def signal_group(group: int, number: signal.Signals) -> bool:
    """Sends a signal to a whole process group.

    Args:
        group: the group's id.
        number: the signal.

    Returns:
        False if there is no such group any more, or no process in it that may be signalled.
    """
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def living_members(session: int, proc: Path = Path("/proc")) -> list[int]:
    """Lists the processes of a session that have not ended; empty where the system has no /proc.

    A session, not a group: a shell with job control gives each of its children a group of its own.

    Args:
        session: the session's id, which is the pid of the process that began it.
        proc: where the process file system is mounted.
    """
    members = []
    for entry in _process_entries(proc):
        fields = _status_fields(proc / entry / "stat")
        if fields is not None and int(fields[3]) == session and fields[0] not in ("Z", "X"):
            members.append(int(entry))
    return members


def kill_session(session: int) -> None:
    """Ends every process of a session at once.

    Args:
        session: the session's id. Its leader must not have been waited for, or the number may name a
            stranger.
    """
    signal_group(session, signal.SIGKILL)
    for _ in range(_MAX_ROUNDS):
        members = living_members(session)
        if not members:
            break
        for pid in members:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


def session_of(pid: int) -> int | None:
    """Returns the session a process belongs to, None if the process is gone.

    Args:
        pid: the process.
    """
    try:
        return os.getsid(pid)
    except (ProcessLookupError, PermissionError):
        return None


def _process_entries(proc: Path) -> list[str]:
    try:
        return [name for name in os.listdir(proc) if name.isdigit()]
    except OSError:
        return []


def _status_fields(path: Path) -> list[str] | None:
    """The fields after the command's name: state, parent, group, session, ..."""
    try:
        text = path.read_text(errors="replace")
    except OSError:  # it ended between the listing and the reading
        return None
    # The name stands in parentheses and may itself hold spaces and parentheses.
    return text.rpartition(")")[2].split()
