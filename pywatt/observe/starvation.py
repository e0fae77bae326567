"""How long a thread ran, and for how long it was ready to while the machine ran others.

The latter is not its own doing. Linux tells both; elsewhere nothing is known.
"""

from __future__ import annotations

from typing import NamedTuple


class ProcessorTime(NamedTuple):
    """Seconds since a thread began; a wait that is going on counts only once it is over."""

    ran: float
    starved: float


def processor_time(thread: int | str) -> ProcessorTime | None:
    """Return for how long a thread ran and was kept from running; None where the system does not tell.

    Args:
        thread: its id; that of a process means its first thread, and "thread-self" the caller.
    """
    try:
        with open(f"/proc/{thread}/schedstat", "rb") as file:
            ran, starved, _ = map(int, file.read().split())
    except (OSError, ValueError):
        return None
    return ProcessorTime(ran / 1e9, starved / 1e9)


def starved_seconds(thread: int | str) -> float:
    """Return for how long a thread was kept from running; 0 where the system does not tell.

    Args:
        thread: as for `processor_time`.
    """
    time = processor_time(thread)
    return 0.0 if time is None else time.starved
