"""JSON text written straight into one growing buffer: for the compiled variant only.

Interpreted, one call per character is far slower than joining whole parts, so every caller has a plain form
beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..variant import COMPILED
from .codec import encode_json
from .scan import QUOTE, is_plain

if TYPE_CHECKING:
    from mypy_extensions import i16, i32, i64, u8

if COMPILED:
    from librt.strings import BytesWriter, write_i16_be, write_i32_be


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


def write_byte_array(writer: BytesWriter, data: bytes) -> None:
    """Write bytes as `[1,2,3]`."""
    start: i64 = len(writer)
    position: i64 = 0
    end: i64 = len(data)
    if end == 0:
        writer.write(b"[]")
        return
    # Each number is written with a comma before it; the first comma then becomes the bracket.
    while position < end:
        value: i64 = data[position]
        position += 1
        if value < 10:
            write_i16_be(writer, i16(0x2C30 + value))
            continue
        hundreds: i64 = (value * 41) >> 12
        rest: i64 = value - hundreds * 100
        tens: i64 = (rest * 103) >> 10
        units: i64 = rest - tens * 10
        if hundreds == 0:
            writer.append(0x2C)
            write_i16_be(writer, i16(0x3030 + (tens << 8) + units))
        else:
            write_i32_be(writer, i32(0x2C303030 + (hundreds << 16) + (tens << 8) + units))
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
