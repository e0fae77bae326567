"""What went over a connection."""

from __future__ import annotations

import attrs


@attrs.frozen
class ConnectionStatistics:
    """What went over a connection so far."""

    bytes_received: int
    bytes_sent: int
    payloads_received: int
    payloads_sent: int
    skipped: int
    """Units that were read past: lines above their limit, frames with a bad code."""
    waiting_to_send: int
    """Bytes."""
    waiting_for_receive: int
    """Payloads."""
