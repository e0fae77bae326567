"""What a module built with the published Rust crate needs beyond the protocol, as it behaved when it was run.

- It sends what it has to say only after a frame reaches it: the pump keeps frames coming.
- A left-over reader may swallow the answer to its second question for a secret: the answer is repeated.
- It takes a connection, drops it at once and dials again: a connection counts only when it has lived a moment
  (`pywatt.orchestrator.links.link.SETTLE_TIME`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from attrs import frozen

from pywatt.channels.carrier import Carrier, CarrierKind
from pywatt.errors import NetworkError
from pywatt_fast.operations.types import Heartbeat, HeartbeatAck

if TYPE_CHECKING:
    from pywatt.protocol.operations import Operation, SecretValue

FIRST_REPEAT: Final = 0.3
MAX_REPEATS: Final = 5
UNSERIALISABLE_IDENTIFY: Final = b"cannot serialize tagged newtype variant ModuleToOrchestrator::Identify"


@frozen
class PumpPace:
    """How often the pump sends, in seconds.

    Args:
        quick: between two heartbeats while the module is busy.
        quick_time: how long after its last own frame a module counts as busy.
        slow: between two heartbeats otherwise.
    """

    quick: float = 0.02
    quick_time: float = 10.0
    slow: float = 0.25


class HeartbeatPump:
    """Sends heartbeats on a crate module's connection, so that what it wants to send can leave it.

    Args:
        best: the carrier to send on now; None while there is none.
        pace: how often.
    """

    def __init__(self, best: Callable[[], Carrier | None], pace: PumpPace) -> None:
        self._best = best
        self._pace = pace
        self._busy_until = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._running = False

    def start(self) -> None:
        """Begins to pump: a module that was just started is busy."""
        self._running = True
        self._busy_until = asyncio.get_running_loop().time() + self._pace.quick_time
        self._beat()

    def stop(self) -> None:
        """Ends the pump."""
        self._running = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def on_traffic(self, operation: Operation | None, carrier: Carrier) -> None:
        """Is told of every frame: one that is not an acknowledgement is followed by a heartbeat at once.

        Args:
            operation: what came; None for a connection that has just become usable.
            carrier: what it came on.
        """
        if not self._running or isinstance(operation, HeartbeatAck) or carrier.kind is CarrierKind.STDIO:
            return
        self._busy_until = asyncio.get_running_loop().time() + self._pace.quick_time
        self._beat()

    def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        carrier = self._best()
        # Never on standard input: a crate module does not answer there, and may take the line for a secret.
        if carrier is not None and carrier.kind is not CarrierKind.STDIO:
            with contextlib.suppress(NetworkError):  # the carrier itself reports its loss
                carrier.send(Heartbeat())
        if self._timer is not None:
            self._timer.cancel()
        busy = loop.time() < self._busy_until
        self._timer = loop.call_later(self._pace.quick if busy else self._pace.slow, self._beat)


class SecretAnswers:
    """Repeats the last answer to a question for a secret until the module shows any sign that it heard it.

    A repeat after the next question would be an error for the crate, so any line from the module ends the
    repeats.

    Args:
        send: sends an answer on standard input.
        first_repeat: seconds until the first repeat; doubles each time.
    """

    def __init__(self, send: Callable[[SecretValue], None], first_repeat: float) -> None:
        self._send = send
        self._first_repeat = first_repeat
        self._timer: asyncio.TimerHandle | None = None

    def answer(self, value: SecretValue) -> None:
        """Sends an answer and begins to wait for a line.

        Args:
            value: the answer.
        """
        self.heard()
        self._send(value)
        self._plan(value, self._first_repeat, MAX_REPEATS)

    def heard(self) -> None:
        """Is told that the module sent a line."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _plan(self, value: SecretValue, delay: float, left: int) -> None:
        if left > 0:
            self._timer = asyncio.get_running_loop().call_later(delay, self._repeat, value, delay, left)

    def _repeat(self, value: SecretValue, delay: float, left: int) -> None:
        self._timer = None
        self._send(value)
        self._plan(value, delay * 2, left - 1)
