"""Chunks as bincode, the form of the reference's `advanced_streaming` build, and what tells the forms apart.

    16 bytes UUID, sequence, total_chunks, length and bytes of data, compressed, checksum, is_final,
    then 00, or 01 and the metadata: total_size, optional content_type, one byte of priority, properties

Integers are varints: one byte below 251, else a marker (251: 2 bytes, 252: 4, 253: 8) and the bytes,
little-endian.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from ..errors import StreamFormatError
from ..variant import COMPILED, expect
from .chunk_json import decode_chunk_json
from .chunks import METADATA, StreamChunk, StreamMetadata
from .fields import checked_string_map
from .priorities import HIGHEST

if TYPE_CHECKING:
    from mypy_extensions import i64

# Bytes that follow each marker; 254 announces more than any field of a chunk holds.
_SIZES: Final = {251: 2, 252: 4, 253: 8}


def encode_chunk_binary(chunk: StreamChunk) -> bytes:
    """The bincode of a chunk: its data are copied once.

    Raises:
        StreamFormatError: its metadata hold what is not valid text.
    """
    if not COMPILED:
        expect(chunk, StreamChunk, "pywatt_fast.streams.chunks.StreamChunk")
    data = chunk.data
    return b"".join(
        (
            bytes.fromhex(chunk.stream_id.replace("-", "")),
            _varint(chunk.sequence),
            _varint(chunk.total_chunks),
            _varint(len(data)),
            data,
            b"\x01" if chunk.compressed else b"\x00",
            _varint(chunk.checksum),
            b"\x01" if chunk.is_final else b"\x00",
            _metadata_bytes(chunk.stream_metadata),
        )
    )


def decode_chunk_binary(payload: bytes) -> StreamChunk:
    """A chunk from its bincode; bytes after it are ignored, as the reference ignores them.

    Raises:
        StreamFormatError: it is not one. The checksum is not looked at.
    """
    if not COMPILED:
        expect(payload, bytes, "bytes")
        found = _read_usual(payload)
        if found is not None:
            return found
    cursor = _Cursor(payload)
    digits = cursor.octets(16, "stream_id").hex()
    stream_id = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
    sequence = cursor.varint("sequence", 8)
    total_chunks = cursor.varint("total_chunks", 8)
    data = cursor.octets(cursor.length("data"), "data")
    compressed = cursor.flag("compressed")
    checksum = cursor.varint("checksum", 4)
    is_final = cursor.flag("is_final")
    metadata = _read_metadata(cursor) if cursor.flag("stream_metadata") else None
    return StreamChunk(stream_id, sequence, total_chunks, data, compressed, checksum, is_final, metadata)


def _read_usual(payload: bytes) -> StreamChunk | None:
    """A chunk without metadata, in one stretch, for the interpreted variant; None on any surprise."""
    numbers: list[int] = []
    position = 16
    try:
        for _ in range(3):
            value = payload[position]
            position += 1
            if value > 250:
                size = _SIZES[value]
                value = int.from_bytes(payload[position : position + size], "little")
                position += size
            numbers.append(value)
        sequence, total_chunks, length = numbers
        end = position + length
        marker = payload[end + 1]
        tail = end + 2 + (4 if marker == 252 else 0)
        if payload[end] > 1 or payload[tail] > 1 or payload[tail + 1] != 0:
            return None
        if marker == 252:
            marker = int.from_bytes(payload[end + 2 : tail], "little")
        elif marker > 250:
            return None
    except LookupError:
        return None
    digits = payload[:16].hex()
    stream_id = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
    data = payload[position:end]
    return StreamChunk(stream_id, sequence, total_chunks, data, payload[end] == 1, marker, payload[tail] == 1)


def decode_chunk(payload: bytes) -> StreamChunk:
    """A chunk in either form: JSON where the payload begins with `{`, else bincode.

    A UUID may begin with that byte too, so what is not JSON gets its chance as bincode.

    Raises:
        StreamFormatError: it is neither. The checksum is not looked at.
    """
    if not COMPILED:
        expect(payload, bytes, "bytes")
    if not payload.startswith(b"{"):
        return decode_chunk_binary(payload)
    try:
        return decode_chunk_json(payload)
    except StreamFormatError as error:
        try:
            return decode_chunk_binary(payload)
        except StreamFormatError:
            raise error from None


@final
class _Cursor:
    """A place in bincode that only moves on over what is there."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position: i64 = 0

    def refusal(self, name: str, problem: str) -> StreamFormatError:
        return StreamFormatError(f"stream chunk: field `{name}`: {problem}", self._position)

    def octets(self, size: i64, name: str) -> bytes:
        start: i64 = self._position
        if size > len(self._data) - start:
            raise self.refusal(name, "unexpected end of data")
        self._position = start + size
        return self._data[start : start + size]

    def byte(self, name: str) -> i64:
        position: i64 = self._position
        if position >= len(self._data):
            raise self.refusal(name, "unexpected end of data")
        self._position = position + 1
        return self._data[position]

    def flag(self, name: str) -> bool:
        position: i64 = self._position
        if position >= len(self._data):
            raise self.refusal(name, "unexpected end of data")
        value: i64 = self._data[position]
        if value > 1:
            raise self.refusal(name, "expected a byte of 0 or 1")
        self._position = position + 1
        return value == 1

    def varint(self, name: str, width: i64) -> int:
        """An unsigned integer of at most that many bytes; longer markers than needed are taken."""
        position: i64 = self._position
        if position >= len(self._data):
            raise self.refusal(name, "unexpected end of data")
        first: i64 = self._data[position]
        if first < 251:
            self._position = position + 1
            return first
        size: i64 = 2 << (first - 251)
        if first == 255 or size > width:
            raise self.refusal(name, "expected a narrower integer")
        self._position = position + 1
        return int.from_bytes(self.octets(size, name), "little")

    def length(self, name: str) -> int:
        """A length that the rest of the data can hold: checked before anything is made of it."""
        value = self.varint(name, 8)
        rest: int = len(self._data) - self._position
        if value > rest:
            raise self.refusal(name, "longer than the data")
        return value

    def text(self, name: str) -> str:
        start: i64 = self._position
        data = self.octets(self.length(name), name)
        try:
            return data.decode()
        except UnicodeDecodeError:
            self._position = start
            raise self.refusal(name, "invalid UTF-8") from None


