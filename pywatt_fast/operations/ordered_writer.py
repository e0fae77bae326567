"""Hot operations straight into one buffer: for the compiled variant only.

A field that cannot be written makes the writer give up, and the general writer then says why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..json_text.writer import write_byte_array, write_string
from ..messages.formats import EncodingFormat
from ..messages.identifiers import find_canonical, write_identifier
from ..messages.message import EncodedMessage
from ..variant import COMPILED
from .types import (
    HotOperation,
    HttpRequest,
    HttpResponse,
    RoutedModuleMessage,
    RoutedModuleResponse,
    RouteToModule,
)

if TYPE_CHECKING:
    pass

if COMPILED:
    from librt.strings import BytesWriter


def write_ordered(writer: BytesWriter, operation: HotOperation, wrapped: bool) -> bool:
    """Write an operation, in a message with a fresh id when it is to be wrapped.

    Returns:
        False when it was not written; the buffer is then of no use.
    """
    if wrapped:
        writer.write(b'{"id":"')
        write_identifier(writer)
        writer.write(b'","content":')
    try:
        if isinstance(operation, HttpResponse):
            written = _http_response(writer, operation)
        elif isinstance(operation, HttpRequest):
            written = _http_request(writer, operation)
        else:
            written = _routed(writer, operation)
    except UnicodeEncodeError:
        return False
    if wrapped:
        writer.write(b',"metadata":{}}')
    return written


def _http_request(writer: BytesWriter, operation: HttpRequest) -> bool:
    writer.write(b'{"op":"http_request","request_id":')
    write_string(writer, operation.request_id)
    writer.write(b',"method":')
    write_string(writer, operation.method)
    writer.write(b',"uri":')
    write_string(writer, operation.uri)
    return _headers_and_body(writer, operation.headers, operation.body)


def _http_response(writer: BytesWriter, operation: HttpResponse) -> bool:
    status = operation.status_code
    if not 0 <= status <= 65535:
        return False
    writer.write(b'{"op":"http_response","request_id":')
    write_string(writer, operation.request_id)
    writer.write(b',"status_code":%d' % status)
    return _headers_and_body(writer, operation.headers, operation.body)


def _headers_and_body(writer: BytesWriter, headers: dict[Any, Any], body: bytes | None) -> bool:
    writer.write(b',"headers":{')
    first = True
    for key, value in headers.items():
        if not isinstance(key, str) or not isinstance(value, str):
            return False
        if not first:
            writer.append(0x2C)
        first = False
        write_string(writer, key)
        writer.append(0x3A)
        write_string(writer, value)
    if body is None:
        writer.write(b'},"body":null}')
    else:
        writer.write(b'},"body":')
        write_byte_array(writer, body)
        writer.append(0x7D)
    return True


def _routed(writer: BytesWriter, operation: HotOperation) -> bool:
    if isinstance(operation, RouteToModule):
        writer.write(b'{"op":"route_to_module","target_module_id":')
        write_string(writer, operation.target_module_id)
        writer.write(b',"target_endpoint":')
        write_string(writer, operation.target_endpoint)
        key = b',"request_id":"'
        return _identifier_and_payload(writer, key, operation.request_id, None, operation.payload)
    if isinstance(operation, RoutedModuleMessage):
        writer.write(b'{"op":"routed_module_message","source_module_id":')
        write_string(writer, operation.source_module_id)
        key = b',"original_request_id":"'
        return _identifier_and_payload(
            writer, key, operation.original_request_id, operation.target_endpoint, operation.payload
        )
    if isinstance(operation, RoutedModuleResponse):
        writer.write(b'{"op":"routed_module_response","source_module_id":')
        write_string(writer, operation.source_module_id)
        key = b',"request_id":"'
        return _identifier_and_payload(writer, key, operation.request_id, None, operation.payload)
    return False


def _identifier_and_payload(
    writer: BytesWriter, key: bytes, request_id: str, endpoint: str | None, payload: EncodedMessage
) -> bool:
    identifier = find_canonical(request_id)
    if identifier is None:
        return False
    writer.write(key)
    writer.write(identifier.encode("ascii"))
    writer.append(0x22)
    if endpoint is not None:
        writer.write(b',"target_endpoint":')
        write_string(writer, endpoint)
    writer.write(b',"payload":{"data":')
    write_byte_array(writer, payload.data)
    if payload.format is EncodingFormat.JSON:
        writer.write(b',"format":"Json"}}')
    else:
        writer.write(b',"format":"' + payload.format.value.encode("ascii") + b'"}}')
    return True
