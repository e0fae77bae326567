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

from .compact.layout import CompactFrame  # noqa: E402
from .compact.reader import read_compact  # noqa: E402
from .compact.writer import write_compact_frame  # noqa: E402
from .errors import (  # noqa: E402
    Base64DecodingError,
    BinaryConversionError,
    BinaryDecodingError,
    ByteArrayError,
    CoreError,
    FrameTooLarge,
    InvalidFormat,
    InvalidFrameCode,
    JsonSerializationError,
    LineTooLong,
    MessageError,
    MessageIoError,
    MessagePackError,
    OperationError,
    RepeatedField,
    UnsupportedFormat,
)
from .framing.frames import (  # noqa: E402
    CODE_BASE64,
    CODE_BINARY,
    CODE_JSON,
    CODE_MESSAGE_PACK,
    HEADER_SIZE,
    FrameDecoder,
    encode_frame,
)
from .framing.lines import LineDecoder  # noqa: E402
from .json_text.byte_arrays import decode_byte_array, encode_byte_array  # noqa: E402
from .json_text.codec import decode_json, encode_json, encode_json_pretty, encode_json_sorted  # noqa: E402
from .message_pack.codec import (  # noqa: E402
    MESSAGE_PACK_AVAILABLE,
    decode_message_pack,
    encode_message_pack,
)
from .messages.formats import EncodingFormat  # noqa: E402
from .messages.identifiers import canonical_identifier, new_identifier  # noqa: E402
from .messages.message import EncodedMessage, Message  # noqa: E402
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
from .streams.frames import (  # noqa: E402
    StreamCredit,
    StreamData,
    StreamEnd,
    StreamFrame,
    StreamOpen,
    StreamReset,
)
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
    "LineDecoder",
    "encode_frame",
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
    "EncodingFormat",
    "Message",
    "MessageMetadata",
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
    # streams
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
