"""Chunks of a transfer, their acknowledgements, and how a chunk is told from its bytes."""

from __future__ import annotations

from typing import Final, final

from ..errors import StreamFormatError
from ..messages.identifiers import find_canonical
from ..variant import COMPILED, expect, expect_optional, expect_texts
from .checksums import has_checksum
from .fields import MAX_U32, MAX_U64, checked_natural
from .priorities import NORMAL, checked_priority

CHUNK: Final = "stream chunk"
METADATA: Final = "stream metadata"
ACKNOWLEDGEMENT: Final = "stream acknowledgement"


@final
class StreamMetadata:
    """What a transfer is about; travels with its first chunk.

    Args:
        total_size: bytes of the whole content.
        content_type: its media type.
        priority: 0 low, 1 normal, 2 high, 3 critical.
        properties: free strings.
    """

    def __init__(
        self,
        total_size: int,
        content_type: str | None = None,
        priority: int = NORMAL,
        properties: dict[str, str] | None = None,
    ) -> None:
        if not COMPILED:
            expect(total_size, int, "int")
            expect_optional(content_type, str, "str")
            expect(priority, int, "int")
            expect_optional(properties, dict, "dict")
        self.total_size = checked_natural(total_size, MAX_U64, METADATA, "total_size")
        self.content_type = content_type
        self.priority = checked_priority(priority, METADATA)
        self.properties: dict[str, str] = {} if properties is None else properties

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, StreamMetadata):
            return NotImplemented
        return (
            self.total_size == other.total_size
            and self.content_type == other.content_type
            and self.priority == other.priority
            and self.properties == other.properties
        )


@final
class StreamChunk:
    """A piece of a transfer.

    Args:
        stream_id: the UUID of the transfer.
        sequence: its place, from 0.
        total_chunks: how many there are.
        data: the bytes as they travel.
        compressed: whether they are a gzip member.
        checksum: CRC-32 or the sum of the bytes modulo 2**32, of the data as they travel.
        is_final: whether this is the last by sequence.
        stream_metadata: in chunk 0.

    Raises:
        StreamFormatError: the id is not a UUID, or a number does not fit its field on the wire.
    """

    def __init__(
        self,
        stream_id: str,
        sequence: int,
        total_chunks: int,
        data: bytes,
        compressed: bool,
        checksum: int,
        is_final: bool,
        stream_metadata: StreamMetadata | None = None,
    ) -> None:
        # One line of tests, because a call for each argument would take as long as all else.
        if not COMPILED and not (
            type(stream_id) is str
            and type(sequence) is type(total_chunks) is type(checksum) is int
            and type(data) is bytes
            and type(compressed) is type(is_final) is bool
            and stream_metadata is None
        ):
            expect(stream_id, str, "str")
            expect(sequence, int, "int")
            expect(total_chunks, int, "int")
            expect(data, bytes, "bytes")
            expect(compressed, bool, "bool")
            expect(checksum, int, "int")
            expect(is_final, bool, "bool")
            expect_optional(stream_metadata, StreamMetadata, "pywatt_fast.streams.chunks.StreamMetadata")
        self.stream_id = checked_identifier(stream_id, CHUNK)
        self.sequence = checked_natural(sequence, MAX_U64, CHUNK, "sequence")
        self.total_chunks = checked_natural(total_chunks, MAX_U64, CHUNK, "total_chunks")
        self.data = data
        self.compressed = compressed
        self.checksum = checked_natural(checksum, MAX_U32, CHUNK, "checksum")
        self.is_final = is_final
        self.stream_metadata = stream_metadata

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, StreamChunk):
            return NotImplemented
        return (
            self.stream_id == other.stream_id
            and self.sequence == other.sequence
            and self.total_chunks == other.total_chunks
            and self.data == other.data
            and self.compressed == other.compressed
            and self.checksum == other.checksum
            and self.is_final == other.is_final
            and self.stream_metadata == other.stream_metadata
        )

    def is_intact(self) -> bool:
        """Whether the data have the checksum, in either of its two kinds."""
        return has_checksum(self.data, self.checksum)


@final
class StreamAck:
    """Whether a chunk arrived.

    Args:
        stream_id: the UUID of the transfer.
        sequence: the chunk.
        success: False asks for it again.
        error: why, for people.
    """

    def __init__(self, stream_id: str, sequence: int, success: bool, error: str | None = None) -> None:
        if not COMPILED:
            expect_texts(stream_id)
            expect(sequence, int, "int")
            expect(success, bool, "bool")
            expect_optional(error, str, "str")
        self.stream_id = checked_identifier(stream_id, ACKNOWLEDGEMENT)
        self.sequence = checked_natural(sequence, MAX_U64, ACKNOWLEDGEMENT, "sequence")
        self.success = success
        self.error = error

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, StreamAck):
            return NotImplemented
        return (
            self.stream_id == other.stream_id
            and self.sequence == other.sequence
            and self.success == other.success
            and self.error == other.error
        )


def checked_identifier(text: str, subject: str) -> str:
    """The canonical form of a stream's UUID.

    Raises:
        StreamFormatError: it is not one.
    """
    found = find_canonical(text)
    if found is None:
        raise StreamFormatError(f"{subject}: field `stream_id`: expected a UUID")
    return found
