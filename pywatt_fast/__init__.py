"""The wire core: bytes in, events out. No sockets, no clock, no event loop.

The package is the same text in two variants: compiled by mypyc where it was built so, interpreted elsewhere.
`COMPILED` says which one runs. `PYWATT_PURE=1` in the environment loads the interpreted text even where a
compiled core is installed.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Final


class _TextFinder:
    """Finds this package's modules as text and never as extensions."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if path is None or not fullname.startswith(__name__ + "."):
            return None
        loader = (importlib.machinery.SourceFileLoader, importlib.machinery.SOURCE_SUFFIXES)
        for folder in path:
            spec = importlib.machinery.FileFinder(folder, loader).find_spec(fullname)
            if spec is not None:
                return spec
        return None


if os.environ.get("PYWATT_PURE", "") not in ("", "0"):
    sys.meta_path.insert(0, _TextFinder())

from .errors import (  # noqa: E402
    Base64DecodingError,
    BinaryConversionError,
    BinaryDecodingError,
    ByteArrayError,
    CoreError,
    CreditExceeded,
    FlowControlError,
    FrameTooLarge,
    InvalidFormat,
    InvalidFrameCode,
    InvalidSchema,
    InvalidStreamFrame,
    InvalidStreamState,
    JsonSerializationError,
    LineTooLong,
    MessageError,
    MessageIoError,
    MessagePackError,
    OperationError,
    RepeatedCredit,
    RepeatedField,
    RoutingError,
    StreamError,
    StreamFormatError,
    StreamLimitExceeded,
    TransferError,
    TransferFailed,
    UnsupportedFormat,
    WindowOverflow,
    WindowTooSmall,
)
from .framing.frames import FrameDecoder, encode_frame  # noqa: E402
from .framing.headers import (  # noqa: E402
    CODE_BASE64,
    CODE_BINARY,
    CODE_JSON,
    CODE_MESSAGE_PACK,
    HEADER_SIZE,
    FrameStatistics,
)
from .variant import COMPILED  # noqa: E402

