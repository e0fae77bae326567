"""The compact layout with exactly the expected fields: for the compiled variant only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..message_pack.cursor import Cursor
from ..messages.message import EncodedMessage
from ..operations.types import (
    Heartbeat,
    HeartbeatAck,
    HttpRequest,
    HttpResponse,
    RoutedModuleMessage,
    RoutedModuleResponse,
    RouteToModule,
)
from ..streams.frames import StreamCredit, StreamData, StreamEnd, StreamReset
from .layout import (
    FORMATS,
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
from .raw_identifiers import identifier_text

if TYPE_CHECKING:
    from mypy_extensions import i64


def read_ordered(payload: bytes) -> CompactFrame | None:
    """The operation or stream frame that fills the payload; None on any surprise."""
    cursor = Cursor(payload)
    count: i64 = cursor.array()
    kind: i64 = cursor.natural()
    found: CompactFrame | None = None
    if count == 5 and kind == HTTP_RESPONSE:
        found = _http_response(cursor)
    elif count == 6 and kind == HTTP_REQUEST:
        found = _http_request(cursor)
    elif count == 4 and kind == STREAM_DATA:
        found = _stream_data(cursor)
    elif count == 6 and kind == ROUTED_MODULE_MESSAGE:
        found = _routed_module_message(cursor)
    elif count == 6 and kind == ROUTE_TO_MODULE:
        found = _route_to_module(cursor)
    elif count == 5 and kind == ROUTED_MODULE_RESPONSE:
        found = _routed_module_response(cursor)
    elif count == 1 and kind == HEARTBEAT:
        found = Heartbeat()
    elif count == 1 and kind == HEARTBEAT_ACK:
        found = HeartbeatAck()
    else:
        found = _control_of_stream(cursor, count, kind)
    return found if cursor.at_end() else None


def _http_request(cursor: Cursor) -> HttpRequest | None:
    request_id = cursor.text()
    if request_id is None:
        return None
    method = cursor.text()
    if method is None:
        return None
    uri = cursor.text()
    if uri is None:
        return None
    headers = cursor.text_map()
    if headers is None:
        return None
    if cursor.nil():
        return HttpRequest(request_id, method, uri, headers, None)
    body = cursor.blob()
    return None if body is None else HttpRequest(request_id, method, uri, headers, body)


def _http_response(cursor: Cursor) -> HttpResponse | None:
    request_id = cursor.text()
    if request_id is None:
        return None
    status: i64 = cursor.natural()
    if status < 0 or status > LARGEST_STATUS:
        return None
    headers = cursor.text_map()
    if headers is None:
        return None
    if cursor.nil():
        return HttpResponse(request_id, status, headers, None)
    body = cursor.blob()
    return None if body is None else HttpResponse(request_id, status, headers, body)


def _route_to_module(cursor: Cursor) -> RouteToModule | None:
    target = cursor.text()
    if target is None:
        return None
    endpoint = cursor.text()
    if endpoint is None:
        return None
    identifier = _identifier(cursor)
    if identifier is None:
        return None
    payload = _payload(cursor)
    return None if payload is None else RouteToModule(target, endpoint, identifier, payload)


def _routed_module_message(cursor: Cursor) -> RoutedModuleMessage | None:
    source = cursor.text()
    if source is None:
        return None
    identifier = _identifier(cursor)
    if identifier is None:
        return None
    endpoint: str | None = None
    if not cursor.nil():
        endpoint = cursor.text()
        if endpoint is None:
            return None
    payload = _payload(cursor)
    return None if payload is None else RoutedModuleMessage(source, identifier, payload, endpoint)


def _routed_module_response(cursor: Cursor) -> RoutedModuleResponse | None:
    source = cursor.text()
    if source is None:
        return None
    identifier = _identifier(cursor)
    if identifier is None:
        return None
    payload = _payload(cursor)
    return None if payload is None else RoutedModuleResponse(source, identifier, payload)


def _stream_data(cursor: Cursor) -> StreamData | None:
    stream_id: i64 = cursor.natural()
    sequence: i64 = cursor.natural()
    if not (0 <= stream_id <= LARGEST_NUMBER and 0 <= sequence <= LARGEST_NUMBER):
        return None
    payload = cursor.blob()
    return None if payload is None else StreamData(stream_id, sequence, payload)


def _control_of_stream(cursor: Cursor, count: i64, kind: i64) -> CompactFrame | None:
    stream_id: i64 = cursor.natural()
    if stream_id < 0 or stream_id > LARGEST_NUMBER:
        return None
    if count == 2 and kind == STREAM_END:
        return StreamEnd(stream_id)
    number: i64 = cursor.natural()
    if number < 0 or number > LARGEST_NUMBER:
        return None
    if count == 3 and kind == STREAM_CREDIT:
        return StreamCredit(stream_id, number)
    if count != 4 or kind != STREAM_RESET:
        return None
    reason = cursor.text()
    return None if reason is None else StreamReset(stream_id, number, reason)


def _identifier(cursor: Cursor) -> str | None:
    raw = cursor.blob()
    return identifier_text(raw) if raw is not None and len(raw) == 16 else None


def _payload(cursor: Cursor) -> EncodedMessage | None:
    number: i64 = cursor.natural()
    if number < 0 or number >= len(FORMATS):
        return None
    data = cursor.blob()
    return None if data is None else EncodedMessage(data, FORMATS[number])
