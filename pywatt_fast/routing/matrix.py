"""The routing matrix: which channel each kind of message prefers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from ..errors import RoutingError
from ..json_text.codec import encode_json
from ..variant import COMPILED, expect_optional
from .channel_type import IPC, TCP, ChannelType, expect_channel, read_channel, write_channel
from .characteristics import BULK, CRITICAL, FILE_TRANSFER, HIGH, REAL_TIME, MessageCharacteristics
from .conditions import (
    MaxLatency,
    MaxSize,
    RoutingCondition,
    condition_of_value,
    condition_text,
    expect_conditions,
)
from .quantities import checked_number, read_number, read_object, required
from .strict_json import decode_settings

if TYPE_CHECKING:
    from mypy_extensions import i64

SMALL_SIZE: Final = 1024
"""Bytes from which a local message is large."""

# The scenarios, as places in lists that hold something for each.
LOCAL_SMALL_MESSAGES: Final = 0
LOCAL_LARGE_MESSAGES: Final = 1
REMOTE_MESSAGES: Final = 2
URGENT_MESSAGES: Final = 3
BULK_TRANSFER: Final = 4
REAL_TIME_MESSAGES: Final = 5
FILES: Final = 6
SCENARIO_COUNT: Final = 7
SCENARIOS: Final = (
    "local_small_messages",
    "local_large_messages",
    "remote_messages",
    "urgent_messages",
    "bulk_transfer",
    "real_time",
    "file_transfer",
)


def scenario_of(local: bool, message: MessageCharacteristics) -> i64:
    """The first scenario that a message falls under."""
    priority = message.priority
    if priority is CRITICAL:
        return URGENT_MESSAGES
    if priority is HIGH and message.message_type is REAL_TIME:
        return REAL_TIME_MESSAGES
    if priority is BULK:
        return BULK_TRANSFER
    if message.message_type is FILE_TRANSFER:
        return FILES
    if not local:
        return REMOTE_MESSAGES
    return LOCAL_SMALL_MESSAGES if message.size < SMALL_SIZE else LOCAL_LARGE_MESSAGES


@final
class ChannelPreference:
    """The channels that one kind of message prefers.

    Args:
        primary: the first choice.
        fallback: the second, if there is one.
        conditions: what must hold for these two to come before any other channel.
        weight: repeated in decisions.

    Raises:
        RoutingError: the weight is not a finite number.
    """

    def __init__(
        self,
        primary: ChannelType,
        fallback: ChannelType | None = None,
        conditions: list[RoutingCondition] | None = None,
        weight: float = 1.0,
    ) -> None:
        if not COMPILED:
            expect_channel(primary)
            expect_optional(fallback, ChannelType, "pywatt_fast.routing.channel_type.ChannelType")
            expect_optional(conditions, list, "list")
        if conditions is not None:
            expect_conditions(conditions)
        self.primary = primary
        self.fallback = fallback
        self.conditions: list[RoutingCondition] = [] if conditions is None else conditions
        self.weight = checked_number(weight, "weight")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ChannelPreference):
            return NotImplemented
        return (
            self.primary is other.primary
            and self.fallback is other.fallback
            and self.conditions == other.conditions
            and self.weight == other.weight
        )

    def copy(self) -> ChannelPreference:
        """The same preference, to be changed on its own."""
        return ChannelPreference(self.primary, self.fallback, list(self.conditions), self.weight)

    def to_json(self) -> bytes:
        """The JSON text."""
        return b'{"primary":%b,"fallback":%b,"conditions":[%b],"weight":%b}' % (
            write_channel(self.primary),
            write_channel(self.fallback),
            b",".join([condition_text(condition) for condition in self.conditions]),
            encode_json(self.weight),
        )

    @staticmethod
    def from_json(text: bytes | str) -> ChannelPreference:
        """Read a preference; an absent fallback is none.

        Raises:
            RoutingError: a field is missing or of the wrong type; the text names it.
            JsonSerializationError: it is not JSON, or has a field twice.
        """
        return _preference_of_value(decode_settings(text), "")


def _preference_of_value(value: object, name: str) -> ChannelPreference:
    fields = read_object(value, name or "preference")
    place = name + "." if name else ""
    fallback = fields.get("fallback")
    conditions = required(fields, "conditions", place)
    if not isinstance(conditions, list):
        raise RoutingError(place + "conditions", "expected an array")
    found: list[RoutingCondition] = []
    for condition in conditions:
        found.append(condition_of_value(condition, f"{place}conditions[{len(found)}]"))
    return ChannelPreference(
        read_channel(required(fields, "primary", place), place + "primary"),
        None if fallback is None else read_channel(fallback, place + "fallback"),
        found,
        read_number(required(fields, "weight", place), place + "weight"),
    )


@final
class RoutingMatrix:
    """A preference for each of the seven scenarios, by default those of the reference crate."""

    def __init__(
        self,
        local_small_messages: ChannelPreference | None = None,
        local_large_messages: ChannelPreference | None = None,
        remote_messages: ChannelPreference | None = None,
        urgent_messages: ChannelPreference | None = None,
        bulk_transfer: ChannelPreference | None = None,
        real_time: ChannelPreference | None = None,
        file_transfer: ChannelPreference | None = None,
    ) -> None:
        self.local_small_messages = _chosen(
            local_small_messages, ChannelPreference(IPC, TCP, [MaxSize(SMALL_SIZE)])
        )
        self.local_large_messages = _chosen(local_large_messages, ChannelPreference(TCP, IPC))
        self.remote_messages = _chosen(remote_messages, ChannelPreference(TCP))
        self.urgent_messages = _chosen(urgent_messages, ChannelPreference(IPC, TCP, [MaxLatency(0.010)]))
        self.bulk_transfer = _chosen(bulk_transfer, ChannelPreference(TCP))
        self.real_time = _chosen(real_time, ChannelPreference(IPC, TCP, [MaxLatency(0.005)]))
        self.file_transfer = _chosen(file_transfer, ChannelPreference(TCP))

    def preferences(self) -> list[ChannelPreference]:
        """The seven preferences, in the order of the wire."""
        return [
            self.local_small_messages,
            self.local_large_messages,
            self.remote_messages,
            self.urgent_messages,
            self.bulk_transfer,
            self.real_time,
            self.file_transfer,
        ]

    def __eq__(self, other: object) -> bool:
        return (
            self.preferences() == other.preferences() if isinstance(other, RoutingMatrix) else NotImplemented
        )

    def copy(self) -> RoutingMatrix:
        """The same matrix, to be changed on its own."""
        return _matrix_of([preference.copy() for preference in self.preferences()])

    def to_json(self) -> bytes:
        """The JSON text."""
        parts: list[bytes] = []
        for preference in self.preferences():
            parts.append(b'"%b":%b' % (SCENARIOS[len(parts)].encode("ascii"), preference.to_json()))
        return b"{" + b",".join(parts) + b"}"

    @staticmethod
    def from_json(text: bytes | str) -> RoutingMatrix:
        """Read a matrix.

        Raises:
            RoutingError: a field is missing or of the wrong type; the text names it.
            JsonSerializationError: it is not JSON, or has a field twice.
        """
        fields = read_object(decode_settings(text), "matrix")
        return _matrix_of([_preference_of_value(required(fields, name, ""), name) for name in SCENARIOS])


def _chosen(given: ChannelPreference | None, default: ChannelPreference) -> ChannelPreference:
    if not COMPILED:
        expect_optional(given, ChannelPreference, "pywatt_fast.routing.matrix.ChannelPreference")
    return default if given is None else given


def _matrix_of(preferences: list[ChannelPreference]) -> RoutingMatrix:
    small, large, remote, urgent, bulk, real_time, files = preferences
    return RoutingMatrix(small, large, remote, urgent, bulk, real_time, files)
