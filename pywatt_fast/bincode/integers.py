"""Whole numbers: one byte below 251, else a marker and 2, 4, 8 or 16 bytes, little-endian."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, final

from ..variant import COMPILED
from .node import UNEXPECTED_END, Misfit, Node

if TYPE_CHECKING:
    from mypy_extensions import i16, i32, i64

if COMPILED:
    from librt.strings import (
        BytesWriter,
        read_i16_le,
        read_i32_le,
        read_i64_le,
        write_i16_le,
        write_i32_le,
        write_i64_le,
    )

MARKER_16: Final = 251
MARKER_32: Final = 252
MARKER_64: Final = 253
MARKER_128: Final = 254
MARKERS: Final = {16: MARKER_16, 32: MARKER_32, 64: MARKER_64, 128: MARKER_128}
# Up to here the compiler keeps an int in a machine word; comparing with anything larger is a call.
_SHORT: Final = 0x3FFFFFFFFFFFFFFF
_PLAIN_16: Final = struct.Struct("<BH")
_PLAIN_32: Final = struct.Struct("<BI")


def write_unsigned(writer: BytesWriter, number: int) -> None:
    """Append a number from 0 to 2**128 - 1 in its shortest form."""
    if number < MARKER_16:
        writer.append(number)
    elif COMPILED and number <= _SHORT:
        _write_short(writer, number)
    elif number < 0x10000:
        writer.write(_PLAIN_16.pack(MARKER_16, number))
    elif number < 0x100000000:
        writer.write(_PLAIN_32.pack(MARKER_32, number))
    elif number < 0x10000000000000000:
        writer.append(MARKER_64)
        writer.write(number.to_bytes(8, "little"))
    else:
        writer.append(MARKER_128)
        writer.write(number.to_bytes(16, "little"))


def _write_short(writer: BytesWriter, number: i64) -> None:
    if number < 0x10000:
        writer.append(MARKER_16)
        write_i16_le(writer, i16(number))
    elif number < 0x100000000:
        writer.append(MARKER_32)
        write_i32_le(writer, i32(number))
    else:
        writer.append(MARKER_64)
        write_i64_le(writer, number)


def read_unsigned(data: bytes, at: i64, widest: i64) -> tuple[int, i64]:
    """The number that begins there, and where it ends.

    Args:
        data: the bytes.
        at: where the number begins.
        widest: the marker of the widest form that the type has.

    Raises:
        Misfit: the data ends, or the marker is too wide or reserved.
    """
    try:
        first: i64 = data[at]
    except IndexError:
        raise Misfit(UNEXPECTED_END, at) from None
    if first < MARKER_16:
        return first, at + 1
    if first > widest:
        raise Misfit("an integer wider than its type, or the reserved marker", at)
    size: i64 = 1 << (first - 250)
    end: i64 = at + 1 + size
    if end > len(data):
        raise Misfit(UNEXPECTED_END, at)
    if COMPILED:
        if size == 2:
            return i64(read_i16_le(data, at + 1)) & 0xFFFF, end
        if size == 4:
            return i64(read_i32_le(data, at + 1)) & 0xFFFFFFFF, end
        if size == 8:
            number: i64 = read_i64_le(data, at + 1)
            if number >= 0:
                return number, end
    return int.from_bytes(data[at + 1 : end], "little"), end


def read_length(data: bytes, at: i64, minimum: i64) -> tuple[i64, i64]:
    """A count of items, believed only when as many can still come; and where it ends.

    Args:
        data: the bytes.
        at: where the count begins.
        minimum: bytes that one item takes at least.

    Raises:
        Misfit: the data ends, or cannot hold so many items.
    """
    size = len(data)
    if at < size:
        first: i64 = data[at]
        if first < MARKER_16 and first * minimum < size - at:
            return first, at + 1
    announced, end = read_unsigned(data, at, MARKER_64)
    left = size - end
    # As ints: what is announced may be beyond a machine word.
    if announced > int(left) or announced * int(minimum) > int(left):
        raise Misfit(f"a length beyond the {left} bytes that follow", at)
    return announced, end


@final
class UnsignedNode(Node):
    """u16 to u128.

    Args:
        widest: the marker of the widest form that the type has.
        largest: the largest number written.
    """

    def __init__(self, widest: int, largest: int) -> None:
        super().__init__(1, 1, True)
        self.widest: i64 = widest
        self.largest: int = largest
        self.largest_short: int = min(largest, _SHORT)

    def write(self, writer: BytesWriter, value: object) -> None:
        if type(value) is int or (isinstance(value, int) and not isinstance(value, bool)):
            number: int = value
            if 0 <= number < MARKER_16:
                writer.append(number)
                return
            if 0 <= number and (number <= self.largest_short or number <= self.largest):
                write_unsigned(writer, number)
                return
        raise Misfit(f"expected an integer from 0 to {self.largest}")

    def read(self, data: bytes, at: i64) -> tuple[object, i64]:
        return read_unsigned(data, at, self.widest)


@final
class SignedNode(Node):
    """i16 to i128: 0, -1, 1, -2 ... counted as 0, 1, 2, 3 ...

    Args:
        widest: the marker of the widest form that the type has.
        largest: the largest number; the smallest is one further from zero.
    """

    def __init__(self, widest: int, largest: int) -> None:
        super().__init__(1, 1, True)
        self.widest: i64 = widest
        self.largest: int = largest
        self.smallest: int = -largest - 1

    def write(self, writer: BytesWriter, value: object) -> None:
        if type(value) is int or (isinstance(value, int) and not isinstance(value, bool)):
            number: int = value
            if self.smallest <= number <= self.largest:
                number = number + number if number >= 0 else -number - number - 1
                if number < MARKER_16:
                    writer.append(number)
                else:
                    write_unsigned(writer, number)
                return
        raise Misfit(f"expected an integer from {self.smallest} to {self.largest}")

    def read(self, data: bytes, at: i64) -> tuple[object, i64]:
        number, end = read_unsigned(data, at, self.widest)
        half = number >> 1
        return -half - 1 if number & 1 else half, end


@final
class ByteNode(Node):
    """u8 and i8: one raw byte.

    Args:
        smallest: 0 or -128.
    """

    def __init__(self, smallest: int) -> None:
        super().__init__(1, 1, True)
        self.smallest: int = smallest
        self.largest: int = smallest + 255

    def write(self, writer: BytesWriter, value: object) -> None:
        if type(value) is int or (isinstance(value, int) and not isinstance(value, bool)):
            number: int = value
            if self.smallest <= number <= self.largest:
                writer.append(number & 0xFF)
                return
        raise Misfit(f"expected an integer from {self.smallest} to {self.largest}")

    def read(self, data: bytes, at: i64) -> tuple[object, i64]:
        try:
            number: i64 = data[at]
        except IndexError:
            raise Misfit(UNEXPECTED_END, at) from None
        if self.smallest < 0 and number > 127:
            number -= 256
        return number, at + 1
