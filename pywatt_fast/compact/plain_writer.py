"""The compact layout as lists that the package `msgpack` writes: for the interpreted variant only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ..errors import FrameTooLarge
from ..message_pack.codec import pack
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
)
from .raw_identifiers import raw_identifier


def plain_payload(operation: object, max_frame: int) -> bytes | None:
    """The payload; None when a field cannot be written.

    Raises:
        FrameTooLarge: the bytes that stand last are alone longer than allowed.
    """
    fields_of = _FIELDS_OF.get(type(operation))
    fields = None if fields_of is None else fields_of(operation)
    if fields is None:
        return None
    data = fields[-1]
    if type(data) is bytes and len(data) > max_frame:
        raise FrameTooLarge(len(data), max_frame)
    try:
        return pack(fields)
    except ValueError:
        return None


def _http_request(operation: HttpRequest) -> list[object] | None:
    headers: dict[Any, Any] = operation.headers
    for key, value in headers.items():
        if not isinstance(key, str) or not isinstance(value, str):
            return None
    return [HTTP_REQUEST, operation.request_id, operation.method, operation.uri, headers, operation.body]


def _http_response(operation: HttpResponse) -> list[object] | None:
    headers: dict[Any, Any] = operation.headers
    for key, value in headers.items():
        if not isinstance(key, str) or not isinstance(value, str):
            return None
    # The sum turns a boolean into the number that it is.
    status = operation.status_code + 0
    if not 0 <= status <= LARGEST_STATUS:
        return None
    return [HTTP_RESPONSE, operation.request_id, status, headers, operation.body]


def _route_to_module(operation: RouteToModule) -> list[object] | None:
    identifier = raw_identifier(operation.request_id)
    if identifier is None:
        return None
    payload: EncodedMessage = operation.payload
    number = FORMAT_NUMBERS[payload.format]
    target, endpoint = operation.target_module_id, operation.target_endpoint
    return [ROUTE_TO_MODULE, target, endpoint, identifier, number, payload.data]


def _routed_module_message(operation: RoutedModuleMessage) -> list[object] | None:
    identifier = raw_identifier(operation.original_request_id)
    if identifier is None:
        return None
    payload: EncodedMessage = operation.payload
    number = FORMAT_NUMBERS[payload.format]
    source, endpoint = operation.source_module_id, operation.target_endpoint
    return [ROUTED_MODULE_MESSAGE, source, identifier, endpoint, number, payload.data]


def _routed_module_response(operation: RoutedModuleResponse) -> list[object] | None:
    identifier = raw_identifier(operation.request_id)
    if identifier is None:
        return None
    payload: EncodedMessage = operation.payload
    number = FORMAT_NUMBERS[payload.format]
    return [ROUTED_MODULE_RESPONSE, operation.source_module_id, identifier, number, payload.data]


def _heartbeat(operation: Heartbeat) -> list[object]:
    return [HEARTBEAT]


def _heartbeat_ack(operation: HeartbeatAck) -> list[object]:
    return [HEARTBEAT_ACK]


def _cold(operation: ColdOperation) -> list[object]:
    return [COLD, operation.metadata, operation.text]


def _stream_data(frame: StreamData) -> list[object] | None:
    return _numbered([STREAM_DATA, frame.stream_id + 0, frame.sequence + 0, frame.payload], 3)


def _stream_credit(frame: StreamCredit) -> list[object] | None:
    return _numbered([STREAM_CREDIT, frame.stream_id + 0, frame.credit + 0], 3)


def _stream_end(frame: StreamEnd) -> list[object] | None:
    return _numbered([STREAM_END, frame.stream_id + 0], 2)


def _stream_reset(frame: StreamReset) -> list[object] | None:
    return _numbered([STREAM_RESET, frame.stream_id + 0, frame.code + 0, frame.reason], 3)


def _numbered(fields: list[Any], end: int) -> list[object] | None:
    """The fields, when every number from the first to that before `end` is one that may be written."""
    for at in range(1, end):
        if not 0 <= fields[at] <= LARGEST_NUMBER:
            return None
    return fields


_FIELDS_OF: Final[dict[type[object], Callable[[Any], list[object] | None]]] = {
    HttpRequest: _http_request,
    HttpResponse: _http_response,
    RouteToModule: _route_to_module,
    RoutedModuleMessage: _routed_module_message,
    RoutedModuleResponse: _routed_module_response,
    Heartbeat: _heartbeat,
    HeartbeatAck: _heartbeat_ack,
    ColdOperation: _cold,
    StreamData: _stream_data,
    StreamCredit: _stream_credit,
    StreamEnd: _stream_end,
    StreamReset: _stream_reset,
}
