"""Reads MessagePack of a known shape in one pass: for the compiled variant only.

Every step either finds exactly what it expects or gives up, and whoever called then uses the general reader.
So nothing here has to explain an error, and nothing that is not valid is ever accepted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from ..variant import COMPILED

if TYPE_CHECKING:
    from mypy_extensions import i64

if COMPILED:
    from librt.strings import read_i16_be, read_i32_be, read_i64_be


@final
class Cursor:
    """A place in the data.

    Args:
        data: what is read.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position: i64 = 0

    def at_end(self) -> bool:
        """Whether everything was stepped over."""
        return self.position == len(self.data)

    def array(self) -> i64:
        """Step over the head of an array and return its length; -1 for anything else."""
        first: i64 = self._first()
        if 0x90 <= first < 0xA0:
            return first & 0x0F
        if first == 0xDC:
            return self._length(2)
        return self._length(4) if first == 0xDD else -1

    def nil(self) -> bool:
        """Step over nil, if it stands here."""
        data = self.data
        if self.position < len(data) and data[self.position] == 0xC0:
            self.position += 1
            return True
        return False

    def natural(self) -> i64:
        """Step over an integer from 0 to 2^63-1 and return it; -1 for anything else."""
        first: i64 = self._first()
        if first < 0x80:
            return first
        if first == 0xCC:
            return self._length(1)
        if first == 0xCD:
            return self._length(2)
        if first == 0xCE:
            return self._length(4)
        if first == 0xCF:
            return self._length(8)
        if 0xD0 <= first <= 0xD3:
            return self._signed(first)
        return -1

    def text(self) -> str | None:
        """Step over a string and return it; None for anything else."""
        first: i64 = self._first()
        size: i64
        if 0xA0 <= first < 0xC0:
            size = first & 0x1F
        elif first == 0xD9:
            size = self._length(1)
        elif first == 0xDA:
            size = self._length(2)
        elif first == 0xDB:
            size = self._length(4)
        else:
            return None
        start: i64 = self.position
        if size < 0 or size > len(self.data) - start:
            return None
        self.position = start + size
        try:
            return self.data[start : start + size].decode()
        except UnicodeDecodeError:
            return None

    def blob(self) -> bytes | None:
        """Step over bytes and return them; None for anything else."""
        first: i64 = self._first()
        size: i64
        if first == 0xC4:
            size = self._length(1)
        elif first == 0xC5:
            size = self._length(2)
        elif first == 0xC6:
            size = self._length(4)
        else:
            return None
        start: i64 = self.position
        if size < 0 or size > len(self.data) - start:
            return None
        self.position = start + size
        return self.data[start : start + size]

    def text_map(self) -> dict[str, str] | None:
        """Step over a map of strings and return it; None for anything else, or where a key occurs twice."""
        first: i64 = self._first()
        count: i64
        if 0x80 <= first < 0x90:
            count = first & 0x0F
        elif first == 0xDE:
            count = self._length(2)
        elif first == 0xDF:
            count = self._length(4)
        else:
            return None
        if count < 0:
            return None
        found: dict[str, str] = {}
        left: i64 = count
        while left > 0:
            key = self.text()
            if key is None:
                return None
            value = self.text()
            if value is None:
                return None
            found[key] = value
            left -= 1
        return found if len(found) == count else None

    def _first(self) -> i64:
        """Step over one byte and return it; 0xc1, which begins no value, after the end."""
        position: i64 = self.position
        if position >= len(self.data):
            return 0xC1
        self.position = position + 1
        return self.data[position]

    def _length(self, width: i64) -> i64:
        """Step over an unsigned number of 1, 2, 4 or 8 bytes; -1 after the end or beyond 2^63-1."""
        data = self.data
        position: i64 = self.position
        if len(data) - position < width:
            return -1
        self.position = position + width
        if width == 1:
            return data[position]
        if width == 2:
            return i64(read_i16_be(data, position)) & 0xFFFF
        if width == 4:
            return i64(read_i32_be(data, position)) & 0xFFFFFFFF
        value: i64 = read_i64_be(data, position)
        return value if value >= 0 else -1

    def _signed(self, first: i64) -> i64:
        """Step over a signed number that need not have that form; -1 where it is negative."""
        width: i64 = 1 << (first - 0xD0)
        value: i64 = self._length(width)
        limit: i64 = (1 << (8 * width - 1)) - 1 if width < 8 else value
        return value if value <= limit else -1
