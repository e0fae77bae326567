"""The core's work as anyone would write it first: the standard library, nothing thought out."""

from __future__ import annotations

import base64
import dataclasses
import json
import struct
import uuid
import zlib
from typing import Any


class Splitter:
    """A buffer that grows, and loses each frame at its beginning."""

    def __init__(self) -> None:
        self.buffer = bytearray()

    def feed(self, chunk: bytes) -> list[tuple[int, bytes]]:
        self.buffer += chunk
        frames = []
        while len(self.buffer) >= 5:
            (size,) = struct.unpack(">I", self.buffer[:4])
            if len(self.buffer) < 5 + size:
                break
            frames.append((self.buffer[4], bytes(self.buffer[5 : 5 + size])))
            del self.buffer[: 5 + size]
        return frames


@dataclasses.dataclass
class Metadata:
    id: str | None = None
    timestamp: int | None = None
    source: str | None = None
    destination: str | None = None
    properties: dict[str, Any] | None = None

    def present(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if value is not None}


@dataclasses.dataclass
class Message:
    content: Any
    metadata: Metadata
    id: str = dataclasses.field(default_factory=lambda: str(uuid.uuid4()))

    def encode(self) -> bytes:
        fields = {"id": self.id, "content": self.content, "metadata": self.metadata.present()}
        return json.dumps(fields, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, data: bytes) -> Message:
        fields = json.loads(data)
        return cls(fields["content"], Metadata(**fields["metadata"]), str(uuid.UUID(fields["id"])))


def frame(payload: bytes) -> bytes:
    return struct.pack(">IB", len(payload), 1) + payload


def new_identifier() -> str:
    return str(uuid.uuid4())


def decode_canonical_base64(text: bytes) -> bytes:
    """As strict as the core: only what encoding gives again is taken."""
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data) != text:
        raise ValueError("not canonical")
    return data


def encode_byte_array(data: bytes) -> bytes:
    return json.dumps(list(data), separators=(",", ":")).encode()


def decode_byte_array(text: bytes) -> bytes:
    return bytes(json.loads(text))


class Credit:
    """What may still be sent of a window."""

    def __init__(self, window: int) -> None:
        self.window = window
        self.available = window

    def take(self, amount: int) -> None:
        if amount < 0 or amount > self.available:
            raise ValueError("too much")
        self.available -= amount

    def give(self, amount: int) -> None:
        if amount < 0 or self.available + amount > self.window:
            raise ValueError("too much")
        self.available += amount


def write_varint(out: bytearray, value: int) -> None:
    """An unsigned integer as bincode writes it: a byte below 251, else a marker and the fewest bytes."""
    if value < 251:
        out.append(value)
    elif value < 1 << 16:
        out += b"\xfb" + struct.pack("<H", value)
    elif value < 1 << 32:
        out += b"\xfc" + struct.pack("<I", value)
    else:
        out += b"\xfd" + struct.pack("<Q", value)


def read_varint(data: bytes, position: int) -> tuple[int, int]:
    """The integer and the position after it."""
    first = data[position]
    if first < 251:
        return first, position + 1
    form = {251: "<H", 252: "<I", 253: "<Q"}[first]
    return struct.unpack_from(form, data, position + 1)[0], position + 1 + struct.calcsize(form)


@dataclasses.dataclass
class Chunk:
    stream_id: str
    sequence: int
    total: int
    data: bytes
    compressed: bool
    checksum: int
    is_final: bool

    def encode(self) -> bytes:
        out = bytearray(uuid.UUID(self.stream_id).bytes)
        write_varint(out, self.sequence)
        write_varint(out, self.total)
        write_varint(out, len(self.data))
        out += self.data
        out.append(self.compressed)
        write_varint(out, self.checksum)
        out += bytes([self.is_final, 0])
        return bytes(out)

    @classmethod
    def decode(cls, payload: bytes) -> Chunk:
        """A chunk without metadata, its checksum tested."""
        stream_id = str(uuid.UUID(bytes=payload[:16]))
        sequence, position = read_varint(payload, 16)
        total, position = read_varint(payload, position)
        size, position = read_varint(payload, position)
        data = payload[position : position + size]
        compressed = payload[position + size] == 1
        checksum, position = read_varint(payload, position + size + 1)
        chunk = cls(stream_id, sequence, total, data, compressed, checksum, payload[position] == 1)
        if payload[position + 1] != 0 or checksum != zlib.crc32(data):
            raise ValueError("metadata, or a checksum that is not that of the data")
        return chunk
