"""Every error that pywatt raises on purpose.

PyWattSDKError
|-- BootstrapError                 a module could not start
|   `-- RequiredChannelFailed      a channel that the orchestrator requires did not come up
|-- HandshakeError                 the first line on stdin
|   `-- InitError                  kind "StdinClosed", "Io" or "Json"
|-- ConfigError                    a setting is missing or not valid
|-- ProtocolError                  bytes that are not a valid operation; never shows their content
|-- NetworkError                   a connection
|   |-- ConnectionFailed           could not be made
|   |-- ConnectionClosed           is gone
|   |-- ConnectionTimeout          was not made in time (also a TimeoutError)
|   |-- ReconnectionFailed         could not be made again
|   |-- InvalidConfig              cannot be made from these settings
|   |-- MessageTooLarge            refuses what is above its limit
|   `-- SendQueueFull              holds as much as it may
|-- SecretError                    a secret
|   |-- SecretNotFound             does not exist, or is not ours to see
|   |-- SecretTimeout              was not answered in time (also a TimeoutError)
|   |-- SecretJsonError            came in a form that cannot be read
|   `-- SecretIoError              could not be asked for
|-- AnnouncementError              the announcement could not be sent
|-- ServerError                    the module's own HTTP server
|-- HttpError                      an HTTP answer that is a failure
`-- CallError                      a call to another module failed
    |-- ModuleNotFound             "module_not_found"
    |-- EndpointNotFound           "endpoint_not_found"
    |-- ModuleUnavailable          "unavailable"
    |-- CallTimeout                "timeout" (also a TimeoutError)
    |-- InvalidPayload             "invalid_payload"
    |-- InternalCallError          "internal"
    `-- ApplicationError           any other code: raised by a handler, arrives at the caller
"""

from __future__ import annotations

from typing import ClassVar, Final, Literal

from pywatt.root_error import PyWattSDKError as PyWattSDKError  # noqa: PLC0414  it belongs to this tree

InitErrorKind = Literal["StdinClosed", "Io", "Json"]


class BootstrapError(PyWattSDKError):
    """A module could not start."""

    prefix = "bootstrap failed: "


class RequiredChannelFailed(BootstrapError):
    """A channel that the orchestrator requires did not come up.

    Args:
        channel: which one, "TCP" or "IPC".
        reason: why.
    """

    def __init__(self, channel: str, reason: str) -> None:
        super().__init__(f"required channel failed to initialize: {channel} - {reason}")
        self.channel = channel
        self.reason = reason


class HandshakeError(PyWattSDKError):
    """The first line on stdin was not what an orchestrator sends."""

    prefix = "handshake failed: "


class InitError(HandshakeError):
    """No init line could be read.

    Args:
        kind: "StdinClosed", "Io" or "Json".
        detail: what was wrong; never the content of the line.
    """

    _TEXTS: ClassVar[dict[str, str]] = {
        "StdinClosed": "stdin closed unexpectedly during handshake",
        "Io": "stdin read error: ",
        "Json": "failed to parse Init JSON: ",
    }

    def __init__(self, kind: InitErrorKind, detail: str = "") -> None:
        super().__init__(self._TEXTS[kind] + (detail if kind != "StdinClosed" else ""))
        self.kind: InitErrorKind = kind


class ConfigError(PyWattSDKError):
    """A setting is missing or not valid."""

    prefix = "configuration error: "

    @classmethod
    def missing_variable(cls, name: str) -> ConfigError:
        """The error for an environment variable that is not set."""
        return cls(f"missing environment variable: {name}")

    @classmethod
    def invalid(cls, reason: str) -> ConfigError:
        """The error for a value that cannot be used."""
        return cls(f"invalid configuration: {reason}")


class ProtocolError(PyWattSDKError):
    """Bytes that are not a valid operation.

    Args:
        message: what was expected, and where; never what was received.
        op: the operation, where it is known.
        field: the path of the field, where there is one.
    """

    prefix = "protocol error: "

    def __init__(self, message: str, *, op: str | None = None, field: str | None = None) -> None:
        super().__init__(message)
        self.op = op
        self.field = field


class NetworkError(PyWattSDKError):
    """Something about a connection."""

    prefix = "network error: "


class ConnectionFailed(NetworkError):
    """A connection could not be made."""


class ConnectionClosed(NetworkError):
    """The connection is gone."""

    def __init__(self, message: str = "connection closed") -> None:
        super().__init__(message)


class ConnectionTimeout(NetworkError, TimeoutError):
    """A connection was not made in time: `what` was waited for, for so many seconds."""

    def __init__(self, seconds: float, what: str = "connection") -> None:
        super().__init__(f"{what} timed out after {seconds:g} s")
        self.seconds = seconds


