"""What clients of an HTTP server may send before they are answered: the same for gateway and modules."""

from __future__ import annotations

from typing import Final

MAX_HEAD: Final = 32 * 1024
"""The largest head of a request, in bytes."""

MAX_FIELDS: Final = 100
"""How many header fields a request may have."""

HEAD_DEADLINE: Final = 10.0
"""Seconds for the head of a request."""

KEEP_ALIVE: Final = 75.0
"""Seconds for which a connection may rest between two requests."""

BACKLOG: Final = 1024
"""How many connections the kernel holds until they are accepted."""
