"""The two checksums of chunks: CRC-32 as zlib has it, and the sum of all bytes modulo 2**32."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from ..variant import COMPILED, expect

if TYPE_CHECKING:
    from mypy_extensions import i64

if COMPILED:
    from librt.strings import read_i64_le


def crc32(data: bytes) -> int:
    """The CRC-32 of the data (IEEE polynomial)."""
    if not COMPILED:
        expect(data, bytes, "bytes")
    return zlib.crc32(data)


def additive_sum(data: bytes) -> int:
    """The sum of the data's bytes modulo 2**32."""
    if COMPILED:
        return _sum_by_words(data)
    expect(data, bytes, "bytes")
    return sum(data) & 0xFFFFFFFF


def has_checksum(data: bytes, checksum: int) -> bool:
    """Whether either of the two is the data's checksum."""
    return zlib.crc32(data) == checksum or additive_sum(data) == checksum


def _sum_by_words(data: bytes) -> i64:
    """The sum, eight bytes a step: for the compiled variant only.

    Every step adds two bytes to each of four 16-bit lanes, which hold 128 of them.
    """
    lanes: i64 = 0x00FF00FF00FF00FF
    total: i64 = 0
    position: i64 = 0
    end: i64 = len(data)
    words: i64 = end & ~7
    while position < words:
        stop: i64 = position + 1024
        if stop > words:
            stop = words
        partial: i64 = 0
        while position < stop:
            word: i64 = read_i64_le(data, position)
            partial += (word & lanes) + ((word >> 8) & lanes)
            position += 8
        total += (partial & 0xFFFF) + ((partial >> 16) & 0xFFFF)
        total += ((partial >> 32) & 0xFFFF) + ((partial >> 48) & 0xFFFF)
    while position < end:
        total += data[position]
        position += 1
    return total & 0xFFFFFFFF
