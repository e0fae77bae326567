"""The end of a process without loss: it answers what it has been given before it is asked to leave."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

if TYPE_CHECKING:
    from pywatt.orchestrator.supervision.gate import Gate

FENCE_TIMEOUT: Final = 1.0
# What has no end of its own, such as a WebSocket, is parted so long after the module was asked to leave.
ENDLESS_GRACE: Final = 1.0


@frozen
class RestartReport:
    """What became of the requests and messages that met a restart.

    Args:
        seconds: from the request for the restart until the new process was ready.
        finished: answered by the old process after that.
        handed_over: waited, and were taken by the new process.
        longest_wait: seconds that one of those has waited at most.
        cut: under way when the old process ended.
        refused: waited in vain.
    """

    seconds: float
    finished: int
    handed_over: int
    longest_wait: float
    cut: int
    refused: int

    @classmethod
    def of(cls, gate: Gate, seconds: float) -> RestartReport:
        """Reads the counts of a gate.

        Args:
            gate: the module's.
            seconds: how long the restart took.
        """
        holding = gate.holding
        return cls(
            seconds, gate.finished, holding.handed_over, holding.longest_wait, gate.cut, holding.refused
        )

    def __str__(self) -> str:
        told = [f"ready again in {self.seconds:.1f} s"]
        if self.finished:
            told.append(f"the old process finished {self.finished} more")
        if self.handed_over:
            told.append(f"{self.handed_over} waited at most {self.longest_wait:.1f} s")
        if self.refused:
            told.append(f"{self.refused} waited in vain")
        if self.cut:
            told.append(f"{self.cut} {'was' if self.cut == 1 else 'were'} cut")
        return ", ".join(told)


async def drain(
    gate: Gate,
    exited: asyncio.Future[Any],
    timeout: float,
    fence: Callable[[float], Awaitable[bool]] | None,
) -> None:
    """Waits until a process has answered everything that was sent to it, or has ended.

    Args:
        gate: knows what is under way; nothing but inner calls enters any more.
        exited: done when the process has ended.
        timeout: seconds.
        fence: asks the process for an answer on the carrier that notifications travel on, with a time-out in
            seconds: when it comes, the process has taken in what was sent before. None where no carrier is.
    """

    async def until_empty() -> None:
        while True:
            await gate.until_idle()
            if fence is not None:
                await fence(FENCE_TIMEOUT)
            if not gate.in_flight:
                return

    emptied = asyncio.ensure_future(until_empty())
    try:
        await asyncio.wait({emptied, exited}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        gate.takes_inner_calls = False
        emptied.cancel()
        await asyncio.wait({emptied})


@contextlib.contextmanager
def parting_endless(gate: Gate) -> Iterator[None]:
    """Parts what has no end of its own if the process does not do so soon.

    Args:
        gate: knows the connections.
    """
    timer = asyncio.get_running_loop().call_later(ENDLESS_GRACE, gate.part_endless)
    try:
        yield
    finally:
        timer.cancel()
