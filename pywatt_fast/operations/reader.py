"""Operations from their JSON text, bare or in an envelope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..errors import Base64DecodingError, ByteArrayError, JsonSerializationError, OperationError
from ..framing.headers import CODE_BASE64, CODE_BINARY, CODE_JSON
from ..json_text.byte_arrays import bytes_of_list, scan_byte_array
from ..json_text.codec import decode_json
from ..json_text.members import read_members, shows_all_keys
from ..messages.base64_text import decode_base64
from ..messages.envelope import end_of_plain_content, read_compact_envelope, read_envelope
from ..messages.envelope_scan import CONTENT_START
from ..messages.formats import EncodingFormat
from ..messages.identifiers import find_canonical
from ..messages.message import EncodedMessage, encoded_of_value
from ..messages.metadata import read_metadata, repeated_field
from ..variant import COMPILED, expect
from .ordered_reader import read_ordered
from .types import (
    ColdOperation,
    Heartbeat,
    HeartbeatAck,
    HotOperation,
    HttpRequest,
    HttpResponse,
    Operation,
    RoutedModuleMessage,
    RoutedModuleResponse,
    RouteToModule,
)

if TYPE_CHECKING:
    from mypy_extensions import i64

_OP: Final = b'{"op":"'
_BODY: Final = b',"body":['
_PAYLOAD: Final = b',"payload":{"data":['
_FORMAT_TAILS: Final = {
    b',"format":"Json"}}': EncodingFormat.JSON,
    b',"format":"Binary"}}': EncodingFormat.BINARY,
    b',"format":"Base64"}}': EncodingFormat.BASE64,
    b',"format":"Auto"}}': EncodingFormat.AUTO,
}
_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "http_request": ("op", "request_id", "method", "uri", "headers", "body"),
    "http_response": ("op", "request_id", "status_code", "headers", "body"),
    "route_to_module": ("op", "target_module_id", "target_endpoint", "request_id", "payload"),
    "routed_module_message": (
        "op",
        "source_module_id",
        "original_request_id",
        "payload",
        "target_endpoint",
    ),
    "routed_module_response": ("op", "source_module_id", "request_id", "payload"),
    "heartbeat": ("op",),
    "heartbeat_ack": ("op",),
}


def read_operation(payload: bytes, code: int = CODE_JSON) -> Operation:
    """The operation in a frame's payload or a line.

    Args:
        payload: the bare operation object, or a message around it; also an HTTP response in its line form,
            without op.
        code: the frame's format code: 1 and 2 hold JSON text, 3 its base64.

    Raises:
        JsonSerializationError: not JSON.
        OperationError: JSON, but not a valid operation or envelope. Neither error repeats what was received.
    """
    if not COMPILED:
        expect(payload, bytes, "bytes")
        expect(code, int, "int")
    if code == CODE_BASE64:
        try:
            payload = decode_base64(payload)
        except Base64DecodingError:
            raise OperationError("the payload of a frame with code 3 is not canonical base64") from None
    elif code != CODE_JSON and code != CODE_BINARY:
        raise OperationError(f"a frame with code {code} cannot hold an operation")
    found: Operation | None
    if COMPILED:
        found = _read_ordered(payload)
        if found is not None:
            return found
    if payload.startswith(_OP):
        found = _read_compact(payload, None)
        return _read_any(payload) if found is None else found
    parts = _content_and_metadata(payload)
    if parts is not None and parts[0].startswith(_OP):
        try:
            found = _read_compact(parts[0], parts[1])
        except JsonSerializationError:
            found = None
        if found is not None:
            return found
    return _read_any(payload)


def _content_and_metadata(payload: bytes) -> tuple[bytes, bytes] | None:
    """The raw text of both in a compact envelope; None on any surprise."""
    end = end_of_plain_content(payload)
    if end >= 0:
        return payload[CONTENT_START:end], b"{}"
    envelope = read_compact_envelope(payload)
    return None if envelope is None else (envelope.content_text, envelope.metadata_text)


def _read_ordered(payload: bytes) -> HotOperation | None:
    """The commonest case in one pass: the reference's key order, bare or in an envelope without metadata."""
    if payload.startswith(_OP):
        return read_ordered(payload, 0, len(payload))
    end: i64 = end_of_plain_content(payload)
    return None if end < 0 else read_ordered(payload, CONTENT_START, end)


