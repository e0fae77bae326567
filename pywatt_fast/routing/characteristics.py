"""What routing knows of a message: its size and what its metadata says of it."""

from __future__ import annotations

from enum import Enum
from typing import Final, final

from ..json_text.codec import encode_json
from ..messages.message import EncodedMessage
from ..messages.metadata import MessageMetadata
from ..variant import COMPILED, expect, expect_optional
from .quantities import LARGEST_COUNT, checked_count


class MessagePriority(Enum):
    """How pressing a message is; the value is the name on the wire."""

    CRITICAL = "Critical"
    HIGH = "High"
    NORMAL = "Normal"
    LOW = "Low"
    BULK = "Bulk"


class MessageType(Enum):
    """What a message is for; the value is the name on the wire."""

    CONTROL = "Control"
    DATA = "Data"
    FILE_TRANSFER = "FileTransfer"
    STREAM = "Stream"
    REAL_TIME = "RealTime"
    BATCH = "Batch"


class TargetLocation(Enum):
    """Where a target is; the value is the name on the wire."""

    LOCAL = "Local"
    REMOTE = "Remote"
    UNKNOWN = "Unknown"


CRITICAL: Final = MessagePriority.CRITICAL
HIGH: Final = MessagePriority.HIGH
NORMAL: Final = MessagePriority.NORMAL
LOW: Final = MessagePriority.LOW
BULK: Final = MessagePriority.BULK
CONTROL: Final = MessageType.CONTROL
DATA: Final = MessageType.DATA
FILE_TRANSFER: Final = MessageType.FILE_TRANSFER
REAL_TIME: Final = MessageType.REAL_TIME

LARGEST_DATA: Final = 1024 * 1024
"""Bytes above which a message without metadata counts as a file."""
SMALLEST_DATA: Final = 100
"""Bytes below which a message without metadata counts as control."""

_PRIORITIES: Final = {"critical": CRITICAL, "high": HIGH, "normal": NORMAL, "low": LOW, "bulk": BULK}
_TYPES: Final = {
    "control": CONTROL,
    "data": DATA,
    "file_transfer": FILE_TRANSFER,
    "stream": MessageType.STREAM,
    "real_time": REAL_TIME,
    "batch": MessageType.BATCH,
}


@final
class MessageCharacteristics:
    """What decides on the channel of a message.

    Args:
        size: bytes of its payload.
        priority: how pressing it is.
        message_type: what it is for.
        target_location: where it goes; a router finds that out by itself.
        requires_ack: whether an answer is awaited.
        timeout_ms: milliseconds after which it is of no use any more.
        retryable: whether it may be sent twice.

    Raises:
        RoutingError: the size or the timeout is negative or exceeds 64 bits.
    """

    def __init__(
        self,
        size: int = 0,
        priority: MessagePriority = MessagePriority.NORMAL,
        message_type: MessageType = MessageType.DATA,
        target_location: TargetLocation = TargetLocation.UNKNOWN,
        requires_ack: bool = False,
        timeout_ms: int | None = None,
        retryable: bool = True,
    ) -> None:
        if not COMPILED:
            _expect_types(size, priority, message_type, target_location, requires_ack, timeout_ms, retryable)
        self.size = checked_count(size, "size")
        self.priority = priority
        self.message_type = message_type
        self.target_location = target_location
        self.requires_ack = requires_ack
        self.timeout_ms = None if timeout_ms is None else checked_count(timeout_ms, "timeout_ms")
        self.retryable = retryable

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MessageCharacteristics):
            return NotImplemented
        return (
            self.size == other.size
            and self.priority is other.priority
            and self.message_type is other.message_type
            and self.target_location is other.target_location
            and self.requires_ack is other.requires_ack
            and self.timeout_ms == other.timeout_ms
            and self.retryable is other.retryable
        )

    def to_json(self) -> bytes:
        """The JSON text, with the names of the wire."""
        return encode_json(
            {
                "size": self.size,
                "priority": self.priority.value,
                "message_type": self.message_type.value,
                "target_location": self.target_location.value,
                "requires_ack": self.requires_ack,
                "timeout_ms": self.timeout_ms,
                "retryable": self.retryable,
            }
        )


def _expect_types(
    size: object,
    priority: object,
    message_type: object,
    target_location: object,
    requires_ack: object,
    timeout_ms: object,
    retryable: object,
) -> None:
    place = "pywatt_fast.routing.characteristics."
    expect(size, int, "int")
    expect(priority, MessagePriority, place + "MessagePriority")
    expect(message_type, MessageType, place + "MessageType")
    expect(target_location, TargetLocation, place + "TargetLocation")
    expect(requires_ack, bool, "bool")
    expect_optional(timeout_ms, int, "int")
    expect(retryable, bool, "bool")


def is_local(target: str) -> bool:
    """Whether a target is on this machine: a loopback address, a Unix socket, or a name without a port."""
    if ":" not in target:
        return True
    # The first letter spares all comparisons but one.
    initial = target[0]
    if initial == "1":
        return target.startswith("127.0.0.1")
    if initial == "l":
        return target.startswith("localhost")
    return initial == "u" and target.startswith("unix://")


def locate_target(target: str) -> TargetLocation:
    """Where a target is, judged by its text alone."""
    if not COMPILED:
        expect(target, str, "str")
    return TargetLocation.LOCAL if is_local(target) else TargetLocation.REMOTE


def extract_message_characteristics(
    encoded: EncodedMessage, metadata: MessageMetadata | None, target: str
) -> MessageCharacteristics:
    """What is known of a message before it is sent.

    Args:
        encoded: the message; only its size counts.
        metadata: its metadata; without any, the size says what the message is for.
        target: where it goes.

    Returns:
        The characteristics; a property that is absent or of the wrong type has its default.
    """
    if not COMPILED:
        expect(encoded, EncodedMessage, "pywatt_fast.messages.message.EncodedMessage")
        expect_optional(metadata, MessageMetadata, "pywatt_fast.messages.metadata.MessageMetadata")
    size = len(encoded.data)
    location = locate_target(target)
    if metadata is None:
        kind = FILE_TRANSFER if size > LARGEST_DATA else CONTROL if size < SMALLEST_DATA else DATA
        return MessageCharacteristics(size, NORMAL, kind, location)
    properties = metadata.properties
    if properties is None:
        return MessageCharacteristics(size, NORMAL, DATA, location)
    priority = properties.get("priority")
    named_type = properties.get("type")
    return MessageCharacteristics(
        size,
        _PRIORITIES.get(priority, NORMAL) if isinstance(priority, str) else NORMAL,
        _TYPES.get(named_type, DATA) if isinstance(named_type, str) else DATA,
        location,
        properties.get("requires_ack") is True,
        _timeout_of(properties),
        properties.get("retryable") is not False,
    )


def _timeout_of(properties: dict[str, object]) -> int | None:
    value = properties.get("timeout")
    if not isinstance(value, int) or isinstance(value, bool) or value < 0 or value > LARGEST_COUNT:
        return None
    return value
