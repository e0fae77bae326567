"""Everything a module speaks on: standard input and output, and the channels that the orchestrator offers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from pywatt.channels.carrier import Carrier, CarrierKind
from pywatt.channels.connection import Connection
from pywatt.channels.limits import MAX_LINE, MAX_TCP_FRAME, MAX_UNIX_FRAME
from pywatt.channels.preferences import ChannelPreferences
from pywatt.channels.stdio import GuardedStdio, open_stdio
from pywatt.errors import ConnectionClosed, NetworkError, ReconnectionFailed, RequiredChannelFailed
from pywatt.module.channel_link import ChannelLink, OfferedChannel
from pywatt.module.channel_security import identify_metadata
from pywatt.module.environment import stdio_source
from pywatt.protocol.codec import Direction, identify_for
from pywatt.protocol.init import InitBlob, IpcChannelConfig, SecurityLevel, TcpChannelConfig
from pywatt.protocol.operations import Operation

logger = logging.getLogger(__name__)

_NOT_OPEN: Final = "standard input and output are not open"


class Carriers:
    """Opens, keeps and chooses carriers.

    Args:
        init: names the channels.
        preferences: which of them are used.
        identify: whether to say who we are on each.
        on_operation: called with every operation that arrives on any of them.
        on_input_ended: called when standard input ends.
    """

    def __init__(
        self,
        init: InitBlob,
        preferences: ChannelPreferences,
        identify: bool,
        on_operation: Callable[[Operation, Carrier], None],
        on_input_ended: Callable[[], None],
    ) -> None:
        self._init = init
        self._source = stdio_source()
        self._identify_enabled = identify
        self._on_operation = on_operation
        self._on_input_ended = on_input_ended
        self._stdio: Carrier | None = None
        self._links: dict[CarrierKind, ChannelLink] = {}
        for offer in self._offers(preferences):
            self._links[offer.kind] = ChannelLink(offer, self._maker(offer), self._identify)

    async def open_stdio(self, guarded: GuardedStdio) -> None:
        """Start the one reader of standard input."""
        connection = await open_stdio(guarded, MAX_LINE)
        self._stdio = self._carrier(
            connection, CarrierKind.STDIO, MAX_LINE, lambda carrier, reason: self._on_input_ended()
        )

    async def connect(self, timeout: float) -> None:
        """Connect the offered channels.

        Args:
            timeout: how long all of them together may take, in seconds.

        Raises:
            RequiredChannelFailed: a channel that the orchestrator requires did not come up.
        """
        connecting = [
            asyncio.ensure_future(self._connect_one(link, timeout)) for link in self._links.values()
        ]
        try:
            await asyncio.gather(*connecting)
        finally:
            for attempt in connecting:
                attempt.cancel()
        if not any(link.alive for link in self._links.values()):
            self._identify(self.stdio)

    @property
    def stdio(self) -> Carrier:
        """Standard input and output.

        Raises:
            ConnectionClosed: they are not open yet.
        """
        if self._stdio is None:
            raise ConnectionClosed(_NOT_OPEN)
        return self._stdio

    def channel(self, kind: CarrierKind) -> Carrier | None:
        """The carrier of an offered channel, alive or not; None when there never was one."""
        link = self._links.get(kind)
        return None if link is None else link.carrier

    def kinds(self) -> list[CarrierKind]:
        """The channels that are used, connected or not."""
        return list(self._links)

    def send(self, operation: Operation) -> None:
        """Send on the best carrier that is alive: Unix socket, TCP, standard output.

        Raises:
            NetworkError: there is none, or it takes no more.
        """
        for kind in (CarrierKind.UNIX, CarrierKind.TCP):
            carrier = self.channel(kind)
            if carrier is not None and carrier.alive:
                carrier.send(operation)
                return
        self.stdio.send(operation)

    def send_line(self, operation: Operation) -> None:
        """Send on standard output, where announcements, secrets and ports are spoken of.

        Raises:
            NetworkError: it is closed, or takes no more.
        """
        self.stdio.send(operation)

    async def close(self) -> None:
        """Send what waits, and close everything."""
        closing = [link.close() for link in self._links.values()]
        if self._stdio is not None:
            closing.append(self._stdio.close())
        await asyncio.gather(*closing)

    async def _connect_one(self, link: ChannelLink, timeout: float) -> None:
        name = link.offer.name
        try:
            async with asyncio.timeout(timeout):
                await link.connect()
            return
        except TimeoutError:
            reason = f"not connected after {timeout:g} s"
        except NetworkError as error:
            reason = _reason(error)
        if link.offer.required:
            raise RequiredChannelFailed(name, reason)
        logger.warning("channel %s is not available, trying on in the background: %s", name, reason)
        link.connect_later()

    def _identify(self, carrier: Carrier) -> None:
        if not self._identify_enabled:
            return
        metadata = None if carrier.kind is CarrierKind.STDIO else identify_metadata(self._init)
        try:
            carrier.send(identify_for(self._init.module_id), metadata)
        except NetworkError as error:
            logger.warning("could not say who we are on %s: %s", carrier.label, error)

    def _offers(self, preferences: ChannelPreferences) -> list[OfferedChannel]:
        offers = []
        if self._init.ipc_channel is not None and preferences.use_ipc:
            offers.append(_unix_offer(self._init, self._init.ipc_channel))
        if self._init.tcp_channel is not None and preferences.use_tcp:
            offers.append(_tcp_offer(self._init, self._init.tcp_channel))
        return offers

    def _maker(
        self, offer: OfferedChannel
    ) -> Callable[[Connection, Callable[[Carrier, Exception | None], None]], Carrier]:
        return lambda connection, on_lost: self._carrier(connection, offer.kind, offer.max_frame, on_lost)

    def _carrier(
        self,
        connection: Connection,
        kind: CarrierKind,
        max_frame: int,
        on_lost: Callable[[Carrier, Exception | None], None],
    ) -> Carrier:
        return Carrier(
            connection,
            kind,
            direction=Direction.TO_MODULE,
            wrapped=True,
            source=self._source,
            max_frame=max_frame,
            on_operation=self._on_operation,
            on_lost=on_lost,
        )


def _reason(error: NetworkError) -> str:
    """Why the last attempt failed, and how many there were."""
    last = error.cause
    if isinstance(error, ReconnectionFailed) and isinstance(last, NetworkError):
        return f"{last.message} ({error.attempts} attempts)"
    return error.message


def _unix_offer(init: InitBlob, channel: IpcChannelConfig) -> OfferedChannel:
    async def connect() -> Connection:
        from pywatt.channels.unix import open_unix

        return await open_unix(channel.socket_path, known_peer=init.security_level is SecurityLevel.MTLS)

    return OfferedChannel(
        kind=CarrierKind.UNIX, name="IPC", required=channel.required, max_frame=MAX_UNIX_FRAME, open=connect
    )


def _tcp_offer(init: InitBlob, channel: TcpChannelConfig) -> OfferedChannel:
    async def connect() -> Connection:
        from pywatt.channels.tcp import open_tcp
        from pywatt.module.channel_tls import tls_for

        address = channel.address
        return await open_tcp(address.host, address.port, tls_config=tls_for(init, channel))

    return OfferedChannel(
        kind=CarrierKind.TCP, name="TCP", required=channel.required, max_frame=MAX_TCP_FRAME, open=connect
    )
