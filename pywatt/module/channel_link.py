"""One channel that the orchestrator offers: connected, identified on, and connected again when it is lost."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from pywatt.channels.carrier import Carrier, CarrierKind
from pywatt.channels.connection import Connection
from pywatt.channels.reconnect import ReconnectPolicy, connect_with_policy
from pywatt.errors import InvalidConfig, NetworkError

logger = logging.getLogger(__name__)

REQUIRED_ATTEMPTS: Final = 6
OPTIONAL_ATTEMPTS: Final = 3

SHORT_LIFE: Final = 5.0
"""Seconds; a connection that is lost sooner counts as a failed attempt."""

FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 30.0


class OfferedChannel:
    """A channel in the init line.

    Args:
        kind: UNIX or TCP.
        name: "IPC" or "TCP", as errors and logs call it.
        required: whether the module must fail without it.
        max_frame: the largest payload that is written on it, in bytes.
        open: makes one connection.
    """

    def __init__(
        self,
        *,
        kind: CarrierKind,
        name: str,
        required: bool,
        max_frame: int,
        open: Callable[[], Awaitable[Connection]],
    ) -> None:
        self.kind = kind
        self.name = name
        self.required = required
        self.max_frame = max_frame
        self.open = open


def pause_after(short_lives: int) -> float:
    """Seconds before a lost channel is tried again: a peer that closes at once must not keep us busy.

    Args:
        short_lives: how many connections in a row were lost within SHORT_LIFE.
    """
    if short_lives < 2:
        return 0.0
    return min(FIRST_PAUSE * 2.0 ** min(short_lives - 2, 30), LONGEST_PAUSE)


class ChannelLink:
    """Keeps one offered channel connected.

    Args:
        offer: the channel.
        make_carrier: makes a carrier of a new connection, given what to call when it is lost.
        identify: says on a new carrier who we are.
    """

    def __init__(
        self,
        offer: OfferedChannel,
        make_carrier: Callable[[Connection, Callable[[Carrier, Exception | None], None]], Carrier],
        identify: Callable[[Carrier], None],
    ) -> None:
        self.offer = offer
        self.carrier: Carrier | None = None
        self._make_carrier = make_carrier
        self._identify = identify
        self._reconnecting: asyncio.Task[None] | None = None
        self._closed = False
        self._short_lives = 0

    @property
    def alive(self) -> bool:
        """Whether operations can be sent now."""
        return self.carrier is not None and self.carrier.alive

    async def connect(self) -> None:
        """Connect for the first time, with a bounded number of attempts; raises what the last one met."""
        attempts = REQUIRED_ATTEMPTS if self.offer.required else OPTIONAL_ATTEMPTS
        await self._attempt(ReconnectPolicy.exponential_backoff(max_attempts=attempts))

    def connect_later(self) -> None:
        """Go on trying in the background until it works or the process ends."""
        if not self._closed and self._reconnecting is None:
            self._reconnecting = asyncio.get_running_loop().create_task(self._reconnect())

    async def close(self) -> None:
        """Send what waits, close, and try no more."""
        self._closed = True
        if self._reconnecting is not None:
            self._reconnecting.cancel()
        if self.carrier is not None:
            await self.carrier.close()

    async def _attempt(self, policy: ReconnectPolicy) -> None:
        connection = await connect_with_policy(
            self.offer.open, policy, label=f"channel {self.offer.name}", is_final=self._is_final
        )
        self.carrier = self._make_carrier(connection, self._lost)
        self._identify(self.carrier)

    def _is_final(self, error: NetworkError) -> bool:
        # A host name or a file that was there before may be missing for a moment only.
        return isinstance(error, InvalidConfig) and self.carrier is None

    async def _reconnect(self) -> None:
        try:
            await asyncio.sleep(pause_after(self._short_lives))
            await self._attempt(ReconnectPolicy.exponential_backoff())
        except NetworkError as error:
            logger.error("channel %s cannot be connected, and is given up: %s", self.offer.name, error)
            return
        finally:
            self._reconnecting = None
        logger.info("channel %s is connected", self.offer.name)
        if not self.alive:
            self.connect_later()

    def _lost(self, carrier: Carrier, reason: Exception | None) -> None:
        if self._closed or carrier is not self.carrier:
            return
        is_short = time.monotonic() - carrier.opened_at < SHORT_LIFE
        self._short_lives = self._short_lives + 1 if is_short else 0
        logger.warning(
            "channel %s was lost (%s): connecting again", self.offer.name, reason or "closed by the peer"
        )
        self.connect_later()