if TYPE_CHECKING:
    from . import bincode as bincode
    from .compact.layout import CompactFrame as CompactFrame
    from .compact.reader import read_compact as read_compact
    from .compact.writer import write_compact_frame as write_compact_frame
    from .framing.lines import LineDecoder as LineDecoder
    from .framing.lines import LineStatistics as LineStatistics
    from .framing.lines import encode_line as encode_line
    from .framing.sinks import FrameSink as FrameSink
    from .framing.sinks import SpanList as SpanList
    from .framing.sinks import SpanSink as SpanSink
    from .framing.spans import SpanDecoder as SpanDecoder
    from .json_text.byte_arrays import decode_byte_array as decode_byte_array
    from .json_text.byte_arrays import encode_byte_array as encode_byte_array
    from .json_text.codec import decode_json as decode_json
    from .json_text.codec import encode_json as encode_json
    from .json_text.codec import encode_json_pretty as encode_json_pretty
    from .json_text.codec import encode_json_sorted as encode_json_sorted
    from .message_pack.codec import MESSAGE_PACK_AVAILABLE as MESSAGE_PACK_AVAILABLE
    from .message_pack.codec import decode_message_pack as decode_message_pack
    from .message_pack.codec import encode_message_pack as encode_message_pack
    from .messages.envelope import Envelope as Envelope
    from .messages.formats import EncodingFormat as EncodingFormat
    from .messages.identifiers import canonical_identifier as canonical_identifier
    from .messages.identifiers import new_identifier as new_identifier
    from .messages.message import EncodedMessage as EncodedMessage
    from .messages.message import Message as Message
    from .messages.message_writer import MessageWriter as MessageWriter
    from .messages.metadata import MessageMetadata as MessageMetadata
    from .operations.reader import read_operation as read_operation
    from .operations.types import ColdOperation as ColdOperation
    from .operations.types import Heartbeat as Heartbeat
    from .operations.types import HeartbeatAck as HeartbeatAck
    from .operations.types import HotOperation as HotOperation
    from .operations.types import HttpRequest as HttpRequest
    from .operations.types import HttpResponse as HttpResponse
    from .operations.types import Operation as Operation
    from .operations.types import RoutedModuleMessage as RoutedModuleMessage
    from .operations.types import RoutedModuleResponse as RoutedModuleResponse
    from .operations.types import RouteToModule as RouteToModule
    from .operations.writer import wrap_operation as wrap_operation
    from .operations.writer import write_operation as write_operation
    from .operations.writer import write_operation_frame as write_operation_frame
    from .operations.writer import write_operation_line as write_operation_line
    from .routing.channel_type import ChannelType as ChannelType
    from .routing.characteristics import MessageCharacteristics as MessageCharacteristics
    from .routing.characteristics import MessagePriority as MessagePriority
    from .routing.characteristics import MessageType as MessageType
    from .routing.characteristics import TargetLocation as TargetLocation
    from .routing.characteristics import extract_message_characteristics as extract_message_characteristics
    from .routing.characteristics import locate_target as locate_target
    from .routing.conditions import MaxLatency as MaxLatency
    from .routing.conditions import MaxSize as MaxSize
    from .routing.conditions import MinHealth as MinHealth
    from .routing.conditions import MinThroughput as MinThroughput
    from .routing.conditions import RoutingCondition as RoutingCondition
    from .routing.conditions import read_condition as read_condition
    from .routing.config import RoutingConfig as RoutingConfig
    from .routing.decision import RoutingDecision as RoutingDecision
    from .routing.health import ChannelHealth as ChannelHealth
    from .routing.matrix import ChannelPreference as ChannelPreference
    from .routing.matrix import RoutingMatrix as RoutingMatrix
    from .routing.router import ChannelRouter as ChannelRouter
    from .routing.service_level import SlaConfig as SlaConfig
    from .streams.checksums import additive_sum as additive_sum
    from .streams.checksums import crc32 as crc32
    from .streams.chunk_binary import decode_chunk as decode_chunk
    from .streams.chunk_binary import decode_chunk_binary as decode_chunk_binary
    from .streams.chunk_binary import encode_chunk_binary as encode_chunk_binary
    from .streams.chunk_json import decode_ack as decode_ack
    from .streams.chunk_json import decode_chunk_json as decode_chunk_json
    from .streams.chunk_json import encode_ack as encode_ack
    from .streams.chunk_json import encode_chunk_json as encode_chunk_json
    from .streams.chunks import StreamAck as StreamAck
    from .streams.chunks import StreamChunk as StreamChunk
    from .streams.chunks import StreamMetadata as StreamMetadata
    from .streams.compression import compress_chunk as compress_chunk
    from .streams.compression import decompress_chunk as decompress_chunk
    from .streams.configuration import StreamConfig as StreamConfig
    from .streams.credit import MAX_WINDOW as MAX_WINDOW
    from .streams.credit import ReceiveCredit as ReceiveCredit
    from .streams.credit import SendCredit as SendCredit
    from .streams.frames import StreamCredit as StreamCredit
    from .streams.frames import StreamData as StreamData
    from .streams.frames import StreamEnd as StreamEnd
    from .streams.frames import StreamFrame as StreamFrame
    from .streams.frames import StreamOpen as StreamOpen
    from .streams.frames import StreamReset as StreamReset
    from .streams.limits import StreamLimits as StreamLimits
    from .streams.multiplexer import RESET_CANCELLED as RESET_CANCELLED
    from .streams.multiplexer import RESET_FAILED as RESET_FAILED
    from .streams.multiplexer import RESET_REFUSED as RESET_REFUSED
    from .streams.multiplexer import StreamMultiplexer as StreamMultiplexer
    from .streams.priorities import PriorityMessageQueue as PriorityMessageQueue
    from .streams.priorities import PrioritySchedule as PrioritySchedule
    from .streams.priorities import StreamPriority as StreamPriority
    from .streams.publication import PubSubMessage as PubSubMessage
    from .streams.publication import decode_publication as decode_publication
    from .streams.transfer_receiver import TransferReceiver as TransferReceiver
    from .streams.transfer_sender import TransferSender as TransferSender

