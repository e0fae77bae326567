"""The wire core: bytes in, events out. No sockets, no clock, no event loop.

The package is the same text in two variants: compiled by mypyc where it was built so, interpreted elsewhere.
`COMPILED` says which one runs. `PYWATT_PURE=1` in the environment loads the interpreted text even where a
compiled core is installed.
"""

from __future__ import annotations

import importlib.machinery
import os
import sys
from collections.abc import Sequence
from types import ModuleType


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

from . import bincode  # noqa: E402
from .compact.layout import CompactFrame  # noqa: E402
from .compact.reader import read_compact  # noqa: E402
from .compact.writer import write_compact_frame  # noqa: E402
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
from .framing.lines import LineDecoder, LineStatistics, encode_line  # noqa: E402
from .framing.sinks import FrameSink, SpanList, SpanSink  # noqa: E402
from .framing.spans import SpanDecoder  # noqa: E402
from .json_text.byte_arrays import decode_byte_array, encode_byte_array  # noqa: E402
from .json_text.codec import decode_json, encode_json, encode_json_pretty, encode_json_sorted  # noqa: E402
from .message_pack.codec import (  # noqa: E402
    MESSAGE_PACK_AVAILABLE,
    decode_message_pack,
    encode_message_pack,
)
from .messages.envelope import Envelope  # noqa: E402
from .messages.formats import EncodingFormat  # noqa: E402
from .messages.identifiers import canonical_identifier, new_identifier  # noqa: E402
from .messages.message import EncodedMessage, Message  # noqa: E402
from .messages.message_writer import MessageWriter  # noqa: E402
from .messages.metadata import MessageMetadata  # noqa: E402
from .operations.reader import read_operation  # noqa: E402
from .operations.types import (  # noqa: E402
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
from .operations.writer import (  # noqa: E402
    wrap_operation,
    write_operation,
    write_operation_frame,
    write_operation_line,
)
from .routing.channel_type import ChannelType  # noqa: E402
from .routing.characteristics import (  # noqa: E402
    MessageCharacteristics,
    MessagePriority,
    MessageType,
    TargetLocation,
    extract_message_characteristics,
    locate_target,
)
from .routing.conditions import (  # noqa: E402
    MaxLatency,
    MaxSize,
    MinHealth,
    MinThroughput,
    RoutingCondition,
    read_condition,
)
from .routing.config import RoutingConfig  # noqa: E402
from .routing.decision import RoutingDecision  # noqa: E402
from .routing.health import ChannelHealth  # noqa: E402
from .routing.matrix import ChannelPreference, RoutingMatrix  # noqa: E402
from .routing.router import ChannelRouter  # noqa: E402
from .routing.service_level import SlaConfig  # noqa: E402
from .streams.checksums import additive_sum, crc32  # noqa: E402
from .streams.chunk_binary import decode_chunk, decode_chunk_binary, encode_chunk_binary  # noqa: E402
from .streams.chunk_json import decode_ack, decode_chunk_json, encode_ack, encode_chunk_json  # noqa: E402
from .streams.chunks import StreamAck, StreamChunk, StreamMetadata  # noqa: E402
from .streams.compression import compress_chunk, decompress_chunk  # noqa: E402
from .streams.configuration import StreamConfig  # noqa: E402
from .streams.credit import MAX_WINDOW, ReceiveCredit, SendCredit  # noqa: E402
from .streams.frames import (  # noqa: E402
    StreamCredit,
    StreamData,
    StreamEnd,
    StreamFrame,
    StreamOpen,
    StreamReset,
)
from .streams.limits import StreamLimits  # noqa: E402
from .streams.multiplexer import (  # noqa: E402
    RESET_CANCELLED,
    RESET_FAILED,
    RESET_REFUSED,
    StreamMultiplexer,
)
from .streams.priorities import PriorityMessageQueue, PrioritySchedule, StreamPriority  # noqa: E402
from .streams.publication import PubSubMessage, decode_publication  # noqa: E402
from .streams.transfer_receiver import TransferReceiver  # noqa: E402
from .streams.transfer_sender import TransferSender  # noqa: E402
from .variant import COMPILED  # noqa: E402

__all__ = [
    "COMPILED",
    # frames and lines
    "CODE_JSON",
    "CODE_BINARY",
    "CODE_BASE64",
    "CODE_MESSAGE_PACK",
    "HEADER_SIZE",
    "FrameDecoder",
    "FrameSink",
    "FrameStatistics",
    "SpanDecoder",
    "SpanList",
    "SpanSink",
    "LineDecoder",
    "LineStatistics",
    "encode_frame",
    "encode_line",
    # bincode: encode, decode and Schema, in a namespace of their own
    "bincode",
    # identifiers, JSON, byte arrays
    "canonical_identifier",
    "new_identifier",
    "decode_json",
    "encode_json",
    "encode_json_pretty",
    "encode_json_sorted",
    "decode_byte_array",
    "encode_byte_array",
    # MessagePack
    "MESSAGE_PACK_AVAILABLE",
    "decode_message_pack",
    "encode_message_pack",
    # messages
    "EncodedMessage",
    "Envelope",
    "EncodingFormat",
    "Message",
    "MessageMetadata",
    "MessageWriter",
    # operations
    "ColdOperation",
    "Heartbeat",
    "HeartbeatAck",
    "HotOperation",
    "HttpRequest",
    "HttpResponse",
    "Operation",
    "RouteToModule",
    "RoutedModuleMessage",
    "RoutedModuleResponse",
    "read_operation",
    "wrap_operation",
    "write_operation",
    "write_operation_frame",
    "write_operation_line",
    # routing
    "ChannelHealth",
    "ChannelPreference",
    "ChannelRouter",
    "ChannelType",
    "MaxLatency",
    "MaxSize",
    "MessageCharacteristics",
    "MessagePriority",
    "MessageType",
    "MinHealth",
    "MinThroughput",
    "RoutingCondition",
    "RoutingConfig",
    "RoutingDecision",
    "RoutingMatrix",
    "SlaConfig",
    "TargetLocation",
    "extract_message_characteristics",
    "locate_target",
    "read_condition",
    # chunks, transfers, multiplexed streams
    "crc32",
    "additive_sum",
    "StreamPriority",
    "PrioritySchedule",
    "PriorityMessageQueue",
    "PubSubMessage",
    "decode_publication",
    "StreamConfig",
    "StreamMetadata",
    "StreamChunk",
    "StreamAck",
    "encode_chunk_json",
    "decode_chunk_json",
    "encode_chunk_binary",
    "decode_chunk_binary",
    "decode_chunk",
    "encode_ack",
    "decode_ack",
    "compress_chunk",
    "decompress_chunk",
    "TransferSender",
    "TransferReceiver",
    "MAX_WINDOW",
    "SendCredit",
    "ReceiveCredit",
    "StreamLimits",
    "StreamMultiplexer",
    "RESET_CANCELLED",
    "RESET_REFUSED",
    "RESET_FAILED",
    "StreamCredit",
    "StreamData",
    "StreamEnd",
    "StreamFrame",
    "StreamOpen",
    "StreamReset",
    # the compact layout of operations and stream frames
    "CompactFrame",
    "read_compact",
    "write_compact_frame",
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
]
