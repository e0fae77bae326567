"""MessagePack in its shortest form straight into one growing buffer: for the compiled variant only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..variant import COMPILED

if TYPE_CHECKING:
    from mypy_extensions import i16, i64, u8

if COMPILED:
    from librt.strings import BytesWriter, write_i16_be, write_i64_be

NIL: Final = 0xC0


def write_array_head(writer: BytesWriter, count: i64) -> None:
    """Begin an array of at most 15 values."""
    writer.append(u8(0x90 | count))


def write_map_head(writer: BytesWriter, count: i64) -> None:
    """Begin a map."""
    if count < 16:
        writer.append(u8(0x80 | count))
    elif count < 0x10000:
        writer.append(0xDE)
        write_two(writer, count)
    else:
        writer.append(0xDF)
        write_four(writer, count)


def write_text(writer: BytesWriter, text: str) -> None:
    """Write a string.

    Raises:
        UnicodeEncodeError: the text holds a lone surrogate.
    """
    data = text.encode()
    size: i64 = len(data)
    if size < 32:
        writer.append(u8(0xA0 | size))
    elif size < 0x100:
        writer.append(0xD9)
        writer.append(u8(size))
    elif size < 0x10000:
        writer.append(0xDA)
        write_two(writer, size)
    else:
        writer.append(0xDB)
        write_four(writer, size)
    writer.write(data)


def write_bytes_head(writer: BytesWriter, size: i64) -> None:
    """Begin bytes of this length."""
    if size < 0x100:
        writer.append(0xC4)
        writer.append(u8(size))
    elif size < 0x10000:
        writer.append(0xC5)
        write_two(writer, size)
    else:
        writer.append(0xC6)
        write_four(writer, size)


def write_natural(writer: BytesWriter, value: i64) -> None:
    """Write an integer that is not negative."""
    if value < 0x80:
        writer.append(u8(value))
    elif value < 0x100:
        writer.append(0xCC)
        writer.append(u8(value))
    elif value < 0x10000:
        writer.append(0xCD)
        write_two(writer, value)
    elif value < 0x100000000:
        writer.append(0xCE)
        write_four(writer, value)
    else:
        writer.append(0xCF)
        write_i64_be(writer, value)


def write_two(writer: BytesWriter, value: i64) -> None:
    """Write the low 16 bits."""
    # The sign moves to where a signed 16-bit number has it; the bits stay what they are.
    write_i16_be(writer, i16(((value & 0xFFFF) ^ 0x8000) - 0x8000))


def write_four(writer: BytesWriter, value: i64) -> None:
    """Write the low 32 bits."""
    write_two(writer, value >> 16)
    write_two(writer, value)
