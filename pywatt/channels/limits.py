"""The sizes, counts and times that bound every channel."""

from __future__ import annotations

from typing import Final

MAX_TCP_FRAME: Final = 64 * 1024 * 1024
"""The largest payload of a frame on TCP, in bytes."""

MAX_UNIX_FRAME: Final = 128 * 1024 * 1024
"""The largest payload of a frame on a Unix socket, in bytes."""

MAX_INIT_LINE: Final = 1024 * 1024
"""The largest first line on standard input, in bytes."""

MAX_LINE: Final = 64 * 1024 * 1024
"""The largest later line on standard input or output, in bytes."""

SEND_QUEUE_BYTES: Final = 64 * 1024 * 1024
"""How many bytes may wait to be sent on one connection; one larger message may wait alone."""

SEND_HIGH_WATER: Final = 1024 * 1024
"""`drain` waits while more bytes than this are waiting to be sent."""

SEND_LOW_WATER: Final = 256 * 1024
"""`drain` returns when no more bytes than this are waiting."""

WRITE_BATCH: Final = 256 * 1024
"""The most bytes of small messages that are joined for one write."""

RECEIVE_QUEUE_PAYLOADS: Final = 1024
"""Reading pauses when this many payloads wait for `receive`."""

RECEIVE_QUEUE_BYTES: Final = 1024 * 1024
"""Reading pauses when the payloads that wait for `receive` hold this many bytes."""

FRAME_DEADLINE: Final = 30.0
"""Seconds from the first byte of a frame to its last."""

SEND_DEADLINE: Final = 30.0
"""Seconds for which a peer may read nothing while bytes are waiting for it."""

CONNECT_TIMEOUT: Final = 30.0
"""Seconds for one attempt to connect."""

CLOSE_TIMEOUT: Final = 5.0
"""Seconds for sending what is still queued when a connection is closed."""

MAX_SOCKET_PATH: Final = 107
"""The longest path of a Unix socket, in bytes: the kernel keeps 108, the last one for the end mark."""

LISTEN_BACKLOG: Final = 128
"""How many connections the kernel holds until they are accepted."""