def _read_compact(text: bytes, metadata: bytes | None) -> Operation | None:
    """Read an object that begins with its op; None when only the general reader can tell."""
    end = text.find(b'"', 7, 71)
    if end < 0:
        return None
    name = text[7:end].decode("ascii", "replace")
    fields = _FIELDS.get(name)
    if fields is None:
        # A cold operation is read by others, who check all of it; out of an envelope it must be one value.
        if metadata is not None:
            decode_json(text)
        return ColdOperation(name, text, metadata) if name.isidentifier() and name.isascii() else None
    if name.startswith("http"):
        return _read_with_body(text, name)
    if name.startswith("route"):
        return _read_with_payload(text, name)
    return None


def _read_with_body(text: bytes, name: str) -> Operation | None:
    """`,"body":[` is the operation's own key exactly when the text before it only lacks its last brace."""
    mark = text.find(_BODY)
    if mark < 0:
        return None
    body, end = scan_byte_array(text, mark + len(_BODY) - 1)
    if end < 0 or text[end:] != b"}":
        return None
    head = text[:mark] + b"}"
    try:
        value = decode_json(head)
    except JsonSerializationError:
        return None
    if not isinstance(value, dict) or "body" in value or value.get("op") != name:
        return None
    return _http_operation(name, value, head, body)


def _read_with_payload(text: bytes, name: str) -> Operation | None:
    mark = text.find(_PAYLOAD)
    if mark < 0:
        return None
    data, end = scan_byte_array(text, mark + len(_PAYLOAD) - 1)
    if end < 0:
        return None
    format = _FORMAT_TAILS.get(text[end:])
    if format is None:
        return None
    head = text[:mark] + b"}"
    try:
        value = decode_json(head)
    except JsonSerializationError:
        return None
    if not isinstance(value, dict) or "payload" in value or value.get("op") != name:
        return None
    _refuse_repeated(name, value, head)
    return _routed_operation(name, value, EncodedMessage(data, format))


def _read_any(payload: bytes) -> Operation:
    """Read any valid form, whatever its order and spacing."""
    value = decode_json(payload)
    if not isinstance(value, dict):
        raise OperationError("expected an operation object")
    if "op" in value:
        return _operation_of(value, payload, None)
    if "content" not in value:
        raise OperationError("missing field `op`")
    if "id" not in value:
        return _line_response(value, payload)
    try:
        envelope = read_envelope(payload)
    except JsonSerializationError as error:
        raise OperationError("envelope: " + str(error).removeprefix("JSON serialization error: ")) from None
    content = envelope.content
    if not isinstance(content, dict) or "op" not in content:
        raise OperationError("content: missing field `op`")
    return _operation_of(content, envelope.content_text, envelope.metadata_text or b"{}")


def _line_response(value: dict[str, object], text: bytes) -> HttpResponse:
    """An HTTP response as modules print it on standard output: no op, no id."""
    content = value["content"]
    if not isinstance(content, dict) or "status_code" not in content:
        raise OperationError("envelope: missing field `id`")
    members = read_members(text) or []
    repeated = repeated_field(members, ("content", "metadata"))
    if repeated is not None:
        raise OperationError(f"envelope: duplicate field `{repeated}`")
    for member in members:
        if member.key == "metadata":
            try:
                read_metadata(member.text)
            except JsonSerializationError as error:
                raise OperationError(
                    "envelope: " + str(error).removeprefix("JSON serialization error: ")
                ) from None
        elif member.key == "content":
            _refuse_repeated("http_response", content, member.text)
    return _http_response(content, _optional_body(content, "http_response"))


