"""The sizes, counts and times that bound the control plane; docs/control.md states them."""

from typing import Final

MAX_REQUEST: Final = 1024 * 1024
"""The largest frame from a client, in bytes."""

MAX_ANSWER: Final = 16 * 1024 * 1024
"""The largest frame to a client, in bytes, and the most that may wait for one."""

MAX_CLIENTS: Final = 64
"""Connections at the same time."""

MAX_REQUESTS: Final = 32
"""Requests of one connection that are being worked on."""

ITEM_QUEUE: Final = 1024 * 1024
"""Bytes that may wait for a client before the items of its streams are dropped and counted."""

READ_DEADLINE: Final = 10.0
"""Seconds for which a client may read nothing while bytes wait for it."""

FRAME_DEADLINE: Final = 10.0
"""Seconds from the first byte of a request to its last."""

CLOSE_DEADLINE: Final = 1.0
"""Seconds for the last answers when the orchestrator ends."""
