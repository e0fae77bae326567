"""Compressed chunks: one gzip member each, as the reference's `advanced_streaming` build makes them."""

from __future__ import annotations

import zlib
from typing import Final

from ..errors import StreamFormatError
from ..variant import COMPILED, expect

_GZIP: Final = 31
_LEVEL: Final = 6


def compress_chunk(data: bytes, threshold: int) -> tuple[bytes, bool]:
    """The data as they shall travel: compressed where that makes them smaller.

    Args:
        data: the content of one chunk.
        threshold: bytes below which compression is not tried.

    Returns:
        The bytes, and whether they are compressed.
    """
    if not COMPILED:
        expect(data, bytes, "bytes")
        expect(threshold, int, "int")
    if len(data) < threshold:
        return data, False
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    packed = compressor.compress(data) + compressor.flush()
    return (packed, True) if len(packed) < len(data) else (data, False)


def decompress_chunk(data: bytes, limit: int) -> bytes:
    """The content of a compressed chunk, never more than the limit in memory.

    Args:
        data: one gzip member.
        limit: bytes that the content may have.

    Raises:
        StreamFormatError: the data are not one whole gzip member, or hold more than the limit.
    """
    if not COMPILED:
        expect(data, bytes, "bytes")
        expect(limit, int, "int")
    decompressor = zlib.decompressobj(_GZIP)
    try:
        content = decompressor.decompress(data, limit + 1)
    except zlib.error:
        raise StreamFormatError("stream chunk: field `data`: not gzip") from None
    if len(content) > limit:
        raise StreamFormatError(
            f"stream chunk: field `data`: more than {limit} bytes when decompressed", None, limit
        )
    if not decompressor.eof or decompressor.unused_data:
        raise StreamFormatError("stream chunk: field `data`: not one whole gzip member")
    return content
