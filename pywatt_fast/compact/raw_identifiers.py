"""Identifiers as their sixteen bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..json_text.writer import hex_digits
from ..messages.identifiers import find_canonical
from ..variant import COMPILED

if TYPE_CHECKING:
    from mypy_extensions import i32, i64

if COMPILED:
    from librt.strings import BytesWriter, read_i32_be, read_i64_be, write_i32_be, write_i64_be


def raw_identifier(text: str) -> bytes | None:
    """The sixteen bytes of an identifier in any accepted text form; None for anything else."""
    canonical = find_canonical(text)
    if canonical is None:
        return None
    if COMPILED:
        writer = BytesWriter()
        write_raw_identifier(writer, canonical)
        return writer.getvalue()
    return bytes.fromhex(canonical.replace("-", ""))


def write_raw_identifier(writer: BytesWriter, canonical: str) -> None:
    """Write the sixteen bytes of an identifier in its canonical text form: for the compiled variant only."""
    digits = canonical.encode("ascii")
    middle: i64 = (_four(digits, 9) << 32) | _four(digits, 14)
    node: i64 = (_four(digits, 19) << 32) | _four(digits, 24)
    _write_packed(writer, read_i64_be(digits, 0))
    _write_packed(writer, middle)
    _write_packed(writer, node)
    _write_packed(writer, read_i64_be(digits, 28))


def _four(digits: bytes, position: i64) -> i64:
    return i64(read_i32_be(digits, position))


def _write_packed(writer: BytesWriter, word: i64) -> None:
    """Write eight hex digits in one word as the four bytes that they mean."""
    ones: i64 = 0x0101010101010101
    # A letter has bit 6 set, and the low half of its code is its value less nine.
    nibbles: i64 = (word & (ones * 0x0F)) + ((word >> 6) & ones) * 9
    pairs: i64 = (nibbles | (nibbles >> 4)) & 0x00FF00FF00FF00FF
    halves: i64 = (pairs | (pairs >> 8)) & 0x0000FFFF0000FFFF
    value: i64 = (halves | (halves >> 16)) & 0xFFFFFFFF
    write_i32_be(writer, i32((value ^ 0x80000000) - 0x80000000))


def identifier_text(raw: bytes) -> str:
    """The canonical text form of sixteen bytes."""
    if not COMPILED:
        digits = raw.hex()
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
    writer = BytesWriter()
    middle: i64 = hex_digits(i64(read_i32_be(raw, 4)))
    node: i64 = hex_digits(i64(read_i32_be(raw, 8)))
    write_i64_be(writer, hex_digits(i64(read_i32_be(raw, 0))))
    writer.append(0x2D)
    write_i32_be(writer, i32(middle >> 32))
    writer.append(0x2D)
    write_i32_be(writer, i32(middle & 0x7FFFFFFF))
    writer.append(0x2D)
    write_i32_be(writer, i32(node >> 32))
    writer.append(0x2D)
    write_i32_be(writer, i32(node & 0x7FFFFFFF))
    write_i64_be(writer, hex_digits(i64(read_i32_be(raw, 12))))
    return writer.getvalue().decode("ascii")
