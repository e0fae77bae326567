"""The compact layout straight into one buffer: for the compiled variant only.

A field that cannot be written makes the writer give up, and the general writer then says why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ..errors import FrameTooLarge
from ..framing.headers import CODE_MESSAGE_PACK, HEADER_SIZE
from ..message_pack.writer import (
    NIL,
    write_array_head,
    write_bytes_head,
    write_map_head,
    write_natural,
    write_text,
)
from ..messages.formats import EncodingFormat
from ..messages.identifiers import find_canonical
from ..messages.message import EncodedMessage
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
from ..streams.frames import StreamCredit, StreamData, StreamEnd, StreamReset
from ..variant import COMPILED
from .layout import (
    COLD,
    FORMAT_NUMBERS,
    HEARTBEAT,
    HEARTBEAT_ACK,
    HTTP_REQUEST,
    HTTP_RESPONSE,
    LARGEST_NUMBER,
    LARGEST_STATUS,
    ROUTE_TO_MODULE,
    ROUTED_MODULE_MESSAGE,
    ROUTED_MODULE_RESPONSE,
    STREAM_CREDIT,
    STREAM_DATA,
    STREAM_END,
    STREAM_RESET,
    CompactFrame,
)
from .raw_identifiers import write_raw_identifier

if TYPE_CHECKING:
    from mypy_extensions import i64, u8

if COMPILED:
    from librt.strings import BytesWriter

# Above this a body is joined to its head, because the writer would copy it twice.
_LARGE: Final = 4096


def write_ordered(operation: CompactFrame, max_frame: int) -> bytes | None:
    """The whole frame; None when a field cannot be written here.

    Raises:
        FrameTooLarge: the frame is longer than allowed.
    """
    writer = BytesWriter()
    writer.write(b"\x00\x00\x00\x00")
    writer.append(CODE_MESSAGE_PACK)
    try:
        if isinstance(operation, HttpResponse):
            if not _http_response(writer, operation):
                return None
            return _with_bytes(writer, operation.body, max_frame)
        if isinstance(operation, HttpRequest):
            if not _http_request(writer, operation):
                return None
            return _with_bytes(writer, operation.body, max_frame)
        if isinstance(operation, StreamData):
            write_array_head(writer, 4)
            writer.append(STREAM_DATA)
            if not (_number(writer, operation.stream_id) and _number(writer, operation.sequence)):
                return None
            return _with_bytes(writer, operation.payload, max_frame)
        payload = _routed(writer, operation)
        if payload is not None:
            return _with_bytes(writer, payload.data, max_frame)
        if isinstance(operation, ColdOperation):
            return _cold(writer, operation, max_frame)
        return _patched(writer, 0, max_frame) if _without_bytes(writer, operation) else None
    except UnicodeEncodeError:
        return None


def _http_request(writer: BytesWriter, operation: HttpRequest) -> bool:
    write_array_head(writer, 6)
    writer.append(HTTP_REQUEST)
    write_text(writer, operation.request_id)
    write_text(writer, operation.method)
    write_text(writer, operation.uri)
    return _headers(writer, operation.headers)


def _http_response(writer: BytesWriter, operation: HttpResponse) -> bool:
    status = operation.status_code
    if not 0 <= status <= LARGEST_STATUS:
        return False
    write_array_head(writer, 5)
    writer.append(HTTP_RESPONSE)
    write_text(writer, operation.request_id)
    write_natural(writer, status)
    return _headers(writer, operation.headers)


def _headers(writer: BytesWriter, headers: dict[Any, Any]) -> bool:
    write_map_head(writer, len(headers))
    for key, value in headers.items():
        if not isinstance(key, str) or not isinstance(value, str):
            return False
        write_text(writer, key)
        write_text(writer, value)
    return True


def _routed(writer: BytesWriter, operation: CompactFrame) -> EncodedMessage | None:
    """Write a routed operation but for the data that is returned; None when it is no such operation."""
    if isinstance(operation, RouteToModule):
        identifier = find_canonical(operation.request_id)
        if identifier is None:
            return None
        write_array_head(writer, 6)
        writer.append(ROUTE_TO_MODULE)
        write_text(writer, operation.target_module_id)
        write_text(writer, operation.target_endpoint)
        _identifier(writer, identifier)
        return _format(writer, operation.payload)
    if isinstance(operation, RoutedModuleMessage):
        identifier = find_canonical(operation.original_request_id)
        if identifier is None:
            return None
        write_array_head(writer, 6)
        writer.append(ROUTED_MODULE_MESSAGE)
        write_text(writer, operation.source_module_id)
        _identifier(writer, identifier)
        endpoint = operation.target_endpoint
        if endpoint is None:
            writer.append(NIL)
        else:
            write_text(writer, endpoint)
        return _format(writer, operation.payload)
    if isinstance(operation, RoutedModuleResponse):
        identifier = find_canonical(operation.request_id)
        if identifier is None:
            return None
        write_array_head(writer, 5)
        writer.append(ROUTED_MODULE_RESPONSE)
        write_text(writer, operation.source_module_id)
        _identifier(writer, identifier)
        return _format(writer, operation.payload)
    return None


def _identifier(writer: BytesWriter, canonical: str) -> None:
    write_bytes_head(writer, 16)
    write_raw_identifier(writer, canonical)


def _format(writer: BytesWriter, payload: EncodedMessage) -> EncodedMessage:
    if payload.format is EncodingFormat.JSON:
        writer.append(1)
    else:
        write_natural(writer, FORMAT_NUMBERS[payload.format])
    return payload


def _cold(writer: BytesWriter, operation: ColdOperation, max_frame: int) -> bytes:
    write_array_head(writer, 3)
    writer.append(COLD)
    metadata = operation.metadata
    if metadata is None:
        writer.append(NIL)
    else:
        write_bytes_head(writer, len(metadata))
        writer.write(metadata)
    return _with_bytes(writer, operation.text, max_frame)


def _without_bytes(writer: BytesWriter, operation: CompactFrame) -> bool:
    if isinstance(operation, StreamCredit):
        write_array_head(writer, 3)
        writer.append(STREAM_CREDIT)
        return _number(writer, operation.stream_id) and _number(writer, operation.credit)
    if isinstance(operation, StreamEnd):
        write_array_head(writer, 2)
        writer.append(STREAM_END)
        return _number(writer, operation.stream_id)
    if isinstance(operation, StreamReset):
        write_array_head(writer, 4)
        writer.append(STREAM_RESET)
        if not (_number(writer, operation.stream_id) and _number(writer, operation.code)):
            return False
        write_text(writer, operation.reason)
        return True
    if isinstance(operation, (Heartbeat, HeartbeatAck)):
        write_array_head(writer, 1)
        writer.append(u8(HEARTBEAT if isinstance(operation, Heartbeat) else HEARTBEAT_ACK))
        return True
    return False


def _number(writer: BytesWriter, number: int) -> bool:
    if not 0 <= number <= LARGEST_NUMBER:
        return False
    write_natural(writer, number)
    return True


def _with_bytes(writer: BytesWriter, data: bytes | None, max_frame: int) -> bytes:
    """The finished frame, after its last field."""
    if data is None:
        writer.append(NIL)
        return _patched(writer, 0, max_frame)
    size: i64 = len(data)
    if size > max_frame:
        raise FrameTooLarge(size, max_frame)
    write_bytes_head(writer, size)
    if size > _LARGE:
        return _patched(writer, size, max_frame) + data
    writer.write(data)
    return _patched(writer, 0, max_frame)


def _patched(writer: BytesWriter, after: i64, max_frame: int) -> bytes:
    """What was written, once its length and that of the bytes `after` it stand in the header."""
    size: i64 = len(writer) - HEADER_SIZE + after
    if size > max_frame:
        raise FrameTooLarge(size, max_frame)
    writer[0] = u8((size >> 24) & 0xFF)
    writer[1] = u8((size >> 16) & 0xFF)
    writer[2] = u8((size >> 8) & 0xFF)
    writer[3] = u8(size & 0xFF)
    return writer.getvalue()