def _varint(value: int) -> bytes:
    if value < 251:
        return bytes((value,))
    if value < 0x10000:
        return b"\xfb" + value.to_bytes(2, "little")
    if value < 0x100000000:
        return b"\xfc" + value.to_bytes(4, "little")
    return b"\xfd" + value.to_bytes(8, "little")


def _text(value: str, name: str) -> bytes:
    try:
        data = value.encode()
    except UnicodeEncodeError:
        raise StreamFormatError(f"{METADATA}: field `{name}`: not valid text") from None
    return _varint(len(data)) + data


def _metadata_bytes(metadata: StreamMetadata | None) -> bytes:
    if metadata is None:
        return b"\x00"
    properties = metadata.properties
    checked_string_map(properties, METADATA, "properties")
    content_type = metadata.content_type
    parts = [
        b"\x01",
        _varint(metadata.total_size),
        b"\x00" if content_type is None else b"\x01" + _text(content_type, "content_type"),
        bytes((metadata.priority,)),
        _varint(len(properties)),
    ]
    for key, value in properties.items():
        parts.append(_text(key, "properties"))
        parts.append(_text(value, "properties"))
    return b"".join(parts)


def _read_metadata(cursor: _Cursor) -> StreamMetadata:
    total_size = cursor.varint("total_size", 8)
    content_type = cursor.text("content_type") if cursor.flag("content_type") else None
    priority: i64 = cursor.byte("priority")
    if priority > HIGHEST:
        raise cursor.refusal("priority", "expected a byte from 0 to 3")
    # An entry has at least two bytes, so a count beyond the data ends early and allocates nothing.
    count = cursor.length("properties")
    properties: dict[str, str] = {}
    entry: i64 = 0
    while entry < count:
        key = cursor.text("properties")
        properties[key] = cursor.text("properties")
        entry += 1
    return StreamMetadata(total_size, content_type, priority, properties)
