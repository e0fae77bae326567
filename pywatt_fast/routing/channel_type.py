"""The kinds of channel there are."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Final

from ..errors import RoutingError
from ..variant import COMPILED, expect


class ChannelType(Enum):
    """What a channel runs over; the value is the name on the wire."""

    TCP = "Tcp"
    IPC = "Ipc"


TCP: Final = ChannelType.TCP
IPC: Final = ChannelType.IPC
CHANNEL_COUNT: Final = 2
# Not a tuple: the compiler would build that anew for each look into it.
CHANNELS: Final = [TCP, IPC]
"""Every channel, at its place in lists that hold something per channel."""

# The orders in which channels can be offered, as small numbers.
NONE_AVAILABLE: Final = 0
ONLY_TCP: Final = 1
ONLY_IPC: Final = 2
TCP_THEN_IPC: Final = 3
IPC_THEN_TCP: Final = 4
ORDER_COUNT: Final = 5


def expect_channel(channel: object) -> None:
    """Refuse, in the interpreted variant, what is no channel."""
    if not COMPILED:
        expect(channel, ChannelType, "pywatt_fast.routing.channel_type.ChannelType")


def order_of(available: Sequence[ChannelType]) -> int:
    """The order in which channels are offered, as a small number; a repeated channel counts once."""
    order = NONE_AVAILABLE
    for channel in available:
        expect_channel(channel)
        if order == NONE_AVAILABLE:
            order = ONLY_TCP if channel is TCP else ONLY_IPC
        elif order == ONLY_TCP and channel is IPC:
            order = TCP_THEN_IPC
        elif order == ONLY_IPC and channel is TCP:
            order = IPC_THEN_TCP
    return order


def read_channel(value: object, field: str) -> ChannelType:
    """A channel from its name on the wire.

    Raises:
        RoutingError: it is not one.
    """
    if isinstance(value, str):
        if value == "Tcp":
            return TCP
        if value == "Ipc":
            return IPC
    raise RoutingError(field, "expected Tcp or Ipc")


def write_channel(channel: ChannelType | None) -> bytes:
    """The JSON text of a channel, or of none."""
    if channel is None:
        return b"null"
    return b'"Tcp"' if channel is TCP else b'"Ipc"'
