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
_START_TICKS: Final = 19
_RESIDENT_PAGES: Final = 21
_ENDED: Final = (b"Z", b"X")
_LONGEST_STATUS: Final = 4096


@frozen
class SessionUsage:
    """What all processes of one session have taken together.

    Attributes:
        cpu_seconds: of them and of those of their children that have ended and were waited for.
        memory_bytes: resident now; what they share counts in each.
        processes: how many there are.
        age: seconds since the oldest of them was started; None where the system does not tell.
    """

    cpu_seconds: float
    memory_bytes: int
    processes: int
    age: float | None = None


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
    started: dict[int, int] = {}
    for fields in _processes(proc) if wanted else ():
        session = int(fields[_SESSION])
        if session not in wanted or fields[_STATE] in _ENDED:
            continue
        ticks[session] += sum(int(fields[at]) for at in range(_USER_TICKS, _CHILDREN_SYSTEM_TICKS + 1))
        pages[session] += int(fields[_RESIDENT_PAGES])
        processes[session] += 1
        begun = int(fields[_START_TICKS])
        started[session] = min(begun, started.get(session, begun))
    if not started:
        return {}
    per_second, page_size = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    up = _seconds_since_boot()
    return {
        session: SessionUsage(
            ticks[session] / per_second,
            pages[session] * page_size,
            processes[session],
            None if up is None else max(0.0, up - begun / per_second),
        )
        for session, begun in started.items()
    }


SHORTEST_INTERVAL: Final = 0.5
"""Seconds between two samples: clock ticks are too coarse for less, and many askers cost no more than one."""


@frozen
class Load:
    """What the processes of a module take now.

    Attributes:
        cpu_percent: of one core, since the sample before, or in the whole life of the processes when there is
            none; None where that cannot be told.
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

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        read: Callable[[Iterable[int]], dict[int, SessionUsage]] = session_usage,
    ) -> None:
        self._clock = clock
        self._read = read
        self._loads: dict[int, Load] = {}
        self._samples: dict[int, tuple[float, float]] = {}
        self._sessions: frozenset[int] = frozenset()
        self._sampled_at = -SHORTEST_INTERVAL

    def sample(self, sessions: Iterable[int]) -> dict[int, Load]:
        """Return what sessions take, as of `SHORTEST_INTERVAL` seconds ago at most.

        Args:
            sessions: the pid of the process that leads each of them; others are forgotten.
        """
        wanted = frozenset(sessions)
        now = self._clock()
        if wanted == self._sessions and now - self._sampled_at < SHORTEST_INTERVAL:
            return self._loads
        usage = self._read(wanted)
        percent = {session: self._percent(session, used, now) for session, used in usage.items()}
        self._samples = {session: self._samples[session] for session in usage}
        self._sessions, self._sampled_at = wanted, now
        self._loads = {
            session: Load(percent[session], used.memory_bytes, used.processes)
            for session, used in usage.items()
        }
        return self._loads

    def _percent(self, session: int, used: SessionUsage, now: float) -> float | None:
        """The share since the sample before; the one that was told then, if that was only a moment ago."""
        if session not in self._samples:
            self._samples[session] = (now, used.cpu_seconds)
            # As `ps` has it: better than nothing, and all there is for whoever asks once.
            return 100 * used.cpu_seconds / used.age if used.age else None
        at, seconds = self._samples[session]
        if now - at < SHORTEST_INTERVAL:
            known = self._loads.get(session)
            return None if known is None else known.cpu_percent
        self._samples[session] = (now, used.cpu_seconds)
        # A child that ends without being waited for takes its time along: never below nothing.
        return max(0.0, 100 * (used.cpu_seconds - seconds) / (now - at))


def _seconds_since_boot() -> float | None:
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return None if clock is None else time.clock_gettime(clock)


def _processes(proc: Path) -> Iterable[list[bytes]]:
    try:
        names = os.listdir(proc)
    except OSError:
        return
    for name in names:
        if not name.isdigit():
            continue
        try:
            # Not `open`, which takes three times as long.
            descriptor = os.open(f"{proc}/{name}/stat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:  # it ended between the listing and the reading
            continue
        try:
            text = os.read(descriptor, _LONGEST_STATUS)
        except OSError:
            continue
        finally:
            os.close(descriptor)
        # The name stands in parentheses and may itself hold spaces and parentheses.
        fields = text.rpartition(b")")[2].split()
        if len(fields) > _RESIDENT_PAGES:
            yield fields
