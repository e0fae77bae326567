"""Reads compact JSON text of a known shape in one pass: for the compiled variant only.

Every step either finds exactly what it expects or gives up, and whoever called then uses the general
reader. So nothing here has to explain an error, and nothing that is not valid is ever accepted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from .scan import QUOTE, end_of_plain_string, is_ascii, stands_at

if TYPE_CHECKING:
    from mypy_extensions import i64

_WINDOW: Final = 512
_COMMA: Final = 0x2C
_COLON: Final = 0x3A
_OPEN: Final = 0x7B
_CLOSE: Final = 0x7D


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
        self._window = ""
        self._window_start: i64 = 0
        self._window_end: i64 = 0

    def take(self, literal: bytes) -> bool:
        """Step over a literal."""
        if not stands_at(self.data, self.position, literal):
            return False
        self.position += len(literal)
        return True

    def byte(self, ahead: i64 = 0) -> i64:
        """The byte that stands here, or so many further on; 0 after the end."""
        position: i64 = self.position + ahead
        if position < len(self.data):
            return self.data[position]
        return 0

    def take_byte(self, sign: i64) -> bool:
        """Step over one byte."""
        if self.byte() != sign:
            return False
        self.position += 1
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
        if end > self._window_end and not self._look_at(start, end):
            try:
                return data[start:end].decode()
            except UnicodeDecodeError:
                return None
        return self._window[start - self._window_start : end - self._window_start]

    def _look_at(self, start: i64, end: i64) -> bool:
        """Decode a stretch of ASCII at once: cutting text is cheaper than decoding every string alone."""
        stop: i64 = start + _WINDOW
        if stop > len(self.data):
            stop = len(self.data)
        if end > stop:
            return False
        stretch = self.data[start:stop]
        if not is_ascii(stretch):
            return False
        self._window = stretch.decode("ascii")
        self._window_start = start
        self._window_end = stop
        return True

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
        if not self.take_byte(_OPEN):
            return None
        if self.take_byte(_CLOSE):
            return found
        while True:
            key = self.string()
            if key is None or not self.take_byte(_COLON):
                return None
            value = self.string()
            if value is None:
                return None
            found[key] = value
            if not self.take_byte(_COMMA):
                return found if self.take_byte(_CLOSE) else None

    def flat_object(self) -> dict[str, object] | None:
        """Step over an object of strings, small integers, booleans and nulls and return it."""
        found: dict[str, object] = {}
        if not self.take_byte(_OPEN):
            return None
        if self.take_byte(_CLOSE):
            return found
        while True:
            key = self.string()
            if key is None or not self.take_byte(_COLON):
                return None
            if self.byte() == QUOTE:
                text = self.string()
                if text is None:
                    return None
                found[key] = text
            elif not self._plain_value(found, key):
                return None
            if not self.take_byte(_COMMA):
                return found if self.take_byte(_CLOSE) else None

    def _plain_value(self, found: dict[str, object], key: str) -> bool:
        """Step over a natural number, a boolean or null into the object."""
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
            return False
        return True
