"""The compact layout with exactly the expected fields, by `msgpack`: for the interpreted variant only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ..message_pack.codec import unpack
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

# No array of the layout is longer, and the package allocates an array as long as it says it is.
_MOST_FIELDS: Final = 15


def read_plain(payload: bytes) -> CompactFrame | None:
    """The operation or stream frame that the payload holds; None on any surprise."""
    try:
        # As tuples of pairs, maps cannot be taken for arrays and still show a key that occurs twice.
        fields: Any = unpack(payload, tuple, _MOST_FIELDS)
    except (ValueError, TypeError):
        return None
    if type(fields) is not list or not fields or type(fields[0]) is not int:
        return None
    read = _READERS.get((fields[0], len(fields)))
    return None if read is None else read(fields)


def _http_request(fields: list[Any]) -> HttpRequest | None:
    _, request_id, method, uri, pairs, body = fields
    if type(request_id) is not str or type(method) is not str or type(uri) is not str:
        return None
    headers = _headers(pairs)
    if headers is None or not (body is None or type(body) is bytes):
        return None
    return HttpRequest(request_id, method, uri, headers, body)


def _http_response(fields: list[Any]) -> HttpResponse | None:
    _, request_id, status, pairs, body = fields
    if type(request_id) is not str or type(status) is not int or not 0 <= status <= LARGEST_STATUS:
        return None
    headers = _headers(pairs)
    if headers is None or not (body is None or type(body) is bytes):
        return None
    return HttpResponse(request_id, status, headers, body)


def _headers(pairs: Any) -> dict[str, str] | None:
    if type(pairs) is not tuple:
        return None
    for key, value in pairs:
        if type(key) is not str or type(value) is not str:
            return None
    headers: dict[str, str] = dict(pairs)
    return headers if len(headers) == len(pairs) else None


def _route_to_module(fields: list[Any]) -> RouteToModule | None:
    _, target, endpoint, raw, number, data = fields
    if type(target) is not str or type(endpoint) is not str:
        return None
    payload = _payload(raw, number, data)
    return None if payload is None else RouteToModule(target, endpoint, identifier_text(raw), payload)


def _routed_module_message(fields: list[Any]) -> RoutedModuleMessage | None:
    _, source, raw, endpoint, number, data = fields
    if type(source) is not str or not (endpoint is None or type(endpoint) is str):
        return None
    payload = _payload(raw, number, data)
    return None if payload is None else RoutedModuleMessage(source, identifier_text(raw), payload, endpoint)


def _routed_module_response(fields: list[Any]) -> RoutedModuleResponse | None:
    _, source, raw, number, data = fields
    if type(source) is not str:
        return None
    payload = _payload(raw, number, data)
    return None if payload is None else RoutedModuleResponse(source, identifier_text(raw), payload)


def _payload(raw: Any, number: Any, data: Any) -> EncodedMessage | None:
    """The encoded message of a routed operation, once its identifier is found to have sixteen bytes too."""
    if type(raw) is not bytes or len(raw) != 16 or type(data) is not bytes:
        return None
    if type(number) is not int or not 0 <= number < len(FORMATS):
        return None
    return EncodedMessage(data, FORMATS[number])


def _heartbeat(fields: list[Any]) -> Heartbeat:
    return Heartbeat()


def _heartbeat_ack(fields: list[Any]) -> HeartbeatAck:
    return HeartbeatAck()


def _stream_data(fields: list[Any]) -> StreamData | None:
    _, stream_id, sequence, payload = fields
    if not _is_number(stream_id) or not _is_number(sequence) or type(payload) is not bytes:
        return None
    return StreamData(stream_id, sequence, payload)


def _stream_credit(fields: list[Any]) -> StreamCredit | None:
    _, stream_id, credit = fields
    return StreamCredit(stream_id, credit) if _is_number(stream_id) and _is_number(credit) else None


def _stream_end(fields: list[Any]) -> StreamEnd | None:
    stream_id = fields[1]
    return StreamEnd(stream_id) if _is_number(stream_id) else None


def _stream_reset(fields: list[Any]) -> StreamReset | None:
    _, stream_id, code, reason = fields
    if not _is_number(stream_id) or not _is_number(code) or type(reason) is not str:
        return None
    return StreamReset(stream_id, code, reason)


def _is_number(value: Any) -> bool:
    return type(value) is int and 0 <= value <= LARGEST_NUMBER


# By the kind and how many elements the array has.
_READERS: Final[dict[tuple[int, int], Callable[[list[Any]], CompactFrame | None]]] = {
    (HTTP_REQUEST, 6): _http_request,
    (HTTP_RESPONSE, 5): _http_response,
    (ROUTE_TO_MODULE, 6): _route_to_module,
    (ROUTED_MODULE_MESSAGE, 6): _routed_module_message,
    (ROUTED_MODULE_RESPONSE, 5): _routed_module_response,
    (HEARTBEAT, 1): _heartbeat,
    (HEARTBEAT_ACK, 1): _heartbeat_ack,
    (STREAM_DATA, 4): _stream_data,
    (STREAM_CREDIT, 3): _stream_credit,
    (STREAM_END, 2): _stream_end,
    (STREAM_RESET, 4): _stream_reset,
}
