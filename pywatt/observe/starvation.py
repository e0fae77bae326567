"""How long a thread was ready to run while the machine ran others: time that is not its own doing."""

from __future__ import annotations


def starved_seconds(thread: int | str) -> float:
    """Return for how long a thread has waited for a processor since it began.

    A wait that is going on counts only once it is over.

    Args:
        thread: its id; that of a process means its first thread, and "thread-self" the caller.

    Returns:
        Seconds; 0 where the system does not tell (it is Linux that does).
    """
    try:
        with open(f"/proc/{thread}/schedstat", "rb") as file:
            return int(file.read().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0