class ReconnectionFailed(NetworkError):
    """A lost connection could not be made again.

    Args:
        attempts: how often it was tried.
        reason: why no more attempts are made.
    """

    def __init__(self, attempts: int, reason: str = "Maximum reconnection attempts reached") -> None:
        super().__init__(f"reconnection failed after {attempts} attempts: {reason}")
        self.attempts = attempts
        self.reason = reason


class InvalidConfig(NetworkError):
    """A connection cannot be made from these settings."""


class MessageTooLarge(NetworkError):
    """A message is above the limit of the connection.

    Args:
        size: its size in bytes.
        limit: the most the connection takes, in bytes.
    """

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"message of {size} bytes is above the limit of {limit} bytes")
        self.size = size
        self.limit = limit


class SendQueueFull(NetworkError):
    """As much is waiting as may wait.

    Args:
        limit: the most that may wait, in `unit`.
        queue: what is full.
    """

    def __init__(self, limit: int, queue: str = "send queue", unit: str = "bytes") -> None:
        super().__init__(f"{queue} is full: the limit is {limit} {unit}")
        self.limit = limit


class SecretError(PyWattSDKError):
    """Something about a secret; its value is in no text."""

    prefix = "secret client error: "


class SecretNotFound(SecretError):
    """A secret does not exist, or this module may not ask for it.

    Args:
        key: its name.
    """

    def __init__(self, key: str, reason: str | None = None) -> None:
        super().__init__(f"secret not found: {key}" + (f" ({reason})" if reason else ""))
        self.key = key
        self.reason = reason


class SecretTimeout(SecretError, TimeoutError):
    """A secret was not answered in time.

    Args:
        key: its name.
        seconds: how long was waited.
    """

    def __init__(self, key: str, seconds: float) -> None:
        super().__init__(
            f"other error: timeout waiting for response: {key} was not answered in {seconds:g} s"
        )
        self.key = key
        self.seconds = seconds


class SecretJsonError(SecretError):
    """An answer came in a form that cannot be read."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"json error: {reason}")


class SecretIoError(SecretError):
    """A secret could not be asked for."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"io error: {reason}")


class AnnouncementError(PyWattSDKError):
    """The announcement could not be sent."""

    prefix = "announcement error: "


class ServerError(PyWattSDKError):
    """The module's own HTTP server failed."""

    prefix = "server error: "


class HttpError(PyWattSDKError):
    """An HTTP answer that is a failure.

    Args:
        status_code: its status.
        message: what it said.
    """

    prefix = "HTTP error: "

    def __init__(self, status_code: int, message: str) -> None:
        super().__init__(message)
        self.status_code = status_code

    def __str__(self) -> str:
        return f"{self.prefix}{self.status_code}: {self.message}"


class CallError(PyWattSDKError):
    """A call to another module failed; catches all of its kinds.

    Args:
        code: what programs look at.
        message: what people read.
        details: any JSON value that travels with it.
    """

    def __init__(self, code: str, message: str, details: object = None) -> None:
        super().__init__(message)
        self.code = code
        self.details = details

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class ApplicationError(CallError):
    """A failure that a message handler reports to its caller, with a code of its own.

    A code that pywatt uses itself ("timeout", ...) arrives as the class that stands for it.
    """


class _CodedCallError(CallError):
    fixed_code: ClassVar[str]

    def __init__(self, message: str, details: object = None) -> None:
        super().__init__(self.fixed_code, message, details)


class ModuleNotFound(_CodedCallError):
    """The orchestrator runs no module of that name."""

    fixed_code = "module_not_found"


class EndpointNotFound(_CodedCallError):
    """The module has no handler for that endpoint."""

    fixed_code = "endpoint_not_found"


class ModuleUnavailable(_CodedCallError):
    """The module exists, but cannot answer now."""

    fixed_code = "unavailable"


class CallTimeout(_CodedCallError, TimeoutError):
    """No answer came in time."""

    fixed_code = "timeout"


class InvalidPayload(_CodedCallError):
    """The payload is not what the handler takes."""

    fixed_code = "invalid_payload"


class InternalCallError(_CodedCallError):
    """The handler failed; why is in the called module's log."""

    fixed_code = "internal"


_CODED: Final[dict[str, type[_CodedCallError]]] = {
    kind.fixed_code: kind
    for kind in (
        ModuleNotFound,
        EndpointNotFound,
        ModuleUnavailable,
        CallTimeout,
        InvalidPayload,
        InternalCallError,
    )
}


def call_error(code: str, message: str, details: object = None) -> CallError:
    """The error that stands for a code: pywatt's own class where there is one, else ApplicationError."""
    kind = _CODED.get(code)
    return ApplicationError(code, message, details) if kind is None else kind(message, details)
