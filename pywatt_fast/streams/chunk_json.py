"""Chunks and acknowledgements as JSON text, the form of the reference's default build."""

from __future__ import annotations

from typing import Final

from ..json_text.byte_arrays import encode_byte_array
from ..variant import COMPILED, expect
from .chunks import ACKNOWLEDGEMENT, CHUNK, METADATA, StreamAck, StreamChunk, StreamMetadata
from .fields import MAX_U32, MAX_U64, Fields, checked_string_map, checked_text
from .priorities import PRIORITY_NAMES

_CHUNK_FIELDS: Final = (
    "stream_id",
    "sequence",
    "total_chunks",
    "data",
    "compressed",
    "checksum",
    "is_final",
    "stream_metadata",
)
_METADATA_FIELDS: Final = ("total_size", "content_type", "priority", "properties")
_ACK_FIELDS: Final = ("stream_id", "sequence", "success", "error")


def encode_chunk_json(chunk: StreamChunk) -> bytes:
    """The JSON text of a chunk.

    Raises:
        StreamFormatError: its metadata hold what is not valid text.
    """
    if not COMPILED:
        expect(chunk, StreamChunk, "pywatt_fast.streams.chunks.StreamChunk")
    return (
        b'{"stream_id":"%b","sequence":%d,"total_chunks":%d,"data":%b,"compressed":%b,"checksum":%d,'
        b'"is_final":%b,"stream_metadata":%b}'
        % (
            chunk.stream_id.encode("ascii"),
            chunk.sequence,
            chunk.total_chunks,
            encode_byte_array(chunk.data),
            _flag(chunk.compressed),
            chunk.checksum,
            _flag(chunk.is_final),
            _metadata_text(chunk.stream_metadata),
        )
    )


def decode_chunk_json(text: bytes) -> StreamChunk:
    """A chunk from its JSON text; fields in any order, unknown ones ignored.

    Raises:
        StreamFormatError: it is not one. The checksum is not looked at.
    """
    if not COMPILED:
        expect(text, bytes, "bytes")
    fields = Fields(text, CHUNK, _CHUNK_FIELDS)
    metadata = fields.optional_text("stream_metadata")
    return StreamChunk(
        fields.identifier("stream_id"),
        fields.natural("sequence", MAX_U64),
        fields.natural("total_chunks", MAX_U64),
        fields.octets("data"),
        fields.flag("compressed"),
        fields.natural("checksum", MAX_U32),
        fields.flag("is_final"),
        None if metadata is None else _read_metadata(metadata),
    )


def encode_ack(ack: StreamAck) -> bytes:
    """The JSON text of an acknowledgement.

    Raises:
        StreamFormatError: its error is not valid text.
    """
    if not COMPILED:
        expect(ack, StreamAck, "pywatt_fast.streams.chunks.StreamAck")
    error = ack.error
    return b'{"stream_id":"%b","sequence":%d,"success":%b,"error":%b}' % (
        ack.stream_id.encode("ascii"),
        ack.sequence,
        _flag(ack.success),
        b"null" if error is None else checked_text(error, ACKNOWLEDGEMENT, "error"),
    )


def decode_ack(text: bytes) -> StreamAck:
    """An acknowledgement from its JSON text; fields in any order, unknown ones ignored.

    Raises:
        StreamFormatError: it is not one.
    """
    if not COMPILED:
        expect(text, bytes, "bytes")
    fields = Fields(text, ACKNOWLEDGEMENT, _ACK_FIELDS)
    return StreamAck(
        fields.identifier("stream_id"),
        fields.natural("sequence", MAX_U64),
        fields.flag("success"),
        fields.optional_string("error"),
    )


def _flag(value: bool) -> bytes:
    return b"true" if value else b"false"


def _metadata_text(metadata: StreamMetadata | None) -> bytes:
    if metadata is None:
        return b"null"
    content_type = metadata.content_type
    return b'{"total_size":%d,"content_type":%b,"priority":"%b","properties":%b}' % (
        metadata.total_size,
        b"null" if content_type is None else checked_text(content_type, METADATA, "content_type"),
        PRIORITY_NAMES[metadata.priority].encode("ascii"),
        checked_string_map(metadata.properties, METADATA, "properties"),
    )


def _read_metadata(text: bytes) -> StreamMetadata:
    fields = Fields(text, METADATA, _METADATA_FIELDS)
    return StreamMetadata(
        fields.natural("total_size", MAX_U64),
        fields.optional_string("content_type"),
        fields.choice("priority", PRIORITY_NAMES),
        fields.string_map("properties"),
    )
