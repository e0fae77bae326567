"""msgspec's part, which has to be installed where this is imported."""

from __future__ import annotations

import struct
import uuid
from typing import Any

import msgspec


class Metadata(msgspec.Struct, omit_defaults=True):
    id: str | None = None
    timestamp: int | None = None
    source: str | None = None
    destination: str | None = None
    properties: dict[str, Any] | None = None


class Message(msgspec.Struct):
    """The id is read as text, unchecked: the fastest that msgspec offers. Writing takes a UUID too."""

    id: Any
    content: Any
    metadata: Metadata


class KeptMetadata(msgspec.Struct):
    """With the metadata as text that the caller keeps."""

    id: uuid.UUID
    content: Any
    metadata: msgspec.Raw


class DestinationOnly(msgspec.Struct):
    destination: str | None = None


class Routed(msgspec.Struct):
    """Names only what routing reads; the rest is stepped over."""

    metadata: DestinationOnly


encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Message).decode
decode_routed = msgspec.json.Decoder(Routed).decode


def new_frame(content: Any, metadata: Metadata) -> bytes:
    text = encode(Message(uuid.uuid4(), content, metadata))
    return struct.pack(">IB", len(text), 1) + text


def new_frame_with_kept_metadata(content: Any, metadata: msgspec.Raw) -> bytes:
    text = encode(KeptMetadata(uuid.uuid4(), content, metadata))
    return struct.pack(">IB", len(text), 1) + text


def read_message(data: bytes) -> tuple[str, Any, str | None]:
    message = decode(data)
    return message.id, message.content, message.metadata.destination


def destination(data: bytes) -> str | None:
    return decode_routed(data).metadata.destination
