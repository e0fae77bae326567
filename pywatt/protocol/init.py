"""The first line that an orchestrator sends: who the module is, where it listens, what it may connect to."""

from __future__ import annotations

from enum import Enum

import attrs

from pywatt.protocol.listen import ListenAddress, TcpAddress
from pywatt.protocol.records import CONTENT, OMITTED, printed_fields, redacted
from pywatt_fast import encode_json


class SecurityLevel(Enum):
    """What a connection to the orchestrator must prove."""

    NONE = "None"
    TOKEN = "Token"  # noqa: S105  (the name of a level)
    MTLS = "Mtls"


@attrs.frozen
class TcpChannelConfig:
    """A TCP channel that the orchestrator offers.

    Args:
        address: where it listens.
        tls_enabled: whether it speaks TLS.
        required: whether the module must fail without it.
    """

    address: TcpAddress
    tls_enabled: bool = False
    required: bool = False


@attrs.frozen
class IpcChannelConfig:
    """A Unix socket channel that the orchestrator offers.

    Args:
        socket_path: where it listens.
        required: whether the module must fail without it.
    """

    socket_path: str
    required: bool = False


@attrs.frozen
class InitBlob:
    """What an orchestrator tells a module at its start.

    Args:
        orchestrator_api: the orchestrator's URL.
        module_id: the module's name.
        env: values known in advance; they may be secret.
        listen: where the module serves HTTP.
        tcp_channel: a TCP channel to connect to.
        ipc_channel: a Unix socket channel to connect to.
        auth_token: what the module proves itself with.
        security_level: what a connection must prove.
        debug_mode: asks for more diagnostics.
        log_level: the level to log at when no variable says it.
        extensions: what the orchestrator offers beyond the reference.
    """

    orchestrator_api: str
    module_id: str
    env: dict[str, str] = attrs.field(repr=redacted)
    listen: ListenAddress
    tcp_channel: TcpChannelConfig | None = attrs.field(default=None, metadata={OMITTED: True})
    ipc_channel: IpcChannelConfig | None = attrs.field(default=None, metadata={OMITTED: True})
    auth_token: str | None = attrs.field(default=None, repr=redacted, metadata={OMITTED: True})
    security_level: SecurityLevel = SecurityLevel.NONE
    debug_mode: bool = attrs.field(default=False, metadata={OMITTED: True})
    log_level: str | None = attrs.field(default=None, metadata={OMITTED: True})
    extensions: dict[str, object] | None = attrs.field(default=None, metadata={OMITTED: True, CONTENT: True})

    def to_fields(self) -> dict[str, object]:
        """The JSON object, in printed order."""
        return printed_fields(self)

    def to_json(self) -> bytes:
        """The bare form, as the reference prints it."""
        return encode_json(self.to_fields())

    @property
    def has_tcp_channel(self) -> bool:
        """Whether a TCP channel is offered."""
        return self.tcp_channel is not None

    @property
    def has_ipc_channel(self) -> bool:
        """Whether a Unix socket channel is offered."""
        return self.ipc_channel is not None

    @property
    def has_channels(self) -> bool:
        """Whether any channel is offered."""
        return self.has_tcp_channel or self.has_ipc_channel

    @property
    def has_required_channels(self) -> bool:
        """Whether the module must fail without one of its channels."""
        return any(
            channel.required for channel in (self.tcp_channel, self.ipc_channel) if channel is not None
        )

    @property
    def listen_address(self) -> TcpAddress | None:
        """The TCP address to serve on, if it is one."""
        return self.listen if isinstance(self.listen, TcpAddress) else None

    def listen_to_string(self) -> str:
        """The address to serve on, as text."""
        return str(self.listen)

    @property
    def tcp_address(self) -> TcpAddress | None:
        """Where the TCP channel listens."""
        return None if self.tcp_channel is None else self.tcp_channel.address

    @property
    def tcp_address_string(self) -> str | None:
        """Where the TCP channel listens, as text."""
        return None if self.tcp_channel is None else str(self.tcp_channel.address)

    @property
    def tcp_tls_enabled(self) -> bool:
        """Whether the TCP channel speaks TLS."""
        return self.tcp_channel is not None and self.tcp_channel.tls_enabled

    @property
    def ipc_socket_path(self) -> str | None:
        """Where the Unix socket channel listens."""
        return None if self.ipc_channel is None else self.ipc_channel.socket_path

    @property
    def channel_summary(self) -> str:
        """One line about the channels, for a log."""
        parts = []
        if self.tcp_channel is not None:
            parts.append(f"TCP:{self.tcp_channel.address}{' (TLS)' if self.tcp_channel.tls_enabled else ''}")
        if self.ipc_channel is not None:
            parts.append(f"IPC:{self.ipc_channel.socket_path}")
        return ", ".join(parts) or "No communication channels configured"

    def with_env(self, name: str, value: str) -> InitBlob:
        """A copy with one more value known in advance."""
        return attrs.evolve(self, env={**self.env, name: value})

    def with_tcp_channel(self, channel: TcpChannelConfig) -> InitBlob:
        """A copy that offers a TCP channel."""
        return attrs.evolve(self, tcp_channel=channel)

    def with_ipc_channel(self, channel: IpcChannelConfig) -> InitBlob:
        """A copy that offers a Unix socket channel."""
        return attrs.evolve(self, ipc_channel=channel)

    def with_auth_token(self, token: str) -> InitBlob:
        """A copy with a token to prove oneself with."""
        return attrs.evolve(self, auth_token=token)

    def with_security_level(self, level: SecurityLevel) -> InitBlob:
        """A copy that asks for another proof."""
        return attrs.evolve(self, security_level=level)
