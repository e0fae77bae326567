"""JSON text written straight into one growing buffer: for the compiled variant only.

Interpreted, one call per character is far slower than joining whole parts, so every caller has a plain form
beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..variant import COMPILED
from .codec import encode_json
from .scan import QUOTE, is_plain

if TYPE_CHECKING:
    from mypy_extensions import i64, u8

if COMPILED:
    from librt.strings import BytesWriter, read_i16_be, read_i32_be, write_i32_be, write_i64_be


def write_string(writer: BytesWriter, text: str) -> None:
    """Write a JSON string.

    Raises:
        UnicodeEncodeError: the text holds a lone surrogate.
    """
    data = text.encode()
    if is_plain(data):
        writer.append(QUOTE)
        writer.write(data)
        writer.append(QUOTE)
    else:
        writer.write(encode_json(text))


# For each byte a comma and its digits in four bytes, and how many of them count.
_WORDS: Final = b"".join([(b",%d" % value).ljust(4, b"\0") for value in range(256)])
_SIZES: Final = bytes([len(b",%d" % value) for value in range(256)])


def write_byte_array(writer: BytesWriter, data: bytes) -> None:
    """Write bytes as `[1,2,3]`."""
    start: i64 = len(writer)
    position: i64 = 0
    end: i64 = len(data)
    if end == 0:
        writer.write(b"[]")
        return
    # Each number is written with a comma before it; the first comma then becomes the bracket. Two numbers are
    # written as one word and what is too much taken back: to branch by size would be guessed wrong too often.
    words = _WORDS
    sizes = _SIZES
    length: i64 = start
    last: i64 = end - 1
    while position < last:
        two: i64 = i64(read_i16_be(data, position))
        first: i64 = (two >> 8) & 0xFF
        second: i64 = two & 0xFF
        position += 2
        size: i64 = sizes[first]
        text: i64 = i64(read_i32_be(words, first << 2)) << 32
        text |= (i64(read_i32_be(words, second << 2)) << 32) >> (size << 3)
        write_i64_be(writer, text)
        length += size + sizes[second]
        writer.truncate(length)
    if position < end:
        first = data[position]
        write_i32_be(writer, read_i32_be(words, first << 2))
        writer.truncate(length + sizes[first])
    writer[start] = u8(0x5B)
    writer.append(0x5D)


def hex_digits(value: i64) -> i64:
    """The 32 low bits as eight ASCII hex digits in one word, the first of them in its highest byte."""
    ones: i64 = 0x0101010101010101
    word: i64 = value & 0xFFFFFFFF
    word = ((word << 16) | word) & 0x0000FFFF0000FFFF
    word = ((word << 8) | word) & 0x00FF00FF00FF00FF
    word = ((word << 4) | word) & (ones * 15)
    letters: i64 = ((word + ones * 6) >> 4) & ones
    return word + ones * 0x30 + letters * 0x27
