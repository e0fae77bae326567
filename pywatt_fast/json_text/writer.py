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
    from librt.strings import BytesWriter, read_i32_be, write_i32_be


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


# For each byte four characters, a comma and its digits first, and how many of them count.
_NUMBERS: Final = b"".join([b",%-3d" % value for value in range(256)])
_SIZES: Final = bytes([len(b",%d" % value) for value in range(256)])


def write_byte_array(writer: BytesWriter, data: bytes) -> None:
    """Write bytes as `[1,2,3]`."""
    start: i64 = len(writer)
    position: i64 = 0
    end: i64 = len(data)
    if end == 0:
        writer.write(b"[]")
        return
    # Each number is written with a comma before it; the first comma then becomes the bracket. Four characters
    # are written for each and those too many taken back: to branch by size would be guessed wrong too often.
    numbers = _NUMBERS
    sizes = _SIZES
    length: i64 = start
    while position < end:
        value: i64 = data[position]
        position += 1
        write_i32_be(writer, read_i32_be(numbers, value << 2))
        length += sizes[value]
        writer.truncate(length)
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
