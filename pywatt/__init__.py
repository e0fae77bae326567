"""pywatt: write small services in Python, and run them together.

Every name is imported from its own file when it is first used: `import pywatt` alone costs next to nothing.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pywatt.build_info import emit_build_info as emit_build_info
    from pywatt.build_info import get_build_info as get_build_info
    from pywatt.build_info import get_version_info as get_version_info
    from pywatt.channels.channel import ConnectionState as ConnectionState
    from pywatt.channels.channel import MessageChannel as MessageChannel
    from pywatt.channels.preferences import ChannelCapabilities as ChannelCapabilities
    from pywatt.channels.preferences import ChannelPreferences as ChannelPreferences
    from pywatt.channels.reconnect import ReconnectPolicy as ReconnectPolicy
    from pywatt.channels.tcp import ConnectionConfig as ConnectionConfig
    from pywatt.channels.tcp import TcpChannel as TcpChannel
    from pywatt.channels.tls import TlsConfig as TlsConfig
    from pywatt.channels.unix import IpcChannel as IpcChannel
    from pywatt.channels.unix import IpcConnectionConfig as IpcConnectionConfig
    from pywatt.error_chains import format_error_chain as format_error_chain
    from pywatt.error_chains import wrap_exception as wrap_exception
    from pywatt.errors import (
        AnnouncementError as AnnouncementError,
    )
    from pywatt.errors import (
        ApplicationError as ApplicationError,
    )
    from pywatt.errors import (
        BootstrapError as BootstrapError,
    )
    from pywatt.errors import (
        CallError as CallError,
    )
    from pywatt.errors import (
        CallTimeout as CallTimeout,
    )
    from pywatt.errors import (
        ConfigError as ConfigError,
    )
    from pywatt.errors import (
        ConnectionClosed as ConnectionClosed,
    )
    from pywatt.errors import (
        ConnectionFailed as ConnectionFailed,
    )
    from pywatt.errors import (
        ConnectionTimeout as ConnectionTimeout,
    )
    from pywatt.errors import (
        EndpointNotFound as EndpointNotFound,
    )
    from pywatt.errors import (
        HandshakeError as HandshakeError,
    )
    from pywatt.errors import (
        HttpError as HttpError,
    )
    from pywatt.errors import (
        InitError as InitError,
    )
    from pywatt.errors import (
        InternalCallError as InternalCallError,
    )
    from pywatt.errors import (
        InvalidConfig as InvalidConfig,
    )
    from pywatt.errors import (
        InvalidPayload as InvalidPayload,
    )
    from pywatt.errors import (
        MessageTooLarge as MessageTooLarge,
    )
    from pywatt.errors import (
        ModuleNotFound as ModuleNotFound,
    )
    from pywatt.errors import (
        ModuleUnavailable as ModuleUnavailable,
    )
    from pywatt.errors import (
        NetworkError as NetworkError,
    )
    from pywatt.errors import (
        ProtocolError as ProtocolError,
    )
    from pywatt.errors import (
        PyWattSDKError as PyWattSDKError,
    )
    from pywatt.errors import (
        ReconnectionFailed as ReconnectionFailed,
    )
    from pywatt.errors import (
        RequiredChannelFailed as RequiredChannelFailed,
    )
    from pywatt.errors import (
        SecretError as SecretError,
    )
    from pywatt.errors import (
        SecretIoError as SecretIoError,
    )
    from pywatt.errors import (
        SecretJsonError as SecretJsonError,
    )
    from pywatt.errors import (
        SecretNotFound as SecretNotFound,
    )
    from pywatt.errors import (
        SecretTimeout as SecretTimeout,
    )
    from pywatt.errors import (
        SendQueueFull as SendQueueFull,
    )
    from pywatt.errors import (
        ServerError as ServerError,
    )
    from pywatt.http.discovery import announce_from_router as announce_from_router
    from pywatt.module.announcing import send_announce as send_announce
    from pywatt.module.configuration import AppConfig as AppConfig
    from pywatt.module.decorator import pywatt_module as pywatt_module
    from pywatt.module.definition import ModuleDefinition as ModuleDefinition
    from pywatt.module.state import AppState as AppState
    from pywatt.protocol.handshake import read_init as read_init
    from pywatt.protocol.init import InitBlob as InitBlob
    from pywatt.protocol.init import IpcChannelConfig as IpcChannelConfig
    from pywatt.protocol.init import SecurityLevel as SecurityLevel
    from pywatt.protocol.init import TcpChannelConfig as TcpChannelConfig
    from pywatt.protocol.operations import Announce
    from pywatt.protocol.operations import EndpointAnnounce as EndpointAnnounce
    from pywatt.result import Result as Result
    from pywatt.security.secret import Secret as Secret
    from pywatt.security.secret_client import SecretClient as SecretClient
    from pywatt.security.secret_client import SecretMode as SecretMode
    from pywatt_fast import ChannelRouter as ChannelRouter
    from pywatt_fast import ChannelType as ChannelType
    from pywatt_fast import EncodedMessage as EncodedMessage
    from pywatt_fast import EncodingFormat as EncodingFormat
    from pywatt_fast import Message as Message
    from pywatt_fast import MessageMetadata as MessageMetadata
    from pywatt_fast import RoutingMatrix as RoutingMatrix

    AnnounceBlob = Announce
    AnnouncedEndpoint = EndpointAnnounce

_ERRORS = (
    "AnnouncementError",
    "ApplicationError",
    "BootstrapError",
    "CallError",
    "CallTimeout",
    "ConfigError",
    "ConnectionClosed",
    "ConnectionFailed",
    "ConnectionTimeout",
    "EndpointNotFound",
    "HandshakeError",
    "HttpError",
    "InitError",
    "InternalCallError",
    "InvalidConfig",
    "InvalidPayload",
    "MessageTooLarge",
    "ModuleNotFound",
    "ModuleUnavailable",
    "NetworkError",
    "ProtocolError",
    "PyWattSDKError",
    "ReconnectionFailed",
    "RequiredChannelFailed",
    "SecretError",
    "SecretIoError",
    "SecretJsonError",
    "SecretNotFound",
    "SecretTimeout",
    "SendQueueFull",
    "ServerError",
)

_HOMES = {
    **dict.fromkeys(_ERRORS, "pywatt.errors"),
    "AppConfig": "pywatt.module.configuration",
    "AppState": "pywatt.module.state",
    "ModuleDefinition": "pywatt.module.definition",
    "pywatt_module": "pywatt.module.decorator",
    "AnnounceBlob": "pywatt.protocol.operations:Announce",
    "AnnouncedEndpoint": "pywatt.protocol.operations:EndpointAnnounce",
    "EndpointAnnounce": "pywatt.protocol.operations",
    "announce_from_router": "pywatt.http.discovery",
    "send_announce": "pywatt.module.announcing",
    "InitBlob": "pywatt.protocol.init",
    "IpcChannelConfig": "pywatt.protocol.init",
    "SecurityLevel": "pywatt.protocol.init",
    "TcpChannelConfig": "pywatt.protocol.init",
    "read_init": "pywatt.protocol.handshake",
    "ChannelCapabilities": "pywatt.channels.preferences",
    "ChannelPreferences": "pywatt.channels.preferences",
    "ConnectionConfig": "pywatt.channels.tcp",
    "ConnectionState": "pywatt.channels.channel",
    "IpcChannel": "pywatt.channels.unix",
    "IpcConnectionConfig": "pywatt.channels.unix",
    "MessageChannel": "pywatt.channels.channel",
    "ReconnectPolicy": "pywatt.channels.reconnect",
    "TcpChannel": "pywatt.channels.tcp",
    "TlsConfig": "pywatt.channels.tls",
    "ChannelRouter": "pywatt_fast",
    "ChannelType": "pywatt_fast",
    "EncodedMessage": "pywatt_fast",
    "EncodingFormat": "pywatt_fast",
    "Message": "pywatt_fast",
    "MessageMetadata": "pywatt_fast",
    "RoutingMatrix": "pywatt_fast",
    "Secret": "pywatt.security.secret",
    "SecretClient": "pywatt.security.secret_client",
    "SecretMode": "pywatt.security.secret_client",
    "Result": "pywatt.result",
    "format_error_chain": "pywatt.error_chains",
    "wrap_exception": "pywatt.error_chains",
    "emit_build_info": "pywatt.build_info",
    "get_build_info": "pywatt.build_info",
    "get_version_info": "pywatt.build_info",
}

__all__ = [*_HOMES, "__version__"]  # noqa: PLE0604  the table is the list


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name == "__version__":
        value: object = import_module("pywatt.build_info").installed_version()
    elif name in _HOMES:
        module, _, other_name = _HOMES[name].partition(":")
        value = getattr(import_module(module), other_name or name)
    else:
        raise AttributeError(f"module 'pywatt' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES, "__version__"})
