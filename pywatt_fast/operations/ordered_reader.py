"""Hot operations in exactly the reference's key order and spacing: for the compiled variant only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..json_text.byte_arrays import scan_array
from ..json_text.reader import Reader
from ..messages.formats import EncodingFormat
from ..messages.identifiers import find_canonical
from ..messages.message import EncodedMessage
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
    from mypy_extensions import i64


def read_ordered(data: bytes, start: i64, end: i64) -> HotOperation | None:
    """The operation that fills the text from `start` to `end`; None on any surprise."""
    reader = Reader(data, start)
    if not reader.take(b'{"op":"'):
        return None
    found: HotOperation | None = None
    if reader.take(b'http_response","request_id":'):
        found = _http_response(reader)
    elif reader.take(b'http_request","request_id":'):
        found = _http_request(reader)
    elif reader.take(b'route_to_module","target_module_id":'):
        found = _route_to_module(reader)
    elif reader.take(b'routed_module_message","source_module_id":'):
        found = _routed_module_message(reader)
    elif reader.take(b'routed_module_response","source_module_id":'):
        found = _routed_module_response(reader)
    elif reader.take(b'heartbeat"}'):
        found = Heartbeat()
    elif reader.take(b'heartbeat_ack"}'):
        found = HeartbeatAck()
    return found if reader.position == end else None


def _http_request(reader: Reader) -> HttpRequest | None:
    request_id = reader.string()
    if request_id is None or not reader.take(b',"method":'):
        return None
    method = reader.string()
    if method is None or not reader.take(b',"uri":'):
        return None
    uri = reader.string()
    if uri is None or not reader.take(b',"headers":'):
        return None
    headers = reader.string_map()
    if headers is None:
        return None
    if reader.take(b',"body":null}'):
        return HttpRequest(request_id, method, uri, headers, None)
    body = _array(reader, b',"body":', b"}")
    return None if body is None else HttpRequest(request_id, method, uri, headers, body)


def _http_response(reader: Reader) -> HttpResponse | None:
    request_id = reader.string()
    if request_id is None or not reader.take(b',"status_code":'):
        return None
    status: i64 = reader.integer()
    if status < 0 or status > 65535 or not reader.take(b',"headers":'):
        return None
    headers = reader.string_map()
    if headers is None:
        return None
    if reader.take(b',"body":null}'):
        return HttpResponse(request_id, status, headers, None)
    body = _array(reader, b',"body":', b"}")
    return None if body is None else HttpResponse(request_id, status, headers, body)


def _route_to_module(reader: Reader) -> RouteToModule | None:
    target = reader.string()
    if target is None or not reader.take(b',"target_endpoint":'):
        return None
    endpoint = reader.string()
    if endpoint is None:
        return None
    request_id = _identifier(reader, b',"request_id":')
    payload = _payload(reader)
    if request_id is None or payload is None:
        return None
    return RouteToModule(target, endpoint, request_id, payload)


def _routed_module_message(reader: Reader) -> RoutedModuleMessage | None:
    source = reader.string()
    if source is None:
        return None
    request_id = _identifier(reader, b',"original_request_id":')
    endpoint: str | None = None
    if reader.take(b',"target_endpoint":'):
        endpoint = reader.string()
        if endpoint is None:
            return None
    payload = _payload(reader)
    if request_id is None or payload is None:
        return None
    return RoutedModuleMessage(source, request_id, payload, endpoint)


def _routed_module_response(reader: Reader) -> RoutedModuleResponse | None:
    source = reader.string()
    if source is None:
        return None
    request_id = _identifier(reader, b',"request_id":')
    payload = _payload(reader)
    if request_id is None or payload is None:
        return None
    return RoutedModuleResponse(source, request_id, payload)


def _identifier(reader: Reader, key: bytes) -> str | None:
    if not reader.take(key):
        return None
    text = reader.string()
    return None if text is None else find_canonical(text)


def _array(reader: Reader, key: bytes, after: bytes) -> bytes | None:
    if not reader.take(key):
        return None
    found, position = scan_array(reader.data, reader.position)
    if position < 0:
        return None
    reader.position = position
    return found if reader.take(after) else None


def _payload(reader: Reader) -> EncodedMessage | None:
    data = _array(reader, b',"payload":{"data":', b',"format":"')
    if data is None:
        return None
    if reader.take(b'Json"}}'):
        return EncodedMessage(data, EncodingFormat.JSON)
    if reader.take(b'Binary"}}'):
        return EncodedMessage(data, EncodingFormat.BINARY)
    if reader.take(b'Base64"}}'):
        return EncodedMessage(data, EncodingFormat.BASE64)
    return None
