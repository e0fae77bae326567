"""Conditions under which the channels that a preference names come first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias, final

from ..errors import RoutingError
from ..json_text.codec import encode_json
from ..variant import expect
from .quantities import (
    NANOSECONDS,
    checked_count,
    checked_number,
    nanoseconds_of,
    read_closed_object,
    read_count,
    read_duration,
    read_number,
    write_duration,
)
from .strict_json import decode_settings

_NAMES: Final = ("MaxSize", "MinHealth", "MaxLatency", "MinThroughput")


@final
class MaxSize:
    """The message is not longer.

    Args:
        size: bytes.

    Raises:
        RoutingError: the size is negative or exceeds 64 bits.
    """

    def __init__(self, size: int) -> None:
        self.size = checked_count(size, "MaxSize")

    def __eq__(self, other: object) -> bool:
        return self.size == other.size if isinstance(other, MaxSize) else NotImplemented

    def to_json(self) -> bytes:
        """The JSON text."""
        return b'{"MaxSize":%d}' % self.size


@final
class MinHealth:
    """The channel is not less available.

    Args:
        availability: 0 to 1.

    Raises:
        RoutingError: not a finite number.
    """

    def __init__(self, availability: float) -> None:
        self.availability = checked_number(availability, "MinHealth")

    def __eq__(self, other: object) -> bool:
        return self.availability == other.availability if isinstance(other, MinHealth) else NotImplemented

    def to_json(self) -> bytes:
        """The JSON text."""
        return b'{"MinHealth":%b}' % encode_json(self.availability)


@final
class MaxLatency:
    """All but the slowest twentieth of the channel's messages take no longer.

    Args:
        seconds: a span, kept in whole nanoseconds.

    Raises:
        RoutingError: the span is negative, not finite, or too long for the wire.
    """

    def __init__(self, seconds: float) -> None:
        self.nanoseconds = nanoseconds_of(seconds, "MaxLatency")

    @staticmethod
    def of_nanoseconds(nanoseconds: int) -> MaxLatency:
        """The condition for a span of whole nanoseconds."""
        found = MaxLatency(0.0)
        found.nanoseconds = nanoseconds
        return found

    @property
    def seconds(self) -> float:
        """The span in seconds."""
        return self.nanoseconds / NANOSECONDS

    def __eq__(self, other: object) -> bool:
        return self.nanoseconds == other.nanoseconds if isinstance(other, MaxLatency) else NotImplemented

    def to_json(self) -> bytes:
        """The JSON text."""
        return b'{"MaxLatency":%b}' % write_duration(self.nanoseconds)


@final
class MinThroughput:
    """The channel carries not fewer messages.

    Args:
        rate: messages per second.

    Raises:
        RoutingError: the rate is negative or exceeds 64 bits.
    """

    def __init__(self, rate: int) -> None:
        self.rate = checked_count(rate, "MinThroughput")

    def __eq__(self, other: object) -> bool:
        return self.rate == other.rate if isinstance(other, MinThroughput) else NotImplemented

    def to_json(self) -> bytes:
        """The JSON text."""
        return b'{"MinThroughput":%d}' % self.rate


RoutingCondition: TypeAlias = MaxSize | MinHealth | MaxLatency | MinThroughput


def expect_conditions(conditions: Sequence[object]) -> None:
    """Refuse a list that holds anything else."""
    for condition in conditions:
        if not isinstance(condition, (MaxSize, MinHealth, MaxLatency, MinThroughput)):
            expect(condition, MaxSize, "RoutingCondition")


def condition_text(condition: RoutingCondition) -> bytes:
    """The JSON text of a condition."""
    if isinstance(condition, MaxSize):
        return condition.to_json()
    if isinstance(condition, MinHealth):
        return condition.to_json()
    if isinstance(condition, MaxLatency):
        return condition.to_json()
    return condition.to_json()


def read_condition(text: bytes | str) -> RoutingCondition:
    """A condition from its JSON text.

    Raises:
        RoutingError: it is none of the four, or its value has the wrong type.
        JsonSerializationError: it is not JSON, or has a field twice.
    """
    return condition_of_value(decode_settings(text), "condition")


def condition_of_value(value: object, field: str) -> RoutingCondition:
    """A condition from the value of its JSON text.

    Raises:
        RoutingError: it is none of the four, or its value has the wrong type.
    """
    fields = read_closed_object(value, field, _NAMES)
    if len(fields) != 1:
        raise RoutingError(field, "expected exactly one of " + ", ".join(_NAMES))
    for name, limit in fields.items():
        place = field + "." + name
        if name == "MaxSize":
            return MaxSize(read_count(limit, place))
        if name == "MinHealth":
            return MinHealth(read_number(limit, place))
        if name == "MaxLatency":
            return MaxLatency.of_nanoseconds(read_duration(limit, place))
        return MinThroughput(read_count(limit, place))
    raise AssertionError("unreachable")
