"""Operations and stream frames in the compact layout, as whole frames with format code 4.

The compiled variant writes the bytes itself, the interpreted one lets the package `msgpack` write a list.
What cannot be written makes either give up, and one text then says why.
"""

from __future__ import annotations

from typing import Any

from ..errors import FrameTooLarge, MessagePackError, OperationError
from ..framing.frames import frame_header
from ..framing.headers import CODE_MESSAGE_PACK
from ..message_pack.codec import encode_message_pack, require_message_pack
from ..operations.types import (
    HttpRequest,
    HttpResponse,
    RoutedModuleMessage,
    RoutedModuleResponse,
    RouteToModule,
)
from ..streams.frames import StreamCredit, StreamData, StreamEnd, StreamOpen, StreamReset
from ..variant import COMPILED
from .layout import LARGEST_FRAME, LARGEST_NUMBER, LARGEST_STATUS, NAMES, STREAM_OPEN, CompactFrame
from .ordered_writer import write_ordered
from .plain_writer import plain_payload
from .raw_identifiers import raw_identifier


def write_compact_frame(operation: CompactFrame, max_frame: int) -> bytes:
    """The frame of an operation or a stream, format code 4.

    Args:
        operation: what to write.
        max_frame: payload bytes allowed.

    Raises:
        OperationError: a field cannot be written.
        MessagePackError: the metadata of a stream cannot be written, or the package msgpack is not installed.
        FrameTooLarge: the frame is longer than allowed; a large body is refused before it is copied.
    """
    require_message_pack()
    if max_frame > LARGEST_FRAME:
        max_frame = LARGEST_FRAME
    if COMPILED:
        frame = write_ordered(operation, max_frame)
        if frame is not None:
            return frame
    else:
        plain = plain_payload(operation, max_frame)
        if plain is not None:
            if len(plain) > max_frame:
                raise FrameTooLarge(len(plain), max_frame)
            return frame_header(CODE_MESSAGE_PACK, len(plain)) + plain
    if not isinstance(operation, StreamOpen):
        last = _last_bytes(operation)
        raise FrameTooLarge(len(last), max_frame) if len(last) > max_frame else _refusal(operation)
    payload = _stream_open(operation)
    if len(payload) > max_frame:
        raise FrameTooLarge(len(payload), max_frame)
    return frame_header(CODE_MESSAGE_PACK, len(payload)) + payload


def _stream_open(frame: StreamOpen) -> bytes:
    """Openings are rare and their metadata is any value, so both variants write them in this one way."""
    for field, number in _numbers(frame):
        if not 0 <= number <= LARGEST_NUMBER:
            raise _not_a_number(NAMES[STREAM_OPEN], field)
    fields: list[object] = [STREAM_OPEN]
    fields.extend(number + 0 for _, number in _numbers(frame))
    fields.append(frame.metadata)
    try:
        return encode_message_pack(fields)
    except MessagePackError as error:
        detail = str(error).removeprefix("MessagePack error: ")
        raise MessagePackError(
            f"{NAMES[STREAM_OPEN]}: field `metadata`: {detail}", None, error.limit
        ) from None


def _refusal(operation: object) -> OperationError:
    """Why neither writer wrote this."""
    name = _name_of(operation)
    for field, number in _numbers(operation):
        if not 0 <= number <= LARGEST_NUMBER:
            return _not_a_number(name, field)
    for field, text in _texts(operation):
        if not _is_valid(text):
            return OperationError(f"{name}: field `{field}`: not valid text")
    if isinstance(operation, HttpResponse) and not 0 <= operation.status_code <= LARGEST_STATUS:
        return OperationError(f"{name}: field `status_code`: expected an integer from 0 to {LARGEST_STATUS}")
    if isinstance(operation, (HttpRequest, HttpResponse)):
        headers: dict[Any, Any] = operation.headers
        for key, value in headers.items():
            if not isinstance(key, str) or not isinstance(value, str):
                return OperationError(f"{name}: field `headers`: expected string keys and values")
        return OperationError(f"{name}: field `headers`: not valid text")
    if isinstance(operation, RoutedModuleMessage) and raw_identifier(operation.original_request_id) is None:
        return OperationError(f"{name}: field `original_request_id`: expected a UUID")
    if isinstance(operation, (RouteToModule, RoutedModuleResponse)):
        return OperationError(f"{name}: field `request_id`: expected a UUID")
    return OperationError("not an operation that the core writes")


def _last_bytes(operation: object) -> bytes:
    """The bytes that stand last, which are judged before anything else."""
    if isinstance(operation, (HttpRequest, HttpResponse)):
        return b"" if operation.body is None else operation.body
    if isinstance(operation, (RouteToModule, RoutedModuleMessage, RoutedModuleResponse)):
        return operation.payload.data
    return operation.payload if isinstance(operation, StreamData) else b""


def _name_of(operation: object) -> str:
    if isinstance(operation, (StreamData, StreamCredit, StreamEnd, StreamReset)):
        kind = type(operation).__name__
        return "stream_" + kind.removeprefix("Stream").lower()
    return getattr(operation, "op", "")


def _not_a_number(name: str, field: str) -> OperationError:
    return OperationError(f"{name}: field `{field}`: expected an integer from 0 to 2^53-1")


def _numbers(operation: object) -> list[tuple[str, int]]:
    if isinstance(operation, StreamOpen):
        return [
            ("stream_id", operation.stream_id),
            ("priority", operation.priority),
            ("window", operation.window),
            ("offset", operation.offset),
        ]
    if isinstance(operation, StreamData):
        return [("stream_id", operation.stream_id), ("sequence", operation.sequence)]
    if isinstance(operation, StreamCredit):
        return [("stream_id", operation.stream_id), ("credit", operation.credit)]
    if isinstance(operation, StreamEnd):
        return [("stream_id", operation.stream_id)]
    if isinstance(operation, StreamReset):
        return [("stream_id", operation.stream_id), ("code", operation.code)]
    return []


def _texts(operation: object) -> list[tuple[str, str]]:
    if isinstance(operation, HttpRequest):
        return [
            ("request_id", operation.request_id),
            ("method", operation.method),
            ("uri", operation.uri),
        ]
    if isinstance(operation, HttpResponse):
        return [("request_id", operation.request_id)]
    if isinstance(operation, RouteToModule):
        return [
            ("target_module_id", operation.target_module_id),
            ("target_endpoint", operation.target_endpoint),
        ]
    if isinstance(operation, RoutedModuleMessage):
        found = [("source_module_id", operation.source_module_id)]
        if operation.target_endpoint is not None:
            found.append(("target_endpoint", operation.target_endpoint))
        return found
    if isinstance(operation, RoutedModuleResponse):
        return [("source_module_id", operation.source_module_id)]
    if isinstance(operation, StreamReset):
        return [("reason", operation.reason)]
    return []


def _is_valid(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
