"""Bytes as the wire writes them in JSON: `[1,2,3]`."""

from __future__ import annotations

from typing import Final

from .errors import ByteArrayError, JsonSerializationError
from .json_codec import decode_json, encode_json
from .variant import expect

_ARRAY_TEXT: Final = b"0123456789,["


def encode_byte_array(data: bytes) -> bytes:
    """The bytes as a JSON array of integers."""
    expect(data, bytes, "bytes")
    return encode_json(list(data))


def decode_byte_array(text: bytes) -> bytes:
    """The bytes that a JSON array of integers from 0 to 255 stands for.

    Raises:
        ByteArrayError: the text is anything else; true, 1.0 and "1" are not integers.
    """
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


def scan_byte_array(text: bytes, start: int) -> tuple[bytes, int]:
    """Read an array in its compact form at a place inside a longer text.

    Args:
        text: the longer text.
        start: where its `[` is expected.

    Returns:
        The bytes and the position after `]`, or (b"", -1) when what stands there is not a compact, valid array: the
        general reader then decides.
    """
    stop = text.find(b"]", start) + 1
    array = text[start:stop]
    if not array.startswith(b"[") or array.translate(None, _ARRAY_TEXT) != b"]":
        return b"", -1
    try:
        # The characters admit only unsigned integers and nested lists, and bytes() refuses the latter.
        return bytes(decode_json(array)), stop  # type: ignore[call-overload]
    except (ValueError, TypeError):
        return b"", -1
