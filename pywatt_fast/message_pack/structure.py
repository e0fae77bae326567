"""The structure of MessagePack data, judged before anything is made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..errors import MessagePackError

if TYPE_CHECKING:
    from mypy_extensions import i64

MAX_DEPTH: Final = 128

# By first byte from 0xc0 to 0xdf: bytes that follow where their number is fixed, else 0.
_FIXED: Final = bytes((0,) * 10 + (4, 8, 1, 2, 4, 8, 1, 2, 4, 8) + (0,) * 12)
# The same: width of the length that follows, else 0.
_WIDTHS: Final = bytes((0,) * 4 + (1, 2, 4) + (0,) * 18 + (1, 2, 4, 2, 4, 2, 4))
_EXTENSION_TYPES: Final = b"\xc7\xc8\xc9\xd4\xd5\xd6\xd7\xd8"
_CONTAINERS: Final = bytes(range(0x80, 0xA0)) + b"\xdc\xdd\xde\xdf"
# A value in which containers are rare cannot be nested deeply, nor be of an extension type where none occurs.
_NO_EXTENSION: Final = bytes(range(256)).translate(None, _EXTENSION_TYPES)
_NEITHER: Final = _NO_EXTENSION.translate(None, _CONTAINERS)


def is_surely_shallow(data: bytes) -> bool:
    """Whether a look at the bytes alone proves that nothing is nested too deeply or of an extension type.

    For the interpreted variant, where `check_structure` costs more than making the value.
    """
    if len(data.translate(None, _NO_EXTENSION)) > 0:
        return False
    return len(data) <= MAX_DEPTH or len(data.translate(None, _NEITHER)) <= MAX_DEPTH


def check_structure(data: bytes) -> None:
    """Refuse data that is not exactly one value, without making it.

    Raises:
        MessagePackError: it ends early or late, is nested more than 128 levels deep, or holds an extension
            type, a key that is not a string or a length beyond the data.
    """
    end: i64 = len(data)
    position: i64 = end_of_value(data, 0, end, 0)
    if position != end:
        raise MessagePackError("bytes after the value", position)


def end_of_value(data: bytes, position: i64, end: i64, depth: i64) -> i64:
    """The place after the value that begins at `position`.

    Args:
        data: what holds the value.
        position: its first byte.
        end: where the data ends.
        depth: how many arrays and maps it already stands in.

    Raises:
        MessagePackError: as for `check_structure`.
    """
    if position >= end:
        raise MessagePackError("the data ends early", position)
    first: i64 = data[position]
    if first < 0x80 or first >= 0xE0:
        return position + 1
    if first < 0x90:
        return _end_of_map(data, position, position + 1, end, first & 0x0F, depth)
    if first < 0xA0:
        return _end_of_array(data, position, position + 1, end, first & 0x0F, depth)
    if first < 0xC0:
        return _after(position, position + 1, end, first & 0x1F)
    width: i64 = _WIDTHS[first - 0xC0]
    if width == 0:
        if first == 0xC1:
            raise MessagePackError("a byte that begins no value", position)
        if first in _EXTENSION_TYPES:
            raise MessagePackError("an extension type", position)
        fixed: i64 = _FIXED[first - 0xC0]
        return _after(position, position + 1, end, fixed)
    start: i64 = _after(position, position + 1, end, width)
    size: i64 = 0
    at: i64 = position + 1
    while at < start:
        size = (size << 8) | data[at]
        at += 1
    if first >= 0xDE:
        return _end_of_map(data, position, start, end, size, depth)
    if first >= 0xDC:
        return _end_of_array(data, position, start, end, size, depth)
    return _after(position, start, end, size)


def _after(position: i64, start: i64, end: i64, size: i64) -> i64:
    if size > end - start:
        raise MessagePackError("a value longer than the data", position)
    return start + size


def _end_of_array(data: bytes, position: i64, start: i64, end: i64, count: i64, depth: i64) -> i64:
    _enter(position, start, end, count, depth)
    while count > 0:
        start = end_of_value(data, start, end, depth + 1)
        count -= 1
    return start


def _end_of_map(data: bytes, position: i64, start: i64, end: i64, count: i64, depth: i64) -> i64:
    _enter(position, start, end, 2 * count, depth)
    while count > 0:
        if start >= end:
            raise MessagePackError("the data ends early", start)
        first: i64 = data[start]
        if not (0xA0 <= first < 0xC0 or 0xD9 <= first <= 0xDB):
            raise MessagePackError("a key that is not a string", start)
        start = end_of_value(data, start, end, depth + 1)
        start = end_of_value(data, start, end, depth + 1)
        count -= 1
    return start


def _enter(position: i64, start: i64, end: i64, values: i64, depth: i64) -> None:
    """Refuse an array or map for its depth, or because each of its values needs a byte at least."""
    if depth >= MAX_DEPTH:
        raise MessagePackError(f"nested deeper than {MAX_DEPTH} levels", position, MAX_DEPTH)
    if values > end - start:
        raise MessagePackError("a value longer than the data", position)
