"""Bytes as the wire writes them in JSON: `[1,2,3]`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..errors import ByteArrayError, JsonSerializationError
from ..variant import COMPILED, expect
from .codec import decode_json, encode_json
from .writer import write_byte_array

if TYPE_CHECKING:
    from mypy_extensions import i64, u8

if COMPILED:
    from librt.strings import BytesWriter, read_i32_le

_ARRAY_TEXT: Final = b"0123456789,["


def encode_byte_array(data: bytes) -> bytes:
    """The bytes as a JSON array of integers."""
    if COMPILED:
        writer = BytesWriter()
        write_byte_array(writer, data)
        return writer.getvalue()
    expect(data, bytes, "bytes")
    return encode_json(list(data))


def decode_byte_array(text: bytes) -> bytes:
    """The bytes that a JSON array of integers from 0 to 255 stands for.

    Raises:
        ByteArrayError: the text is anything else; true, 1.0 and "1" are not integers.
    """
    if not COMPILED:
        expect(text, bytes, "bytes")
    found, end = scan_byte_array(text, 0)
    if end == len(text):
        return found
    try:
        value = decode_json(text)
    except JsonSerializationError as error:
        raise ByteArrayError("byte array: not JSON", error.offset) from None
    return bytes_of_list(value, "byte array")


def bytes_of_list(value: object, name: str) -> bytes:
    """The bytes that a decoded array stands for.

    Args:
        value: what JSON gave.
        name: the field, for the error.

    Raises:
        ByteArrayError: it is not a list of integers from 0 to 255.
    """
    if not isinstance(value, list):
        raise ByteArrayError(name + ": expected an array of integers from 0 to 255")
    for index, item in enumerate(value):
        if type(item) is not int or not 0 <= item <= 255:
            raise ByteArrayError(f"{name}: item {index} is not an integer from 0 to 255")
    return bytes(value)


def array_size(data: bytes) -> int:
    """The length of the array's text, found without making it."""
    if not data:
        return 2
    two_digits = len(data.translate(None, bytes(range(10))))
    three_digits = len(data.translate(None, bytes(range(100))))
    return 2 * len(data) + 1 + two_digits + three_digits


def scan_byte_array(text: bytes, start: int) -> tuple[bytes, int]:
    """Read an array in its compact form at a place inside a longer text.

    Args:
        text: the longer text.
        start: where its `[` is expected.

    Returns:
        The bytes and the position after `]`, or (b"", -1) when what stands there is not a compact, valid
        array: the general reader then decides.
    """
    if COMPILED:
        return scan_array(text, start)
    stop = text.find(b"]", start) + 1
    array = text[start:stop]
    if not array.startswith(b"[") or array.translate(None, _ARRAY_TEXT) != b"]":
        return b"", -1
    try:
        # The characters admit only unsigned integers and nested lists, and bytes() refuses the latter.
        return bytes(decode_json(array)), stop  # type: ignore[call-overload]
    except (ValueError, TypeError):
        return b"", -1


def scan_array(text: bytes, start: i64) -> tuple[bytes, i64]:
    """As `scan_byte_array`, byte by byte: for the compiled variant only."""
    end: i64 = len(text)
    if end - start < 2 or text[start] != 0x5B:
        return b"", -1
    if text[start + 1] == 0x5D:
        return b"", start + 2
    writer = BytesWriter()
    position: i64 = start + 1
    while True:
        # A number and the sign after it are at most four bytes: one load, and no index into the text per
        # digit.
        word: i64
        if end - position >= 4:
            word = i64(read_i32_le(text, position))
        else:
            word = _last_word(text, position)
        value: i64 = (word & 0xFF) - 0x30
        sign: i64 = (word >> 8) & 0xFF
        second: i64 = sign - 0x30
        if value < 0 or value > 9:
            return b"", -1
        if second < 0 or second > 9:
            position += 2
        elif value == 0:
            return b"", -1
        else:
            value = value * 10 + second
            sign = (word >> 16) & 0xFF
            third: i64 = sign - 0x30
            if third < 0 or third > 9:
                position += 3
            else:
                value = value * 10 + third
                sign = (word >> 24) & 0xFF
                position += 4
                if value > 255:
                    return b"", -1
        writer.append(u8(value))
        if sign != 0x2C:
            if sign == 0x5D:
                return writer.getvalue(), position
            return b"", -1


def _last_word(text: bytes, position: i64) -> i64:
    """The bytes from a position to the end where fewer than four are left; zeros stand for the missing."""
    word: i64 = 0
    shift: i64 = 0
    end: i64 = len(text)
    while position < end:
        byte: i64 = text[position]
        word |= byte << shift
        shift += 8
        position += 1
    return word
