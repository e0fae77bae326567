"""Decisions of a router, and how sure it is of them."""

from __future__ import annotations

from typing import Final, final

from ..json_text.codec import encode_json
from .channel_type import ChannelType, write_channel

_HEALTHY_SHARE: Final = 0.8
_AMPLE_TIME: Final = 0.1
_TOO_LATE: Final = -0.3


@final
class RoutingDecision:
    """The channel that a message shall travel on. It may be handed out again, so it cannot be changed.

    Args:
        primary_channel: the one to send on.
        fallback_channel: the one to try if that fails; never the same.
        confidence: 0 to 1.
        reason: for people and logs.
        expected_latency: seconds.
        weight: that of the preference that decided.
    """

    def __init__(
        self,
        primary_channel: ChannelType,
        fallback_channel: ChannelType | None,
        confidence: float,
        reason: str,
        expected_latency: float,
        weight: float,
    ) -> None:
        self._primary_channel = primary_channel
        self._fallback_channel = fallback_channel
        self._confidence = confidence
        self._reason = reason
        self._expected_latency = expected_latency
        self._weight = weight

    @property
    def primary_channel(self) -> ChannelType:
        """The channel to send on."""
        return self._primary_channel

    @property
    def fallback_channel(self) -> ChannelType | None:
        """The channel to try if that fails; never the same."""
        return self._fallback_channel

    @property
    def confidence(self) -> float:
        """How likely the message arrives in time, 0 to 1."""
        return self._confidence

    @property
    def reason(self) -> str:
        """Why, for people and logs."""
        return self._reason

    @property
    def expected_latency(self) -> float:
        """Seconds that all but the slowest twentieth of the last messages did not exceed."""
        return self._expected_latency

    @property
    def weight(self) -> float:
        """That of the preference that decided."""
        return self._weight

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RoutingDecision):
            return NotImplemented
        return (
            self._primary_channel is other._primary_channel
            and self._fallback_channel is other._fallback_channel
            and self._confidence == other._confidence
            and self._reason == other._reason
            and self._expected_latency == other._expected_latency
            and self._weight == other._weight
        )

    def with_confidence(self, confidence: float) -> RoutingDecision:
        """The same decision, more or less sure."""
        return RoutingDecision(
            self._primary_channel,
            self._fallback_channel,
            confidence,
            self._reason,
            self._expected_latency,
            self._weight,
        )

    def to_json(self) -> bytes:
        """The JSON text, latency in whole milliseconds."""
        return (
            b'{"primary":%b,"fallback":%b,"confidence":%b,"reason":%b,"expected_latency_ms":%d,"weight":%b}'
            % (
                write_channel(self._primary_channel),
                write_channel(self._fallback_channel),
                encode_json(self._confidence),
                encode_json(self._reason),
                int(self._expected_latency * 1000.0),
                encode_json(self._weight),
            )
        )


def confidence_of(availability: float, error_rate: float, latency: float, timeout_ms: int | None) -> float:
    """How likely a message arrives in time, 0 to 1.

    Args:
        availability: of the channel, 0 to 1.
        error_rate: of the channel, 0 to 1.
        latency: of the channel, in seconds.
        timeout_ms: what the message allows, in milliseconds.
    """
    found = _HEALTHY_SHARE * availability
    if timeout_ms is not None:
        timeout = timeout_ms / 1000
        if latency < timeout / 2.0:
            found += _AMPLE_TIME
        elif latency > timeout:
            found += _TOO_LATE
    found *= 1.0 - error_rate
    if found < 0.0:
        return 0.0
    return 1.0 if found > 1.0 else found
