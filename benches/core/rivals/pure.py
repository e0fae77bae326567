"""The core's work in Python as an expert would write it, with orjson."""

from __future__ import annotations

import re
import uuid
from struct import Struct
from typing import Any

import orjson

HEADER = Struct(">IB")
CANONICAL = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Splitter:
    """Cuts the chunk where it lies; what is left of it goes before the next."""

    def __init__(self) -> None:
        self.tail = b""

    def feed(self, chunk: bytes) -> list[tuple[int, bytes]]:
        data = self.tail + chunk if self.tail else chunk
        frames: list[tuple[int, bytes]] = []
        append = frames.append
        unpack = HEADER.unpack_from
        position, end = 0, len(data)
        while end - position >= 5:
            size, code = unpack(data, position)
            stop = position + 5 + size
            if stop > end:
                break
            append((code, data[position + 5 : stop]))
            position = stop
        self.tail = data[position:]
        return frames


def encode_message(content: Any, metadata: dict[str, Any], identifier: str) -> bytes:
    return orjson.dumps({"id": identifier, "content": content, "metadata": metadata})


def new_frame(content: Any, metadata: dict[str, Any]) -> bytes:
    text = encode_message(content, metadata, str(uuid.uuid4()))
    return HEADER.pack(len(text), 1) + text


def decode_message(data: bytes) -> tuple[str, Any, str | None]:
    """The id, the content and the destination."""
    value = orjson.loads(data)
    identifier = value["id"]
    if CANONICAL.fullmatch(identifier) is None:
        raise ValueError("the id is not a UUID")
    return identifier, value["content"], value["metadata"].get("destination")


def encode_byte_array(data: bytes) -> bytes:
    return orjson.dumps(list(data))


def decode_byte_array(text: bytes) -> bytes:
    return bytes(orjson.loads(text))
