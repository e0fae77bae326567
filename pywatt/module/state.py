"""AppState: what a module's author works with."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeVar

from pywatt.channels.carrier import CarrierKind
from pywatt.channels.preferences import ChannelCapabilities, ChannelPreferences
from pywatt.errors import ConnectionClosed, NetworkError
from pywatt.messaging.handlers import MessageHandlers
from pywatt.module.calls import Calls
from pywatt.module.carriers import Carriers
from pywatt.module.configuration import AppConfig
from pywatt.module.in_flight import InFlight
from pywatt.module.lifecycle import Lifecycle
from pywatt.protocol.init import InitBlob
from pywatt.security.secret_client import SecretClient
from pywatt.security.secrets_mapping import Secrets
from pywatt_fast import ChannelType, EncodedMessage

logger = logging.getLogger(__name__)

Handler = TypeVar("Handler", bound=Callable[..., Any])
SourceHandler = Callable[[str, str, EncodedMessage], Awaitable[object] | object]

_KINDS: Final = {ChannelType.TCP: CarrierKind.TCP, ChannelType.IPC: CarrierKind.UNIX}
_CAPABILITIES: Final = {
    ChannelType.TCP: ChannelCapabilities.tcp_standard,
    ChannelType.IPC: ChannelCapabilities.ipc_standard,
}
_LOCAL_PREFIXES: Final = ("127.0.0.1", "localhost", "unix://")


class AppState:
    """One module's identity, secrets, messages and channels.

    Attributes:
        init: everything the orchestrator said at the start.
        config: the module's settings.
        secrets: the declared secrets, and those fetched since, by name.
        secret_client: fetches more, and tells of rotations.
        user_state: what the decorator's `state` function made, else None; also called `custom`.
    """

    def __init__(
        self,
        *,
        init: InitBlob,
        config: AppConfig,
        secrets: Secrets,
        secret_client: SecretClient,
        calls: Calls,
        handlers: MessageHandlers,
        carriers: Carriers,
        lifecycle: Lifecycle,
        user_state: Any = None,
    ) -> None:
        self.init = init
        self.config = config
        self.secrets = secrets
        self.secret_client = secret_client
        self.user_state = user_state
        self._calls = calls
        self._handlers = handlers
        self._carriers = carriers
        self._lifecycle = lifecycle
        self._background = InFlight("background work")

    def __repr__(self) -> str:
        return f"AppState({self.module_id!r}, {self._lifecycle.phase.value})"

    @property
    def module_id(self) -> str:
        """This module's name."""
        return self.init.module_id

    @property
    def orchestrator_api(self) -> str:
        """The URL of the orchestrator."""
        return self.init.orchestrator_api

    @property
    def custom(self) -> Any:
        """The same as `user_state`."""
        return self.user_state

    @property
    def stopping(self) -> bool:
        """Whether the module was asked to stop: loops should end."""
        return self._lifecycle.stop_reason is not None

    # Messages between modules

    def on(self, endpoint: str) -> Callable[[Handler], Handler]:
        """Decorate a function that other modules may call.

        It takes the payload, converted to the type its argument is annotated with, and returns the answer.
        It may raise ApplicationError to fail with a code of its own.

        Args:
            endpoint: the name they call it by.
        """
        return self._handlers.on(endpoint)

    async def call(
        self, module: str, endpoint: str, payload: object = None, timeout: float | None = None
    ) -> Any:
        """Call an endpoint of another module, or of this one, and return its answer.

        Args:
            module: the other module's name.
            endpoint: what it registered with `on`.
            payload: any JSON value, dataclass, attrs class or pydantic model.
            timeout: how long to wait, in seconds; 30 unless the configuration says otherwise.

        Raises:
            CallError: the call failed; its subclasses and its `code` say how. ApplicationError is the one
                that the other module's handler raised.
        """
        return await self._calls.call(module, endpoint, payload, timeout)

    async def notify(self, module: str, endpoint: str, payload: object = None) -> None:
        """Send a message that nobody answers; what the other module makes of it is in its own log.

        Raises:
            CallError: it could not be sent.
        """
        self._calls.notify(module, endpoint, payload)

    def call_from_thread(
        self, module: str, endpoint: str, payload: object = None, timeout: float | None = None
    ) -> Any:
        """The same as `call`, for code that runs in a thread: Flask views, thread pools.

        Raises:
            CallError: the call failed.
            RuntimeError: this is the event loop's own thread, where it would wait for itself.
        """
        return self._calls.from_thread(
            self._calls.call(module, endpoint, payload, timeout), timeout, "await state.call(...)"
        )

    def notify_from_thread(self, module: str, endpoint: str, payload: object = None) -> None:
        """The same as `notify`, for code that runs in a thread; raises as `call_from_thread` does."""
        self._calls.from_thread(self.notify(module, endpoint, payload), None, "await state.notify(...)")

    def register_module_message_handler(self, source_id: str, handler: SourceHandler) -> None:
        """Handle the messages of one module that name no endpoint of ours.

        Args:
            source_id: the sending module.
            handler: takes the source, the request id and the encoded message; sync or async.
        """
        self._handlers.register(source_id, handler)

    def remove_module_message_handler(self, source_id: str) -> None:
        """Handle them no more."""
        self._handlers.remove(source_id)

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Run background work beside the module: logged when it fails, cancelled when the module stops."""
        self._background.start(work)

    async def stop_background(self, timeout: float) -> None:
        """Cancel background work and wait for it to end."""
        await self._background.cancel(timeout)

    # Channels

    def available_channels(self) -> list[ChannelType]:
        """The channels that are used, TCP first, connected or not."""
        return [channel for channel, kind in _KINDS.items() if kind in self._carriers.kinds()]

    def has_channel(self, channel: ChannelType) -> bool:
        """Whether the channel is used."""
        return channel in self.available_channels()

    def channel_capabilities(self, channel: ChannelType) -> ChannelCapabilities | None:
        """What the channel can carry; None when it is not used."""
        return _CAPABILITIES[channel]() if self.has_channel(channel) else None

    def channel_health(self) -> dict[ChannelType, bool]:
        """Whether each channel that is used is connected now."""
        return {channel: self._is_alive(channel) for channel in self.available_channels()}

    def recommend_channel(
        self, target: str, preferences: ChannelPreferences | None = None
    ) -> ChannelType | None:
        """The channel for a target; None when there is none.

        Args:
            target: an address or a module's name; without a colon, or on this machine, it is local.
            preferences: the presets of ChannelPreferences; the default ones when not given.
        """
        return recommend(self.available_channels(), target, preferences or ChannelPreferences.default())

    async def send_message(
        self, target: str, message: EncodedMessage, preferences: ChannelPreferences | None = None
    ) -> None:
        """Send a message as it is to the orchestrator, on the recommended channel or its fallback.

        Args:
            target: whom it is for; decides which channel is preferred.
            message: encoded; it travels as one frame.
            preferences: which channels may be used, and which first.

        Raises:
            NetworkError: no channel took it.
        """
        wanted = preferences or ChannelPreferences.default()
        usable = {ChannelType.TCP: wanted.use_tcp, ChannelType.IPC: wanted.use_ipc}
        allowed = [channel for channel in self.available_channels() if usable[channel]]
        first = recommend(allowed, target, wanted)
        if first is None:
            raise ConnectionClosed("No channels available for communication")
        try:
            await self.send_message_via_channel(first, message)
        except NetworkError:
            others = [channel for channel in allowed if channel is not first]
            if not wanted.enable_fallback or not others:
                raise
            logger.warning("channel %s failed, sending on %s", first.value, others[0].value)
            await self.send_message_via_channel(others[0], message)

    async def send_message_via_channel(self, channel: ChannelType, message: EncodedMessage) -> None:
        """Send a message as it is to the orchestrator, on this channel.

        Raises:
            NetworkError: the channel is not connected, or does not take it.
        """
        carrier = self._carriers.channel(_KINDS[channel])
        if carrier is None or not carrier.alive:
            raise ConnectionClosed(f"channel {channel.value} is not connected")
        carrier.send_message(message)
        await carrier.drain()

    def _is_alive(self, channel: ChannelType) -> bool:
        carrier = self._carriers.channel(_KINDS[channel])
        return carrier is not None and carrier.alive


def recommend(
    available: list[ChannelType], target: str, preferences: ChannelPreferences
) -> ChannelType | None:
    """The channel for a target among those available; None when there are none."""
    if not available:
        return None
    local = target.startswith(_LOCAL_PREFIXES) or ":" not in target
    if local and preferences.prefer_ipc_for_local:
        first, second = ChannelType.IPC, ChannelType.TCP
    elif not local and preferences.prefer_tcp_for_remote:
        first, second = ChannelType.TCP, ChannelType.IPC
    else:
        return available[0]
    if first in available:
        return first
    if preferences.enable_fallback and second in available:
        return second
    return available[0]
