"""The compact layout: which number names a frame, and which fields follow it in which order.

Every frame is one MessagePack array: the number of its kind, then its fields. Bytes that may be many stand
last.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from ..messages.formats import AUTO, BASE64, BINARY, JSON, EncodingFormat
from ..operations.types import Operation
from ..streams.frames import StreamFrame

CompactFrame: TypeAlias = Operation | StreamFrame

COLD: Final = 0
HTTP_REQUEST: Final = 1
HTTP_RESPONSE: Final = 2
ROUTE_TO_MODULE: Final = 3
ROUTED_MODULE_MESSAGE: Final = 4
ROUTED_MODULE_RESPONSE: Final = 5
HEARTBEAT: Final = 6
HEARTBEAT_ACK: Final = 7
STREAM_OPEN: Final = 16
STREAM_DATA: Final = 17
STREAM_CREDIT: Final = 18
STREAM_END: Final = 19
STREAM_RESET: Final = 20

NAMES: Final = {
    COLD: "cold operation",
    HTTP_REQUEST: "http_request",
    HTTP_RESPONSE: "http_response",
    ROUTE_TO_MODULE: "route_to_module",
    ROUTED_MODULE_MESSAGE: "routed_module_message",
    ROUTED_MODULE_RESPONSE: "routed_module_response",
    HEARTBEAT: "heartbeat",
    HEARTBEAT_ACK: "heartbeat_ack",
    STREAM_OPEN: "stream_open",
    STREAM_DATA: "stream_data",
    STREAM_CREDIT: "stream_credit",
    STREAM_END: "stream_end",
    STREAM_RESET: "stream_reset",
}
FIELDS: Final[dict[int, tuple[str, ...]]] = {
    COLD: ("metadata", "text"),
    HTTP_REQUEST: ("request_id", "method", "uri", "headers", "body"),
    HTTP_RESPONSE: ("request_id", "status_code", "headers", "body"),
    ROUTE_TO_MODULE: ("target_module_id", "target_endpoint", "request_id", "format", "payload"),
    ROUTED_MODULE_MESSAGE: (
        "source_module_id",
        "original_request_id",
        "target_endpoint",
        "format",
        "payload",
    ),
    ROUTED_MODULE_RESPONSE: ("source_module_id", "request_id", "format", "payload"),
    HEARTBEAT: (),
    HEARTBEAT_ACK: (),
    STREAM_OPEN: ("stream_id", "priority", "window", "offset", "metadata"),
    STREAM_DATA: ("stream_id", "sequence", "payload"),
    STREAM_CREDIT: ("stream_id", "credit"),
    STREAM_END: ("stream_id",),
    STREAM_RESET: ("stream_id", "code", "reason"),
}

# The format of a routed payload by its number: that of its frames, and 0 for Auto, which has none.
FORMATS: Final[list[EncodingFormat]] = [AUTO, JSON, BINARY, BASE64]
FORMAT_NUMBERS: Final = {AUTO: 0, JSON: 1, BINARY: 2, BASE64: 3}

LARGEST_STATUS: Final = 65535
# What every JSON and MessagePack library reads without loss.
LARGEST_NUMBER: Final = 2**53 - 1
# What the length of a frame, and of bytes in MessagePack, can say.
LARGEST_FRAME: Final = 2**32 - 1
