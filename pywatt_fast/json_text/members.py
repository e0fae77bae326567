"""The members of a JSON object: repeated keys show, and values stay raw text."""

from __future__ import annotations

import re
from typing import Final, final

from ..errors import JsonSerializationError
from .codec import decode_json

_SPACE: Final = re.compile(rb"[ \t\r\n]*")
_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_SCALAR: Final = re.compile(rb"[^\s,\]}]+")
_STRUCTURE: Final = re.compile(rb'["{}\[\]]')


_SPACED_COLON: Final = re.compile(rb"[ \t\r\n]:")


def shows_all_keys(text: bytes, count: int) -> bool:
    """Whether JSON text has no more keys than were read of it, so that none of them can be repeated.

    Compact text has one `":` per key; a space between the two hides a key from the count.
    """
    return text.count(b'":') == count and _SPACED_COLON.search(text) is None


@final
class Member:
    """One key with the raw text of its value, and where that stands."""

    def __init__(self, key: str, text: bytes, start: int) -> None:
        self.key = key
        self.text = text
        self.start = start
        self.end = start + len(text)


def _skip_space(text: bytes, position: int) -> int:
    found = _SPACE.match(text, position)
    return position if found is None else found.end()


def _end_of_string(text: bytes, position: int) -> int:
    found = _STRING.match(text, position)
    if found is None:
        raise JsonSerializationError("unterminated string", position)
    return found.end()


def _end_of_value(text: bytes, position: int) -> int:
    """Where a value ends, judged by its brackets and quotes alone."""
    first = text[position : position + 1]
    if first == b'"':
        return _end_of_string(text, position)
    if first != b"{" and first != b"[":
        found = _SCALAR.match(text, position)
        if found is None:
            raise JsonSerializationError("expected a value", position)
        return found.end()
    depth = 0
    while True:
        mark = _STRUCTURE.search(text, position)
        if mark is None:
            raise JsonSerializationError("unexpected end of data", len(text))
        position = mark.start()
        sign = text[position]
        if sign == 0x22:
            position = _end_of_string(text, position)
            continue
        position += 1
        depth += 1 if sign == 0x7B or sign == 0x5B else -1
        if depth == 0:
            return position


def read_members(text: bytes) -> list[Member] | None:
    """The members of the object that the text holds, in order, repeated keys included.

    The values are not checked: decoding each of them completes the check of the whole.

    Args:
        text: JSON text.

    Returns:
        None when the text is not an object.

    Raises:
        JsonSerializationError: the object's own punctuation is wrong.
    """
    position = _skip_space(text, 0)
    if text[position : position + 1] != b"{":
        return None
    members: list[Member] = []
    position = _skip_space(text, position + 1)
    if text[position : position + 1] == b"}":
        _expect_end(text, position + 1)
        return members
    while True:
        end = _end_of_string(text, position)
        key = _key(text, position, end)
        position = _skip_space(text, end)
        if text[position : position + 1] != b":":
            raise JsonSerializationError("expected a colon", position)
        position = _skip_space(text, position + 1)
        end = _end_of_value(text, position)
        members.append(Member(key, text[position:end], position))
        position = _skip_space(text, end)
        sign = text[position : position + 1]
        if sign == b"}":
            _expect_end(text, position + 1)
            return members
        if sign != b",":
            raise JsonSerializationError("expected a comma or the end of the object", position)
        position = _skip_space(text, position + 1)


def _key(text: bytes, start: int, end: int) -> str:
    try:
        return str(decode_json(text[start:end]))
    except JsonSerializationError as error:
        offset = start if error.offset is None else start + error.offset
        raise JsonSerializationError("a key is not a valid string", offset) from None


def _expect_end(text: bytes, position: int) -> None:
    if _skip_space(text, position) != len(text):
        raise JsonSerializationError("unexpected text after the value", position)
