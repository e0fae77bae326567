"""Operations from payloads and payloads from operations, whatever carries them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Final

from pywatt.errors import MessageTooLarge, ProtocolError
from pywatt.protocol.operations import (
    Announce,
    GetSecret,
    Identify,
    Init,
    Operation,
    PortRequest,
    PortResponse,
    Rotated,
    RotationAck,
    SecretValue,
    Shutdown,
)
from pywatt.protocol.records import ControlOperation, sorted_content
from pywatt.protocol.strict_json import decode_strict, kind_of
from pywatt.protocol.strict_values import RefusedFieldError, RefusedValueError
from pywatt_fast import (
    CODE_JSON,
    ColdOperation,
    CoreError,
    FrameTooLarge,
    Heartbeat,
    HeartbeatAck,
    HotOperation,
    HttpRequest,
    HttpResponse,
    RoutedModuleMessage,
    RoutedModuleResponse,
    RouteToModule,
    encode_frame,
    encode_json,
    wrap_operation,
)
from pywatt_fast import read_operation as read_core_operation
from pywatt_fast import write_operation as write_core_operation
from pywatt_fast import write_operation_frame as write_core_frame
from pywatt_fast import write_operation_line as write_core_line


class Direction(Enum):
    """Who an operation is meant for."""

    TO_ORCHESTRATOR = "to the orchestrator"
    TO_MODULE = "to a module"

    # Enum's own hash is Python code, and every operation that is read looks its direction up.
    __hash__ = object.__hash__


_HOT: Final[dict[Direction, tuple[type[HotOperation], ...]]] = {
    Direction.TO_ORCHESTRATOR: (HttpResponse, RouteToModule, HeartbeatAck),
    Direction.TO_MODULE: (HttpRequest, RoutedModuleMessage, RoutedModuleResponse, Heartbeat),
}
_LIFECYCLE: Final[dict[Direction, tuple[type[ControlOperation], ...]]] = {
    Direction.TO_ORCHESTRATOR: (Identify, Announce, GetSecret, RotationAck, PortRequest),
    Direction.TO_MODULE: (Init, SecretValue, Rotated, Shutdown, PortResponse),
}
_METADATA_ORDER: Final = ("id", "timestamp", "source", "destination", "properties")


def read_operation(payload: bytes, direction: Direction, code: int = CODE_JSON) -> Operation:
    """The operation in a line or a frame, bare or wrapped in a message.

    Args:
        payload: without its newline or its header.
        direction: which operations are expected.
        code: the frame's format code; lines have 1.

    Raises:
        ProtocolError: it is none of them; names the operation and the field, never the content.
    """
    try:
        found = read_core_operation(payload, code)
    except CoreError as error:
        raise ProtocolError(str(error)) from None
    if not isinstance(found, ColdOperation):
        if isinstance(found, _HOT[direction]):
            return found
        raise ProtocolError(f"an operation that is not sent {direction.value}")
    kind = _cold_kind(found.op, direction)
    if kind is None:
        raise ProtocolError(f"unknown operation, or not one that is sent {direction.value}")
    return _read_cold(kind, found.text)


def write_operation(
    operation: Operation, wrapped: bool = False, metadata: Mapping[str, object] | None = None
) -> bytes:
    """The JSON text of an operation, as the reference prints it.

    Args:
        operation: any.
        wrapped: whether it stands in a message, as modules send on channels.
        metadata: of that message; `properties` are printed sorted.

    Raises:
        ProtocolError: it holds something that JSON cannot.
    """
    try:
        if not isinstance(operation, ControlOperation):
            if metadata is None or not wrapped:
                return write_core_operation(operation, wrapped)
            text = write_core_operation(operation, False)
        else:
            text = encode_json({"op": operation.op, **operation.to_fields()})
        return wrap_operation(text, _encode_metadata(metadata)) if wrapped else text
    except CoreError as error:
        raise ProtocolError(str(error)) from None
    except RefusedFieldError as error:
        op = operation.op
        raise ProtocolError(f"operation `{op}`: {error}", op=op, field=error.path or None) from None


def write_frame(
    operation: Operation,
    *,
    wrapped: bool,
    max_frame: int,
    metadata: Mapping[str, object] | None = None,
) -> bytes:
    """A whole frame with an operation in it.

    Args:
        operation: any.
        wrapped: whether it stands in a message, as modules send on channels.
        max_frame: the most that the payload may hold, in bytes.
        metadata: of that message.

    Raises:
        MessageTooLarge: the payload is above the limit.
        ProtocolError: it holds something that JSON cannot.
    """
    try:
        if metadata is None and not isinstance(operation, ControlOperation):
            return write_core_frame(operation, wrapped, max_frame)
        return encode_frame(CODE_JSON, write_operation(operation, wrapped, metadata), max_frame)
    except FrameTooLarge as error:
        raise MessageTooLarge(error.size, max_frame) from None
    except CoreError as error:
        raise ProtocolError(str(error)) from None


def write_line(operation: Operation, source: str) -> bytes:
    """A whole line with an operation in it, newline included.

    Args:
        operation: any; an HTTP response takes the form that it has on stdout.
        source: the module's name, which that form carries.

    Raises:
        ProtocolError: it holds something that JSON cannot.
    """
    if isinstance(operation, ControlOperation):
        return write_operation(operation) + b"\n"
    try:
        return write_core_line(operation, source)
    except CoreError as error:
        raise ProtocolError(str(error)) from None


def identify_for(module_id: str) -> Identify:
    """The operation by which a module names itself on a new connection."""
    return Identify(module_id)


def _read_cold(kind: type[ControlOperation], text: bytes) -> ControlOperation:
    # Imported here: a module announces itself before it reads an operation.
    from pywatt.protocol.operation_reading import read_operation_fields

    op = kind.op
    try:
        fields = decode_strict(text)
        if not isinstance(fields, dict):
            raise RefusedValueError("an object", fields)
        return read_operation_fields(kind, fields)
    except ProtocolError as error:
        raise ProtocolError(f"operation `{op}`: {error.message}", op=op, field=error.field) from None
    except RefusedFieldError as error:
        raise ProtocolError(f"operation `{op}`: {error}", op=op, field=error.path or None) from None
    except RefusedValueError as error:
        raise ProtocolError(f"operation `{op}`: {error}", op=op) from None


@cache
def _lifecycle_kinds(direction: Direction) -> dict[str, type[ControlOperation]]:
    return {kind.op: kind for kind in _LIFECYCLE[direction]}


@cache
def _service_kinds(direction: Direction) -> dict[str, type[ControlOperation]]:
    """Looked up last, so that a process which is lent no service does not build the classes."""
    from pywatt.protocol import service_operations as services

    kinds: tuple[type[ControlOperation], ...]
    if direction is Direction.TO_ORCHESTRATOR:
        kinds = (
            services.RegisterServiceProvider,
            services.DiscoverServiceProviders,
            services.ServiceRequest,
            services.ServiceOperation,
        )
    else:
        kinds = (
            services.RegisterServiceProviderResponse,
            services.DiscoverServiceProvidersResponse,
            services.ServiceResponse,
            services.ServiceOperationResult,
        )
    return {kind.op: kind for kind in kinds}


def _cold_kind(op: str, direction: Direction) -> type[ControlOperation] | None:
    return _lifecycle_kinds(direction).get(op) or _service_kinds(direction).get(op)


def _encode_metadata(metadata: Mapping[str, object] | None) -> bytes:
    if not metadata:
        return b"{}"
    known = {name: metadata[name] for name in _METADATA_ORDER if metadata.get(name) is not None}
    if len(known) < len(metadata):
        strange = [name for name in metadata if name not in _METADATA_ORDER]
        if strange:
            raise ProtocolError(f"metadata has no field `{strange[0]}`", field="metadata")
    properties = known.get("properties")
    if properties is not None:
        if not isinstance(properties, Mapping):
            raise ProtocolError(
                f"expected an object, found {kind_of(properties)}", field="metadata.properties"
            )
        known["properties"] = sorted_content(dict(properties), "metadata.properties")
    return encode_json(known)