# What is loaded when it is first asked for, and where it is: a command line that sends a frame needs next to
# nothing of the core, and would pay for the rest each time it is called.
_LATER: Final = {
    "CompactFrame": "compact.layout",
    "read_compact": "compact.reader",
    "write_compact_frame": "compact.writer",
    "LineDecoder": "framing.lines",
    "LineStatistics": "framing.lines",
    "encode_line": "framing.lines",
    "FrameSink": "framing.sinks",
    "SpanList": "framing.sinks",
    "SpanSink": "framing.sinks",
    "SpanDecoder": "framing.spans",
    "decode_byte_array": "json_text.byte_arrays",
    "encode_byte_array": "json_text.byte_arrays",
    "decode_json": "json_text.codec",
    "encode_json": "json_text.codec",
    "encode_json_pretty": "json_text.codec",
    "encode_json_sorted": "json_text.codec",
    "MESSAGE_PACK_AVAILABLE": "message_pack.codec",
    "decode_message_pack": "message_pack.codec",
    "encode_message_pack": "message_pack.codec",
    "Envelope": "messages.envelope",
    "EncodingFormat": "messages.formats",
    "canonical_identifier": "messages.identifiers",
    "new_identifier": "messages.identifiers",
    "EncodedMessage": "messages.message",
    "Message": "messages.message",
    "MessageWriter": "messages.message_writer",
    "MessageMetadata": "messages.metadata",
    "read_operation": "operations.reader",
    "ColdOperation": "operations.types",
    "Heartbeat": "operations.types",
    "HeartbeatAck": "operations.types",
    "HotOperation": "operations.types",
    "HttpRequest": "operations.types",
    "HttpResponse": "operations.types",
    "Operation": "operations.types",
    "RouteToModule": "operations.types",
    "RoutedModuleMessage": "operations.types",
    "RoutedModuleResponse": "operations.types",
    "wrap_operation": "operations.writer",
    "write_operation": "operations.writer",
    "write_operation_frame": "operations.writer",
    "write_operation_line": "operations.writer",
    "ChannelType": "routing.channel_type",
    "MessageCharacteristics": "routing.characteristics",
    "MessagePriority": "routing.characteristics",
    "MessageType": "routing.characteristics",
    "TargetLocation": "routing.characteristics",
    "extract_message_characteristics": "routing.characteristics",
    "locate_target": "routing.characteristics",
    "MaxLatency": "routing.conditions",
    "MaxSize": "routing.conditions",
    "MinHealth": "routing.conditions",
    "MinThroughput": "routing.conditions",
    "RoutingCondition": "routing.conditions",
    "read_condition": "routing.conditions",
    "RoutingConfig": "routing.config",
    "RoutingDecision": "routing.decision",
    "ChannelHealth": "routing.health",
    "ChannelPreference": "routing.matrix",
    "RoutingMatrix": "routing.matrix",
    "ChannelRouter": "routing.router",
    "SlaConfig": "routing.service_level",
    "additive_sum": "streams.checksums",
    "crc32": "streams.checksums",
    "decode_chunk": "streams.chunk_binary",
    "decode_chunk_binary": "streams.chunk_binary",
    "encode_chunk_binary": "streams.chunk_binary",
    "decode_ack": "streams.chunk_json",
    "decode_chunk_json": "streams.chunk_json",
    "encode_ack": "streams.chunk_json",
    "encode_chunk_json": "streams.chunk_json",
    "StreamAck": "streams.chunks",
    "StreamChunk": "streams.chunks",
    "StreamMetadata": "streams.chunks",
    "compress_chunk": "streams.compression",
    "decompress_chunk": "streams.compression",
    "StreamConfig": "streams.configuration",
    "MAX_WINDOW": "streams.credit",
    "ReceiveCredit": "streams.credit",
    "SendCredit": "streams.credit",
    "StreamCredit": "streams.frames",
    "StreamData": "streams.frames",
    "StreamEnd": "streams.frames",
    "StreamFrame": "streams.frames",
    "StreamOpen": "streams.frames",
    "StreamReset": "streams.frames",
    "StreamLimits": "streams.limits",
    "RESET_CANCELLED": "streams.multiplexer",
    "RESET_FAILED": "streams.multiplexer",
    "RESET_REFUSED": "streams.multiplexer",
    "StreamMultiplexer": "streams.multiplexer",
    "PriorityMessageQueue": "streams.priorities",
    "PrioritySchedule": "streams.priorities",
    "StreamPriority": "streams.priorities",
    "PubSubMessage": "streams.publication",
    "decode_publication": "streams.publication",
    "TransferReceiver": "streams.transfer_receiver",
    "TransferSender": "streams.transfer_sender",
}


def __getattr__(name: str) -> object:
    if name == "bincode":
        return importlib.import_module(f"{__name__}.bincode")
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


__all__ = [  # noqa: PLE0604  the table of what is loaded later is a part of the list
    "COMPILED",
    # frames and lines
    "CODE_JSON",
    "CODE_BINARY",
    "CODE_BASE64",
    "CODE_MESSAGE_PACK",
    "HEADER_SIZE",
    "FrameDecoder",
    "FrameStatistics",
    "encode_frame",
    # bincode: encode, decode and Schema, in a namespace of their own
    "bincode",
    # refusals
    "CoreError",
    "FrameTooLarge",
    "InvalidFrameCode",
    "LineTooLong",
    "ByteArrayError",
    "OperationError",
    "RoutingError",
    "InvalidSchema",
    "StreamError",
    "StreamFormatError",
    "InvalidStreamState",
    "InvalidStreamFrame",
    "StreamLimitExceeded",
    "FlowControlError",
    "WindowTooSmall",
    "WindowOverflow",
    "CreditExceeded",
    "RepeatedCredit",
    "TransferError",
    "TransferFailed",
    "MessageError",
    "JsonSerializationError",
    "RepeatedField",
    "MessagePackError",
    "BinaryConversionError",
    "BinaryDecodingError",
    "Base64DecodingError",
    "UnsupportedFormat",
    "InvalidFormat",
    "MessageIoError",
    *_LATER,
]
