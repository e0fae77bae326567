"""Identifiers: random UUIDs (version 4) in their lower-case hyphenated text form."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Final, final

from ..errors import OperationError
from ..json_text.writer import hex_digits
from ..variant import COMPILED, expect

if TYPE_CHECKING:
    from mypy_extensions import i32, i64

if COMPILED:
    from librt.random import Random
    from librt.strings import BytesWriter, read_i64_le, write_i32_be, write_i64_be

_GROUPS: Final = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_CANONICAL: Final = re.compile(_GROUPS.replace("A-F", ""))
_HYPHENATED: Final = re.compile(_GROUPS)
_SIMPLE: Final = re.compile(r"[0-9a-fA-F]{32}")


@final
class _Source:
    """A generator keyed from the operating system, for the compiled variant.

    Parent and child of a fork share its state, so the child takes a new one.
    """

    def __init__(self) -> None:
        if COMPILED:
            self.random = Random()
            if sys.platform != "win32":
                os.register_at_fork(after_in_child=self.renew)

    def renew(self) -> None:
        self.random = Random()


_SOURCE: Final = _Source()
_DRAW: Final = 1 << 61


def write_identifier(writer: BytesWriter) -> None:
    """Write a fresh identifier in place: two draws of 61 bits are the 122 random bits of a version 4 UUID."""
    first: i64 = _SOURCE.random.randrange(_DRAW)
    second: i64 = _SOURCE.random.randrange(_DRAW)
    middle: i64 = hex_digits((((first >> 32) & 0xFFFF) << 16) | 0x4000 | ((first >> 48) & 0xFFF))
    high: i64 = 0x8000 | ((first >> 47) & 0x2000) | ((second >> 48) & 0x1FFF)
    node: i64 = hex_digits((high << 16) | ((second >> 32) & 0xFFFF))
    write_i64_be(writer, hex_digits(first))
    writer.append(0x2D)
    write_i32_be(writer, i32(middle >> 32))
    writer.append(0x2D)
    write_i32_be(writer, i32(middle & 0x7FFFFFFF))
    writer.append(0x2D)
    write_i32_be(writer, i32(node >> 32))
    writer.append(0x2D)
    write_i32_be(writer, i32(node & 0x7FFFFFFF))
    write_i64_be(writer, hex_digits(second))


def new_identifier() -> str:
    """A fresh random identifier; parent and child of a fork never draw the same."""
    if COMPILED:
        writer = BytesWriter()
        write_identifier(writer)
        return writer.getvalue().decode("ascii")
    text = os.urandom(16).hex()
    variant = "89ab"[int(text[16], 16) & 3]
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"


def is_canonical(text: bytes, start: i64 = 0) -> bool:
    """Whether the 36 bytes from `start` on already have the form in which identifiers are written."""
    if not COMPILED:
        return _CANONICAL.fullmatch(text[start : start + 36].decode("latin-1")) is not None
    if len(text) - start < 36:
        return False
    second: i64 = read_i64_le(text, start + 8)
    third: i64 = read_i64_le(text, start + 16)
    if second & 0xFF != 0x2D or (second >> 40) & 0xFF != 0x2D:
        return False
    if (third >> 16) & 0xFF != 0x2D or (third >> 56) & 0xFF != 0x2D:
        return False
    # 0x1D turns a hyphen into a zero, so that what is left are digits alone.
    return (
        _all_hex(read_i64_le(text, start))
        and _all_hex(second ^ (0x1D | (0x1D << 40)))
        and _all_hex(third ^ ((0x1D << 16) | (0x1D << 56)))
        and _all_hex(read_i64_le(text, start + 24))
        and _all_hex(read_i64_le(text, start + 28))
    )


def _all_hex(word: i64) -> bool:
    """Whether all eight bytes are lower-case hex digits."""
    ones: i64 = 0x0101010101010101
    high: i64 = ones << 7
    if word & high != 0:
        return False
    # Adding 0x80 - n to a byte below 0x80 sets its high bit exactly when the byte is at least n.
    digit: i64 = (word + ones * 0x50) & ~(word + ones * 0x46)
    letter: i64 = (word + ones * 0x1F) & ~(word + ones * 0x19)
    return (digit | letter) & high == high


def find_canonical(text: str) -> str | None:
    """The written form of an identifier in any accepted form.

    Args:
        text: 32 hex digits, or hyphenated 8-4-4-4-12, bare, in braces or after `urn:uuid:`, in any case.

    Returns:
        None for anything else.
    """
    if COMPILED:
        if len(text) == 36 and is_canonical(text.encode("utf-8", "replace")):
            return text
    elif _CANONICAL.fullmatch(text) is not None:
        return text
    if _SIMPLE.fullmatch(text) is not None:
        text = text.lower()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
    if text.startswith("urn:uuid:"):
        text = text[9:]
    elif text.startswith("{") and text.endswith("}"):
        text = text[1:-1]
    return text.lower() if _HYPHENATED.fullmatch(text) is not None else None


def canonical_identifier(text: str) -> str:
    """The written form of an identifier given in any accepted form.

    Args:
        text: 32 hex digits, or hyphenated 8-4-4-4-12, bare, in braces or after `urn:uuid:`, in any case.

    Raises:
        OperationError: anything else.
    """
    if not COMPILED:
        expect(text, str, "str")
    found = find_canonical(text)
    if found is None:
        raise OperationError("not a UUID")
    return found
