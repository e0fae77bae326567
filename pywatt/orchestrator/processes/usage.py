"""What the processes of a module take of the machine, from /proc; unknown where there is none."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from attrs import frozen

# Fields of /proc/PID/stat after the command's name, counted from 0.
_STATE: Final = 0
_SESSION: Final = 3
_USER_TICKS: Final = 11
_SYSTEM_TICKS: Final = 12
_CHILDREN_USER_TICKS: Final = 13
_CHILDREN_SYSTEM_TICKS: Final = 14
_RESIDENT_PAGES: Final = 21
_ENDED: Final = ("Z", "X")


@frozen
class SessionUsage:
    """What all processes of one session have taken together.

    Attributes:
        cpu_seconds: of them and of those of their children that have ended and were waited for.
        memory_bytes: resident now; what they share counts in each.
        processes: how many there are.
    """

    cpu_seconds: float
    memory_bytes: int
    processes: int


def session_usage(sessions: Iterable[int], proc: Path = Path("/proc")) -> dict[int, SessionUsage]:
    """Return what the processes of sessions take, in one walk over all processes.

    Args:
        sessions: the pid of the process that leads each of them.
        proc: where the process file system is mounted.

    Returns:
        By session; one whose processes have all ended is missing, and all are where there is no /proc.
    """
    wanted = set(sessions)
    ticks = dict.fromkeys(wanted, 0)
    pages = dict.fromkeys(wanted, 0)
    processes = dict.fromkeys(wanted, 0)
    for fields in _processes(proc) if wanted else ():
        session = int(fields[_SESSION])
        if session not in wanted or fields[_STATE] in _ENDED:
            continue
        ticks[session] += sum(int(fields[at]) for at in range(_USER_TICKS, _CHILDREN_SYSTEM_TICKS + 1))
        pages[session] += int(fields[_RESIDENT_PAGES])
        processes[session] += 1
    if not any(processes.values()):
        return {}
    per_second, page_size = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    return {
        session: SessionUsage(ticks[session] / per_second, pages[session] * page_size, count)
        for session, count in processes.items()
        if count
    }


@frozen
class Load:
    """What the processes of a module take now.

    Attributes:
        cpu_percent: of one core, since the sample before; None when there is none.
        memory_bytes: resident now.
        processes: how many there are.
    """

    cpu_percent: float | None
    memory_bytes: int
    processes: int


class UsageSampler:
    """Turns totals into percentages by remembering an earlier sample of each session.

    Args:
        clock: a monotonic clock, in seconds.
        read: returns the totals by session.
    """

    SHORTEST: Final = 0.2
    """Seconds between two samples that are compared: clock ticks are too coarse for less."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        read: Callable[[Iterable[int]], dict[int, SessionUsage]] = session_usage,
    ) -> None:
        self._clock = clock
        self._read = read
        self._samples: dict[int, tuple[float, float]] = {}
        self._percent: dict[int, float] = {}

    def sample(self, sessions: Iterable[int]) -> dict[int, Load]:
        """Return what sessions take now; those that are not asked for are forgotten.

        Args:
            sessions: the pid of the process that leads each of them.
        """
        usage = self._read(sessions)
        now = self._clock()
        for session in [known for known in self._samples if known not in usage]:
            del self._samples[session]
            self._percent.pop(session, None)
        loads = {}
        for session, used in usage.items():
            at, seconds = self._samples.setdefault(session, (now, used.cpu_seconds))
            if now - at >= self.SHORTEST:
                # A child that ended without being waited for takes its time along: never below nothing.
                self._percent[session] = max(0.0, 100 * (used.cpu_seconds - seconds) / (now - at))
                self._samples[session] = (now, used.cpu_seconds)
            loads[session] = Load(self._percent.get(session), used.memory_bytes, used.processes)
        return loads


def _processes(proc: Path) -> Iterable[list[str]]:
    try:
        names = os.listdir(proc)
    except OSError:
        return
    for name in names:
        if not name.isdigit():
            continue
        try:
            with open(f"{proc}/{name}/stat", encoding="utf-8", errors="replace") as file:
                text = file.read()
        except OSError:  # it ended between the listing and the reading
            continue
        # The name stands in parentheses and may itself hold spaces and parentheses.
        yield text.rpartition(")")[2].split()
