"""Booleans, floats, characters, text and bytes."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, final

from ..variant import COMPILED
from .integers import MARKER_16, read_length, write_unsigned
from .node import UNEXPECTED_END, Misfit, Node

if TYPE_CHECKING:
    from mypy_extensions import i64

if COMPILED:
    from librt.strings import BytesWriter, read_f32_le, read_f64_le, write_f32_le, write_f64_le

_PLAIN_F32: Final = struct.Struct("<f")
_PLAIN_F64: Final = struct.Struct("<d")
_SURROGATE: Final = "a lone surrogate in the text"
_INFINITY: Final = float("inf")
# The first number that is nearer to infinity than to the largest f32.
_ABOVE_F32: Final = 3.4028235677973366e38


@final
class BoolNode(Node):
    """One byte, 0 or 1."""

    def __init__(self) -> None:
        super().__init__(1, 1, True)

    def write(self, writer: BytesWriter, value: object) -> None:
        if value is True:
            writer.append(1)
        elif value is False:
            writer.append(0)
        else:
            raise Misfit("expected a boolean")

    def read(self, data: bytes, at: i64) -> tuple[object, i64]:
        try:
            number: i64 = data[at]
        except IndexError:
            raise Misfit(UNEXPECTED_END, at) from None
        if number > 1:
            raise Misfit("a boolean that is neither 0 nor 1", at)
        return number == 1, at + 1


def _float_of(value: object) -> float:
    if isinstance(value, int) and not isinstance(value, bool):
        whole: int = value
        try:
            number = float(whole)
        except OverflowError:
            raise Misfit("an integer beyond the range of a float") from None
        if int(number) == whole:
            return number
        raise Misfit("an integer that a float cannot hold exactly")
    raise Misfit("expected a float")


@final
class DoubleNode(Node):
    """f64: 8 bytes."""

    def __init__(self) -> None:
        super().__init__(8, 1, True)

    def write(self, writer: BytesWriter, value: object) -> None:
        number = value if isinstance(value, float) else _float_of(value)
        if COMPILED:
            write_f64_le(writer, number)
        else:
            writer.write(_PLAIN_F64.pack(number))

    def read(self, data: bytes, at: i64) -> tuple[object, i64]:
        if len(data) - at < 8:
            raise Misfit(UNEXPECTED_END, at)
        if COMPILED:
            return read_f64_le(data, at), at + 8
        return _PLAIN_F64.unpack_from(data, at)[0], at + 8


@final
class SingleNode(Node):
    """f32: 4 bytes; what a float has beyond its precision is rounded away."""

    def __init__(self) -> None:
        super().__init__(4, 1, True)

    def write(self, writer: BytesWriter, value: object) -> None:
        number = value if isinstance(value, float) else _float_of(value)
        if _ABOVE_F32 <= abs(number) < _INFINITY:
            raise Misfit("a float beyond the range of 32 bits")
        if COMPILED:
            write_f32_le(writer, number)
        else:
            writer.write(_PLAIN_F32.pack(number))

    def read(self, data: bytes, at: i64) -> tuple[object, i64]:
        if len(data) - at < 4:
            raise Misfit(UNEXPECTED_END, at)
        if COMPILED:
            return read_f32_le(data, at), at + 4
        return _PLAIN_F32.unpack_from(data, at)[0], at + 4


@final
class CharacterNode(Node):
    """char: its UTF-8 bytes."""

    def __init__(self) -> None:
        super().__init__(1, 1, True)

    def write(self, writer: BytesWriter, value: object) -> None:
        if not isinstance(value, str) or len(value) != 1:
            raise Misfit("expected one character")
        try:
            writer.write(value.encode("utf-8"))
        except UnicodeEncodeError:
            raise Misfit(_SURROGATE) from None

    def read(self, data: bytes, at: i64) -> tuple[object, i64]:
        if at >= len(data):
            raise Misfit(UNEXPECTED_END, at)
        first: i64 = data[at]
        if 0x80 <= first < 0xC2 or first > 0xF4:
            raise Misfit("an invalid character", at)
        size: i64 = 1 if first < 0x80 else 2 if first < 0xE0 else 3 if first < 0xF0 else 4
        if len(data) - at < size:
            raise Misfit(UNEXPECTED_END, at)
        try:
            return data[at : at + size].decode("utf-8"), at + size
        except UnicodeDecodeError:
            raise Misfit("an invalid character", at) from None


@final
class TextNode(Node):
    """str: the number of its UTF-8 bytes, then these."""

    def __init__(self) -> None:
        super().__init__(1, 1, True)

    def write(self, writer: BytesWriter, value: object) -> None:
        if not isinstance(value, str):
            raise Misfit("expected text")
        try:
            data = value.encode("utf-8")
        except UnicodeEncodeError:
            raise Misfit(_SURROGATE) from None
        size = len(data)
        if size < MARKER_16:
            writer.append(size)
        else:
            write_unsigned(writer, size)
        writer.write(data)

    def read(self, data: bytes, at: i64) -> tuple[object, i64]:
        size, start = read_length(data, at, 1)
        end = start + size
        try:
            return data[start:end].decode("utf-8"), end
        except UnicodeDecodeError as error:
            raise Misfit("invalid UTF-8", start + error.start) from None


@final
class BytesNode(Node):
    """bytes: their number, then these."""

    def __init__(self) -> None:
        super().__init__(1, 1, True)

    def write(self, writer: BytesWriter, value: object) -> None:
        if not isinstance(value, bytes):
            raise Misfit("expected bytes")
        write_unsigned(writer, len(value))
        writer.write(value)

    def read(self, data: bytes, at: i64) -> tuple[object, i64]:
        size, start = read_length(data, at, 1)
        return data[start : start + size], start + size
