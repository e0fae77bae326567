"""What a module built with the published Rust crate needs beyond the protocol, as it behaved when it was run.

- It sends what it has to say only after a frame reaches it: the pump keeps frames coming.
- A left-over reader may swallow the answer to its second question for a secret: the answer is repeated.
- It takes a connection, drops it at once and dials again: a connection counts only when it has lived a moment
  (`pywatt.orchestrator.links.link.SETTLE_TIME`), and what may have been lost with one is sent again on the
  next (`pywatt.orchestrator.links.crate_outbox`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from pywatt.channels.carrier import CarrierKind
from pywatt.errors import NetworkError
from pywatt_fast.operations.types import HeartbeatAck

if TYPE_CHECKING:
    from pywatt.channels.carrier import Carrier
    from pywatt.orchestrator.configuration.settings import PumpConfiguration
    from pywatt.protocol.operations import Operation, SecretValue

REACTION_TIME: Final = 0.002  # within which a module that has got something has mostly its next call ready
FIRST_REPEAT: Final = 0.3
MAX_REPEATS: Final = 5
# With a TCP channel it says nearly the same (`Failed to encode ...`) and lives.
UNSERIALISABLE_IDENTIFY: Final = (
    b"Failed to serialize Identify message: cannot serialize tagged newtype variant"
)


class HeartbeatPump:
    """Sends heartbeats to a crate module, so that what it wants to send can leave it.

    Args:
        send_heartbeat: sends one on its connection; raises `NetworkError` where it cannot.
        pace: how often.
    """

    def __init__(self, send_heartbeat: Callable[[], None], pace: PumpConfiguration) -> None:
        self._send_heartbeat = send_heartbeat
        self._pace = pace
        self._busy_until = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._next = 0.0
        self._quick = False

    def start(self) -> None:
        """Begins to pump: a module that was just started is busy."""
        self._loop = asyncio.get_running_loop()
        self._busy_until = self._loop.time() + self._pace.quick_time
        self._beat()

    def stop(self) -> None:
        """Ends the pump."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def on_traffic(self, operation: Operation | None, carrier: Carrier) -> None:
        """Is told of every frame: one that is not an acknowledgement is followed by a heartbeat at once.

        Args:
            operation: what came; None for a connection that has just become usable.
            carrier: what it came on.
        """
        if self._timer is None or isinstance(operation, HeartbeatAck) or carrier.kind is CarrierKind.STDIO:
            return
        self._busy_until = self._loop.time() + self._pace.quick_time
        self._timer.cancel()
        self._beat()

    def on_answer(self) -> None:
        """Is told that an answer was sent to the module: it may want to make its next call at once."""
        if self._timer is not None:
            self._beat_soon()

    def expect_calls(self) -> None:
        """Is told that the module has been given work, in which it will perhaps call others."""
        if self._timer is None:
            return
        self._busy_until = self._loop.time() + self._pace.quick_time
        if not self._quick:  # a busy one gets its heartbeats anyway, however many requests there are
            self._quick = True
            self._beat_soon()

    def _beat_soon(self) -> None:
        assert self._timer is not None
        soon = self._loop.time() + REACTION_TIME
        if soon < self._next:
            self._timer.cancel()
            self._next = soon
            self._timer = self._loop.call_later(REACTION_TIME, self._beat)

    def _beat(self) -> None:
        try:  # noqa: SIM105  `contextlib.suppress` costs as much as all the rest of this
            self._send_heartbeat()
        except NetworkError:
            pass  # the connection itself reports its loss
        now = self._loop.time()
        self._quick = now < self._busy_until
        pause = self._pace.quick if self._quick else self._pace.slow
        self._next = now + pause
        self._timer = self._loop.call_later(pause, self._beat)


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
