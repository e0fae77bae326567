"""Operations and stream frames from the compact layout.

Each variant has a fast way for exactly the expected fields. Everything else, and every refusal, comes from
one general reader, which takes any valid MessagePack form and passes over fields that a later version adds.
"""

from __future__ import annotations

from ..errors import CoreError, OperationError
from ..message_pack.codec import decode_message_pack, require_message_pack
from ..messages.message import EncodedMessage
from ..messages.metadata import read_metadata
from ..operations.reader import read_operation
from ..operations.types import (
    ColdOperation,
    Heartbeat,
    HeartbeatAck,
    HttpRequest,
    HttpResponse,
    RoutedModuleMessage,
    RoutedModuleResponse,
    RouteToModule,
)
from ..streams.frames import StreamCredit, StreamData, StreamEnd, StreamOpen, StreamReset
from ..variant import COMPILED, expect
from .layout import (
    COLD,
    FIELDS,
    FORMATS,
    HEARTBEAT,
    HEARTBEAT_ACK,
    HTTP_REQUEST,
    HTTP_RESPONSE,
    LARGEST_NUMBER,
    LARGEST_STATUS,
    NAMES,
    ROUTE_TO_MODULE,
    ROUTED_MODULE_MESSAGE,
    STREAM_CREDIT,
    STREAM_DATA,
    STREAM_END,
    STREAM_OPEN,
    STREAM_RESET,
    CompactFrame,
)
from .ordered_reader import read_ordered
from .plain_reader import read_plain
from .raw_identifiers import identifier_text


def read_compact(payload: bytes) -> CompactFrame:
    """The operation or stream frame in the payload of a frame with format code 4.

    Raises:
        MessagePackError: not MessagePack as we take it, or the package msgpack is not installed.
        OperationError: an unknown kind, or a field that is missing or not what it has to be.
            Neither error repeats what was received, and either costs one frame alone.
    """
    require_message_pack()
    found: CompactFrame | None
    if COMPILED:
        found = read_ordered(payload)
    else:
        expect(payload, bytes, "bytes")
        found = read_plain(payload)
    return _read_any(payload) if found is None else found


def _read_any(payload: bytes) -> CompactFrame:
    values = decode_message_pack(payload)
    if not isinstance(values, list) or not values or type(values[0]) is not int:
        raise OperationError("compact frame: expected an array that begins with the number of its kind")
    kind: int = values[0]
    if kind not in FIELDS:
        raise OperationError("compact frame: unknown kind")
    names = FIELDS[kind]
    if len(values) <= len(names):
        raise OperationError(f"{NAMES[kind]}: missing field `{names[len(values) - 1]}`")
    fields = values[1:]
    if kind >= STREAM_OPEN:
        return _stream(kind, fields)
    if kind == HTTP_REQUEST:
        return HttpRequest(
            _text(kind, fields, 0),
            _text(kind, fields, 1),
            _text(kind, fields, 2),
            _headers(kind, fields, 3),
            _optional_bytes(kind, fields, 4),
        )
    if kind == HTTP_RESPONSE:
        return HttpResponse(
            _text(kind, fields, 0),
            _status(kind, fields, 1),
            _headers(kind, fields, 2),
            _optional_bytes(kind, fields, 3),
        )
    if kind == HEARTBEAT:
        return Heartbeat()
    if kind == HEARTBEAT_ACK:
        return HeartbeatAck()
    return cold_operation(fields[0], fields[1]) if kind == COLD else _routed(kind, fields)


def _routed(kind: int, fields: list[object]) -> CompactFrame:
    if kind == ROUTE_TO_MODULE:
        return RouteToModule(
            _text(kind, fields, 0),
            _text(kind, fields, 1),
            _identifier(kind, fields, 2),
            _payload(kind, fields, 3),
        )
    if kind == ROUTED_MODULE_MESSAGE:
        source = _text(kind, fields, 0)
        identifier = _identifier(kind, fields, 1)
        endpoint = None if fields[2] is None else _text(kind, fields, 2)
        return RoutedModuleMessage(source, identifier, _payload(kind, fields, 3), endpoint)
    return RoutedModuleResponse(
        _text(kind, fields, 0), _identifier(kind, fields, 1), _payload(kind, fields, 2)
    )


