"""The core's work in Python as an expert would write it, with orjson."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
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


@dataclass(slots=True)
class Metadata:
    id: str | None = None
    timestamp: int | None = None
    source: str | None = None
    destination: str | None = None
    properties: dict[str, Any] | None = None

    def present(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.id is not None:
            found["id"] = self.id
        if self.timestamp is not None:
            found["timestamp"] = self.timestamp
        if self.source is not None:
            found["source"] = self.source
        if self.destination is not None:
            found["destination"] = self.destination
        if self.properties is not None:
            found["properties"] = self.properties
        return found


@dataclass(slots=True)
class Message:
    content: Any
    metadata: Metadata
    id: str

    def encode(self) -> bytes:
        return encode_dict(self.content, self.metadata.present(), self.id)

    @staticmethod
    def decode(data: bytes) -> Message:
        value = orjson.loads(data)
        if CANONICAL.fullmatch(value["id"]) is None:
            raise ValueError("the id is not a UUID")
        return Message(value["content"], Metadata(**value["metadata"]), value["id"])


def frame(text: bytes) -> bytes:
    return HEADER.pack(len(text), 1) + text


def new_frame(content: Any, metadata: Metadata) -> bytes:
    return frame(Message(content, metadata, str(uuid.uuid4())).encode())


def read_message(data: bytes) -> tuple[str, Any, str | None]:
    """The id, the content and the destination, of a message object."""
    message = Message.decode(data)
    return message.id, message.content, message.metadata.destination


def encode_dict(content: Any, metadata: dict[str, Any], identifier: str) -> bytes:
    """What a script does that wants no message objects."""
    return orjson.dumps({"id": identifier, "content": content, "metadata": metadata})


def new_frame_of_dict(content: Any, metadata: dict[str, Any]) -> bytes:
    return frame(encode_dict(content, metadata, str(uuid.uuid4())))


def read_dict(data: bytes) -> tuple[str, Any, str | None]:
    value = orjson.loads(data)
    identifier = value["id"]
    if CANONICAL.fullmatch(identifier) is None:
        raise ValueError("the id is not a UUID")
    return identifier, value["content"], value["metadata"].get("destination")


def encode_byte_array(data: bytes) -> bytes:
    return orjson.dumps(list(data))


def decode_byte_array(text: bytes) -> bytes:
    return bytes(orjson.loads(text))
