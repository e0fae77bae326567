"""Looks at JSON text eight bytes at a time: for the compiled variant only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..variant import COMPILED

if TYPE_CHECKING:
    from mypy_extensions import i64

if COMPILED:
    from librt.strings import read_i64_le

QUOTE: Final = 0x22
BACKSLASH: Final = 0x5C
# Deeper objects are for the general reader, which counts the levels of the whole text.
_DEEPEST: Final = 100


def is_plain(data: bytes) -> bool:
    """Whether UTF-8 text stands in JSON as it is: no control character, quote or backslash in it."""
    ones: i64 = 0x0101010101010101
    high: i64 = ones << 7
    position: i64 = 0
    end: i64 = len(data)
    while end - position >= 8:
        word: i64 = read_i64_le(data, position)
        quote: i64 = word ^ (ones * QUOTE)
        slash: i64 = word ^ (ones * BACKSLASH)
        # A byte below n leaves its high bit set in (word - n) & ~word.
        found: i64 = ((word - ones * 0x20) & ~word) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash)
        if found & high != 0:
            return False
        position += 8
    while position < end:
        byte: i64 = data[position]
        if byte < 0x20 or byte == QUOTE or byte == BACKSLASH:
            return False
        position += 1
    return True


def is_ascii(data: bytes) -> bool:
    """Whether every byte is below 128."""
    ones: i64 = 0x0101010101010101
    high: i64 = ones << 7
    position: i64 = 0
    end: i64 = len(data)
    found: i64 = 0
    while end - position >= 8:
        found |= read_i64_le(data, position)
        position += 8
    while position < end:
        byte: i64 = data[position]
        found |= byte
        position += 1
    return found & high == 0


def stands_at(data: bytes, position: i64, literal: bytes) -> bool:
    """Whether the literal stands at this place."""
    size: i64 = len(literal)
    if len(data) - position < size:
        return False
    at: i64 = 0
    while size - at >= 8:
        if read_i64_le(data, position + at) != read_i64_le(literal, at):
            return False
        at += 8
    if at == size:
        return True
    if size > 8:
        # The rest together with what was compared already is a word of its own.
        return read_i64_le(data, position + size - 8) == read_i64_le(literal, size - 8)
    while at < size:
        if data[position + at] != literal[at]:
            return False
        at += 1
    return True


def end_of_plain_string(data: bytes, position: i64, ascii_only: bool = False) -> i64:
    """The place of the quote that ends a string, or -1 where an escape or a control character comes first.

    Args:
        data: the text.
        position: after the quote that begins the string.
        ascii_only: stop at a byte above 127 as well.
    """
    ones: i64 = 0x0101010101010101
    high: i64 = ones << 7
    refused: i64 = 0
    if ascii_only:
        refused = high
    end: i64 = len(data)
    while end - position >= 8:
        word: i64 = read_i64_le(data, position)
        quote: i64 = word ^ (ones * QUOTE)
        slash: i64 = word ^ (ones * BACKSLASH)
        found: i64 = ((word - ones * 0x20) & ~word) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash)
        found = (found & high) | (word & refused)
        if found != 0:
            # The lowest bit found is that of the first such byte; those above may be carried over from it.
            while found & 0x80 == 0:
                found >>= 8
                word >>= 8
                position += 1
            if word & 0xFF == QUOTE:
                return position
            return -1
        position += 8
    while position < end:
        byte: i64 = data[position]
        if byte == QUOTE:
            return position
        if byte < 0x20 or byte == BACKSLASH or byte & refused != 0:
            return -1
        position += 1
    return -1


def end_of_object(data: bytes, position: i64) -> i64:
    """The place after the object that begins here, judged by brackets and quotes; -1 on any surprise."""
    end: i64 = len(data)
    depth: i64 = 0
    while position < end:
        byte: i64 = data[position]
        position += 1
        if byte == QUOTE:
            position = end_of_plain_string(data, position) + 1
            if position == 0:
                return -1
        elif byte == 0x7B or byte == 0x5B:
            depth += 1
            if depth > _DEEPEST:
                return -1
        elif byte == 0x7D or byte == 0x5D:
            depth -= 1
            if depth == 0:
                return position
    return -1


def may_hold_negative_zero(data: bytes, start: i64, stop: i64) -> bool:
    """Whether `-0` may stand as a whole number in JSON text; inside a string it may be mistaken for one.

    Args:
        data: the text.
        start: where the stretch begins.
        stop: where it ends.
    """
    ones: i64 = 0x0101010101010101
    high: i64 = ones << 7
    position: i64 = start
    end: i64 = stop - 1
    while position < end:
        if end - position >= 8:
            dash: i64 = read_i64_le(data, position) ^ (ones * 0x2D)
            if ((dash - ones) & ~dash) & high == 0:
                position += 8
                continue
        pause: i64 = position + 8
        if pause > end:
            pause = end
        while position < pause:
            if data[position] == 0x2D and data[position + 1] == 0x30 and _is_whole_zero(data, position):
                return True
            position += 1
    return False


def _is_whole_zero(data: bytes, position: i64) -> bool:
    if position > 0:
        before: i64 = data[position - 1]
        if before != 0x3A and before != 0x5B and before != 0x2C and before > 0x20:
            return False
    if position + 2 >= len(data):
        return True
    after: i64 = data[position + 2]
    return after == 0x2C or after == 0x5D or after == 0x7D or after <= 0x20
