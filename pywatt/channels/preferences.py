"""Which channels a module uses, which it prefers, and what a channel can carry."""

from __future__ import annotations

import json
from typing import Any, Final

import attrs

from pywatt.channels.limits import MAX_TCP_FRAME, MAX_UNIX_FRAME
from pywatt.errors import ConfigError, ProtocolError
from pywatt.protocol.strict_json import decode_strict

HIGH_PERFORMANCE_MESSAGE: Final = 1024 * 1024 * 1024


@attrs.frozen
class ChannelPreferences:
    """Which channels are used and which come first."""

    use_tcp: bool = True
    use_ipc: bool = True
    prefer_ipc_for_local: bool = True
    prefer_tcp_for_remote: bool = True
    enable_fallback: bool = True

    @classmethod
    def default(cls) -> ChannelPreferences:
        """Everything allowed, Unix sockets for local peers, TCP for remote ones."""
        return cls()

    @classmethod
    def tcp_only(cls) -> ChannelPreferences:
        """Only TCP."""
        return cls(use_ipc=False, prefer_ipc_for_local=False, enable_fallback=False)

    @classmethod
    def ipc_only(cls) -> ChannelPreferences:
        """Only Unix sockets."""
        return cls(use_tcp=False, prefer_tcp_for_remote=False, enable_fallback=False)

    @classmethod
    def prefer_ipc(cls) -> ChannelPreferences:
        """Unix sockets first."""
        return cls(prefer_tcp_for_remote=False)

    @classmethod
    def prefer_tcp(cls) -> ChannelPreferences:
        """TCP first."""
        return cls(prefer_ipc_for_local=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> ChannelPreferences:
        """Read all five settings from a JSON object; unknown keys are ignored.

        Raises:
            ConfigError: a setting is missing or not a boolean.
        """
        return cls(**_booleans(cls, _json_object(text, "channel preferences"), "channel preferences"))

    def to_json(self) -> str:
        """The JSON object `from_json` reads."""
        return json.dumps(attrs.asdict(self), separators=(",", ":"))


@attrs.frozen
class ChannelCapabilities:
    """What a channel can carry."""

    module_messaging: bool = True
    http_proxy: bool = True
    service_calls: bool = True
    file_transfer: bool = False
    streaming: bool = False
    batching: bool = False
    compression: bool = False
    max_message_size: int | None = None
    """Bytes."""

    @classmethod
    def default(cls) -> ChannelCapabilities:
        """Messages, HTTP and service calls."""
        return cls()

    @classmethod
    def _everything(cls, max_message_size: int) -> ChannelCapabilities:
        return cls(
            file_transfer=True,
            streaming=True,
            batching=True,
            compression=True,
            max_message_size=max_message_size,
        )

    @classmethod
    def tcp_standard(cls) -> ChannelCapabilities:
        """Everything, messages up to 64 MiB."""
        return cls._everything(MAX_TCP_FRAME)

    @classmethod
    def ipc_standard(cls) -> ChannelCapabilities:
        """Everything, messages up to 128 MiB."""
        return cls._everything(MAX_UNIX_FRAME)

    @classmethod
    def high_performance(cls) -> ChannelCapabilities:
        """Everything, messages up to 1 GiB."""
        return cls._everything(HIGH_PERFORMANCE_MESSAGE)

    @classmethod
    def from_json(cls, text: str | bytes) -> ChannelCapabilities:
        """Read the seven abilities and the size, null or absent for none; unknown keys are ignored.

        Raises:
            ConfigError: an ability is missing or not a boolean, or the size is not a whole number.
        """
        what = "channel capabilities"
        found = _json_object(text, what)
        size = found.get("max_message_size")
        if size is not None and (type(size) is not int or not 0 <= size < 2**64):
            raise ConfigError.invalid(f"{what}: max_message_size must be a number of bytes or null")
        return cls(**_booleans(cls, found, what), max_message_size=size)

    def to_json(self) -> str:
        """The JSON object `from_json` reads."""
        return json.dumps(attrs.asdict(self), separators=(",", ":"))


def _json_object(text: str | bytes, what: str) -> dict[str, Any]:
    try:
        found = decode_strict(text.encode() if isinstance(text, str) else text)
    except ProtocolError as error:
        raise ConfigError.invalid(f"{what}: {error.message}") from error
    if not isinstance(found, dict):
        raise ConfigError.invalid(f"{what}: expected a JSON object")
    return found


def _booleans(kind: type[attrs.AttrsInstance], found: dict[str, Any], what: str) -> dict[str, bool]:
    values = {}
    for field in attrs.fields(kind):
        if type(field.default) is not bool:
            continue
        value = found.get(field.name)
        if type(value) is not bool:
            raise ConfigError.invalid(f"{what}: {field.name} must be true or false")
        values[field.name] = value
    return values
