"""What a channel is expected to deliver."""

from __future__ import annotations

from typing import final

from ..json_text.codec import encode_json
from .quantities import (
    NANOSECONDS,
    checked_number,
    nanoseconds_of,
    read_duration,
    read_number,
    read_object,
    required,
    write_duration,
)
from .strict_json import decode_settings


@final
class SlaConfig:
    """A service level agreement, by default that of the reference crate.

    Args:
        target_availability: 0 to 1.
        max_latency: seconds that all but the slowest twentieth of the messages may take.
        target_throughput: messages per second.
        max_error_rate: 0 to 1.
        measurement_window: seconds; repeated in reports.

    Raises:
        RoutingError: a number is not finite, or a span is negative or too long for the wire.
    """

    def __init__(
        self,
        target_availability: float = 0.999,
        max_latency: float = 0.1,
        target_throughput: float = 1000.0,
        max_error_rate: float = 0.01,
        measurement_window: float = 3600.0,
    ) -> None:
        self.target_availability = checked_number(target_availability, "target_availability")
        self._max_latency = nanoseconds_of(max_latency, "max_latency")
        self.target_throughput = checked_number(target_throughput, "target_throughput")
        self.max_error_rate = checked_number(max_error_rate, "max_error_rate")
        self._measurement_window = nanoseconds_of(measurement_window, "measurement_window")

    @property
    def max_latency(self) -> float:
        """Seconds that all but the slowest twentieth of the messages may take."""
        return self._max_latency / NANOSECONDS

    @property
    def measurement_window(self) -> float:
        """Seconds; repeated in reports."""
        return self._measurement_window / NANOSECONDS

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SlaConfig):
            return NotImplemented
        return (
            self.target_availability == other.target_availability
            and self._max_latency == other._max_latency
            and self.target_throughput == other.target_throughput
            and self.max_error_rate == other.max_error_rate
            and self._measurement_window == other._measurement_window
        )

    def to_json(self) -> bytes:
        """The JSON text."""
        return (
            b'{"target_availability":%b,"max_latency":%b,"target_throughput":%b,"max_error_rate":%b,'
            b'"measurement_window":%b}'
            % (
                encode_json(self.target_availability),
                write_duration(self._max_latency),
                encode_json(self.target_throughput),
                encode_json(self.max_error_rate),
                write_duration(self._measurement_window),
            )
        )

    @staticmethod
    def from_json(text: bytes | str) -> SlaConfig:
        """Read a service level agreement.

        Raises:
            RoutingError: a field is missing or of the wrong type; the text names it.
            JsonSerializationError: it is not JSON, or has a field twice.
        """
        fields = read_object(decode_settings(text), "service level")
        found = SlaConfig(
            read_number(required(fields, "target_availability", ""), "target_availability"),
            0.0,
            read_number(required(fields, "target_throughput", ""), "target_throughput"),
            read_number(required(fields, "max_error_rate", ""), "max_error_rate"),
        )
        found._max_latency = read_duration(required(fields, "max_latency", ""), "max_latency")
        found._measurement_window = read_duration(
            required(fields, "measurement_window", ""), "measurement_window"
        )
        return found