def _stream(kind: int, fields: list[object]) -> CompactFrame:
    stream_id = _number(kind, fields, 0)
    if kind == STREAM_DATA:
        return StreamData(stream_id, _number(kind, fields, 1), _bytes(kind, fields, 2))
    if kind == STREAM_CREDIT:
        return StreamCredit(stream_id, _number(kind, fields, 1))
    if kind == STREAM_END:
        return StreamEnd(stream_id)
    if kind == STREAM_RESET:
        return StreamReset(stream_id, _number(kind, fields, 1), _text(kind, fields, 2))
    priority, window, offset = _number(kind, fields, 1), _number(kind, fields, 2), _number(kind, fields, 3)
    metadata = fields[4]
    if not isinstance(metadata, dict):
        raise _unexpected(kind, 4, "a map")
    return StreamOpen(stream_id, priority, window, offset, metadata)


def cold_operation(metadata: object, text: object) -> ColdOperation:
    """A cold operation from its fields, checked as it is when it arrives as JSON.

    Raises:
        OperationError: they are not the texts of one.
    """
    name = NAMES[COLD]
    if metadata is not None and not isinstance(metadata, bytes):
        raise _unexpected(COLD, 0, "bytes or nil")
    if not isinstance(text, bytes):
        raise _unexpected(COLD, 1, "bytes")
    try:
        if metadata is not None:
            read_metadata(metadata)
        operation = read_operation(text)
    except CoreError as error:
        raise OperationError(f"{name}: {error}") from None
    if not isinstance(operation, ColdOperation) or operation.metadata is not None:
        raise _unexpected(COLD, 1, "the bare text of an operation without a kind of its own")
    return operation if metadata is None else ColdOperation(operation.op, operation.text, metadata)


def _unexpected(kind: int, at: int, expected: str) -> OperationError:
    return OperationError(f"{NAMES[kind]}: field `{FIELDS[kind][at]}`: expected {expected}")


def _text(kind: int, fields: list[object], at: int) -> str:
    found = fields[at]
    if not isinstance(found, str):
        raise _unexpected(kind, at, "a string")
    return found


def _number(kind: int, fields: list[object], at: int) -> int:
    found = fields[at]
    if type(found) is not int or not 0 <= found <= LARGEST_NUMBER:
        raise _unexpected(kind, at, "an integer from 0 to 2^53-1")
    return found


def _status(kind: int, fields: list[object], at: int) -> int:
    found = fields[at]
    if type(found) is not int or not 0 <= found <= LARGEST_STATUS:
        raise _unexpected(kind, at, f"an integer from 0 to {LARGEST_STATUS}")
    return found


def _bytes(kind: int, fields: list[object], at: int) -> bytes:
    found = fields[at]
    if not isinstance(found, bytes):
        raise _unexpected(kind, at, "bytes")
    return found


def _optional_bytes(kind: int, fields: list[object], at: int) -> bytes | None:
    found = fields[at]
    if found is not None and not isinstance(found, bytes):
        raise _unexpected(kind, at, "bytes or nil")
    return found


def _identifier(kind: int, fields: list[object], at: int) -> str:
    found = fields[at]
    if not isinstance(found, bytes) or len(found) != 16:
        raise _unexpected(kind, at, "the sixteen bytes of a UUID")
    return identifier_text(found)


def _headers(kind: int, fields: list[object], at: int) -> dict[str, str]:
    found = fields[at]
    if not isinstance(found, dict):
        raise _unexpected(kind, at, "a map")
    for value in found.values():
        if not isinstance(value, str):
            raise _unexpected(kind, at, "string values")
    return found


def _payload(kind: int, fields: list[object], at: int) -> EncodedMessage:
    """An encoded message: the number of its format, then its data."""
    number = fields[at]
    if type(number) is not int or not 0 <= number < len(FORMATS):
        raise _unexpected(kind, at, "the number of a format")
    return EncodedMessage(_bytes(kind, fields, at + 1), FORMATS[number])
