"""The sizes, counts and times that bound the control plane; docs/control.md states them."""

from typing import Final

MAX_REQUEST: Final = 1024 * 1024
"""The largest frame from a client, in bytes."""

MAX_ANSWER: Final = 16 * 1024 * 1024
"""The largest frame to a client, in bytes, and the most that may wait for one."""

ITEM_QUEUE: Final = 8 * 1024 * 1024
"""Bytes that may wait for a client before the items of its streams are dropped and counted.

All that a ring of events keeps is sent at once, and fits.
"""

CLOSE_DEADLINE: Final = 1.0
"""Seconds for the last answers when the orchestrator ends."""


class ClientLimits:
    """What clients may do.

    Args:
        clients: connections at the same time.
        requests: of one connection that are being worked on.
        frame_deadline: seconds from the first byte of a request to its last.
        read_deadline: seconds for which a client may read nothing while bytes wait for it.
    """

    def __init__(
        self,
        clients: int = 64,
        requests: int = 32,
        frame_deadline: float = 10.0,
        read_deadline: float = 10.0,
    ) -> None:
        self.clients = clients
        self.requests = requests
        self.frame_deadline = frame_deadline
        self.read_deadline = read_deadline
