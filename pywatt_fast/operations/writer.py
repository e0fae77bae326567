"""Operations as JSON text: exactly the form and key order of the reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import FrameTooLarge, JsonSerializationError, OperationError
from ..framing.frames import frame_header
from ..framing.headers import CODE_JSON, HEADER_SIZE
from ..json_text.byte_arrays import array_size, encode_byte_array
from ..json_text.codec import encode_json, encode_json_sorted
from ..messages.identifiers import find_canonical, new_identifier, write_identifier
from ..variant import COMPILED, expect
from .ordered_writer import write_ordered
from .types import (
    Heartbeat,
    HeartbeatAck,
    HotOperation,
    HttpRequest,
    HttpResponse,
    RoutedModuleMessage,
    RoutedModuleResponse,
    RouteToModule,
)

if TYPE_CHECKING:
    from mypy_extensions import i64, u8

if COMPILED:
    from librt.strings import BytesWriter


def write_operation(operation: HotOperation, wrapped: bool) -> bytes:
    """The JSON text of an operation.

    Args:
        operation: what to write.
        wrapped: put it in a message with a fresh id.

    Raises:
        OperationError: a field cannot be written.
    """
    if COMPILED:
        writer = BytesWriter()
        if write_ordered(writer, operation, wrapped):
            return writer.getvalue()
    text = _bare(operation)
    return wrap_operation(text) if wrapped else text


def write_operation_frame(operation: HotOperation, wrapped: bool, max_frame: int) -> bytes:
    """The frame of an operation, format code 1.

    Args:
        operation: what to write.
        wrapped: put it in a message with a fresh id.
        max_frame: payload bytes allowed.

    Raises:
        OperationError: a field cannot be written.
        FrameTooLarge: the frame is longer than allowed; a large body is refused before it is converted.
    """
    body = _body_of(operation)
    if 2 * len(body) + 1 > max_frame:
        raise FrameTooLarge(array_size(body), max_frame)
    if COMPILED:
        writer = BytesWriter()
        writer.write(b"\x00\x00\x00\x00\x01")
        if write_ordered(writer, operation, wrapped):
            return _patched(writer, max_frame)
    text = write_operation(operation, wrapped)
    if len(text) > max_frame:
        raise FrameTooLarge(len(text), max_frame)
    return frame_header(CODE_JSON, len(text)) + text


def _patched(writer: BytesWriter, max_frame: int) -> bytes:
    """The finished frame: its length goes into the header, where five bytes were left for it."""
    size: i64 = len(writer) - HEADER_SIZE
    if size > max_frame:
        raise FrameTooLarge(size, max_frame)
    writer[0] = u8((size >> 24) & 0xFF)
    writer[1] = u8((size >> 16) & 0xFF)
    writer[2] = u8((size >> 8) & 0xFF)
    writer[3] = u8(size & 0xFF)
    return writer.getvalue()


def write_operation_line(operation: HotOperation, source: str) -> bytes:
    """The line of an operation, newline included.

    Args:
        operation: what to write; an HTTP response takes its line form, the others are bare.
        source: the module's id, part of the line form.

    Raises:
        OperationError: a field cannot be written.
    """
    if not COMPILED:
        expect(source, str, "str")
    if not isinstance(operation, HttpResponse):
        return _bare(operation) + b"\n"
    name = operation.op
    request_id = _string(operation.request_id, name, "request_id")
    return b"".join(
        (
            b'{"content":{"body":',
            _body(operation.body),
            b',"headers":',
            _headers(operation.headers, name, True),
            b',"request_id":',
            request_id,
            b',"status_code":%d' % _status(operation.status_code),
            b'},"metadata":{"id":"',
            new_identifier().encode("ascii"),
            b'","properties":{"correlation_id":',
            request_id,
            b'},"source":',
            _string(source, name, "source"),
            b"}}\n",
        )
    )


def wrap_operation(text: bytes, metadata: bytes = b"{}") -> bytes:
    """A message with a fresh id around the text of a bare operation.

    Args:
        text: one JSON value.
        metadata: the JSON text of the message's metadata.
    """
    if COMPILED:
        writer = BytesWriter()
        writer.write(b'{"id":"')
        write_identifier(writer)
        writer.write(b'","content":')
        writer.write(text)
        writer.write(b',"metadata":')
        writer.write(metadata)
        writer.append(0x7D)
        return writer.getvalue()
    expect(text, bytes, "bytes")
    expect(metadata, bytes, "bytes")
    return b'{"id":"%b","content":%b,"metadata":%b}' % (new_identifier().encode("ascii"), text, metadata)


def _bare(operation: HotOperation) -> bytes:
    if isinstance(operation, HttpRequest):
        return _http_request(operation)
    if isinstance(operation, HttpResponse):
        return _http_response(operation)
    if isinstance(operation, RouteToModule):
        return _route_to_module(operation)
    if isinstance(operation, RoutedModuleMessage):
        return _routed_module_message(operation)
    if isinstance(operation, RoutedModuleResponse):
        return _routed_module_response(operation)
    if isinstance(operation, Heartbeat):
        return b'{"op":"heartbeat"}'
    if isinstance(operation, HeartbeatAck):
        return b'{"op":"heartbeat_ack"}'
    raise OperationError("not an operation that the core writes")


def _http_request(operation: HttpRequest) -> bytes:
    name = operation.op
    return b'{"op":"http_request","request_id":%b,"method":%b,"uri":%b,"headers":%b,"body":%b}' % (
        _string(operation.request_id, name, "request_id"),
        _string(operation.method, name, "method"),
        _string(operation.uri, name, "uri"),
        _headers(operation.headers, name, False),
        _body(operation.body),
    )


def _http_response(operation: HttpResponse) -> bytes:
    name = operation.op
    return b'{"op":"http_response","request_id":%b,"status_code":%d,"headers":%b,"body":%b}' % (
        _string(operation.request_id, name, "request_id"),
        _status(operation.status_code),
        _headers(operation.headers, name, False),
        _body(operation.body),
    )


def _route_to_module(operation: RouteToModule) -> bytes:
    name = operation.op
    return (
        b'{"op":"route_to_module","target_module_id":%b,"target_endpoint":%b,"request_id":"%b","payload":%b}'
        % (
            _string(operation.target_module_id, name, "target_module_id"),
            _string(operation.target_endpoint, name, "target_endpoint"),
            _identifier(operation.request_id, name, "request_id"),
            operation.payload.to_json(),
        )
    )


def _routed_module_message(operation: RoutedModuleMessage) -> bytes:
    name = operation.op
    endpoint = b""
    if operation.target_endpoint is not None:
        endpoint = b',"target_endpoint":' + _string(operation.target_endpoint, name, "target_endpoint")
    return (
        b'{"op":"routed_module_message","source_module_id":%b,"original_request_id":"%b"%b,"payload":%b}'
        % (
            _string(operation.source_module_id, name, "source_module_id"),
            _identifier(operation.original_request_id, name, "original_request_id"),
            endpoint,
            operation.payload.to_json(),
        )
    )


def _routed_module_response(operation: RoutedModuleResponse) -> bytes:
    name = operation.op
    return b'{"op":"routed_module_response","source_module_id":%b,"request_id":"%b","payload":%b}' % (
        _string(operation.source_module_id, name, "source_module_id"),
        _identifier(operation.request_id, name, "request_id"),
        operation.payload.to_json(),
    )


def _string(value: str, name: str, field: str) -> bytes:
    try:
        return encode_json(value)
    except JsonSerializationError:
        raise OperationError(f"{name}: field `{field}`: not valid text") from None


def _identifier(value: str, name: str, field: str) -> bytes:
    found = find_canonical(value)
    if found is None:
        raise OperationError(f"{name}: field `{field}`: expected a UUID")
    return found.encode("ascii")


def _status(value: int) -> int:
    if not 0 <= value <= 65535:
        raise OperationError("http_response: field `status_code`: expected an integer from 0 to 65535")
    return value


def _headers(headers: dict[Any, Any], name: str, sort_keys: bool) -> bytes:
    for key, value in headers.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise OperationError(f"{name}: field `headers`: expected string keys and values")
    try:
        return encode_json_sorted(headers) if sort_keys else encode_json(headers)
    except JsonSerializationError:
        raise OperationError(f"{name}: field `headers`: not valid text") from None


def _body(body: bytes | None) -> bytes:
    return b"null" if body is None else encode_byte_array(body)


def _body_of(operation: HotOperation) -> bytes:
    """The bytes that will be written as an integer array."""
    if isinstance(operation, (HttpRequest, HttpResponse)):
        return b"" if operation.body is None else operation.body
    if isinstance(operation, (RouteToModule, RoutedModuleMessage, RoutedModuleResponse)):
        return operation.payload.data
    return b""
