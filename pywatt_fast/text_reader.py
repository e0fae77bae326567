"""Reads compact JSON text of a known shape in one pass: for the compiled variant only.

Every step either finds exactly what it expects or gives up, and whoever called then uses the general
reader. So nothing here has to explain an error, and nothing that is not valid is ever accepted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from .text_scan import QUOTE, end_of_plain_string, stands_at

if TYPE_CHECKING:
    from mypy_extensions import i64


@final
class Reader:
    """A place in a text.

    Args:
        data: the text.
        position: where to begin.
    """

    def __init__(self, data: bytes, position: i64) -> None:
        self.data = data
        self.position: i64 = position

    def take(self, literal: bytes) -> bool:
        """Step over a literal."""
        if not stands_at(self.data, self.position, literal):
            return False
        self.position += len(literal)
        return True

    def string(self) -> str | None:
        """Step over a string without escapes and return it."""
        data = self.data
        start: i64 = self.position + 1
        if start >= len(data) or data[start - 1] != QUOTE:
            return None
        end: i64 = end_of_plain_string(data, start)
        if end < 0:
            return None
        self.position = end + 1
        try:
            return data[start:end].decode()
        except UnicodeDecodeError:
            return None

    def integer(self) -> i64:
        """Step over a natural number of at most 18 digits and return it; -1 for anything else."""
        data = self.data
        position: i64 = self.position
        end: i64 = len(data)
        start: i64 = position
        value: i64 = 0
        while position < end:
            digit: i64 = data[position]
            digit -= 0x30
            if digit < 0 or digit > 9:
                break
            value = value * 10 + digit
            position += 1
        if position == start or position - start > 18 or (data[start] == 0x30 and position - start > 1):
            return -1
        self.position = position
        return value

    def string_map(self) -> dict[str, str] | None:
        """Step over an object whose values are strings and return it."""
        found: dict[str, str] = {}
        if self.take(b"{}"):
            return found
        if not self.take(b"{"):
            return None
        while True:
            key = self.string()
            if key is None or not self.take(b":"):
                return None
            value = self.string()
            if value is None:
                return None
            found[key] = value
            if not self.take(b","):
                return found if self.take(b"}") else None

    def flat_object(self) -> dict[str, object] | None:
        """Step over an object of strings, small integers, booleans and nulls and return it."""
        found: dict[str, object] = {}
        if self.take(b"{}"):
            return found
        if not self.take(b"{"):
            return None
        while True:
            key = self.string()
            if key is None or not self.take(b":"):
                return None
            number: i64 = self.integer()
            if number >= 0:
                found[key] = number
            elif self.take(b"true"):
                found[key] = True
            elif self.take(b"false"):
                found[key] = False
            elif self.take(b"null"):
                found[key] = None
            else:
                text = self.string()
                if text is None:
                    return None
                found[key] = text
            if not self.take(b","):
                return found if self.take(b"}") else None

    def end_of_object(self) -> i64:
        """The place after the object that begins here, judged by brackets and quotes; -1 on any surprise."""
        data = self.data
        position: i64 = self.position
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
            elif byte == 0x7D or byte == 0x5D:
                depth -= 1
                if depth == 0:
                    return position
        return -1
