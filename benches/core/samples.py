"""What the suites work on: the same on every run and machine."""

from __future__ import annotations

import random
import struct
from typing import Any

MAX_FRAME = 64 * 1024 * 1024
CHUNK = 64 * 1024
STREAM = 1024 * 1024

IDENTIFIER = "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f0"
METADATA: dict[str, Any] = {
    "source": "catalog",
    "destination": "ledger",
    "properties": {"endpoint": "price"},
}
# Rows of content that make a message of about 241 bytes, 2 KB and 67 KB.
ROWS = {"small": 1, "medium": 26, "large": 941}
SIZES = tuple(ROWS)


def content_of(size: str) -> dict[str, Any]:
    """The content of a message: small, medium or large."""
    draw = random.Random(size)
    rows = [
        {
            "sku": f"A{draw.randrange(10_000):07}",
            "cents": draw.randrange(100, 9_999),
            "tags": ["new", draw.choice(["blue", "red", "pink"])],
            "ratio": draw.randrange(100) / 128,
        }
        for _ in range(ROWS[size])
    ]
    return {"op": "price", "items": rows}


def frames_of(payload_size: int) -> tuple[list[tuple[int, bytes]], list[bytes]]:
    """About a mebibyte of frames, and their stream in chunks of 64 KiB.

    Args:
        payload_size: bytes of each payload.

    Returns:
        The frames as (code, payload), and the chunks.
    """
    draw = random.Random(payload_size)
    frames = [(1, draw.randbytes(payload_size)) for _ in range(STREAM // payload_size)]
    stream = b"".join(struct.pack(">IB", len(payload), code) + payload for code, payload in frames)
    return frames, chunks_of(stream)


def chunks_of(stream: bytes) -> list[bytes]:
    """A stream as it arrives."""
    return [stream[start : start + CHUNK] for start in range(0, len(stream), CHUNK)]
