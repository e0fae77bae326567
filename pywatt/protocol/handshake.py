"""Reading the init line: every form that orchestrators send, and nothing behind it."""

from __future__ import annotations

import logging
import os
import select
import time
from typing import Any, Final, TypeVar

from pywatt.errors import InitError, ProtocolError
from pywatt.protocol.init import InitBlob, IpcChannelConfig, SecurityLevel, TcpChannelConfig
from pywatt.protocol.listen import ListenAddress, TcpAddress, is_ip_literal, parse_ip_address, parse_listen
from pywatt.protocol.strict_json import decode_strict, kind_of
from pywatt.protocol.strict_values import (
    RefusedFieldError,
    RefusedValueError,
    optional_field,
    read_boolean,
    read_text,
    read_text_map,
    read_u16,
    read_variant,
    required_field,
)

Made = TypeVar("Made")

MAX_INIT_LINE: Final = 1_048_576
_LOG: Final = logging.getLogger(__name__)
_LEVELS: Final = tuple(level.value for level in SecurityLevel)


def read_init(descriptor: int = 0, timeout: float | None = None) -> InitBlob:
    """Waits for the init line, byte by byte, so that what follows it stays unread.

    Args:
        descriptor: where to read; stdin unless it was moved.
        timeout: how long the whole line may take, in seconds; None waits for as long as the stream is open.

    Raises:
        InitError: the stream ended or failed, or the line is too late, too long or not valid.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    line = bytearray()
    while True:
        try:
            byte = _read_byte(descriptor, deadline)
        except TimeoutError:
            raise InitError("Io", f"no init line in {timeout:g} s") from None
        except OSError as error:
            raise InitError("Io", error.strerror or type(error).__name__) from error
        if not byte:
            raise InitError("StdinClosed")
        if byte == b"\n":
            return parse_init(bytes(line))
        if len(line) == MAX_INIT_LINE:
            raise InitError("Json", f"Init line exceeded 1 MiB ({MAX_INIT_LINE} bytes)")
        line += byte


def _read_byte(descriptor: int, deadline: float | None) -> bytes:
    """One byte, or nothing at the end of the stream; waits also where the descriptor itself does not."""
    if deadline is not None:
        _wait_readable(descriptor, deadline)
    while True:
        try:
            return os.read(descriptor, 1)
        except BlockingIOError:
            _wait_readable(descriptor, deadline)


def _wait_readable(descriptor: int, deadline: float | None) -> None:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    if not poll.poll(None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000):
        raise TimeoutError


def parse_init(line: bytes) -> InitBlob:
    """What an init line says: bare, tagged with `op`, or nested below `init`.

    Args:
        line: without its newline.

    Raises:
        InitError: kind "Json"; names the field and shows no content.
    """
    try:
        value = decode_strict(line)
        if not isinstance(value, dict):
            raise RefusedValueError("an object", value)
        return read_init_fields(value)
    except ProtocolError as error:
        raise InitError("Json", error.message) from None
    except (RefusedFieldError, RefusedValueError) as error:
        raise InitError("Json", str(error)) from None


def read_init_fields(fields: dict[str, Any]) -> InitBlob:
    """The blob that a decoded init object holds.

    Raises:
        RefusedFieldError: a field is missing or not valid.
    """
    if "orchestrator_api" not in fields and isinstance(fields.get("init"), dict):
        fields = fields["init"]
    return InitBlob(
        orchestrator_api=required_field(fields, "orchestrator_api", read_text),
        module_id=required_field(fields, "module_id", read_text),
        env=required_field(fields, "env", read_text_map) if "env" in fields else {},
        listen=required_field(fields, "listen", _read_listen),
        tcp_channel=optional_field(fields, "tcp_channel", _read_tcp_channel),
        ipc_channel=optional_field(fields, "ipc_channel", _read_ipc_channel),
        auth_token=optional_field(fields, "auth_token", read_text),
        security_level=(
            required_field(fields, "security_level", _read_security_level)
            if "security_level" in fields
            else SecurityLevel.NONE
        ),
        debug_mode=_added(fields, "debug_mode", bool) or False,
        log_level=_added(fields, "log_level", str),
        extensions=_added(fields, "extensions", dict),
    )


def _added(fields: dict[str, Any], name: str, kind: type[Made]) -> Made | None:
    """A field that the reference ignores: one of another type must not stop a start."""
    value = fields.get(name)
    if isinstance(value, kind):
        return value
    if value is not None:
        _LOG.warning("init field `%s` is ignored: it is %s", name, kind_of(value))
    return None


def _as_object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RefusedValueError("an object", value)
    return value


def _read_listen(value: object) -> ListenAddress:
    try:
        return parse_listen(value)
    except ProtocolError as error:
        raise RefusedFieldError("", error.message) from None


def _read_tcp_channel(value: object) -> TcpChannelConfig:
    fields = _as_object(value)
    if "address" in fields or "host" not in fields:
        address = required_field(fields, "address", _read_ip_address)
    else:
        host = required_field(fields, "host", read_text)
        address = TcpAddress(_without_brackets(host), required_field(fields, "port", read_u16))
    return TcpChannelConfig(
        address=address,
        tls_enabled=required_field(fields, "tls_enabled", read_boolean) if "tls_enabled" in fields else False,
        required=required_field(fields, "required", read_boolean) if "required" in fields else False,
    )


def _read_ipc_channel(value: object) -> IpcChannelConfig:
    fields = _as_object(value)
    return IpcChannelConfig(
        socket_path=required_field(fields, "socket_path", read_text),
        required=required_field(fields, "required", read_boolean) if "required" in fields else False,
    )


def _read_ip_address(value: object) -> TcpAddress:
    address = parse_ip_address(read_text(value))
    if address is None:
        raise RefusedFieldError("", "expected a numeric IP address and a port")
    return address


def _without_brackets(host: str) -> str:
    inner = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not inner or (":" in inner and not is_ip_literal(inner)):
        raise RefusedFieldError("host", "expected an IP address or a host name")
    return inner


def _read_security_level(value: object) -> SecurityLevel:
    return SecurityLevel(read_variant(value, _LEVELS))