def _operation_of(value: dict[str, object], text: bytes, metadata: bytes | None) -> Operation:
    name = value["op"]
    if not isinstance(name, str):
        raise OperationError("field `op`: expected a string")
    if name not in _FIELDS:
        return ColdOperation(name, text, metadata)
    _refuse_repeated(name, value, text)
    if name == "heartbeat":
        return Heartbeat()
    if name == "heartbeat_ack":
        return HeartbeatAck()
    if name.startswith("http"):
        body = _optional_body(value, name)
        return _http_request(value, body) if name == "http_request" else _http_response(value, body)
    payload = _required(value, name, "payload")
    try:
        encoded = encoded_of_value(payload)
    except JsonSerializationError as error:
        detail = str(error).removeprefix("JSON serialization error: ")
        raise OperationError(f"{name}: field `payload`: {detail}") from None
    return _routed_operation(name, value, encoded)


def _http_operation(name: str, value: dict[str, object], head: bytes, body: bytes) -> HotOperation:
    _refuse_repeated(name, value, head)
    return _http_request(value, body) if name == "http_request" else _http_response(value, body)


def _http_request(value: dict[str, object], body: bytes | None) -> HttpRequest:
    name = "http_request"
    return HttpRequest(
        _text(value, name, "request_id"),
        _text(value, name, "method"),
        _text(value, name, "uri"),
        _headers(value, name),
        body,
    )


def _http_response(value: dict[str, object], body: bytes | None) -> HttpResponse:
    name = "http_response"
    status = _required(value, name, "status_code")
    if type(status) is not int or not 0 <= status <= 65535:
        raise OperationError(f"{name}: field `status_code`: expected an integer from 0 to 65535")
    return HttpResponse(_text(value, name, "request_id"), status, _headers(value, name), body)


def _routed_operation(name: str, value: dict[str, object], payload: EncodedMessage) -> HotOperation:
    if name == "route_to_module":
        return RouteToModule(
            _text(value, name, "target_module_id"),
            _text(value, name, "target_endpoint"),
            _identifier(value, name, "request_id"),
            payload,
        )
    if name == "routed_module_response":
        return RoutedModuleResponse(
            _text(value, name, "source_module_id"), _identifier(value, name, "request_id"), payload
        )
    endpoint = None
    if value.get("target_endpoint") is not None:
        endpoint = _text(value, name, "target_endpoint")
    return RoutedModuleMessage(
        _text(value, name, "source_module_id"),
        _identifier(value, name, "original_request_id"),
        payload,
        endpoint,
    )


def _required(value: dict[str, object], name: str, field: str) -> object:
    if field not in value:
        raise OperationError(f"{name}: missing field `{field}`")
    return value[field]


def _text(value: dict[str, object], name: str, field: str) -> str:
    found = _required(value, name, field)
    if not isinstance(found, str):
        raise OperationError(f"{name}: field `{field}`: expected a string")
    return found


def _identifier(value: dict[str, object], name: str, field: str) -> str:
    found = find_canonical(_text(value, name, field))
    if found is None:
        raise OperationError(f"{name}: field `{field}`: expected a UUID")
    return found


def _headers(value: dict[str, object], name: str) -> dict[str, str]:
    found = _required(value, name, "headers")
    if not isinstance(found, dict):
        raise OperationError(f"{name}: field `headers`: expected an object")
    for text in found.values():
        if not isinstance(text, str):
            raise OperationError(f"{name}: field `headers`: expected string values")
    return found


def _optional_body(value: dict[str, object], name: str) -> bytes | None:
    found = value.get("body")
    if found is None:
        return None
    try:
        return bytes_of_list(found, f"{name}: field `body`")
    except ByteArrayError as error:
        raise OperationError(str(error)) from None


def _refuse_repeated(name: str, value: dict[str, object], text: bytes) -> None:
    """Refuse a known field that occurs twice; the crate does too."""
    keys = len(value)
    for inner in (value.get("headers"), value.get("payload")):
        if isinstance(inner, dict):
            keys += len(inner)
    if shows_all_keys(text, keys):
        return
    members = read_members(text) or []
    repeated = repeated_field(members, _FIELDS[name])
    if repeated is None:
        for member in members:
            if member.key == "payload":
                repeated = repeated_field(read_members(member.text) or [], ("data", "format"))
    if repeated is not None:
        raise OperationError(f"{name}: duplicate field `{repeated}`")
