"""Priorities: what is sent first, and how nothing waits for ever.

Critical goes first, then high, normal and low; within one priority everybody has a turn (round robin). A
priority that waits and has been passed over MAX_PASSED_OVER times is served next, the one passed over most
often before the others. So none waits longer than MAX_PASSED_OVER + 2 turns: a flood of critical content
slows the rest down and never stops it.
"""

from __future__ import annotations

from collections import deque
from enum import IntEnum
from typing import TYPE_CHECKING, Final, final

from ..errors import StreamFormatError, StreamLimitExceeded
from ..variant import COMPILED, expect

if TYPE_CHECKING:
    from mypy_extensions import i64

PRIORITY_NAMES: Final = ("Low", "Normal", "High", "Critical")
LOWEST: Final = 0
NORMAL: Final = 1
HIGHEST: Final = 3
MAX_PASSED_OVER: Final = 16


class StreamPriority(IntEnum):
    """How urgent content is."""

    LOW = 0
    NORMAL = 1
    HIGH = 2
    CRITICAL = 3


def checked_priority(priority: int, subject: str) -> int:
    """A priority from 0 to 3.

    Raises:
        StreamFormatError: any other number.
    """
    if not LOWEST <= priority <= HIGHEST:
        raise StreamFormatError(f"{subject}: field `priority`: expected an integer from 0 to 3")
    return int(priority)


@final
class PrioritySchedule:
    """Whose turn it is among numbered parties.

    A party stands in the schedule at most once; who puts it there sees to that.
    """

    def __init__(self) -> None:
        self._rings: list[deque[int]] = [deque(), deque(), deque(), deque()]
        self._passed: list[int] = [0, 0, 0, 0]
        self._size: i64 = 0

    def __len__(self) -> int:
        return self._size

    def add(self, party: int, priority: int) -> None:
        """Let a party wait for its turn, behind those of its priority."""
        self._rings[priority].append(party)
        self._size += 1

    def put_back(self, party: int, priority: int) -> None:
        """Let a party that could not use its turn wait before those of its priority."""
        self._rings[priority].appendleft(party)
        self._size += 1

    def remove(self, party: int, priority: int) -> None:
        """Take a party out that waits and gives up its turn."""
        self._rings[priority].remove(party)
        self._size -= 1

    def next(self) -> int:
        """Take the party whose turn it is out of the schedule; -1 when nobody waits."""
        chosen: i64 = -1
        level: i64 = HIGHEST
        while level >= LOWEST:
            if self._rings[level]:
                if chosen < 0:
                    chosen = level
                elif self._passed[level] >= MAX_PASSED_OVER and self._passed[level] > self._passed[chosen]:
                    chosen = level
            level -= 1
        if chosen < 0:
            return -1
        self._size -= 1
        return self._rings[chosen].popleft()

    def note_turn(self, priority: int) -> None:
        """Note that a party of that priority used its turn: the others who wait were passed over."""
        level: i64 = LOWEST
        while level <= HIGHEST:
            if level == priority or not self._rings[level]:
                self._passed[level] = 0
            else:
                self._passed[level] += 1
            level += 1


@final
class PriorityMessageQueue:
    """First in, first out within one priority, critical first, and never more than so many.

    Args:
        max_size: how many messages it holds.
    """

    def __init__(self, max_size: int) -> None:
        if not COMPILED:
            expect(max_size, int, "int")
        self._max_size = max_size
        self._queues: list[deque[object]] = [deque(), deque(), deque(), deque()]
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def enqueue(self, message: object, priority: int = NORMAL) -> None:
        """Put a message behind those of its priority.

        Raises:
            StreamLimitExceeded: the queue is full; nothing was put there.
            StreamFormatError: the priority is not 0 to 3.
        """
        if not COMPILED:
            expect(priority, int, "int")
        level = checked_priority(priority, "priority queue")
        if self._size >= self._max_size:
            raise StreamLimitExceeded(
                f"priority queue: more than {self._max_size} messages", None, self._max_size
            )
        self._queues[level].append(message)
        self._size += 1

    def dequeue(self) -> object:
        """The next message; None when there is none."""
        level: i64 = HIGHEST
        while level >= LOWEST:
            if self._queues[level]:
                self._size -= 1
                return self._queues[level].popleft()
            level -= 1
        return None
